"""The order of a validation as the tutorial's pseudo-code has it, one claim for every two neighbours in it."""

import pytest
import torch
from torch import nn

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated, network
from fixtures.overrides import called_hooks
from fixtures.runs import EPOCHS, HELD_OUT

VALIDATIONS = 1 + EPOCHS
"""Of the recorded fit: the one before training, and one after each epoch."""


class Switching(nn.Module):
    """Notes when it is switched to train or eval mode."""

    def __init__(self, net, note):
        super().__init__()
        self.net, self.note = net, note

    def __setattr__(self, name, value):
        if name == "training" and "note" in vars(self):
            self.note("train()" if value else "eval()")
        super().__setattr__(name, value)

    def forward(self, inputs):
        return self.net(inputs)


class Noting(Evaluated):
    """Notes what happens to it, and whether gradients are on by then."""

    def __init__(self):
        super().__init__()
        self.noted = []
        self.net = Switching(network(), self.note)

    def note(self, what):
        self.noted.append((what, torch.is_grad_enabled()))

    def on_train_batch_end(self, *args):
        self.note("on_train_batch_end")

    def on_validation_epoch_start(self):
        self.note("on_validation_epoch_start")

    def on_validation_batch_start(self, *args):
        self.note("on_validation_batch_start")

    def validation_step(self, batch, batch_idx):
        self.note("validation_step")

    def on_validation_batch_end(self, *args):
        self.note("on_validation_batch_end")

    def on_validation_epoch_end(self):
        self.note("on_validation_epoch_end")

    def on_train_end(self):
        self.note("on_train_end")


def validation(trainer):
    """All that was noted after the only batch of training: the validation of one batch, and the end of training."""
    hook = {"validation_epoch_end": lambda self, outputs: self.note("validation_epoch_end")}
    module = type("NotingAll", (Noting,), called_hooks(hook))()
    fit(trainer(num_sanity_val_steps=0), module, regression_loader(2), regression_loader(2))
    return module.noted[module.noted.index(("on_train_batch_end", True)) + 1 :]


def noted(trainer, *wanted):
    """Of the validation's notes those of these names."""
    return [note for note in validation(trainer) if note[0] in wanted]


@pytest.fixture
def trace(recorded):
    """Two epochs, with validation of two batches before the first and after each."""
    return recorded("fit")


@pytest.mark.claim("module.validation-loop-order")
def test_the_whole_validation_is_as_the_pseudo_code_has_it(device, trainer):
    assert validation(trainer) == [
        ("eval()", True),
        ("on_validation_epoch_start", False),
        ("on_validation_batch_start", False),
        ("validation_step", False),
        ("on_validation_batch_end", False),
        ("validation_epoch_end", False),
        ("on_validation_epoch_end", False),
        ("train()", False),
        ("on_train_end", True),
    ]


@pytest.mark.claim("module.validation-loop-order.now")
def test_the_whole_validation_as_it_is_now(device, trainer):
    assert [note for note in validation(trainer) if note[0] != "validation_epoch_end"] == [
        ("eval()", False),
        ("on_validation_epoch_start", False),
        ("on_validation_batch_start", False),
        ("validation_step", False),
        ("on_validation_batch_end", False),
        ("on_validation_epoch_end", False),
        ("train()", False),
        ("on_train_end", True),
    ]


@pytest.mark.claim("module.validation-loop-order-eval-before-grad-off")
def test_eval_mode_comes_before_gradients_are_off(device, trainer):
    order = [("eval()", True), ("on_validation_epoch_start", False)]
    assert noted(trainer, "eval()", "on_validation_epoch_start") == order


@pytest.mark.claim("module.validation-loop-order-eval-before-grad-off.grad-off-first")
def test_gradients_are_off_before_eval_mode(device, trainer):
    order = [("eval()", False), ("on_validation_epoch_start", False)]
    assert noted(trainer, "eval()", "on_validation_epoch_start") == order


@pytest.mark.claim("module.validation-loop-order-grad-off-before-epoch-start")
def test_gradients_are_off_and_eval_mode_is_on_when_the_epoch_starts(trace):
    starts = [event for event in trace if event.name == "module.on_validation_epoch_start"]
    assert [(event.grad_enabled, event.training) for event in starts] == [(False, False)] * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-epoch-start-before-batch-start")
def test_the_epoch_starts_before_its_first_batch(trace):
    order = ["module.on_validation_epoch_start", *["module.on_validation_batch_start"] * HELD_OUT]
    assert trace.names(*order) == order * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-batch-start-before-step")
def test_a_batch_starts_before_its_step(trace):
    order = ["module.on_validation_batch_start", "module.validation_step"]
    assert trace.names(*order) == order * HELD_OUT * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-step-before-batch-end")
def test_the_step_comes_before_the_batch_ends(trace):
    order = ["module.validation_step", "module.on_validation_batch_end"]
    assert trace.names(*order) == order * HELD_OUT * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-batch-end-before-validation-epoch-end")
def test_the_last_batch_ends_before_validation_epoch_end(trace):
    order = [*["module.on_validation_batch_end"] * HELD_OUT, "module.validation_epoch_end"]
    assert trace.names(*order) == order * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-validation-epoch-end-before-epoch-end")
def test_validation_epoch_end_comes_before_on_validation_epoch_end(trace):
    order = ["module.validation_epoch_end", "module.on_validation_epoch_end"]
    assert trace.names(*order) == order * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-batch-end-before-validation-epoch-end.on-validation-epoch-end")
def test_the_last_batch_ends_before_on_validation_epoch_end(trace):
    order = [*["module.on_validation_batch_end"] * HELD_OUT, "module.on_validation_epoch_end"]
    assert trace.names("module.validation_epoch_end", *order) == order * VALIDATIONS


@pytest.mark.claim("module.validation-loop-order-epoch-end-before-train")
def test_the_epoch_ends_before_train_mode_is_back(device, trainer):
    order = [("on_validation_epoch_end", False), ("train()", False)]
    assert noted(trainer, "on_validation_epoch_end", "train()") == order


@pytest.mark.claim("module.validation-loop-order-train-before-grad-on")
def test_train_mode_is_back_before_gradients_are(device, trainer):
    assert noted(trainer, "train()", "on_train_end") == [("train()", False), ("on_train_end", True)]


@pytest.mark.claim("module.validation-loop-order-train-before-grad-on")
def test_training_goes_on_in_train_mode_with_gradients(trace):
    steps = [(event.training, event.grad_enabled) for event in trace if event.name == "module.training_step"]
    assert set(steps) == {(True, True)}
