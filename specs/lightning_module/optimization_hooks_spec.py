"""The hooks around a step of the optimizer, each written with exactly the signature that the tutorial gives it."""

from functools import partial

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import Noting, message
from fixtures.loops import mse, to_device, train_by_hand
from fixtures.modules import network, same_weights, weights
from fixtures.overrides import arguments_of
from fixtures.runs import BATCHES, EPOCHS

sgd = partial(torch.optim.SGD, lr=0.1)


def trained(module, trainer, **settings):
    """The module, after a fit over four batches an epoch."""
    fit(trainer(**settings), module, train=regression_loader())
    return module


def refused(module, device, trainer):
    """What the TypeError says in which a fit ends before the override notes anything."""
    said = message(TypeError, lambda: trained(module.to(device.torch_device), trainer))
    assert module.noted == []
    return said


def by_hand(device, **options):
    """The weights of the same net after a hand-written loop over the same batches."""
    net = network()
    train_by_hand(net, regression_loader(), sgd, device=device.torch_device, **options)
    return weights(net)


def gradients(module):
    return [None if each.grad is None else each.grad.tolist() for each in module.parameters()]


class NotesLoss(Noting):
    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.note("step", loss)
        return loss


class BackwardOfThree(NotesLoss):
    def backward(self, loss, optimizer, optimizer_idx):
        self.note("backward", loss, optimizer, optimizer_idx)
        loss.backward()


@pytest.mark.claim("module.backward-override")
def test_backward_gets_loss_optimizer_and_index(device, trainer):
    module = trained(BackwardOfThree(), trainer)
    losses = [loss for _, loss in module.notes("step")]
    assert module.notes("backward") == [("backward", loss, "SGD", 0) for loss in losses]
    assert len(losses) == BATCHES
    assert same_weights(weights(module.net), by_hand(device))


class BackwardOfOne(NotesLoss):
    def backward(self, loss):
        self.note("backward", loss)
        loss.backward()


@pytest.mark.claim("module.backward-override.loss-only")
def test_backward_gets_the_loss_alone(device, trainer):
    module = trained(BackwardOfOne(), trainer)
    losses = [loss for _, loss in module.notes("step")]
    assert module.notes("backward") == [("backward", loss) for loss in losses]
    assert len(losses) == BATCHES
    assert same_weights(weights(module.net), by_hand(device))


@pytest.mark.claim("module.backward-override.loss-only")
def test_backward_must_not_ask_for_optimizer_and_index(device, trainer):
    module = BackwardOfThree().to(device.torch_device)
    said = message(TypeError, lambda: trained(module, trainer))
    assert said.endswith("backward() missing 2 required positional arguments: 'optimizer' and 'optimizer_idx'")
    assert [note[0] for note in module.noted] == ["step"]


@pytest.mark.claim("module.on-after-backward")
def test_after_backward_the_gradients_are_there_and_the_weights_have_not_moved(device, trainer):
    class Watched(Noting):
        def training_step(self, batch, batch_idx):
            loss = super().training_step(batch, batch_idx)
            self.before = weights(self.net)
            self.expected = [
                each.tolist() for each in torch.autograd.grad(loss, [*self.parameters()], retain_graph=True)
            ]
            return loss

        def on_after_backward(self):
            self.note(gradients(self) == self.expected, same_weights(weights(self.net), self.before))

    module = trained(Watched(), trainer)
    assert module.noted == [(True, True)] * BATCHES
    assert same_weights(weights(module.net), by_hand(device))


@pytest.mark.claim("module.on-after-backward")
def test_after_backward_comes_right_after_each_backward(recorded):
    trace = recorded("fit")
    calls = trace.names("module.backward", "torch.backward", "module.on_after_backward")
    assert calls == ["module.backward", "torch.backward", "module.on_after_backward"] * EPOCHS * BATCHES
    assert [dict(given) for given in trace.arguments("module.on_after_backward")] == [{}] * EPOCHS * BATCHES


