"""Trainer takes the settings and trains: how much is done is what was set, and no loop stands in the user's code."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated, Regression, same_weights, weights


class CountedSGD(torch.optim.SGD):
    steps = 0

    def step(self, closure=None):
        self.steps += 1
        return super().step(closure)


class Counted(Evaluated):
    """Keeps which batches training and validation were given; its optimizer counts its steps."""

    def __init__(self):
        super().__init__(optimizer=self.make_counted)
        self.trained, self.validated = [], []

    def make_counted(self, parameters):
        self.optimizer = CountedSGD(parameters, lr=0.1)
        return self.optimizer

    def training_step(self, batch, batch_idx):
        self.trained.append((self.current_epoch, batch_idx))
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        self.validated.append((self.current_epoch, batch_idx))
        return super().validation_step(batch, batch_idx)


def batches(epochs, count):
    return [(epoch, batch_idx) for epoch in epochs for batch_idx in range(count)]


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_one_call_changes_every_weight(device, trainer):
    module = Regression()
    before = weights(module.net)
    fit(trainer(), module, train=regression_loader())
    after = weights(module.net)
    assert [name for name in before if torch.equal(before[name], after[name])] == []


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_one_call_brings_the_loss_down(device, trainer):
    class Watched(Regression):
        losses = ()

        def training_step(self, batch, batch_idx):
            loss = super().training_step(batch, batch_idx)
            self.losses += (loss.item(),)
            return loss

    module = Watched()
    fit(trainer(max_epochs=40), module, train=regression_loader(batch_size=8))
    assert len(module.losses) == 40
    assert list(module.losses) == sorted(module.losses, reverse=True)
    assert module.losses[-1] < module.losses[0] / 4


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_max_epochs_is_the_number_of_passes_over_the_data(device, trainer):
    module = Counted()
    fit(trainer(max_epochs=3), module, train=regression_loader())
    assert module.trained == batches(range(3), 4)
    assert module.optimizer.steps == 12


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_max_steps_stops_within_an_epoch(device, trainer):
    module = Counted()
    fit(trainer(max_epochs=9, max_steps=6), module, train=regression_loader())
    assert module.trained == [*batches([0], 4), (1, 0), (1, 1)]
    assert module.optimizer.steps == 6


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_limits_choose_the_first_batches(device, trainer):
    module = Counted()
    limited = trainer(max_epochs=2, limit_train_batches=3, limit_val_batches=1, num_sanity_val_steps=0)
    fit(limited, module, train=regression_loader(), val=regression_loader(seed=8))
    assert module.trained == batches(range(2), 3)
    assert module.validated == batches(range(2), 1)


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_accumulate_grad_batches_makes_one_step_of_several_batches(device, trainer):
    module = Counted()
    fit(trainer(max_epochs=2, accumulate_grad_batches=2), module, train=regression_loader())
    assert module.trained == batches(range(2), 4)
    assert module.optimizer.steps == 4


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_check_val_every_n_epoch_validates_that_often(device, trainer):
    module = Counted()
    configured = trainer(max_epochs=4, check_val_every_n_epoch=2, num_sanity_val_steps=0)
    fit(configured, module, train=regression_loader(), val=regression_loader(size=4))
    assert module.validated == batches([1, 3], 2)


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_gradient_clip_val_bounds_the_step(device, trainer):
    module = Regression()
    before = weights(module.net)
    fit(trainer(max_steps=1, gradient_clip_val=1e-3), module, train=regression_loader())
    moved = [(weights(module.net)[name] - before[name]).norm() for name in before]
    assert torch.stack(moved).norm().item() == pytest.approx(0.1 * 1e-3, rel=1e-3)


@pytest.mark.claim("structure.trainer-configures-and-trains")
def test_the_same_settings_train_the_same(device, trainer):
    one, other = Regression(), Regression()
    fit(trainer(max_epochs=2), one, train=regression_loader())
    fit(trainer(max_epochs=2), other, train=regression_loader())
    assert same_weights(weights(one.net), weights(other.net))
