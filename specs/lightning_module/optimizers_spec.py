"""What configure_optimizers may return, and what self.optimizers() and self.lr_schedulers() make of it."""

from functools import partial

import pytest
import torch
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.loops import mse, to_device
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.overrides import manual_backward, with_optimizer_idx
from fixtures.steps import by_hand, everything_said

sgd = partial(torch.optim.SGD, lr=0.1)


class Shaped(Regression):
    """Makes an optimizer for each part of the net, and returns what `shape` makes of them, and of a schedule each."""

    def __init__(self, shape, parts=(slice(None),)):
        super().__init__()
        self.shape, self.parts, self.losses, self.rates = shape, parts, [], []

    def training_step(self, batch, batch_idx):
        self.rates.append(self.made[0].param_groups[0]["lr"])
        return self.loss(batch)

    def configure_optimizers(self):
        self.made = [sgd(self.net[part].parameters()) for part in self.parts]
        self.schedules = [ExponentialLR(optimizer, 0.5) for optimizer in self.made]
        return self.shape(*self.made, *self.schedules)


HALVES = (slice(0, 1), slice(2, 3))
RATES = [0.1, 0.1, 0.05, 0.05]
ONE = {
    "itself": lambda made, _: made,
    "list": lambda made, _: [made],
    "tuple": lambda made, _: (made,),
    "dict": lambda made, _: {"optimizer": made},
    "list of a dict": lambda made, _: [{"optimizer": made}],
    "two lists": lambda made, _: ([made], []),
}


@pytest.mark.claim("module.optimizers-single")
@pytest.mark.parametrize("shape", ONE.values(), ids=ONE)
def test_one_optimizer_may_come_in_any_shape(shape, device, trainer):
    module, used = Shaped(shape), trainer(max_epochs=2)
    fit(used, module, train=regression_loader())
    assert [each.param_groups is module.made[0].param_groups for each in used.optimizers] == [True]
    assert same_weights(weights(module.net), by_hand(device, epochs=2)[0])
    assert module.rates == [0.1] * 8


def rates(shape, trainer, module=Shaped, epochs=2):
    """The learning rate of each step of epochs of two batches, with a schedule that comes in this shape."""
    shaped = module(shape)
    fit(trainer(max_epochs=epochs), shaped, train=regression_loader(4))
    return shaped.rates


LISTS = {
    "two lists": lambda made, schedule: ([made], [schedule]),
    "a list of lists": lambda made, schedule: [[made], [schedule]],
    "a list and one": lambda made, schedule: ([made], schedule),
    "a list and dicts": lambda made, schedule: ([made], [{"scheduler": schedule}]),
}
DICTS = {
    "a dict": lambda made, schedule: {"optimizer": made, "lr_scheduler": schedule},
    "a dict in it": lambda made, schedule: {"optimizer": made, "lr_scheduler": {"scheduler": schedule}},
}
LISTS_OF_DICTS = {
    "dicts": lambda made, schedule: [{"optimizer": made, "lr_scheduler": schedule}],
    "dicts in them": lambda made, schedule: ({"optimizer": made, "lr_scheduler": {"scheduler": schedule}},),
}


@pytest.mark.claim("module.optimizers-and-schedulers-lists")
@pytest.mark.parametrize("shape", LISTS.values(), ids=LISTS)
def test_one_optimizer_may_bring_a_schedule_in_lists(shape, device, trainer):
    assert rates(shape, trainer) == RATES


@pytest.mark.claim("module.optimizers-and-schedulers-lists.two-lists")
def test_a_schedule_beside_a_list_of_optimizers_is_an_error(device, trainer):
    assert message(TypeError, lambda: rates(LISTS["a list and one"], trainer)).endswith("object is not iterable")
    assert [rates(shape, trainer) for name, shape in LISTS.items() if name != "a list and one"] == [RATES] * 3


@pytest.mark.claim("module.optimizers-dict")
@pytest.mark.parametrize("shape", DICTS.values(), ids=DICTS)
def test_one_optimizer_may_bring_a_schedule_in_a_dict(shape, device, trainer):
    assert rates(shape, trainer) == RATES


@pytest.mark.claim("module.optimizers-list-of-dicts")
@pytest.mark.parametrize("shape", LISTS_OF_DICTS.values(), ids=LISTS_OF_DICTS)
def test_one_optimizer_may_bring_a_schedule_in_a_list_of_dicts(shape, device, trainer):
    assert rates(shape, trainer) == RATES


@pytest.mark.claim("module.optimizers-list-of-dicts.never-steps")
def test_a_schedule_in_a_list_of_dicts_never_steps(device, trainer):
    assert rates(LISTS_OF_DICTS["dicts"], trainer) == [0.1] * 4


