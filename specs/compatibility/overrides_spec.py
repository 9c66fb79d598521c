"""The training logic can be changed: each override takes effect, and what it replaces no longer happens."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch.optim.lr_scheduler import LambdaLR

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.loops import mse, train_by_hand
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.overrides import arguments_of

sgd = partial(torch.optim.SGD, lr=0.1)
BATCHES = 4


def trained(module, trainer, **settings):
    """The weights of the module's net after a fit over four batches an epoch."""
    fit(trainer(**settings), module, train=regression_loader())
    return weights(module.net)


def by_hand(device, batches=None, optimizer=sgd, **options):
    """The weights of the same net after a hand-written loop over these batches."""
    net = network()
    train_by_hand(net, batches or regression_loader(), optimizer, device=device.torch_device, **options)
    return weights(net)


@pytest.mark.claim("compat.modifiable-training-logic")
def test_optimizer_step_may_change_the_learning_rate(device, trainer):
    class WarmUp(Regression):
        def optimizer_step(self, *args, **kwargs):
            given = arguments_of("optimizer_step", args, kwargs)
            for group in given["optimizer"].param_groups:
                group["lr"] = 0.1 * (given["batch_idx"] + 1) / BATCHES
            super().optimizer_step(*args, **kwargs)

    warm_up = partial(LambdaLR, lr_lambda=lambda step: (step + 1) / BATCHES)
    assert same_weights(trained(WarmUp(), trainer), by_hand(device, scheduler=warm_up, interval="step"))


@pytest.mark.claim("compat.modifiable-training-logic")
def test_optimizer_step_may_skip_steps(device, trainer):
    class EverySecond(Regression):
        def optimizer_step(self, *args, **kwargs):
            given = arguments_of("optimizer_step", args, kwargs)
            if given["batch_idx"] % 2 == 0:
                given["optimizer"].step(closure=given["optimizer_closure"])
            else:
                given["optimizer_closure"]()
                given["optimizer"].zero_grad()

    assert same_weights(trained(EverySecond(), trainer), by_hand(device, [*regression_loader()][::2]))


class Heedless(Regression):
    """Runs the closure, in which training_step and backward are, for every second batch only."""

    trained = ()

    def training_step(self, batch, batch_idx):
        self.trained += (batch_idx,)
        return super().training_step(batch, batch_idx)

    def optimizer_step(self, *args, **kwargs):
        given = arguments_of("optimizer_step", args, kwargs)
        if given["batch_idx"] % 2 == 0:
            given["optimizer"].step(closure=given["optimizer_closure"])


@pytest.mark.claim("compat.modifiable-training-logic.step-without-closure")
def test_optimizer_step_may_leave_out_the_closure_and_with_it_the_batch(device, trainer):
    module = Heedless()
    assert same_weights(trained(module, trainer), by_hand(device, [*regression_loader()][::2]))
    assert module.trained == (0, 2)


@pytest.mark.claim("compat.modifiable-training-logic.step-needs-closure")
def test_optimizer_step_must_run_the_closure(device, trainer):
    module = Heedless()
    message = ""
    try:
        trained(module, trainer)
    except pl.utilities.exceptions.MisconfigurationException as refused:
        message = str(refused)
    assert message.startswith("The closure hasn't been executed.")
    assert module.trained == (0,)


@pytest.mark.claim("compat.modifiable-training-logic")
def test_optimizer_step_may_leave_the_step_out(device, trainer):
    gradients = []

    class Looks(Regression):
        def optimizer_step(self, *args, **kwargs):
            arguments_of("optimizer_step", args, kwargs)["optimizer_closure"]()
            gradients.append([parameter.grad.abs().sum().item() for parameter in self.parameters()])

    assert same_weights(trained(Looks(), trainer), weights(network()))
    assert len(gradients) == BATCHES
    assert all(size > 0 for sizes in gradients for size in sizes)


@pytest.mark.claim("compat.modifiable-training-logic.step-with-accumulation")
def test_optimizer_step_may_be_overridden_while_accumulating(device, trainer):
    stepped = []

    class Watched(Regression):
        def optimizer_step(self, *args, **kwargs):
            stepped.append(arguments_of("optimizer_step", args, kwargs)["batch_idx"])
            super().optimizer_step(*args, **kwargs)

    accumulated = trained(Watched(), trainer, accumulate_grad_batches=2)
    assert stepped == [1, 3]
    assert same_weights(accumulated, by_hand(device, accumulate=2))


@pytest.mark.claim("compat.modifiable-training-logic.step-without-accumulation")
def test_optimizer_step_must_not_be_overridden_while_accumulating(device, trainer):
    class Watched(Regression):
        def optimizer_step(self, *args, **kwargs):
            super().optimizer_step(*args, **kwargs)

    module = Watched().to(device.torch_device)
    message = ""
    try:
        trained(module, trainer, accumulate_grad_batches=2)
    except pl.utilities.exceptions.MisconfigurationException as refused:
        message = str(refused)
    assert message.startswith("When overriding `LightningModule` optimizer_step or optimizer_zero_grad")


