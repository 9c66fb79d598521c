"""Hooks around backward, the optimizer's step and its gradients, which callbacks and module have had step by step."""

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Regression
from fixtures.overrides import arguments_of
from fixtures.runs import BATCHES, EPOCHS

BATCHES_INSIDE, GROUP = 4, 2
"""Batches of the run "fit-inside", and how many of them make up one step."""


def sources(trace, name):
    """The objects of which that method was called, in order."""
    return [event.source for event in trace if event.name == name]


@pytest.mark.claim("since.on_before_backward")
def test_each_backward_is_announced_with_its_loss(recorded):
    trace = recorded("fit-inside")
    around = ("module.training_step", "callback.on_before_backward", "module.on_before_backward", "torch.backward")
    assert trace.names(*around) == [*around] * BATCHES_INSIDE
    for owner in ("callback", "module"):
        losses = [given["loss"] for given in trace.arguments(f"{owner}.on_before_backward")]
        assert all(loss is tensor for loss, tensor in zip(losses, sources(trace, "torch.backward")))


@pytest.mark.claim("since.on_before_backward")
def test_a_manual_backward_is_announced_as_well(recorded):
    trace = recorded("fit-manual")
    around = ("callback.on_before_backward", "module.on_before_backward", "torch.backward")
    assert trace.names(*around) == [*around] * 2 * 2


AFTER = ("torch.backward", "callback.on_after_backward", "module.on_after_backward")


@pytest.mark.claim("since.callback-on_after_backward")
def test_callbacks_are_told_after_each_backward_and_before_the_module(recorded):
    assert recorded("fit").names(*AFTER) == [*AFTER] * EPOCHS * BATCHES


@pytest.mark.claim("since.callback-on_after_backward")
def test_the_gradients_are_there_by_then(device, trainer):
    found = []

    class Looks(pl.Callback):
        def on_after_backward(self, trainer, pl_module):
            found.append([parameter.grad.cpu().clone() for parameter in pl_module.parameters()])

    fit(trainer(callbacks=[Looks()]), Regression(), train=regression_loader(2))
    by_hand = Regression().to(device.torch_device)
    for batch in regression_loader(2):
        by_hand.loss([part.to(device.torch_device) for part in batch]).backward()
    gradients = [parameter.grad.cpu() for parameter in by_hand.parameters()]
    assert [len(one) for one in found] == [len(gradients)]
    assert all(torch.equal(one, other) for one, other in zip(found[0], gradients))


@pytest.mark.claim("since.callback-on_after_backward-accumulating")
def test_a_backward_that_only_adds_gradients_up_is_told_as_well(recorded):
    assert recorded("fit-inside").names(*AFTER) == [*AFTER] * BATCHES_INSIDE