@pytest.mark.claim("module.optimizers-dict-of-lists")
def test_a_dict_may_hold_lists_of_optimizers_and_schedules(device, trainer):
    module = Shaped(lambda made, schedule: {"optimizer": [made], "lr_scheduler": [schedule]})
    run = partial(fit, trainer(max_epochs=2), module.to(device.torch_device), train=regression_loader(4))
    assert message(Exception, run) == ""
    assert module.rates == RATES


@pytest.mark.claim("module.optimizers-and-schedulers-lists")
def test_of_several_schedules_each_steps(device, trainer):
    shape = lambda made, schedule: ([made], [schedule, ExponentialLR(made, 0.5)])  # noqa: E731
    assert rates(shape, trainer) == [0.1, 0.1, 0.025, 0.025]


def plateau(made, **more):
    return {"optimizer": made, "lr_scheduler": ReduceLROnPlateau(made, factor=0.5, patience=0), **more}


class Rising(Shaped):
    def training_step(self, batch, batch_idx):
        self.log("rising", torch.tensor(float(len(self.rates))))
        return super().training_step(batch, batch_idx)


@pytest.mark.claim("module.optimizers-dict")
def test_a_dict_names_what_a_plateau_watches(device, trainer):
    shape = lambda made, _: plateau(made, monitor="rising")  # noqa: E731
    assert rates(shape, trainer, module=Rising, epochs=3) == [0.1, 0.1, 0.1, 0.1, 0.05, 0.05]


@pytest.mark.claim("module.optimizers-dict")
@pytest.mark.parametrize("shape", [plateau, lambda made: ([made], [plateau(made)["lr_scheduler"]])])
def test_a_plateau_that_watches_nothing_is_refused(shape, device, trainer):
    module = Shaped(lambda made, _: shape(made)).to(device.torch_device)
    assert message(Exception, lambda: fit(trainer(), module, train=regression_loader(4))) == (
        "`configure_optimizers` must include a monitor when a `ReduceLROnPlateau` scheduler is used. For example:"
        ' {"optimizer": optimizer, "lr_scheduler": scheduler, "monitor": "metric_to_track"}'
    )
    assert module.rates == []


def halves(device, turns):
    """The weights of `network()` where each half is trained on those batches that are its turn."""
    net = network().to(device.torch_device)
    optimizers = [sgd(net[part].parameters()) for part in HALVES]
    for batch, turn in zip(regression_loader(), turns):
        for index in turn:
            net.zero_grad()
            mse(net, to_device(batch, device.torch_device)).backward()
            optimizers[index].step()
    return weights(net)


class Alternating(Shaped):
    """Notes which optimizer each step is for."""

    def __init__(self, shape, parts=HALVES):
        super().__init__(shape, parts)
        self.turns = []

    def training_step(self, batch, batch_idx, optimizer_idx):
        self.turns.append((batch_idx, optimizer_idx))
        return self.loss(batch)


def two_dicts(one, other, *schedules):
    return [{"optimizer": one}, {"optimizer": other}]


@pytest.mark.claim("module.optimizers-several")
@pytest.mark.parametrize(
    "shape", [lambda a, b, *_: [a, b], lambda a, b, *_: (a, b), lambda a, b, *_: ([a, b], []), two_dicts]
)
def test_of_several_optimizers_each_steps_on_every_batch(shape, device, trainer):
    module = Alternating(shape).to(device.torch_device)
    fit(trainer(), module, train=regression_loader())
    assert module.turns == [(batch, index) for batch in range(4) for index in range(2)]
    assert same_weights(weights(module.net), halves(device, [(0, 1)] * 4))


def by_turns(one, other, *schedules):
    return {"optimizer": one, "frequency": 1}, {"optimizer": other, "frequency": 2}


@pytest.mark.claim("module.optimizers-frequency")
def test_optimizers_with_a_frequency_take_turns(device, trainer):
    module = Alternating(by_turns).to(device.torch_device)
    fit(trainer(), module, train=regression_loader())
    assert module.turns == [(0, 0), (1, 1), (2, 1), (3, 0)]
    assert same_weights(weights(module.net), halves(device, [(0,), (1,), (1,), (0,)]))


@pytest.mark.claim("module.optimizers-frequency.ignored")
def test_a_frequency_is_warned_about_and_ignored(device, trainer):
    module = Shaped(lambda made, _: [{"optimizer": made, "frequency": 2}])
    with everything_said() as said:
        fit(trainer(), module, train=regression_loader())
    assert "Found unsupported keys in the optimizer configuration: {'frequency'}" in said
    assert same_weights(weights(module.net), by_hand(device)[0])


