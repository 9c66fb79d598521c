"""What a Trainer that was told nothing has, and what its attributes say before, in and after a run."""

import os
from importlib.util import find_spec

import pytest
import pytorch_lightning as pl
from torch.utils.data import DataLoader

from fixtures.data import regression_tensors
from fixtures.dialects import bare_trainer, fit, predict, test, validate
from fixtures.passes import Passes, batches

pytestmark = pytest.mark.usefixtures("as_before")

TENSORBOARD = any(find_spec(name) for name in ("tensorboard", "tensorboardX"))


def kinds(callbacks):
    """What each callback that a Trainer adds is for."""
    bars = getattr(pl.callbacks, "ProgressBarBase", None) or pl.callbacks.ProgressBar
    bases = {"saves": pl.callbacks.ModelCheckpoint, "shows": bars, "sums up": getattr(pl.callbacks, "ModelSummary", ())}
    return [name for each in callbacks for name, base in bases.items() if isinstance(each, base)]


@pytest.mark.claim("trainer.checkpoint-on")
def test_a_trainer_saves_checkpoints_unless_told_otherwise(tmp_path):
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path)
    savers = [each for each in made.callbacks if isinstance(each, pl.callbacks.ModelCheckpoint)]
    assert savers == [made.checkpoint_callback]
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path, enable_checkpointing=False)
    assert kinds(made.callbacks).count("saves") == 0
    assert made.checkpoint_callback is None


@pytest.mark.claim("trainer.callbacks-on")
def test_a_trainer_shows_progress_and_a_summary_and_saves_checkpoints_last(tmp_path):
    mine = pl.Callback()
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=[mine])
    assert kinds(made.callbacks) == ["shows", "sums up", "saves"]
    assert made.callbacks[0] is mine
    assert kinds(made.callbacks[-1:]) == ["saves"]
    assert kinds([made.progress_bar_callback]) == ["shows"]


@pytest.mark.claim("trainer.callbacks-on")
@pytest.mark.parametrize("off", ["enable_checkpointing", "enable_progress_bar", "enable_model_summary"])
def test_each_of_them_can_be_turned_off(tmp_path, off):
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path, **{off: False})
    gone = {"enable_checkpointing": "saves", "enable_progress_bar": "shows", "enable_model_summary": "sums up"}[off]
    assert kinds(made.callbacks) == [kind for kind in ("shows", "sums up", "saves") if kind != gone]


@pytest.mark.claim("trainer.logger-on")
def test_a_trainer_logs_into_lightning_logs(tmp_path):
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path)
    assert type(made.logger).__name__ == ("TensorBoardLogger" if TENSORBOARD else "CSVLogger")
    assert (made.logger.save_dir, made.logger.name, made.logger.version) == (str(tmp_path), "lightning_logs", 0)
    assert made.logger.log_dir == str(tmp_path / "lightning_logs" / "version_0")


@pytest.mark.claim("trainer.logger-on")
def test_without_a_logger_there_is_none(tmp_path):
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path, logger=False)
    assert made.logger is None