class ZeroingWatched(Noting):
    """Notes its gradients after backward and before they are zeroed, and when a step of training begins."""

    def training_step(self, batch, batch_idx):
        self.before = weights(self.net)
        return super().training_step(batch, batch_idx)

    def on_after_backward(self):
        self.note("made", gradients(self))

    def on_before_zero_grad(self, optimizer):
        self.note("found", gradients(self), optimizer, same_weights(weights(self.net), self.before))


@pytest.mark.claim("module.on-before-zero-grad")
def test_before_zero_grad_the_batch_has_been_stepped_and_its_gradients_are_there(device, trainer):
    module = trained(ZeroingWatched(), trainer)
    made = [gradient for _, gradient in module.notes("made")]
    assert module.notes("found") == [("found", gradient, "SGD", False) for gradient in made]
    assert len(made) == BATCHES


@pytest.mark.claim("module.on-before-zero-grad")
def test_before_zero_grad_lies_between_step_and_zero_grad(recorded):
    trace = recorded("fit")
    batch = ["optimizer.step", "module.on_before_zero_grad", "optimizer.zero_grad"]
    assert trace.names(*batch) == batch * EPOCHS * BATCHES
    assert "module.on_before_zero_grad" not in trace.inside("optimizer.step")


@pytest.mark.claim("module.on-before-zero-grad.before-backward")
def test_before_zero_grad_the_gradients_are_those_of_the_batch_before(device, trainer):
    module = trained(ZeroingWatched(), trainer)
    made = [gradient for _, gradient in module.notes("made")]
    found = [gradient for _, gradient, _, _ in module.notes("found")]
    assert found == [[None] * 4, *made[:-1]]
    assert [note[2:] for note in module.notes("found")] == [("SGD", True)] * BATCHES


@pytest.mark.claim("module.on-before-zero-grad.before-backward")
def test_before_zero_grad_lies_between_training_step_and_backward(recorded):
    trace = recorded("fit")
    batch = ["module.training_step", "module.on_before_zero_grad", "optimizer.zero_grad", "torch.backward"]
    assert trace.names(*batch) == batch * EPOCHS * BATCHES
    assert "module.on_before_zero_grad" in trace.inside("optimizer.step")


class ZeroGradOfFour(Noting):
    def optimizer_zero_grad(self, epoch, batch_idx, optimizer, optimizer_idx):
        self.note(epoch, batch_idx, optimizer, optimizer_idx)
        optimizer.zero_grad()


@pytest.mark.claim("module.optimizer-zero-grad-override")
def test_zero_grad_gets_epoch_batch_optimizer_and_index(device, trainer):
    module = trained(ZeroGradOfFour(), trainer, max_epochs=2)
    assert module.noted == [(epoch, batch, "SGD", 0) for epoch in range(2) for batch in range(BATCHES)]
    assert same_weights(weights(module.net), by_hand(device, epochs=2))


@pytest.mark.claim("module.optimizer-zero-grad-override.without-index")
def test_zero_grad_gets_epoch_batch_and_optimizer(device, trainer):
    class ZeroGradOfThree(Noting):
        def optimizer_zero_grad(self, epoch, batch_idx, optimizer):
            self.note(epoch, batch_idx, optimizer)
            optimizer.zero_grad()

    module = trained(ZeroGradOfThree(), trainer, max_epochs=2)
    assert module.noted == [(epoch, batch, "SGD") for epoch in range(2) for batch in range(BATCHES)]
    assert same_weights(weights(module.net), by_hand(device, epochs=2))


@pytest.mark.claim("module.optimizer-zero-grad-override.without-index")
def test_zero_grad_must_not_ask_for_an_index(device, trainer):
    said = refused(ZeroGradOfFour(), device, trainer)
    assert said.endswith("optimizer_zero_grad() missing 1 required positional argument: 'optimizer_idx'")


def warm_up(step):
    return min(1.0, (step + 1) / 6)


class WarmUp(Noting):
    def warm_up(self, optimizer):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * warm_up(self.trainer.global_step)


