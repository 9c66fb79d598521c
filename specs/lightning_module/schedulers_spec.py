"""The keys of a scheduler's dict: when the Trainer steps it, and with which logged number.

Rates start at 1 and are halved by every step of the scheduler, so that a rate tells how many steps there were.
"""

import pytest
import torch
from torch.optim.lr_scheduler import ExponentialLR, OneCycleLR, ReduceLROnPlateau, StepLR

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.modules import Regression
from fixtures.steps import everything_said

sgd = torch.optim.SGD


def halving(optimizer):
    return ExponentialLR(optimizer, 0.5)


def plateau(optimizer):
    return ReduceLROnPlateau(optimizer, factor=0.5, patience=0)


class Scheduled(Regression):
    """Counts the halvings of its rate at every training_step; logs a loss that rises, and one that falls."""

    def __init__(self, make=halving, **keys):
        super().__init__()
        self.make, self.keys, self.halvings = make, keys, []

    def training_step(self, batch, batch_idx):
        self.halvings.append(round(1 / self.made.param_groups[0]["lr"]).bit_length() - 1)
        self.log("rising", torch.tensor(float(len(self.halvings))))
        self.log("falling", torch.tensor(-float(len(self.halvings))))
        return 0 * self.loss(batch)

    def configure_optimizers(self):
        self.made = sgd(self.parameters(), lr=1.0)
        return {"optimizer": self.made, "lr_scheduler": {"scheduler": self.make(self.made), **self.keys}}


def halvings(trainer, module, batches=4, **options):
    """At every training_step of two epochs, how often the rate has been halved."""
    fit(trainer(**{"max_epochs": 2, **options}), module, train=regression_loader(2 * batches))
    return module.halvings


@pytest.mark.claim("module.scheduler-interval")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [0, 0, 0, 0, 1, 1, 1, 1]),
        ({"interval": "epoch"}, [0, 0, 0, 0, 1, 1, 1, 1]),
        ({"interval": "step"}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_schedule_advances_once_an_interval(keys, expected, device, trainer):
    assert halvings(trainer, Scheduled(**keys)) == expected


@pytest.mark.claim("module.scheduler-interval")
@pytest.mark.parametrize(("accumulated", "expected"), [(2, [0, 0, 1, 1, 2, 2, 3, 3]), (3, [0, 0, 0, 1, 2, 2, 2, 3])])
def test_a_step_is_one_of_the_optimizer(accumulated, expected, device, trainer):
    assert halvings(trainer, Scheduled(interval="step"), accumulate_grad_batches=accumulated) == expected


@pytest.mark.claim("module.scheduler-interval")
def test_each_of_two_schedules_has_an_interval_of_its_own(device, trainer):
    class Twice(Scheduled):
        def configure_optimizers(self):
            of_steps, of_epochs = {"interval": "step"}, {"interval": "epoch"}
            self.made = sgd(self.parameters(), lr=1.0)
            return [self.made], [{"scheduler": halving(self.made), **keys} for keys in (of_steps, of_epochs)]

    assert halvings(trainer, Twice()) == [0, 1, 2, 3, 5, 6, 7, 8]


@pytest.mark.claim("module.scheduler-frequency")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"frequency": 2}, [0, 0, 1, 1, 2]),
        ({"interval": "epoch", "frequency": 3}, [0, 0, 0, 1, 1]),
        ({"interval": "step", "frequency": 1}, [0, 1, 2, 3, 4]),
    ],
)
def test_a_schedule_advances_every_so_many_intervals(keys, expected, device, trainer):
    assert halvings(trainer, Scheduled(**keys), batches=1, max_epochs=5) == expected


@pytest.mark.claim("module.scheduler-frequency")
def test_it_counts_the_batches_of_an_epoch(device, trainer):
    module = Scheduled(interval="step", frequency=3)
    assert halvings(trainer, module) == [0, 0, 0, 1, 1, 1, 1, 2]


@pytest.mark.claim("module.scheduler-frequency")
def test_it_counts_batches_also_where_several_share_a_step(device, trainer):
    module = Scheduled(interval="step", frequency=3)
    assert halvings(trainer, module, batches=6, max_epochs=1, accumulate_grad_batches=2) == [0] * 6
    module = Scheduled(interval="step", frequency=4)
    assert halvings(trainer, module, batches=6, max_epochs=1, accumulate_grad_batches=2) == [0, 0, 0, 0, 1, 1]


@pytest.mark.claim("module.scheduler-monitor")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"monitor": "rising"}, [0, 0, 0, 0, 1, 1]),
        ({"monitor": "falling"}, [0, 0, 0, 0, 0, 0]),
        ({"monitor": "rising", "interval": "step"}, [0, 0, 1, 2, 3, 4]),
        ({"monitor": "rising", "interval": "step", "frequency": 2}, [0, 0, 0, 0, 1, 1]),
    ],
)
def test_a_plateau_is_watched_in_the_number_that_is_named(keys, expected, device, trainer):
    assert halvings(trainer, Scheduled(plateau, **keys), batches=2, max_epochs=3) == expected


@pytest.mark.claim("module.scheduler-monitor")
def test_no_other_schedule_asks_for_the_number_that_is_named(device, trainer):
    assert halvings(trainer, Scheduled(monitor="absent"), batches=1, max_epochs=3) == [0, 1, 2]