@pytest.mark.claim("trainer.default-root-dir")
def test_files_go_to_the_working_directory_unless_told_otherwise(tmp_path):
    assert bare_trainer(accelerator="cpu").default_root_dir == os.getcwd()
    options = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "max_epochs": 1}
    made = bare_trainer(accelerator="cpu", default_root_dir=tmp_path, **options)
    fit(made, Passes(), train=batches(1))
    assert made.default_root_dir == str(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["checkpoints"]


@pytest.mark.claim("trainer.attr-of-one-device")
def test_one_process_is_rank_zero_of_a_world_of_one(device, trainer):
    made = trainer()
    assert made.accelerator is made.strategy.accelerator
    assert isinstance(made.accelerator, pl.accelerators.Accelerator)
    ranks = (made.global_rank, made.local_rank, made.node_rank, made.world_size, made.num_nodes)
    assert (*ranks, made.num_devices, made.device_ids, made.is_global_zero) == (0, 0, 0, 1, 1, 1, [0], True)


class Reads(pl.Callback):
    """Reads an attribute of the Trainer at each of these hooks."""

    def __init__(self, read, *hooks):
        self.values = []
        for hook in hooks:
            setattr(self, hook, lambda trainer, *arguments, **named: self.values.append(read(trainer)))


def last_batches(trainer, **options):
    """What is_last_batch says at the start and at the end of each batch, in two epochs of at most three batches."""
    reads = Reads(lambda made: made.is_last_batch, "on_train_batch_start", "on_train_batch_end")
    fit(trainer(max_epochs=2, callbacks=[reads], **options), Passes(), train=batches(3))
    return reads.values


@pytest.mark.claim("trainer.attr-is-last-batch")
def test_the_last_batch_of_an_epoch_is_known_as_such(trainer):
    assert last_batches(trainer) == 2 * [False, False, False, False, True, True]


@pytest.mark.claim("trainer.attr-is-last-batch-limited")
def test_the_last_batch_before_the_limit_is_known_as_such(trainer):
    assert last_batches(trainer, limit_train_batches=2) == 2 * [False, False, True, True]


@pytest.mark.claim("trainer.attr-is-last-batch-limited.never")
def test_before_the_limit_no_batch_is_known_as_the_last(trainer):
    assert last_batches(trainer, limit_train_batches=2) == 8 * [False]


def numbers(made):
    return made.num_training_batches, made.num_sanity_val_batches, made.num_val_batches


@pytest.mark.claim("trainer.attr-num-batches")
def test_numbers_of_batches_are_those_that_a_fit_will_use(trainer):
    reads = Reads(numbers, "on_sanity_check_start", "on_sanity_check_end", "on_train_start", "on_validation_end")
    made = trainer(callbacks=[reads], num_sanity_val_steps=1, limit_val_batches=2, limit_train_batches=3)
    fit(made, Passes(), train=batches(5), val=[batches(1), batches(4)])
    known = (3, [1, 1], [1, 2])
    assert [value[1:] for value in reads.values] == [([], []), *[([1, 1], [1, 2])] * 4]
    assert reads.values[-2:] == [known, known]
    assert numbers(made) == known


@pytest.mark.claim("trainer.attr-num-batches")
def test_each_evaluation_has_numbers_of_its_own(trainer):
    made = trainer(limit_test_batches=2, limit_predict_batches=1)
    validate(made, Passes(), batches(3))
    assert (made.num_val_batches, made.num_test_batches, made.num_predict_batches) == ([3], [], [])
    test(made, Passes(), [batches(3), batches(1)])
    predict(made, Passes(), batches(3))
    assert (made.num_test_batches, made.num_predict_batches) == ([2, 1], [1])


class Estimates(Passes):
    """Asks how many steps its optimizer will make while it makes it."""

    def configure_optimizers(self):
        self.estimate = self.trainer.estimated_stepping_batches
        return super().configure_optimizers()


class Stops(pl.Callback):
    def on_train_batch_end(self, trainer, *arguments):
        trainer.should_stop = True


def estimated(trainer, **options):
    """The estimate for a fit of two epochs of five batches, unless these options say otherwise."""
    module = Estimates()
    fit(trainer(callbacks=[Stops()], **{"max_epochs": 2, **options}), module, train=batches(5))
    return module.estimate


@pytest.mark.claim("trainer.attr-estimated-stepping-batches")
def test_the_steps_of_the_optimizer_are_known_beforehand(trainer):
    for options, estimate in (
        ({}, 10),
        ({"accumulate_grad_batches": 2}, 6),
        ({"limit_train_batches": 3}, 6),
        ({"max_steps": 4}, 4),
        ({"max_steps": 40}, 10),
        ({"max_epochs": 0}, 5),
    ):
        assert (options, estimated(trainer, **options)) == (options, estimate)


@pytest.mark.claim("trainer.attr-estimated-stepping-batches-without-epochs")
def test_without_a_limit_of_epochs_max_steps_is_all_that_is_known(trainer):
    assert estimated(trainer, max_epochs=-1, max_steps=7) == 7
    assert estimated(trainer, max_epochs=-1) == float("inf")


@pytest.mark.claim("trainer.attr-estimated-stepping-batches-without-epochs.one-epoch")
def test_without_a_limit_of_epochs_the_steps_of_one_epoch_are_estimated(trainer):
    assert estimated(trainer, max_epochs=-1, max_steps=7) == 5


@pytest.mark.claim("trainer.attr-estimated-stepping-batches")
def test_of_data_without_a_length_only_max_steps_is_known(trainer):
    loader = DataLoader([*zip(*regression_tensors(4))], batch_size=2)
    streaming, module = (batch for batch in loader), Estimates()
    fit(trainer(max_steps=3), module, train=streaming)
    assert module.estimate == 3


@pytest.mark.claim("trainer.attr-loaders")
def test_the_loaders_of_a_run_can_be_read(trainer):
    def read():
        return [made.train_dataloader, made.val_dataloaders, made.test_dataloaders, made.predict_dataloaders]

    made, module, (one, other) = trainer(), Passes(), [batches(1), batches(2)]
    assert read() == [None, None, None, None]
    fit(made, module, train=one, val=[other])
    assert read() == [one, [other], None, None]
    for run, loaders in ((validate, [None, other, None, None]), (test, [None, None, other, None])):
        run(made, module, other)
        assert read() == loaders
    predict(made, module, [one, other])
    assert [loader.dataset for loader in made.predict_dataloaders] == [one.dataset, other.dataset]
    assert read()[:3] == [None, None, None]
