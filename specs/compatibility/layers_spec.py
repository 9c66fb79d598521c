"""Every layer and every loss of torch.nn computes and learns in a LightningModule as it does by hand."""

import re
from functools import partial

import pytest
import torch
from torch import nn

from fixtures.bench import Bench, bench_loader, bench_loss, build
from fixtures.data import FEATURES, TARGETS, regression_loader
from fixtures.dialects import fit
from fixtures.layers import NONDETERMINISTIC_ON_CUDA, UNABLE_ON_SIM, layer, layer_names
from fixtures.losses import criterion, loss_names
from fixtures.modules import network, weights
from fixtures.parity import Recorded, assert_trains_as_by_hand, by_hand, different, sgd
from fixtures.state import SEED
from ledger.plugin.outcomes import Untested


def trained(parts, device, trainer):
    """The bench after training under the Trainer, having been found equal to the one trained by hand."""
    nets = []

    def make_net():
        nets.append(Bench({name: make(name) for name, make in parts.items()}))
        return nets[-1]

    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        assert_trains_as_by_hand(make_net, bench_loader, device, trainer, loss=bench_loss, epochs=1)
    by_hand, in_lightning = nets
    assert in_lightning.values == by_hand.values
    return in_lightning


def asked_on(device, names):
    """The names without those whose results torch itself does not repeat, or cannot compute, on this device."""
    left_out = {"cpu": "", "cuda": NONDETERMINISTIC_ON_CUDA, "sim": UNABLE_ON_SIM}[device.name]
    return [name for name in names if not re.fullmatch(left_out, name)]


@pytest.mark.claim("compat.torch-layers-in-lightning")
def test_every_layer_learns_as_by_hand(device, trainer, observe):
    names = [name for name in asked_on(device, layer_names()) if not name.startswith("Lazy")]
    net = trained(dict.fromkeys(names, layer), device, trainer)
    observe("layers of torch", layer_names())
    assert list(net.values[0]) == names
    assert {"Linear", "Conv2d", "BatchNorm2d", "LSTM", "MultiheadAttention", "Transformer", "Embedding"} <= set(names)


@pytest.mark.claim("compat.torch-layers-in-lightning")
def test_lazy_layers_take_shape_and_learn_as_by_hand(device, trainer):
    names = [name for name in layer_names() if name.startswith("Lazy")]
    net, module = (Bench({name: layer(name) for name in names}) for _ in range(2))
    by_hand(net, bench_loader(), sgd, device, loss=bench_loss)
    module = Recorded(module, sgd, bench_loss)
    torch.manual_seed(SEED)
    fit(trainer(), module, train=bench_loader())
    assert list(module.net.values[0]) == names
    assert module.net.values == net.values
    assert different(weights(module), weights(Recorded(net))) == []


@pytest.mark.claim("compat.torch-losses-in-lightning")
def test_every_loss_is_what_it_is_by_hand(device, trainer, observe):
    names = asked_on(device, loss_names())
    net = trained(dict.fromkeys(names, criterion), device, trainer)
    observe("losses of torch", loss_names())
    assert list(net.values[0]) == names
    assert {"CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss", "KLDivLoss"} <= set(names)


class Contained(nn.Module):
    """One linear layer in each kind of container, and a parameter in each kind of list of them."""

    def __init__(self):
        super().__init__()
        first, middle, last = (nn.Linear(FEATURES, FEATURES) for _ in range(3))
        self.sequence = nn.Sequential(first, nn.ReLU())
        self.list = nn.ModuleList([middle])
        self.dict = nn.ModuleDict({"last": last})
        self.scales = nn.ParameterList([nn.Parameter(torch.full((FEATURES,), 0.5))])
        self.shifts = nn.ParameterDict({"shift": nn.Parameter(torch.zeros(TARGETS))})

    def forward(self, inputs):
        hidden = self.list[0](self.sequence(inputs)) * self.scales[0]
        return self.dict["last"](hidden)[:, :TARGETS] + self.shifts["shift"]


class Tied(nn.Module):
    """A weight that two layers share."""

    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(FEATURES, 3), nn.Linear(FEATURES, 3)
        self.decode.weight = self.encode.weight

    def forward(self, inputs):
        return (self.encode(inputs) + self.decode(inputs.flip(1)))[:, :TARGETS]


@pytest.mark.claim("compat.torch-layers-in-lightning")
def test_containers_learn_as_by_hand(device, trainer):
    module = assert_trains_as_by_hand(partial(build, Contained, ()), regression_loader, device, trainer)
    moved = different(weights(module.net), weights(build(Contained, ())))
    assert moved == [name for name, _ in module.net.named_parameters()]
    assert len(moved) == 8


@pytest.mark.claim("compat.torch-layers-in-lightning")
def test_shared_weights_stay_shared(device, trainer):
    if device.name == "sim":
        raise Untested("moving a module to the simulated device replaces its parameters one by one")
    module = assert_trains_as_by_hand(partial(build, Tied, ()), regression_loader, device, trainer)
    assert module.net.encode.weight is module.net.decode.weight


@pytest.mark.claim("compat.torch-layers-in-lightning")
def test_a_frozen_layer_stays_as_it_is(device, trainer):
    def frozen():
        net = network()
        net[0].requires_grad_(False)
        return net

    module = assert_trains_as_by_hand(frozen, regression_loader, device, trainer)
    assert torch.equal(module.net[0].weight.cpu(), network()[0].weight)
    assert not torch.equal(module.net[2].weight.cpu(), network()[2].weight)