@pytest.mark.claim("module.scheduler-monitor")
@pytest.mark.parametrize("keys", [{}, {"monitor": None}])
def test_a_plateau_without_a_number_is_refused(keys, trainer):
    module = Scheduled(plateau, **keys)
    assert message(Exception, lambda: halvings(trainer, module)) == (
        "The lr scheduler dict must include a monitor when a `ReduceLROnPlateau` scheduler is used."
        ' For example: {"optimizer": optimizer, "lr_scheduler":'
        ' {"scheduler": scheduler, "monitor": "your_loss"}}'
    )
    assert module.halvings == []


ABSENT = "ReduceLROnPlateau conditioned on metric absent which is not available"


@pytest.mark.claim("module.scheduler-strict")
@pytest.mark.parametrize("keys", [{}, {"strict": True}])
def test_a_number_that_was_not_logged_ends_the_run(keys, trainer):
    module = Scheduled(plateau, monitor="absent", **keys)
    said = message(Exception, lambda: halvings(trainer, module, batches=2))
    assert said.startswith(f"{ABSENT}. Available metrics are: ")
    assert "falling" in said
    assert module.halvings == [0, 0]


@pytest.mark.claim("module.scheduler-strict")
def test_where_it_is_false_a_warning_takes_the_place_of_the_step(trainer):
    module = Scheduled(plateau, monitor="absent", strict=False)
    with everything_said() as said:
        assert message(Exception, lambda: halvings(trainer, module, batches=1, max_epochs=3)) == ""
    assert module.halvings == [0, 0, 0]
    assert [each for each in said if ABSENT in each] == [
        f"{ABSENT} but strict is set to `False`. Skipping learning rate update."
    ] * 3


class Asking(StepLR):
    """Keeps what its step is given."""

    def __init__(self, optimizer):
        self.given = []
        super().__init__(optimizer, step_size=1)
        self.given.clear()

    def step(self, *given):
        self.given.append([float(each) for each in given])


def given(trainer, **keys):
    """What a scheduler of one's own is given in three epochs of one batch."""
    made = []

    def make(optimizer):
        made.append(Asking(optimizer))
        return made[0]

    halvings(trainer, Scheduled(make, **keys), batches=1, max_epochs=3)
    return made[0].given


@pytest.mark.claim("module.scheduler-reduce-on-plateau")
def test_where_it_is_true_any_schedule_is_given_the_number(trainer):
    assert given(trainer, monitor="rising", reduce_on_plateau=True) == [[1.0], [2.0], [3.0]]
    assert given(trainer, monitor="rising", reduce_on_plateau=False) == [[], [], []]


@pytest.mark.claim("module.scheduler-reduce-on-plateau")
def test_where_it_is_true_a_number_has_to_be_named(trainer):
    said = message(Exception, lambda: given(trainer, reduce_on_plateau=True))
    assert said.startswith("The lr scheduler dict must include a monitor when a `ReduceLROnPlateau` scheduler is used.")


@pytest.mark.claim("module.scheduler-reduce-on-plateau.by-class")
def test_only_the_class_decides_who_is_given_the_number(trainer):
    assert given(trainer, monitor="rising", reduce_on_plateau=True) == [[], [], []]
    watched = Scheduled(plateau, monitor="rising", reduce_on_plateau=False)
    assert halvings(trainer, watched, batches=1, max_epochs=3) == [0, 0, 1]


def warned(trainer, module):
    """The warnings about schedulers of a fit of one batch."""
    with everything_said() as said:
        halvings(trainer, module, batches=1, max_epochs=1)
    return [each for each in said if "scheduler" in each and "lr_scheduler.step()" not in each]


@pytest.mark.claim("module.scheduler-unknown-keys")
def test_a_key_that_is_not_known_is_named_and_ignored(trainer):
    said = warned(trainer, Scheduled(interval="step", every=2))
    assert [each.split(": ")[0] for each in said] == ["Found unsupported keys in the lr scheduler dict"]
    assert "'every'" in said[0]
    assert halvings(trainer, Scheduled(interval="step", every=2)) == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.claim("module.scheduler-unknown-keys")
@pytest.mark.parametrize("keys", [{}, {"interval": "step", "frequency": 2, "monitor": "rising", "strict": False}])
def test_no_key_that_is_known_is_warned_about(keys, trainer):
    assert warned(trainer, Scheduled(**keys)) == []


@pytest.mark.claim("module.scheduler-one-cycle")
@pytest.mark.parametrize(("keys", "times"), [({}, 1), ({"interval": "epoch"}, 1), ({"interval": "step"}, 0)])
def test_a_cycle_by_the_epoch_is_asked_about(keys, times, trainer):
    module = Scheduled(lambda optimizer: OneCycleLR(optimizer, max_lr=1.0, total_steps=4), **keys)
    assert warned(trainer, module) == times * [
        "A `OneCycleLR` scheduler is using 'interval': 'epoch'. Are you sure you didn't mean 'interval': 'step'?"
    ]


@pytest.mark.claim("module.scheduler-one-cycle.unasked")
def test_a_cycle_by_the_epoch_is_taken_as_it_is(trainer):
    assert warned(trainer, Scheduled(lambda optimizer: OneCycleLR(optimizer, max_lr=1.0, total_steps=4))) == []


@pytest.mark.claim("module.scheduler-unknown-keys.unchecked")
def test_what_the_dict_says_is_not_checked(trainer):
    unknown = Scheduled(interval="step", every=2)
    assert warned(trainer, unknown) == []
    for keys, metric in [({"monitor": None}, "None"), ({"monitor": "absent", "strict": False}, "absent")]:
        module = Scheduled(plateau, **keys)
        said = message(Exception, lambda module=module: halvings(trainer, module, batches=2))
        assert said.startswith(f"ReduceLROnPlateau conditioned on metric {metric} which is not available.")
        assert module.halvings == [0, 0]
