"""The hooks around every batch, each written with exactly the signature that the tutorial gives it."""

from itertools import zip_longest

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, test
from fixtures.hooks import Noting, message, plain, skeleton

ONE_LOADER = "You provided only a single `{}`, but have included `dataloader_idx` in `{}.on_{}_batch_start()`."


def batches():
    return [plain(batch) for batch in regression_loader()]


def train(module, trainer):
    """The module, after it was trained on four batches."""
    fit(trainer(), module, train=regression_loader())
    return module


def validate(module, trainer, loaders=None):
    """The module, after a fit in which it was validated on four batches."""
    with torch.enable_grad():  # an error in validation left it off up to 1.3
        fit(trainer(num_sanity_val_steps=0), module, train=regression_loader(2), val=loaders or regression_loader())
    return module


def evaluate(module, trainer, loaders=None):
    """The module, after it was tested on four batches."""
    with torch.enable_grad():
        test(trainer(), module, loaders or regression_loader())
    return module


def around_steps(module, *index):
    """What hooks note around a step for each of four batches."""
    return around(module, [(batch, number, *index) for number, batch in enumerate(batches())])


def around(module, places):
    """What hooks note around steps with these arguments; they are given what the steps returned."""
    returned = [loss for _, loss in module.notes("step")]
    return [
        note
        for place, loss in zip_longest(places, returned, fillvalue=())
        for note in (("start", *place), ("step", loss), ("end", loss, *place))
    ]


class Steps(Noting):
    """Notes what its steps return."""

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        return self.returned(super().validation_step(batch, batch_idx))

    def test_step(self, batch, batch_idx, dataloader_idx=0):
        return self.returned(super().test_step(batch, batch_idx))

    def returned(self, loss):
        self.note("step", loss)
        return loss


class TrainedOn(Noting):
    def training_step(self, batch, batch_idx):
        self.loss_of_step = super().training_step(batch, batch_idx)
        self.note("step", self.loss_of_step)
        return self.loss_of_step


@pytest.mark.claim("module.train-batch-hooks")
def test_train_batch_hooks_get_batch_and_both_indices(device, trainer):
    class Batches(TrainedOn):
        def on_train_batch_start(self, batch, batch_idx, dataloader_idx):
            self.note("start", batch, batch_idx, dataloader_idx)

        def on_train_batch_end(self, outputs, batch, batch_idx, dataloader_idx):
            self.note("end", self.loss_of_step, batch, batch_idx, dataloader_idx)

    module = train(Batches(), trainer)
    assert module.noted == around_steps(module, 0)


@pytest.mark.claim("module.train-batch-hooks.without-index")
def test_train_batch_hooks_get_the_batch_and_its_index(device, trainer):
    class Batches(TrainedOn):
        def on_train_batch_start(self, batch, batch_idx):
            self.note("start", batch, batch_idx)

        def on_train_batch_end(self, outputs, batch, batch_idx):
            self.note("end", self.loss_of_step, batch, batch_idx)

    module = train(Batches(), trainer)
    assert module.noted == around_steps(module)


class Outputs(TrainedOn):
    def on_train_batch_end(self, outputs, *batch):
        self.note("outputs", skeleton(outputs))
        if isinstance(outputs, dict):
            self.note("loss", outputs["loss"], outputs["loss"].requires_grad)


@pytest.mark.claim("module.train-batch-hooks.outputs")
def test_outputs_of_a_train_batch_hold_the_loss_of_the_step(device, trainer):
    module = train(Outputs(), trainer)
    assert module.notes("outputs") == [("outputs", {"loss": "tensor"})] * 4
    assert module.notes("loss") == [("loss", loss, False) for _, loss in module.notes("step")]


@pytest.mark.claim("module.train-batch-hooks.outputs-as-list")
def test_outputs_of_a_train_batch_are_a_list_without_the_loss(device, trainer, observe):
    module = train(Outputs(), trainer)
    outputs = [shape for _, shape in module.notes("outputs")]
    assert [type(shape) for shape in outputs] == [list] * 4
    assert "loss" not in str(outputs)
    observe("outputs", outputs[0])


