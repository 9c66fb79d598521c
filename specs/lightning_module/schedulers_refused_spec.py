"""Schedules that are refused, each by what is wrong with it, before the first step."""

import pytest
import torch
from torch.optim.lr_scheduler import ExponentialLR

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.modules import Regression
from fixtures.steps import everything_said


class Returning(Regression):
    """Brings an optimizer with the schedule, or the schedule's dict, that `make` makes for it."""

    def __init__(self, make):
        super().__init__()
        self.make, self.rates = make, []

    def training_step(self, batch, batch_idx):
        self.rates.append(self.made.param_groups[0]["lr"])
        return self.loss(batch)

    def configure_optimizers(self):
        self.made = torch.optim.SGD(self.parameters(), lr=0.1)
        return {"optimizer": self.made, "lr_scheduler": self.make(self.made)}


class ByHand(Returning):
    """Leaves its optimizer alone."""

    def __init__(self, make):
        super().__init__(make)
        self.automatic_optimization = False


def said_of(module, trainer, error=Exception):
    """What the error says in which a fit of two epochs of one batch ends."""
    return message(error, lambda: fit(trainer(max_epochs=2), module, train=regression_loader(2)))


@pytest.mark.claim("module.scheduler-without-schedule")
def test_a_dict_without_a_schedule_is_refused(trainer):
    module = Returning(lambda made: {"interval": "step"})
    assert said_of(module, trainer) in (
        'The lr scheduler dict must have the key "scheduler" with its item being an lr scheduler',
        str(("Lr scheduler should have key `scheduler`", " with item being a lr scheduler")),
    )
    assert module.rates == []


def daily(made):
    return {"scheduler": ExponentialLR(made, 0.5), "interval": "day"}


@pytest.mark.claim("module.scheduler-interval-refused")
def test_another_interval_is_refused(trainer):
    module = Returning(daily)
    assert said_of(module, trainer) == (
        'The "interval" key in lr scheduler dict must be "step" or "epoch" but is "day"'
    )
    assert module.rates == []


@pytest.mark.claim("module.scheduler-interval-refused.never-steps")
def test_with_another_interval_a_schedule_never_steps(trainer):
    module = Returning(daily)
    assert said_of(module, trainer) == ""
    assert module.rates == [0.1, 0.1]


def foreign(made):
    return ExponentialLR(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1), 0.5)


@pytest.mark.claim("module.scheduler-foreign")
@pytest.mark.parametrize("kind", [Returning, ByHand])
def test_a_schedule_of_another_optimizer_is_refused(kind, trainer):
    module = kind(foreign)
    assert said_of(module, trainer) == (
        "Some schedulers are attached with an optimizer that wasn't returned from `configure_optimizers`."
    )
    assert module.rates == []


class Own:
    """Changes the rate by itself, and is no schedule of torch's."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def step(self):
        self.optimizer.param_groups[0]["lr"] /= 2


class Stateful(Own):
    def state_dict(self):
        return {}

    def load_state_dict(self, state_dict):
        pass


class Stepping(Returning):
    def lr_scheduler_step(self, scheduler, *rest):
        scheduler.step()


@pytest.mark.claim("module.scheduler-api")
@pytest.mark.parametrize("kind", [Returning, Stepping, ByHand])
def test_a_schedule_without_a_state_is_refused(kind, trainer):
    module = kind(Own)
    assert said_of(module, trainer, TypeError) == (
        "The provided lr scheduler `Own` is invalid. It should have `state_dict` and `load_state_dict` methods defined."
    )
    assert module.rates == []


NONE_OF_TORCHS = "The provided lr scheduler `Stateful` doesn't follow PyTorch's LRScheduler API. You should override"


@pytest.mark.claim("module.scheduler-api")
def test_a_schedule_that_is_none_of_torchs_needs_a_step_of_ones_own(trainer):
    module, stepping = Returning(Stateful), Stepping(Stateful)
    assert said_of(module, trainer).startswith(NONE_OF_TORCHS)
    assert module.rates == []
    assert said_of(stepping, trainer) == ""
    assert stepping.rates == [0.1, 0.05]


@pytest.mark.claim("module.scheduler-api-manual")
def test_by_hand_any_schedule_with_a_state_is_taken(trainer):
    module = ByHand(Stateful)
    assert said_of(module, trainer) == ""
    assert module.rates == [0.1, 0.1]


@pytest.mark.claim("module.scheduler-api-manual.refused")
def test_by_hand_too_it_needs_a_step_of_ones_own(trainer):
    module = ByHand(Stateful)
    assert said_of(module, trainer).startswith(NONE_OF_TORCHS)
    assert module.rates == []


@pytest.mark.claim("module.scheduler-manual-keys")
def test_by_hand_keys_about_stepping_are_named_and_ignored(trainer):
    def keyed(made):
        return {"scheduler": ExponentialLR(made, 0.5), "monitor": "absent", "strict": True}

    module = ByHand(keyed)
    with everything_said() as said:
        assert said_of(module, trainer) == ""
    assert [each for each in said if "lr scheduler dict" in each] == [
        "The lr scheduler dict contains the key(s) ['monitor', 'strict'], but the keys will be ignored."
        " You need to call `lr_scheduler.step()` manually in manual optimization."
    ]
    assert module.rates == [0.1, 0.1]
