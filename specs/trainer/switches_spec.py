"""What a Trainer does without the things that can be turned off, and what it says of itself."""

import pytest
import pytorch_lightning as pl

from fixtures.dialects import fit, test
from fixtures.modules import Evaluated, same_weights, weights
from fixtures.passes import Passes, batches
from fixtures.processes import together
from fixtures.steps import by_hand


@pytest.mark.claim("trainer.checkpoint-off")
@pytest.mark.parametrize(("enabled", "files"), [(False, 0), (True, 1)])
def test_a_checkpoint_is_saved_only_where_that_is_on(trainer, tmp_path, enabled, files):
    fit(trainer(enable_checkpointing=enabled, max_epochs=2), Evaluated(), batches(2), batches(2))
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == files * [".ckpt"]


class Logging(Evaluated):
    def training_step(self, batch, batch_idx):
        self.log("trained", float(batch_idx), on_step=True, on_epoch=True)
        return super().training_step(batch, batch_idx)


@pytest.mark.claim("trainer.logger-off")
def test_without_a_logger_values_are_kept_for_callbacks_alone(trainer, tmp_path):
    module, made = Logging(), trainer(logger=False, log_every_n_steps=1)
    fit(made, module, batches(3), batches(1))
    assert made.logger is None
    assert module.logger is None
    values = {name: float(value) for name, value in made.callback_metrics.items()}
    assert [values.get(name) for name in ("trained_step", "trained_epoch")] == [2.0, 1.0]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.claim("trainer.progress-bar-off")
@pytest.mark.parametrize("shown", [False, True])
def test_a_bar_is_shown_only_where_that_is_on(trainer, no_bar_thread, capsys, shown):
    made = trainer(enable_progress_bar=shown)
    fit(made, Evaluated(), batches(2), batches(2))
    test(made, Evaluated(), batches(2))
    written = "".join(capsys.readouterr())
    assert ["Epoch 0" in written, "Testing" in written, written != ""] == 3 * [shown]


class Reads(pl.Callback):
    """Reads something of the Trainer when each epoch starts and ends."""

    def __init__(self, read):
        self.values = []
        self.read = read

    def on_train_epoch_start(self, trainer, pl_module, *rest):
        self.values.append(self.read(trainer, pl_module))

    on_train_epoch_end = on_train_epoch_start


@pytest.mark.claim("trainer.attr-current-epoch")
def test_epochs_are_counted_from_nought(trainer):
    reads = Reads(lambda made, module: (made.current_epoch, module.current_epoch))
    made = trainer(max_epochs=3, callbacks=[reads])
    assert made.current_epoch == 0
    fit(made, Evaluated(), batches(2), batches(2))
    assert reads.values == [(0, 0), (0, 0), (1, 1), (1, 1), (2, 2), (2, 2)]


def first(trainer, **options):
    """What is_global_zero says in a fit, at the start and at the end of its epoch, and after it."""
    reads = Reads(lambda made, module: made.is_global_zero)
    made = trainer(callbacks=[reads], **options)
    fit(made, Evaluated(), batches(2))
    return [*reads.values, made.is_global_zero]


@pytest.mark.claim("trainer.attr-is-global-zero")
def test_the_only_process_is_the_first(trainer):
    assert first(trainer) == 3 * [True]


@pytest.mark.claim("trainer.attr-is-global-zero")
def test_of_two_processes_one_is_the_first(trainer):
    assert together(lambda: first(trainer, devices=2, strategy="ddp")) == [3 * [True], 3 * [False]]


class Whole(Passes):
    """Brings its loaders along."""

    def train_dataloader(self):
        return batches(4)

    def val_dataloader(self):
        return batches(2)

    def test_dataloader(self):
        return batches(3)


@pytest.mark.claim("trainer.glues-module")
def test_the_parts_of_a_module_become_a_whole_run(device, trainer):
    module, made = Whole(), trainer(max_epochs=2)
    fit(made, module)
    test(made, module)
    assert module.passes == "vv ttttvv ttttvveee"
    assert same_weights(weights(module.net), by_hand(device, epochs=2)[0])