class StepOfEight(WarmUp):
    def optimizer_step(
        self, epoch, batch_idx, optimizer, optimizer_idx, optimizer_closure, on_tpu, using_native_amp, using_lbfgs
    ):
        self.note(epoch, batch_idx, optimizer, optimizer_idx, on_tpu, using_native_amp, using_lbfgs)
        self.warm_up(optimizer)
        optimizer.step(closure=optimizer_closure)


def warmed_up_by_hand(device):
    return by_hand(device, epochs=2, scheduler=partial(LambdaLR, lr_lambda=warm_up), interval="step")


@pytest.mark.claim("module.optimizer-step-override")
def test_optimizer_step_gets_eight_arguments_and_may_warm_up(device, trainer):
    module = trained(StepOfEight(), trainer, max_epochs=2)
    expected = [(epoch, batch, "SGD", 0, False, False, False) for epoch in range(2) for batch in range(BATCHES)]
    assert module.noted == expected
    assert same_weights(weights(module.net), warmed_up_by_hand(device))


@pytest.mark.claim("module.optimizer-step-override")
def test_optimizer_step_is_told_of_lbfgs(device, trainer):
    module = trained(StepOfEight(optimizer=partial(torch.optim.LBFGS, max_iter=1)), trainer)
    assert module.noted == [(0, batch, "LBFGS", 0, False, False, True) for batch in range(BATCHES)]


class StepsItself(Noting):
    def optimizer_step(self, *args, **kwargs):
        given = arguments_of("optimizer_step", args, kwargs)
        given["optimizer"].step(closure=given["optimizer_closure"])


@pytest.mark.claim("module.optimizer-step-override.gradients-kept")
def test_an_override_that_steps_the_optimizer_never_zeroes_gradients(device, trainer):
    net = network().to(device.torch_device)
    optimizer = sgd(net.parameters())
    for batch in regression_loader():
        mse(net, to_device(batch, device.torch_device)).backward()
        optimizer.step()
    assert same_weights(weights(trained(StepsItself(), trainer).net), weights(net))


@pytest.mark.claim("module.optimizer-step-override.without-on-tpu")
def test_optimizer_step_is_not_told_of_a_tpu(device, trainer):
    said = refused(StepOfEight(), device, trainer)
    assert said.endswith("optimizer_step() missing 1 required positional argument: 'on_tpu'")


@pytest.mark.claim("module.optimizer-step-override.without-on-tpu")
def test_optimizer_step_may_do_without_on_tpu(device, trainer):
    class StepOfSeven(WarmUp):
        def optimizer_step(self, epoch, batch_idx, optimizer, optimizer_idx, _, using_native_amp, using_lbfgs):
            self.note(epoch, batch_idx, optimizer, optimizer_idx, using_native_amp, using_lbfgs)

    module = trained(StepOfSeven(), trainer)
    assert module.noted == [(0, batch, "SGD", 0, False, False) for batch in range(BATCHES)]


@pytest.mark.claim("module.optimizer-step-override.closure-only")
def test_optimizer_step_gets_four_arguments_and_may_warm_up(device, trainer):
    class StepOfFour(WarmUp):
        def optimizer_step(self, epoch, batch_idx, optimizer, optimizer_closure):
            self.note(epoch, batch_idx, optimizer)
            self.warm_up(optimizer)
            optimizer.step(closure=optimizer_closure)

    module = trained(StepOfFour(), trainer, max_epochs=2)
    assert module.noted == [(epoch, batch, "SGD") for epoch in range(2) for batch in range(BATCHES)]
    assert same_weights(weights(module.net), warmed_up_by_hand(device))


@pytest.mark.claim("module.optimizer-step-override.closure-only")
def test_optimizer_step_must_not_ask_for_eight_arguments(device, trainer):
    said = refused(StepOfEight(), device, trainer)
    missing = "'optimizer_closure', 'on_tpu', 'using_native_amp', and 'using_lbfgs'"
    assert said.endswith(f"optimizer_step() missing 4 required positional arguments: {missing}")
