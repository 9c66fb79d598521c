"""What a training_step calls where it optimizes by hand, and optimizers that step at paces of their own."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import Noting
from fixtures.loops import mse, train_by_hand
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.overrides import manual_backward, with_optimizer_idx
from fixtures.runs import BATCHES


def trained(module, trainer):
    """The module, after a fit over four batches."""
    fit(trainer(automatic_optimization=module.automatic_optimization), module, train=regression_loader())
    return module


def by_hand(device, loss=mse):
    """The weights of the same net after a hand-written loop over the same batches."""
    net = network()
    train_by_hand(net, regression_loader(), Regression().make_optimizer, device=device.torch_device, loss=loss)
    return weights(net)


class ByHand(Regression):
    automatic_optimization = False

    def training_step(self, batch, batch_idx):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.go_back(self.loss(batch), optimizer)
        optimizer.step()


@pytest.mark.claim("module.manual-backward")
def test_manual_backward_takes_loss_and_optimizer(device, trainer):
    class Told(ByHand):
        def go_back(self, loss, optimizer):
            self.manual_backward(loss, optimizer)

    assert same_weights(weights(trained(Told(), trainer).net), by_hand(device))


@pytest.mark.claim("module.manual-backward.loss-only")
def test_manual_backward_takes_the_loss_alone(device, trainer):
    class Alone(ByHand):
        def go_back(self, loss, optimizer):
            self.manual_backward(loss)

    assert same_weights(weights(trained(Alone(), trainer).net), by_hand(device))


@pytest.mark.claim("module.manual-backward.loss-only")
def test_manual_backward_hands_keywords_to_the_backward_of_the_loss(device, trainer):
    class Twice(ByHand):
        def go_back(self, loss, optimizer):
            self.manual_backward(loss, retain_graph=True)
            self.manual_backward(loss)

    doubled = by_hand(device, loss=lambda net, batch: 2 * mse(net, batch))
    assert same_weights(weights(trained(Twice(), trainer).net), doubled)


class TwoPaces(Noting):
    """Two optimizers, a layer each: one is to step for every batch, the other for every second."""

    automatic_optimization = False

    def configure_optimizers(self):
        return [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (self.net[0], self.net[2])]

    def on_train_batch_start(self, *batch):
        self.note(*self.layers())

    def layers(self):
        return weights(self.net[0]), weights(self.net[2])

    def moves(self):
        """For each batch, whether the first and the second layer moved in it."""
        passed = [*self.noted, self.layers()]
        return [
            tuple(not same_weights(then, now) for then, now in zip(before, after))
            for before, after in zip(passed, passed[1:])
        ]


@with_optimizer_idx
class TwoPacesByHand(TwoPaces):
    def training_step(self, batch, batch_idx):
        for pace, optimizer in enumerate(self.optimizers(), start=1):
            optimizer.zero_grad()
            manual_backward(self, self.loss(batch), optimizer)
            if batch_idx % pace == 0:
                self.move(optimizer)


AT_TWO_PACES = [(True, True), (True, False)] * (BATCHES // 2)


@pytest.mark.claim("module.manual-optimizer-step")
def test_manual_optimizer_step_steps_each_optimizer_when_called(device, trainer):
    class ByModule(TwoPacesByHand):
        def move(self, optimizer):
            self.manual_optimizer_step(optimizer)

    assert trained(ByModule(), trainer).moves() == AT_TWO_PACES


@pytest.mark.claim("module.manual-optimizer-step.optimizer-step")
def test_the_step_of_an_optimizer_steps_it_when_called(device, trainer):
    class Itself(TwoPacesByHand):
        def move(self, optimizer):
            optimizer.step()

    assert trained(Itself(), trainer).moves() == AT_TWO_PACES


class TwoPacesByOverride(TwoPaces):
    automatic_optimization = True

    def __init__(self):
        super().__init__()
        self.indices = []

    def training_step(self, batch, batch_idx, optimizer_idx):
        return self.loss(batch)

    def backward(self, loss, optimizer, optimizer_idx):
        self.indices.append(optimizer_idx)
        loss.backward()

    def optimizer_step(
        self, epoch, batch_idx, optimizer, optimizer_idx, optimizer_closure, on_tpu, using_native_amp, using_lbfgs
    ):
        if batch_idx % (optimizer_idx + 1) == 0:
            optimizer.step(closure=optimizer_closure)
        else:
            optimizer_closure()


@pytest.mark.claim("module.optimizer-step-override.per-optimizer")
def test_overrides_tell_optimizers_apart_by_their_index(device, trainer):
    module = trained(TwoPacesByOverride(), trainer)
    assert module.moves() == AT_TWO_PACES
    assert module.indices == [0, 1] * BATCHES