@pytest.mark.claim("compat.modifiable-training-logic")
def test_backward_may_be_changed(device, trainer):
    class Doubled(Regression):
        def backward(self, loss, *args, **kwargs):
            (2 * loss).backward()

    assert same_weights(trained(Doubled(), trainer), by_hand(device, loss=lambda net, batch: 2 * mse(net, batch)))


@pytest.mark.claim("compat.modifiable-training-logic")
def test_backward_may_be_left_out(device, trainer):
    class Idle(Regression):
        losses = 0

        def backward(self, loss, *args, **kwargs):
            self.losses += loss.requires_grad

    module = Idle()
    assert same_weights(trained(module, trainer), weights(network()))
    assert module.losses == BATCHES
    assert all(parameter.grad is None for parameter in module.parameters())


@pytest.mark.claim("compat.modifiable-training-logic")
def test_optimizer_zero_grad_may_be_left_out(device, trainer):
    class Hoarding(Regression):
        def optimizer_zero_grad(self, *args, **kwargs):
            """Gradients add up from batch to batch."""

    class HoardingSGD(torch.optim.SGD):
        def zero_grad(self, set_to_none=True):
            """As above, by hand."""

    hoarded = trained(Hoarding(), trainer)
    assert same_weights(hoarded, by_hand(device, optimizer=partial(HoardingSGD, lr=0.1)))
    assert not same_weights(hoarded, by_hand(device))


@pytest.mark.claim("compat.modifiable-training-logic.gradient-clipping")
def test_gradient_clipping_may_be_left_out(device, trainer):
    class Unclipped(Regression):
        def configure_gradient_clipping(self, *args, **kwargs):
            """Nothing is clipped, whatever the Trainer says."""

    assert same_weights(trained(Unclipped(), trainer, gradient_clip_val=1e-6), by_hand(device))


@pytest.mark.claim("compat.modifiable-training-logic.gradient-clipping")
def test_gradient_clipping_may_be_changed(device, trainer):
    given = []

    class Halved(Regression):
        def configure_gradient_clipping(self, *args, **kwargs):
            given.append(arguments_of("configure_gradient_clipping", args, kwargs)["gradient_clip_val"])
            torch.nn.utils.clip_grad_norm_(self.parameters(), given[-1] / 2)

    assert same_weights(trained(Halved(), trainer, gradient_clip_val=0.1), by_hand(device, clip=0.05))
    assert given == [0.1] * BATCHES


class Scheduled(Regression):
    def configure_optimizers(self):
        self.optimizer = super().configure_optimizers()
        return [self.optimizer], [torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=1, gamma=0.5)]

    def rate(self):
        return self.optimizer.param_groups[0]["lr"]


@pytest.mark.claim("compat.modifiable-training-logic.scheduler-step")
def test_the_scheduler_step_may_be_changed(device, trainer):
    class Twice(Scheduled):
        def lr_scheduler_step(self, scheduler, *args):
            scheduler.step()
            scheduler.step()

    module = Twice()
    trained(module, trainer, max_epochs=2)
    assert module.rate() == 0.1 * 0.5**4


@pytest.mark.claim("compat.modifiable-training-logic.scheduler-step")
def test_the_scheduler_step_may_be_left_out(device, trainer):
    class Constant(Scheduled):
        def lr_scheduler_step(self, *args):
            """The rate stays."""

    module = Constant()
    assert same_weights(trained(module, trainer, max_epochs=2), by_hand(device, epochs=2))
    assert module.rate() == 0.1


class Negated(Regression):
    """Moves the batch itself, and turns the sign of the inputs."""

    moves = 0

    def transfer_batch_to_device(self, batch, device, dataloader_idx=0):
        self.moves += 1
        inputs, targets = batch
        return -inputs.to(device), targets.to(device)


def negated_batches():
    return [(-inputs, targets) for inputs, targets in regression_loader()]


@pytest.mark.claim("compat.modifiable-training-logic.batch-transfer")
def test_the_transfer_of_a_batch_may_be_changed(device, trainer):
    module = Negated()
    assert same_weights(trained(module, trainer), by_hand(device, negated_batches()))
    assert module.moves == BATCHES


@pytest.mark.claim("compat.modifiable-training-logic.batch-transfer")
def test_the_transfer_of_a_batch_may_be_left_out(device, trainer):
    found = []

    class Stays(Regression):
        def transfer_batch_to_device(self, batch, device, dataloader_idx=0):
            return batch

        def training_step(self, batch, batch_idx):
            found.extend(part.device.type for part in batch)
            return self.loss([part.to(device.torch_device) for part in batch])

    assert same_weights(trained(Stays(), trainer), by_hand(device))
    assert found == ["cpu"] * 2 * BATCHES


@pytest.mark.claim("compat.modifiable-training-logic.batch-transfer-on-cpu")
def test_the_transfer_of_a_batch_may_be_changed_on_the_cpu(device, trainer):
    assert same_weights(trained(Negated(), trainer), by_hand(device, negated_batches()))


@pytest.mark.claim("compat.modifiable-training-logic.no-batch-transfer-on-cpu")
def test_no_batch_is_transferred_on_the_cpu(device, trainer):
    module = Negated()
    assert same_weights(trained(module, trainer), by_hand(device))
    assert module.moves == 0
