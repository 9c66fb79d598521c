"""The arguments of the Trainer with the defaults that the tutorial gives them, and what became of the others."""

from inspect import signature

import pytest
import pytorch_lightning as pl

GONE = "there is no such argument"


def default(name):
    """The default of this argument of the Trainer, as its signature has it."""
    parameters = signature(pl.Trainer).parameters
    return parameters[name].default if name in parameters else GONE


@pytest.mark.claim("trainer.arg-logger")
def test_logger_is_true():
    assert default("logger") is True


@pytest.mark.claim("trainer.arg-checkpoint_callback")
def test_checkpoint_callback_is_true():
    assert default("checkpoint_callback") is True


@pytest.mark.claim("trainer.arg-callbacks")
def test_callbacks_is_none():
    assert default("callbacks") is None


@pytest.mark.claim("trainer.arg-default_root_dir")
def test_default_root_dir_is_none():
    assert default("default_root_dir") is None


@pytest.mark.claim("trainer.arg-gradient_clip_val")
def test_gradient_clip_val_is_0():
    assert default("gradient_clip_val") == 0


@pytest.mark.claim("trainer.arg-process_position")
def test_process_position_is_0():
    assert default("process_position") == 0


@pytest.mark.claim("trainer.arg-num_nodes")
def test_num_nodes_is_1():
    assert default("num_nodes") == 1


@pytest.mark.claim("trainer.arg-num_processes")
def test_num_processes_is_1():
    assert default("num_processes") == 1


@pytest.mark.claim("trainer.arg-gpus")
def test_gpus_is_none():
    assert default("gpus") is None


@pytest.mark.claim("trainer.arg-auto_select_gpus")
def test_auto_select_gpus_is_false():
    assert default("auto_select_gpus") is False


@pytest.mark.claim("trainer.arg-tpu_cores")
def test_tpu_cores_is_none():
    assert default("tpu_cores") is None


@pytest.mark.claim("trainer.arg-log_gpu_memory")
def test_log_gpu_memory_is_none():
    assert default("log_gpu_memory") is None


@pytest.mark.claim("trainer.arg-progress_bar_refresh_rate")
def test_progress_bar_refresh_rate_is_1():
    assert default("progress_bar_refresh_rate") == 1


@pytest.mark.claim("trainer.arg-overfit_batches")
def test_overfit_batches_is_0():
    assert default("overfit_batches") == 0.0


@pytest.mark.claim("trainer.arg-track_grad_norm")
def test_track_grad_norm_is_minus_1():
    assert default("track_grad_norm") == -1


@pytest.mark.claim("trainer.arg-check_val_every_n_epoch")
def test_check_val_every_n_epoch_is_1():
    assert default("check_val_every_n_epoch") == 1


@pytest.mark.claim("trainer.arg-fast_dev_run")
def test_fast_dev_run_is_false():
    assert default("fast_dev_run") is False


@pytest.mark.claim("trainer.arg-accumulate_grad_batches")
def test_accumulate_grad_batches_is_1():
    assert default("accumulate_grad_batches") == 1


@pytest.mark.claim("trainer.arg-max_epochs")
def test_max_epochs_is_1000():
    assert default("max_epochs") == 1000


@pytest.mark.claim("trainer.arg-min_epochs")
def test_min_epochs_is_1():
    assert default("min_epochs") == 1


@pytest.mark.claim("trainer.arg-max_steps")
def test_max_steps_is_none():
    assert default("max_steps") is None


@pytest.mark.claim("trainer.arg-min_steps")
def test_min_steps_is_none():
    assert default("min_steps") is None


@pytest.mark.claim("trainer.arg-limit_train_batches")
def test_limit_train_batches_is_1():
    assert default("limit_train_batches") == 1.0


@pytest.mark.claim("trainer.arg-limit_val_batches")
def test_limit_val_batches_is_1():
    assert default("limit_val_batches") == 1.0


@pytest.mark.claim("trainer.arg-limit_test_batches")
def test_limit_test_batches_is_1():
    assert default("limit_test_batches") == 1.0


