"""A whole small fit, recorded event by event: what a hand-written loop spells out, Lightning does by itself."""

from functools import partial

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated
from fixtures.recording import Recorder

EPOCHS, BATCHES = 2, 4


class Scheduled(Evaluated):
    """`Evaluated` with Adam and a learning rate that halves every epoch."""

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)]


def recorded_fit(trainer):
    """The trace of two epochs of four batches, with a callback, and validation of two batches after each epoch."""
    recorder = Recorder()
    module, callback = recorder.module(Scheduled), recorder.callback()
    with recorder:
        train, val = regression_loader(), regression_loader(4)
        fit(trainer(max_epochs=EPOCHS, callbacks=[callback]), module, train=train, val=val)
    return recorder.trace


@pytest.fixture
def trace(trace_of, trainer):
    return trace_of("fit", partial(recorded_fit, trainer))


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
    assert trace.count("module.validation_step") == 2 + EPOCHS * 2
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
