"""In which order several callbacks are called, and which of them leave their place in the list."""

import pytest
import pytorch_lightning as pl

from fixtures.dialects import make_trainer
from fixtures.hooks_order import stop_early

ENTERED_TWICE = "on_validation_end"  # up to 1.3 the loop itself calls it once more, of the ModelCheckpoint alone


@pytest.fixture
def trace(recorded):
    """A fit with `Trainer(callbacks=[callback, checkpoint, second])`; `checkpoint` is a ModelCheckpoint."""
    return recorded("fit-callbacks")


@pytest.fixture
def stopping(trace_of, trainer):
    """A fit with `Trainer(callbacks=[stopping, callback])`; `stopping` is an EarlyStopping."""
    return trace_of("fit-early-stopping", lambda: stop_early(trainer))


def turns(trace, *labels):
    """For every hook, the labels of those that were called, in order."""
    hooks = dict.fromkeys(name.split(".")[1] for name in trace.names("callback"))
    return {
        hook: [name.split(".")[0] for name in trace.names(*(f"{label}.{hook}" for label in labels))] for hook in hooks
    }


def in_this_order(trace, *labels):
    return {hook: [*labels] * (len(found) // len(labels)) for hook, found in turns(trace, *labels).items()}


@pytest.mark.claim("callback.list-order")
def test_callbacks_are_called_in_list_order(trace):
    found = turns(trace, "callback", "second")
    assert found == in_this_order(trace, "callback", "second")
    assert found["on_train_batch_end"] == ["callback", "second"] * 2
    assert found["teardown"] == ["callback", "second"]


@pytest.mark.claim("callback.list-order.checkpoint")
def test_a_checkpoint_keeps_its_place(trace):
    found = turns(trace, "callback", "checkpoint", "second")
    expected = in_this_order(trace, "callback", "checkpoint", "second")
    assert found == {**expected, ENTERED_TWICE: found[ENTERED_TWICE]}
    assert found[ENTERED_TWICE][:3] == ["callback", "checkpoint", "second"]


@pytest.mark.claim("callback.list-order.checkpoint-last")
def test_a_checkpoint_is_called_last(trace):
    found = turns(trace, "callback", "second", "checkpoint")
    expected = in_this_order(trace, "callback", "second", "checkpoint")
    assert found == {**expected, ENTERED_TWICE: found[ENTERED_TWICE]}
    assert found[ENTERED_TWICE][:3] == ["callback", "second", "checkpoint"]


@pytest.mark.claim("callback.list-order.early-stopping")
def test_early_stopping_keeps_its_place(stopping):
    found = turns(stopping, "stopping", "callback")
    assert found == in_this_order(stopping, "stopping", "callback")
    assert found["on_train_epoch_end"] == ["stopping", "callback"]


@pytest.mark.claim("callback.list-order.early-stopping-after")
def test_early_stopping_ends_the_epoch_after_the_others(stopping):
    events = stopping.names("*.on_train_epoch_end")
    assert events == ["callback.on_train_epoch_end", "module.on_train_epoch_end", "stopping.on_train_epoch_end"]
    expected = in_this_order(stopping, "stopping", "callback")
    assert turns(stopping, "stopping", "callback") == {**expected, "on_train_epoch_end": ["callback", "stopping"]}


@pytest.mark.claim("callback.list-order.tuner-first")
def test_a_tuner_is_called_first():
    plain, tuner = pl.Callback(), pl.callbacks.BatchSizeFinder()
    callbacks = make_trainer("cpu", callbacks=[plain, tuner]).callbacks
    assert callbacks[:2] == [tuner, plain]
