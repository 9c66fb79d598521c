"""Every learning rate scheduler that torch has gives the Trainer the rates it gives a loop written by hand."""

import inspect
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler, swa_utils

from fixtures.data import FEATURES, TARGETS, regression_loader
from fixtures.devices import device as device_named
from fixtures.dialects import fit, make_trainer
from fixtures.modules import weights
from fixtures.parity import Recorded, by_hand, different, same

pytestmark = pytest.mark.usefixtures("as_before")

BASE = getattr(lr_scheduler, "LRScheduler", lr_scheduler._LRScheduler)
EPOCHS = {"epoch": 4, "step": 2}
BATCHES = 2


def schedulers_of(module):
    found = {name: value for name, value in vars(module).items() if inspect.isclass(value)}
    kinds = (lr_scheduler._LRScheduler, BASE, lr_scheduler.ReduceLROnPlateau)
    return {n: c for n, c in found.items() if issubclass(c, kinds) and c not in (BASE, lr_scheduler._LRScheduler)}


SCHEDULERS = {**schedulers_of(lr_scheduler), **schedulers_of(swa_utils)}
ARGUMENTS = {
    "LambdaLR": {"lr_lambda": lambda count: 0.9**count},
    "MultiplicativeLR": {"lr_lambda": lambda count: 0.9},
    "ConstantLR": {"total_iters": 2},
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [1, 2]},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 4},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 6},
    "ReduceLROnPlateau": {"mode": "max", "patience": 0, "factor": 0.5},
    "SWALR": {"swa_lr": 0.01, "anneal_epochs": 3},
}


def parts(optimizer):
    return [lr_scheduler.ExponentialLR(optimizer, 0.9), lr_scheduler.StepLR(optimizer, 2)]


COMPOSED = {
    "SequentialLR": lambda optimizer: lr_scheduler.SequentialLR(optimizer, parts(optimizer), milestones=[2]),
    "ChainedScheduler": lambda optimizer: lr_scheduler.ChainedScheduler(parts(optimizer)),
}


def small():
    net = nn.Linear(FEATURES, TARGETS, bias=False)
    nn.init.constant_(net.weight, 0.5)
    return net


class Halving(BASE):
    """What a user may write."""

    def get_lr(self):
        return [rate * 0.5**self.last_epoch for rate in self.base_lrs]


class Scheduled(Recorded):
    """Keeps the learning rate at every training_step."""

    def __init__(self, make_scheduler, interval):
        super().__init__(small(), momentum_sgd)
        self.make_scheduler, self.interval, self.rates = make_scheduler, interval, []

    def training_step(self, batch, batch_idx):
        self.rates.append(self.made.param_groups[0]["lr"])
        loss = super().training_step(batch, batch_idx)
        if isinstance(self.schedule, lr_scheduler.ReduceLROnPlateau):
            self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        optimizer = super().configure_optimizers()
        self.schedule = self.make_scheduler(optimizer)
        return [optimizer], [{"scheduler": self.schedule, "interval": self.interval, "monitor": "loss"}]


momentum_sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


def maker(name):
    """A function from an optimizer to the scheduler of this name, with arguments that make its rates change."""
    if name in COMPOSED:
        return COMPOSED[name]
    parameters = list(inspect.signature(SCHEDULERS[name]).parameters.values())[1:]
    required = {p.name for p in parameters if p.default is p.empty}
    assert required <= set(ARGUMENTS.get(name, {})), f"torch has {name}, new to this spec: give its arguments"
    return partial(SCHEDULERS[name], **ARGUMENTS.get(name, {}))


def assert_rates_as_by_hand(make_scheduler, interval, device, trainer):
    net = small()
    options = {"scheduler": make_scheduler, "interval": interval, "epochs": EPOCHS[interval]}
    history = by_hand(net, regression_loader(size=4), momentum_sgd, device, **options)
    module = Scheduled(make_scheduler, interval)
    fit(trainer(max_epochs=EPOCHS[interval]), module, train=regression_loader(size=4))
    assert module.rates == history.rates
    assert len(module.rates) == EPOCHS[interval] * BATCHES
    assert len(set(module.rates)) > 1
    assert different(weights(module.net), weights(net)) == []
    assert same(module.made.state_dict(), history.optimizer.state_dict())


@pytest.mark.claim("compat.torch-schedulers-in-lightning")
@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_gives_the_rates_it_gives_by_hand(name, interval, tmp_path):
    trainer = partial(make_trainer, "cpu", default_root_dir=str(tmp_path))
    assert_rates_as_by_hand(maker(name), interval, device_named("cpu"), trainer)


@pytest.mark.claim("compat.torch-schedulers-in-lightning")
@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize("name", ["OneCycleLR", "ReduceLROnPlateau"])
def test_a_scheduler_gives_these_rates_wherever_the_module_is(name, interval, device, trainer):
    assert_rates_as_by_hand(maker(name), interval, device, trainer)


@pytest.mark.claim("compat.torch-schedulers-in-lightning")
@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_a_scheduler_of_ones_own_gives_the_rates_it_gives_by_hand(interval, device, trainer):
    assert_rates_as_by_hand(Halving, interval, device, trainer)


@pytest.mark.claim("compat.torch-schedulers-in-lightning")
def test_the_schedulers_were_found_by_inspection(observe):
    observe("schedulers of torch", sorted(SCHEDULERS))
    assert {"StepLR", "ReduceLROnPlateau", "OneCycleLR", "SequentialLR", "SWALR"} <= set(SCHEDULERS)
