"""A whole small fit, recorded event by event: what a hand-written loop spells out, Lightning does by itself."""

import pytest

from fixtures.runs import BATCHES, EPOCHS, HELD_OUT


@pytest.fixture
def trace(recorded):
    """Two epochs of four batches, with a callback, and validation of two batches after each epoch."""
    return recorded("fit")


@pytest.mark.claim("compat.complete-training-logic")
def test_each_batch_is_one_forward_one_backward_one_step(trace):
    events = trace.names("module.training_step", "torch.backward", "optimizer.step")
    steps = {name: trace.count(name) for name in sorted(set(events))}
    assert steps == dict.fromkeys(["module.training_step", "optimizer.step", "torch.backward"], EPOCHS * BATCHES)
    assert [event for event in events if event != "optimizer.step"] == [
        "module.training_step",
        "torch.backward",
    ] * (EPOCHS * BATCHES)


@pytest.mark.claim("compat.complete-training-logic")
def test_each_epoch_validates_and_moves_the_schedule_once(trace):
    assert trace.count("scheduler.step") == EPOCHS
    assert trace.count("module.validation_step") == HELD_OUT + EPOCHS * HELD_OUT
    assert [event.training for event in trace if event.name == "module.training_step"] == [True] * EPOCHS * BATCHES
    validated = [event for event in trace if event.name == "module.validation_step"]
    assert {(event.training, event.grad_enabled) for event in validated} == {(False, False)}


@pytest.mark.claim("compat.complete-training-logic")
def test_what_comes_before_what_in_the_whole_fit(trace):
    assert trace.before("module.configure_optimizers", "module.validation_step")
    assert trace.before("module.validation_step", "callback.on_train_start")
    assert trace.before("callback.on_train_start", "module.training_step")
    assert trace.before("module.training_step", "torch.backward")
    assert trace.before("torch.backward", "module.on_after_backward")
    assert trace.before("scheduler.step", "callback.on_train_end")
    assert trace.before("callback.on_train_end", "callback.on_fit_end")