@pytest.mark.claim("trainer.arg-val_check_interval")
def test_val_check_interval_is_1():
    assert default("val_check_interval") == 1.0


@pytest.mark.claim("trainer.arg-flush_logs_every_n_steps")
def test_flush_logs_every_n_steps_is_100():
    assert default("flush_logs_every_n_steps") == 100


@pytest.mark.claim("trainer.arg-log_every_n_steps")
def test_log_every_n_steps_is_50():
    assert default("log_every_n_steps") == 50


@pytest.mark.claim("trainer.arg-accelerator")
def test_accelerator_is_none():
    assert default("accelerator") is None


@pytest.mark.claim("trainer.arg-sync_batchnorm")
def test_sync_batchnorm_is_false():
    assert default("sync_batchnorm") is False


@pytest.mark.claim("trainer.arg-precision")
def test_precision_is_32():
    assert default("precision") == 32


@pytest.mark.claim("trainer.arg-weights_summary")
def test_weights_summary_is_top():
    assert default("weights_summary") == "top"


@pytest.mark.claim("trainer.arg-weights_save_path")
def test_weights_save_path_is_none():
    assert default("weights_save_path") is None


@pytest.mark.claim("trainer.arg-num_sanity_val_steps")
def test_num_sanity_val_steps_is_2():
    assert default("num_sanity_val_steps") == 2


@pytest.mark.claim("trainer.arg-truncated_bptt_steps")
def test_truncated_bptt_steps_is_none():
    assert default("truncated_bptt_steps") is None


@pytest.mark.claim("trainer.arg-resume_from_checkpoint")
def test_resume_from_checkpoint_is_none():
    assert default("resume_from_checkpoint") is None


@pytest.mark.claim("trainer.arg-profiler")
def test_profiler_is_none():
    assert default("profiler") is None


@pytest.mark.claim("trainer.arg-benchmark")
def test_benchmark_is_false():
    assert default("benchmark") is False


@pytest.mark.claim("trainer.arg-deterministic")
def test_deterministic_is_false():
    assert default("deterministic") is False


@pytest.mark.claim("trainer.arg-reload_dataloaders_every_epoch")
def test_reload_dataloaders_every_epoch_is_false():
    assert default("reload_dataloaders_every_epoch") is False


@pytest.mark.claim("trainer.arg-auto_lr_find")
def test_auto_lr_find_is_false():
    assert default("auto_lr_find") is False


@pytest.mark.claim("trainer.arg-replace_sampler_ddp")
def test_replace_sampler_ddp_is_true():
    assert default("replace_sampler_ddp") is True


@pytest.mark.claim("trainer.arg-terminate_on_nan")
def test_terminate_on_nan_is_false():
    assert default("terminate_on_nan") is False


@pytest.mark.claim("trainer.arg-auto_scale_batch_size")
def test_auto_scale_batch_size_is_false():
    assert default("auto_scale_batch_size") is False


@pytest.mark.claim("trainer.arg-prepare_data_per_node")
def test_prepare_data_per_node_is_true():
    assert default("prepare_data_per_node") is True


@pytest.mark.claim("trainer.arg-plugins")
def test_plugins_is_none():
    assert default("plugins") is None


@pytest.mark.claim("trainer.arg-amp_backend")
def test_amp_backend_is_native():
    assert default("amp_backend") == "native"


@pytest.mark.claim("trainer.arg-amp_level")
def test_amp_level_is_o2():
    assert default("amp_level") == "O2"


@pytest.mark.claim("trainer.arg-distributed_backend")
def test_distributed_backend_is_none():
    assert default("distributed_backend") is None


@pytest.mark.claim("trainer.arg-automatic_optimization")
def test_automatic_optimization_is_true():
    assert default("automatic_optimization") is True


@pytest.mark.claim("trainer.arg-move_metrics_to_cpu")
def test_move_metrics_to_cpu_is_false():
    assert default("move_metrics_to_cpu") is False