@pytest.mark.claim("module.optimizers-unknown-keys")
@pytest.mark.parametrize("listed", [lambda made: made, lambda made: [made]])
def test_an_unknown_key_beside_an_optimizer_is_warned_about(listed, trainer):
    keys = {"lr_scheduler": None, "monitor": "loss"}

    def heard(**more):
        module = Shaped(lambda made, schedule: listed({"optimizer": made, **keys, "lr_scheduler": schedule, **more}))
        with everything_said() as said:
            fit(trainer(), module, train=regression_loader(2))
        return [each for each in said if "configuration" in each]

    assert heard() == []
    assert heard(lr=1) == ["Found unsupported keys in the optimizer configuration: {'lr'}"]


class OneByHand(Shaped):
    """Steps its optimizers by hand; keeps what it is told that they are."""

    automatic_optimization = False

    def training_step(self, batch, batch_idx):
        self.told = self.optimizers()
        for optimizer in self.told if isinstance(self.told, list) else [self.told]:
            optimizer.zero_grad()
            manual_backward(self, self.loss(batch), optimizer)
            optimizer.step()


@with_optimizer_idx
class ByHand(OneByHand):
    pass


def stepped(trainer, module):
    fit(trainer(automatic_optimization=False), module, train=regression_loader())
    return module


def assert_stands_for(told, made):
    assert isinstance(told, type(made))
    assert told.param_groups is made.param_groups


SEVERAL = [lambda a, b, *_: [a, b], lambda a, b, *_: (a, b), lambda a, b, *_: ([a, b], []), two_dicts]


@pytest.mark.claim("module.optimizers-in-manual")
@pytest.mark.parametrize("shape", SEVERAL)
def test_by_hand_several_are_a_list_in_their_order(shape, device, trainer):
    module = stepped(trainer, ByHand(shape, HALVES))
    for told, made in zip(module.told, module.made):
        assert_stands_for(told, made)
    assert len(module.told) == 2
    assert same_weights(weights(module.net), halves(device, [(0, 1)] * 4))


@pytest.mark.claim("module.optimizers-in-manual")
def test_by_hand_one_is_no_list(device, trainer):
    module = stepped(trainer, OneByHand(ONE["list"]))
    assert_stands_for(module.told, module.made[0])
    assert same_weights(weights(module.net), by_hand(device)[0])


@pytest.mark.claim("module.optimizers-bare")
def test_without_wrappers_they_are_torchs_own(device, trainer):
    one, two = stepped(trainer, OneByHand(ONE["list"])), stepped(trainer, ByHand(SEVERAL[0], HALVES))
    assert one.optimizers(use_pl_optimizer=False) is one.made[0]
    assert [each is made for each, made in zip(two.optimizers(use_pl_optimizer=False), two.made)] == [True, True]


@pytest.mark.claim("module.lr-schedulers")
def test_schedules_are_told_as_optimizers_are_and_none_steps_by_itself(device, trainer):
    without, one = OneByHand(ONE["list"]), OneByHand(lambda made, schedule: ([made], [schedule]))
    two = ByHand(lambda a, b, *schedules: ([a, b], [*schedules]), HALVES)
    assert stepped(trainer, without).lr_schedulers() is None
    assert stepped(trainer, one).lr_schedulers() is one.schedules[0]
    told = stepped(trainer, two).lr_schedulers()
    assert [each is made for each, made in zip(told, two.schedules)] == [True, True]
    assert [each.last_epoch for each in one.schedules + two.schedules] == [0, 0, 0]


@pytest.mark.claim("module.optimizers-none")
def test_without_an_optimizer_everything_runs_and_nothing_is_learnt(device, trainer):
    module = Shaped(lambda *made: None)
    with everything_said() as said:
        fit(trainer(), module, train=regression_loader())
    returned_none = "`LightningModule.configure_optimizers` returned `None`, this fit will run with no optimizer"
    assert said.count(returned_none) == 1
    assert len(module.rates) == 4
    assert same_weights(weights(module.net), weights(network()))


@pytest.mark.claim("module.optimizers-unknown-refused")
@pytest.mark.parametrize("shape", [lambda *_: 3, lambda *_: "sgd", lambda *_: object()])
def test_anything_else_is_refused(shape, trainer):
    module = Shaped(shape)
    said = message(Exception, lambda: fit(trainer(), module, train=regression_loader()))
    assert said.startswith("Unknown configuration for model optimizers. Output from `model.configure_optimizers()` ")
    assert module.rates == []
