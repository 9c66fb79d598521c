"""The training logic can be changed: optimization by hand, stopping early, skipping batches and the rest of epochs."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.loops import train_by_hand
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.overrides import manual_backward


def trained(module, trainer, **settings):
    """The weights of the module's net after a fit over four batches an epoch."""
    fit(trainer(**settings), module, train=regression_loader())
    return weights(module.net)


def by_hand(device, batches, **options):
    """The weights of the same net after a hand-written loop over these batches."""
    net = network()
    train_by_hand(net, batches, partial(torch.optim.SGD, lr=0.1), device=device.torch_device, **options)
    return weights(net)


@pytest.mark.claim("compat.modifiable-training-logic.manual-optimization")
def test_the_optimization_may_be_done_by_hand(device, trainer):
    """A step after every second batch only."""

    class Manual(Regression):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch, batch_idx):
            optimizer = self.optimizers()
            optimizer.zero_grad()
            manual_backward(self, self.loss(batch), optimizer)
            if batch_idx % 2:
                optimizer.step()

    assert same_weights(trained(Manual(), trainer), by_hand(device, [*regression_loader()][1::2]))


@pytest.mark.claim("compat.modifiable-training-logic.manual-optimization")
def test_nothing_is_optimized_where_it_is_not_done_by_hand(device, trainer):
    class Idle(Regression):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

    module = Idle()
    assert same_weights(trained(module, trainer), weights(network()))
    assert all(parameter.grad is None for parameter in module.parameters())


class Epochs(Regression):
    """Notes the epoch and index of every batch; its loss never changes."""

    def __init__(self):
        super().__init__(optimizer=partial(torch.optim.SGD, lr=0.0))
        self.seen = []

    def training_step(self, batch, batch_idx):
        self.seen.append((self.current_epoch, batch_idx))
        return super().training_step(batch, batch_idx)


@pytest.mark.claim("compat.modifiable-training-logic")
def test_training_may_stop_in_the_middle_of_an_epoch(device, trainer):
    class Stop(pl.Callback):
        def on_train_batch_end(self, trainer, *args):
            trainer.should_stop = trainer.current_epoch == 1

    module = Epochs()
    trained(module, trainer, max_epochs=5, callbacks=[Stop()])
    assert module.seen == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]


@pytest.mark.claim("compat.modifiable-training-logic")
def test_training_may_stop_when_it_no_longer_improves(device, trainer):
    class Patience(pl.Callback):
        best, waited = float("inf"), 0

        def on_validation_end(self, trainer, module):
            if module.validation_loss < self.best:
                self.best, self.waited = module.validation_loss, 0
            else:
                self.waited += 1
            trainer.should_stop = self.waited == 2

    class Validated(Epochs):
        def validation_step(self, batch, batch_idx):
            self.validation_loss = self.loss(batch).item()

    module = Validated()
    stopping = trainer(max_epochs=9, callbacks=[Patience()], num_sanity_val_steps=0)
    fit(stopping, module, train=regression_loader(size=2), val=regression_loader(size=2))
    assert module.seen == [(0, 0), (1, 0), (2, 0)]


@pytest.mark.claim("compat.modifiable-training-logic")
def test_a_batch_may_be_skipped(device, trainer):
    class Skips(Regression):
        def training_step(self, batch, batch_idx):
            return None if batch_idx == 1 else super().training_step(batch, batch_idx)

    first, _, third, fourth = regression_loader()
    assert same_weights(trained(Skips(), trainer), by_hand(device, [first, third, fourth]))


@pytest.mark.claim("compat.modifiable-training-logic")
def test_the_rest_of_an_epoch_may_be_skipped(device, trainer):
    class Short(Regression):
        def on_train_batch_start(self, batch, batch_idx, *args):
            return -1 if batch_idx == 2 else None

    short = trained(Short(), trainer, max_epochs=2)
    assert same_weights(short, by_hand(device, [*regression_loader()][:2], epochs=2))
