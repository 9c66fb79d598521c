"""What became of the arguments of the tutorial that have another default today, or none."""

from inspect import signature

import pytest
import pytorch_lightning as pl

from fixtures.hooks import message

TUTORIAL = {
    "logger": True,
    "checkpoint_callback": True,
    "callbacks": None,
    "default_root_dir": None,
    "gradient_clip_val": 0,
    "process_position": 0,
    "num_nodes": 1,
    "num_processes": 1,
    "gpus": None,
    "auto_select_gpus": False,
    "tpu_cores": None,
    "log_gpu_memory": None,
    "progress_bar_refresh_rate": 1,
    "overfit_batches": 0.0,
    "track_grad_norm": -1,
    "check_val_every_n_epoch": 1,
    "fast_dev_run": False,
    "accumulate_grad_batches": 1,
    "max_epochs": 1000,
    "min_epochs": 1,
    "max_steps": None,
    "min_steps": None,
    "limit_train_batches": 1.0,
    "limit_val_batches": 1.0,
    "limit_test_batches": 1.0,
    "val_check_interval": 1.0,
    "flush_logs_every_n_steps": 100,
    "log_every_n_steps": 50,
    "accelerator": None,
    "sync_batchnorm": False,
    "precision": 32,
    "weights_summary": "top",
    "weights_save_path": None,
    "num_sanity_val_steps": 2,
    "truncated_bptt_steps": None,
    "resume_from_checkpoint": None,
    "profiler": None,
    "benchmark": False,
    "deterministic": False,
    "reload_dataloaders_every_epoch": False,
    "auto_lr_find": False,
    "replace_sampler_ddp": True,
    "terminate_on_nan": False,
    "auto_scale_batch_size": False,
    "prepare_data_per_node": True,
    "plugins": None,
    "amp_backend": "native",
    "amp_level": "O2",
    "distributed_backend": None,
    "automatic_optimization": True,
    "move_metrics_to_cpu": False,
}
OTHERWISE = {"accelerator": "auto", "max_steps": -1, "precision": "32-true"}


@pytest.mark.claim("trainer.arg-defaults-now")
def test_another_default_is_none_but_for_these(observe):
    defaults = {name: parameter.default for name, parameter in signature(pl.Trainer).parameters.items()}
    changed = {name: defaults[name] for name, told in TUTORIAL.items() if name in defaults and defaults[name] != told}
    observe("defaults that the tutorial does not give", changed)
    others = {name: value for name, value in changed.items() if value is not None}
    assert changed
    assert others == {name: OTHERWISE.get(name) for name in others}


@pytest.mark.claim("trainer.arg-gone")
def test_an_argument_that_is_gone_is_an_error_that_names_it(observe):
    gone = [name for name in TUTORIAL if name not in signature(pl.Trainer).parameters]
    observe("arguments that are not there", gone)
    said = [message(TypeError, lambda name=name: pl.Trainer(**{name: TUTORIAL[name]})) for name in gone]
    assert gone
    assert [text.partition("__init__() ")[2] for text in said] == [
        f"got an unexpected keyword argument '{name}'" for name in gone
    ]