class ValidationBatches(Steps):
    def on_validation_batch_start(self, batch, batch_idx, dataloader_idx):
        self.note("start", batch, batch_idx, dataloader_idx)

    def on_validation_batch_end(self, outputs, batch, batch_idx, dataloader_idx):
        self.note("end", outputs, batch, batch_idx, dataloader_idx)


def two_loaders():
    """Two loaders of four batches, and the arguments that hooks get for each batch of them."""
    places = [(batch, number, loader) for loader in (0, 1) for number, batch in enumerate(batches())]
    return [regression_loader(), regression_loader()], places


@pytest.mark.claim("module.validation-batch-hooks")
def test_validation_batch_hooks_get_outputs_batch_and_both_indices(device, trainer):
    module = validate(ValidationBatches(), trainer)
    assert module.noted == around_steps(module, 0)


@pytest.mark.claim("module.validation-batch-hooks.without-index")
def test_validation_batch_hooks_do_without_an_index_of_the_only_loader(device, trainer):
    class Batches(Steps):
        def on_validation_batch_start(self, batch, batch_idx):
            self.note("start", batch, batch_idx)

        def on_validation_batch_end(self, outputs, batch, batch_idx):
            self.note("end", outputs, batch, batch_idx)

    module = validate(Batches(), trainer)
    assert module.noted == around_steps(module)


@pytest.mark.claim("module.validation-batch-hooks.without-index")
def test_validation_batch_hooks_must_not_ask_for_the_index_of_the_only_loader(device, trainer):
    module = ValidationBatches().to(device.torch_device)
    said = message(RuntimeError, lambda: validate(module, trainer))
    assert said.startswith(ONE_LOADER.format("val_dataloader", "ValidationBatches", "validation"))
    assert said.endswith("Either remove the argument or give it a default value i.e. `dataloader_idx=0`.")
    assert module.noted == []


@pytest.mark.claim("module.validation-batch-hooks.several-loaders")
def test_validation_batch_hooks_get_the_index_of_each_of_several_loaders(device, trainer):
    loaders, places = two_loaders()
    module = validate(ValidationBatches(), trainer, loaders)
    assert module.noted == around(module, places)


class BatchesOfTest(Steps):
    def on_test_batch_start(self, batch, batch_idx, dataloader_idx):
        self.note("start", batch, batch_idx, dataloader_idx)

    def on_test_batch_end(self, outputs, batch, batch_idx, dataloader_idx):
        self.note("end", outputs, batch, batch_idx, dataloader_idx)


@pytest.mark.claim("module.test-batch-hooks")
def test_test_batch_hooks_get_outputs_batch_and_both_indices(device, trainer):
    module = evaluate(BatchesOfTest(), trainer)
    assert module.noted == around_steps(module, 0)


@pytest.mark.claim("module.test-batch-hooks.without-index")
def test_test_batch_hooks_do_without_an_index_of_the_only_loader(device, trainer):
    class Batches(Steps):
        def on_test_batch_start(self, batch, batch_idx):
            self.note("start", batch, batch_idx)

        def on_test_batch_end(self, outputs, batch, batch_idx):
            self.note("end", outputs, batch, batch_idx)

    module = evaluate(Batches(), trainer)
    assert module.noted == around_steps(module)


@pytest.mark.claim("module.test-batch-hooks.without-index")
def test_test_batch_hooks_must_not_ask_for_the_index_of_the_only_loader(device, trainer):
    module = BatchesOfTest().to(device.torch_device)
    said = message(RuntimeError, lambda: evaluate(module, trainer))
    assert said.startswith(ONE_LOADER.format("test_dataloader", "BatchesOfTest", "test"))
    assert said.endswith("Either remove the argument or give it a default value i.e. `dataloader_idx=0`.")
    assert module.noted == []


@pytest.mark.claim("module.test-batch-hooks.several-loaders")
def test_test_batch_hooks_get_the_index_of_each_of_several_loaders(device, trainer):
    loaders, places = two_loaders()
    module = evaluate(BatchesOfTest(), trainer, loaders)
    assert module.noted == around(module, places)
