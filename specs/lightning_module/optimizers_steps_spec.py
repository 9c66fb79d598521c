"""Around a step of the optimizer: LBFGS, 16 bits, gradients of the current optimizer only, and clipping by hand."""

from functools import partial

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.loops import mse, to_device
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.overrides import manual_backward, with_optimizer_idx
from ledger.plugin.outcomes import Untested

sgd = partial(torch.optim.SGD, lr=0.1)
lbfgs = partial(torch.optim.LBFGS, lr=0.05, max_iter=3)


class Counted(Regression):
    """Notes of which batch each training_step is."""

    seen = ()

    def training_step(self, batch, batch_idx):
        self.seen += (batch_idx,)
        return self.loss(batch)


@pytest.mark.claim("module.lbfgs-automatic")
def test_each_evaluation_of_lbfgs_is_a_training_step_on_the_same_batch(device, trainer):
    module, evaluations = Counted(optimizer=lbfgs), []
    fit(trainer(), module, train=regression_loader())
    net = network()
    optimizer = lbfgs(net.parameters())
    for index, batch in enumerate(regression_loader()):

        def closure(batch=batch, index=index):
            evaluations.append(index)
            optimizer.zero_grad()
            loss = mse(net, batch)
            loss.backward()
            return loss

        optimizer.step(closure)
    assert list(module.seen) == evaluations
    assert len(evaluations) == 12


@pytest.mark.claim("module.lbfgs-automatic.once-more")
def test_a_training_step_precedes_the_evaluations_of_lbfgs(device, trainer):
    module = Counted(optimizer=lbfgs)
    fit(trainer(), module, train=regression_loader())
    assert list(module.seen) == [batch for batch in range(4) for _ in range(1 + 3)]


@pytest.mark.claim("module.half-precision-automatic")
def test_layers_compute_in_16_bits_and_the_weights_stay_as_they_were(device, trainer):
    class Typed(Regression):
        def training_step(self, batch, batch_idx):
            self.computed = self(batch[0]).dtype
            return self.loss(batch)

    if device.name == "sim":
        raise Untested("autocast does not reach the simulated device")
    module = Typed()
    fit(trainer(precision="16-mixed"), module, train=regression_loader())
    assert module.computed == {"cpu": torch.bfloat16, "cuda": torch.float16}[device.name]
    assert {each.dtype for each in module.parameters()} == {torch.float32}
    if device.name == "cpu":
        assert same_weights(weights(module.net), in_bfloat_by_hand())
    assert not same_weights(weights(module.net), weights(network()))


def in_bfloat_by_hand():
    net = network()
    optimizer = sgd(net.parameters())
    for batch in regression_loader():
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = mse(net, batch)
        loss.backward()
        optimizer.step()
    return weights(net)


def flags(module):
    return [each.requires_grad for each in module.net.parameters()]


class Halves(Regression):
    """One optimizer for each layer; a weight of each is frozen by `frozen`, and the flags are noted."""

    def __init__(self, frozen=()):
        super().__init__()
        self.noted = []
        for index in frozen:
            [*self.net.parameters()][index].requires_grad = False

    def note(self):
        self.noted.append(flags(self))

    def configure_optimizers(self):
        return [sgd(layer.parameters()) for layer in (self.net[0], self.net[2])]


@pytest.mark.claim("module.several-optimizers-only-own-gradients")
def test_only_what_the_current_optimizer_steps_has_gradients(device, trainer):
    class Automatic(Halves):
        def training_step(self, batch, batch_idx, optimizer_idx):
            self.note()
            return self.loss(batch)

    module = Automatic().to(device.torch_device)
    fit(trainer(), module, train=regression_loader(4))
    assert module.noted == [[True, True, False, False], [False, False, True, True]] * 2


class Toggled(Halves):
    """Steps each optimizer by hand while it alone is toggled, by `toggle` and `untoggle`."""

    def __init__(self, frozen=()):
        super().__init__(frozen)
        self.automatic_optimization = False

    def training_step(self, batch, batch_idx):
        for optimizer in self.optimizers():
            self.toggle_optimizer(optimizer)
            self.note()
            optimizer.zero_grad()
            self.manual_backward(self.loss(batch))
            optimizer.step()
            self.untoggle_optimizer(optimizer)
            self.note()


