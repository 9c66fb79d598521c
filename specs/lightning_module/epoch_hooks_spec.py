"""The hooks around every epoch of training, validation and testing."""

import pytest

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import Noting, skeleton
from fixtures.runs import BATCHES, EPOCHS, HELD_OUT


class Epochs(Noting):
    def on_train_epoch_start(self):
        self.note("start")

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.note("step", loss)
        return loss


def train(module, trainer, **settings):
    fit(trainer(**settings), module, train=regression_loader())
    return module


EPOCH = ["start", *["step"] * BATCHES, "end"]


class EpochsWithOutputs(Epochs):
    def on_train_epoch_end(self, outputs):
        self.note("end", outputs)


@pytest.mark.claim("module.train-epoch-hooks")
def test_train_epoch_hooks_lie_around_the_batches_and_the_last_gets_outputs(device, trainer):
    module = train(EpochsWithOutputs(), trainer, max_epochs=EPOCHS)
    assert [note[0] for note in module.noted] == EPOCH * EPOCHS
    assert [type(outputs) for _, outputs in module.notes("end")] == [list] * EPOCHS


@pytest.mark.claim("module.train-epoch-hooks.without-outputs")
def test_train_epoch_hooks_lie_around_the_batches_and_get_nothing(device, trainer):
    class EpochsAlone(Epochs):
        def on_train_epoch_end(self):
            self.note("end")

    module = train(EpochsAlone(), trainer, max_epochs=EPOCHS)
    assert [note[0] for note in module.noted] == EPOCH * EPOCHS


class OutputsOfEpoch(Epochs):
    def on_train_epoch_end(self, outputs):
        losses = [each["loss"] for each in outputs if isinstance(each, dict)]
        self.note("end", skeleton(outputs), losses)


@pytest.mark.claim("module.train-epoch-hooks.outputs")
def test_outputs_of_the_epoch_are_the_losses_of_its_steps(device, trainer):
    module = train(OutputsOfEpoch(), trainer)
    losses = [loss for _, loss in module.notes("step")]
    assert module.notes("end") == [("end", [{"loss": "tensor"}] * BATCHES, losses)]


@pytest.mark.claim("module.train-epoch-hooks.outputs-by-optimizer")
def test_outputs_of_the_epoch_are_a_list_an_optimizer_without_the_losses(device, trainer, observe):
    module = train(OutputsOfEpoch(), trainer)
    ((_, shape, losses),) = module.notes("end")
    assert [type(of_optimizer) for of_optimizer in shape] == [list]
    assert losses == []
    assert "loss" not in str(shape)
    observe("outputs of the only optimizer", len(shape[0]))


@pytest.mark.claim("module.validation-epoch-hooks")
def test_validation_epoch_hooks_lie_around_the_batches_of_each_validation(recorded):
    trace = recorded("fit")
    hooks = ["module.on_validation_epoch_start", "module.on_validation_epoch_end"]
    validation = [hooks[0], *["module.validation_step"] * HELD_OUT, hooks[1]]
    assert trace.names(*hooks, "module.validation_step") == validation * (1 + EPOCHS)
    assert [dict(given) for hook in hooks for given in trace.arguments(hook)] == [{}] * 2 * (1 + EPOCHS)


@pytest.mark.claim("module.test-epoch-hooks")
def test_test_epoch_hooks_lie_around_the_batches_of_testing(recorded):
    trace = recorded("test")
    hooks = ["module.on_test_epoch_start", "module.on_test_epoch_end"]
    assert trace.names(*hooks, "module.test_step") == [hooks[0], *["module.test_step"] * HELD_OUT, hooks[1]]
    assert [dict(given) for hook in hooks for given in trace.arguments(hook)] == [{}, {}]
