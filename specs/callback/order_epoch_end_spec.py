"""What comes first at the end of a training epoch: validation, the epoch's own end, the schedule, or the checkpoint."""

import pytest

from fixtures.runs import BATCHES, EPOCHS

OUTPUTS, TRAINED = "module.training_epoch_end", "callback.on_train_epoch_end"
VALIDATING, VALIDATED = "callback.on_validation_start", "callback.on_validation_end"
SAVED = "callback.on_save_checkpoint"


@pytest.fixture
def trace(recorded):
    return recorded("fit")


@pytest.fixture
def saving(recorded):
    """One epoch with a callback, a ModelCheckpoint and a second callback."""
    return recorded("fit-callbacks")


def since_training(trace, *names):
    """These events from `on_train_start` on: without those of the sanity check."""
    return trace[trace.index("callback.on_train_start") :].names(*names)


@pytest.mark.claim("callback.order-on_validation_end-before-on_train_epoch_end")
def test_validation_then_epoch_end(trace):
    assert since_training(trace, VALIDATED, TRAINED) == [VALIDATED, TRAINED] * EPOCHS


@pytest.mark.claim("callback.order-on_train_epoch_end-before-on_validation_start")
def test_epoch_end_then_validation(trace):
    assert since_training(trace, VALIDATING, TRAINED) == [TRAINED, VALIDATING] * EPOCHS


@pytest.mark.claim("callback.order-on_validation_end-before-training_epoch_end")
def test_validation_then_outputs_of_the_epoch(trace):
    assert since_training(trace, VALIDATED, OUTPUTS) == [VALIDATED, OUTPUTS] * EPOCHS


@pytest.mark.claim("callback.order-training_epoch_end-before-on_validation_start")
def test_outputs_of_the_epoch_then_validation(trace):
    assert since_training(trace, VALIDATING, OUTPUTS) == [OUTPUTS, VALIDATING] * EPOCHS


@pytest.mark.claim("callback.order-training_epoch_end-before-on_train_epoch_end")
def test_outputs_of_the_epoch_then_epoch_end(trace):
    assert trace.names(OUTPUTS, TRAINED) == [OUTPUTS, TRAINED] * EPOCHS


@pytest.mark.claim("callback.order-on_train_epoch_end-before-training_epoch_end")
def test_epoch_end_then_outputs_of_the_epoch(trace):
    assert trace.names(OUTPUTS, TRAINED) == [TRAINED, OUTPUTS] * EPOCHS


@pytest.mark.claim("callback.order-validation_epoch_end-before-on_validation_epoch_end")
def test_outputs_of_validation_then_its_epoch_end(trace):
    outputs, ended = "module.validation_epoch_end", "callback.on_validation_epoch_end"
    assert trace.names(outputs, ended) == [outputs, ended] * (1 + EPOCHS)


@pytest.mark.claim("callback.order-on_train_epoch_end-before-scheduler_step")
def test_epoch_end_then_schedule(trace):
    assert trace.names("scheduler.step", TRAINED) == [TRAINED, "scheduler.step"] * EPOCHS


@pytest.mark.claim("callback.order-scheduler_step-before-on_train_epoch_end")
def test_schedule_then_epoch_end(trace):
    """Even before the end of the last batch."""
    events = trace.names("scheduler.step", "callback.on_train_batch_end", TRAINED)
    last = ["scheduler.step", "callback.on_train_batch_end", TRAINED]
    assert events == (["callback.on_train_batch_end"] * (BATCHES - 1) + last) * EPOCHS


@pytest.mark.claim("callback.order-on_train_epoch_end-before-on_save_checkpoint")
def test_epoch_end_of_all_callbacks_then_checkpoint(saving):
    other = "second.on_train_epoch_end"
    assert saving.names(TRAINED, other, SAVED) == [TRAINED, other, SAVED]


@pytest.mark.claim("callback.order-on_save_checkpoint-before-on_train_epoch_end")
def test_checkpoint_then_epoch_end_of_all_callbacks(saving):
    other = "second.on_train_epoch_end"
    assert saving.names(TRAINED, other, SAVED) == [SAVED, TRAINED, other]


@pytest.mark.claim("callback.order-module.on_train_epoch_end-before-on_save_checkpoint")
def test_epoch_end_of_the_module_then_checkpoint(saving):
    assert saving.names("module.on_train_epoch_end", SAVED) == ["module.on_train_epoch_end", SAVED]


@pytest.mark.claim("callback.order-on_save_checkpoint-before-module.on_train_epoch_end")
def test_checkpoint_then_epoch_end_of_the_module(saving):
    assert saving.names("module.on_train_epoch_end", SAVED) == [SAVED, "module.on_train_epoch_end"]