@pytest.mark.claim("module.toggle-optimizer")
@pytest.mark.parametrize(
    ("frozen", "expected"),
    [
        ((), [[True, True, False, False], [True] * 4, [False, False, True, True], [True] * 4]),
        (
            (1,),
            [
                [True, False, False, False],
                [True, False, True, True],
                [False, False, True, True],
                [True, False, True, True],
            ],
        ),
    ],
)
def test_a_toggled_optimizer_alone_has_gradients_and_then_all_is_as_before(frozen, expected, device, trainer):
    module = Toggled(frozen).to(device.torch_device)
    fit(trainer(), module, train=regression_loader(2))
    assert module.noted == expected


@pytest.mark.claim("module.toggle-optimizer")
def test_what_two_optimizers_share_is_toggled_with_either(device, trainer):
    class Sharing(Toggled):
        def configure_optimizers(self):
            return [sgd(self.net[0].parameters()), sgd(self.net.parameters())]

        def training_step(self, batch, batch_idx):
            for optimizer in self.optimizers():
                self.toggle_optimizer(optimizer)
                self.note()
                self.untoggle_optimizer(optimizer)
                self.note()

    module = Sharing().to(device.torch_device)
    fit(trainer(), module, train=regression_loader(2))
    assert module.noted == [[True, True, False, False], [True] * 4, [True] * 4, [True] * 4]


@pytest.mark.claim("module.toggle-model")
def test_the_optimizer_toggles_the_module_for_a_block(device, trainer):
    @with_optimizer_idx
    class Within(Toggled):
        def training_step(self, batch, batch_idx):
            for optimizer in self.optimizers():
                with optimizer.toggle_model():
                    self.note()
                self.note()

    module = Within(frozen=(3,)).to(device.torch_device)
    fit(trainer(), module, train=regression_loader(2))
    assert module.noted == [
        [True, True, False, False],
        [True, True, True, False],
        [False, False, True, False],
        [True, True, True, False],
    ]


class Clipping(Regression):
    """Clips its gradients by hand, with these arguments, and keeps them."""

    def __init__(self, **arguments):
        super().__init__()
        self.automatic_optimization, self.arguments = False, arguments

    def training_step(self, batch, batch_idx):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        manual_backward(self, 100 * self.loss(batch), optimizer)
        self.clip_gradients(optimizer, **self.arguments)
        self.clipped = [each.grad.clone() for each in self.parameters()]


def clipped_by_hand(clip, device):
    net = network().to(device.torch_device)
    (100 * mse(net, to_device(next(iter(regression_loader(2))), device.torch_device))).backward()
    clip(net.parameters())
    return [each.grad for each in net.parameters()]


def by_norm(parameters):
    torch.nn.utils.clip_grad_norm_(parameters, 0.5)


def by_value(parameters):
    torch.nn.utils.clip_grad_value_(parameters, 0.5)


@pytest.mark.claim("module.clip-gradients")
@pytest.mark.parametrize(
    ("arguments", "clip"),
    [
        ({}, lambda parameters: None),
        ({"gradient_clip_val": 0.5}, by_norm),
        ({"gradient_clip_val": 0.5, "gradient_clip_algorithm": "norm"}, by_norm),
        ({"gradient_clip_val": 0.5, "gradient_clip_algorithm": "VALUE"}, by_value),
    ],
)
def test_gradients_are_clipped_when_the_module_says_so(arguments, clip, device, trainer):
    module = Clipping(**arguments).to(device.torch_device)
    fit(trainer(), module, train=regression_loader(2))
    expected = clipped_by_hand(clip, device)
    assert [torch.equal(one, other.to(one.device)) for one, other in zip(module.clipped, expected)] == [True] * 4


@pytest.mark.claim("module.clip-gradients")
@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"gradient_clip_val": "1"}, TypeError, "`gradient_clip_val` should be an int or a float. Got 1."),
        (
            {"gradient_clip_val": 1, "gradient_clip_algorithm": "no"},
            Exception,
            "`gradient_clip_algorithm` no is invalid. Allowed algorithms: ",
        ),
    ],
)
def test_clipping_without_sense_is_refused(arguments, error, said, device, trainer):
    module = Clipping(**arguments).to(device.torch_device)
    assert message(error, lambda: fit(trainer(), module, train=regression_loader(2))).startswith(said)