@pytest.mark.claim("since.callback-on_after_backward-accumulating.last-only")
def test_only_the_last_backward_before_a_step_is_told(recorded):
    assert recorded("fit-inside").names(*AFTER) == ["torch.backward", *AFTER] * (BATCHES_INSIDE // GROUP)


@pytest.mark.claim("since.callback-on_before_zero_grad")
def test_callbacks_are_told_before_gradients_are_zeroed(recorded):
    around = ("callback.on_before_zero_grad", "module.on_before_zero_grad", "optimizer.zero_grad")
    assert recorded("fit").names(*around) == [*around] * EPOCHS * BATCHES
    assert recorded("fit-inside").names(*around) == [*around] * (BATCHES_INSIDE // GROUP)


def told_and_zeroed(trace):
    """For each time that gradients are zeroed: the optimizer that callbacks are told of, and torch's own."""
    told = [given["optimizer"] for given in trace.arguments("callback.on_before_zero_grad")]
    return [*zip(told, sources(trace, "optimizer.zero_grad"))]


@pytest.mark.claim("since.callback-on_before_zero_grad-optimizer")
def test_callbacks_are_given_torchs_optimizer(recorded):
    found = told_and_zeroed(recorded("fit"))
    assert [one is other for one, other in found] == [True] * EPOCHS * BATCHES


@pytest.mark.claim("since.callback-on_before_zero_grad-optimizer.wrapped")
def test_callbacks_are_given_lightnings_wrapper_of_the_optimizer(recorded):
    found = told_and_zeroed(recorded("fit"))
    assert [type(one).__name__ for one, other in found] == ["LightningAdam"] * EPOCHS * BATCHES
    assert {type(other).__name__ for one, other in found} == {"Adam"}


STEP = ("callback.on_before_optimizer_step", "module.on_before_optimizer_step")


@pytest.mark.claim("since.on_before_optimizer_step")
def test_each_step_is_announced_after_its_gradients_are_there(recorded):
    for run, steps, group in (("fit", EPOCHS * BATCHES, 1), ("fit-inside", BATCHES_INSIDE // GROUP, GROUP)):
        trace = recorded(run)
        assert trace.names("torch.backward", *STEP) == [*["torch.backward"] * group, *STEP] * steps
        for hook in STEP:
            given = [given["optimizer"] for given in trace.arguments(hook)]
            assert all(one is other for one, other in zip(given, sources(trace, "optimizer.step")))


@pytest.mark.claim("since.on_before_optimizer_step.before-backward")
def test_each_step_is_announced_before_its_last_backward(recorded):
    trace = recorded("fit")
    assert trace.names("torch.backward", *STEP) == [*STEP, "torch.backward"] * EPOCHS * BATCHES
    steps = [event for event in recorded("fit-inside").names("torch.backward", *STEP)]
    assert steps == ["torch.backward", *STEP, "torch.backward"] * (BATCHES_INSIDE // GROUP)


@pytest.mark.claim("since.on_before_optimizer_step-manual")
def test_a_step_by_hand_is_announced_as_well(recorded):
    trace = recorded("fit-manual")
    assert trace.names("torch.backward", *STEP) == ["torch.backward", *STEP] * 2 * 2
    assert trace.count("optimizer.step") == 2 * 2


class Clipped(Regression):
    """Writes down the largest gradient before and after clipping, and what clipping is given."""

    def __init__(self):
        super().__init__()
        self.unclipped, self.clipped, self.given = [], [], []

    def largest(self):
        gradients = [parameter.grad for parameter in self.parameters() if parameter.grad is not None]
        return max((gradient.abs().max().item() for gradient in gradients), default=0.0)

    def on_before_optimizer_step(self, optimizer, *index):
        self.unclipped.append(self.largest())

    def configure_gradient_clipping(self, *args, **kwargs):
        given = arguments_of("configure_gradient_clipping", args, kwargs)
        self.given.append((given["gradient_clip_val"], given["gradient_clip_algorithm"]))
        super().configure_gradient_clipping(*args, **kwargs)
        self.clipped.append(self.largest())


@pytest.mark.claim("since.module-configure_gradient_clipping")
def test_clipping_comes_last_before_the_step(recorded):
    around = ("torch.backward", "module.on_before_optimizer_step", "module.configure_gradient_clipping")
    assert recorded("fit").names(*around) == [*around] * EPOCHS * BATCHES
    assert recorded("fit-inside").names(*around) == ["torch.backward", *around] * (BATCHES_INSIDE // GROUP)
    given = recorded("fit").arguments("module.configure_gradient_clipping")
    assert {(one["gradient_clip_val"], one["gradient_clip_algorithm"]) for one in given} == {(None, None)}


@pytest.mark.claim("since.module-configure_gradient_clipping")
def test_clipping_is_given_what_the_trainer_was_told(trainer):
    module = Clipped()
    bound = 2**-7
    settings = {"gradient_clip_val": bound, "gradient_clip_algorithm": "value"}
    fit(trainer(**settings), module, train=regression_loader(4))
    assert module.given == [(bound, "value")] * 2
    assert min(module.unclipped) > bound
    assert module.clipped == [bound] * 2


@pytest.mark.claim("since.module-configure_gradient_clipping")
def test_clipping_is_left_to_the_user_in_manual_optimization(recorded):
    trace = recorded("fit-manual")
    assert trace.count("optimizer.step") == 2 * 2
    assert trace.count("module.configure_gradient_clipping") == 0
