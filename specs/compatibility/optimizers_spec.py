"""Every optimizer that torch.optim has trains under the Trainer exactly as in a loop written by hand."""

import inspect
from functools import partial

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from fixtures.data import FEATURES, TARGETS, regression_loader, regression_tensors
from fixtures.dialects import fit
from fixtures.loops import mse, to_device
from fixtures.modules import network, same_weights, weights
from fixtures.parity import Recorded, assert_trains_as_by_hand
from ledger.plugin.outcomes import Untested

OPTIMIZERS = sorted(
    name
    for name, found in vars(torch.optim).items()
    if inspect.isclass(found) and issubclass(found, torch.optim.Optimizer) and found is not torch.optim.Optimizer
)


class PlainOptimizer(torch.optim.Optimizer):
    """What a user may write: gradient descent that counts its steps, and needs no closure."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.05})

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
                p.sub_(p.grad, alpha=group["lr"])
        return loss


def matrices():
    """No parameter but a matrix."""
    net = nn.Linear(FEATURES, TARGETS, bias=False)
    nn.init.constant_(net.weight, 0.5)
    return net


def sparse():
    """One table of vectors, with sparse gradients."""
    return nn.Embedding(8, TARGETS, sparse=True, _weight=regression_tensors()[1] / 2)


def two_batches():
    return regression_loader(size=4)


def indexed():
    indices = torch.arange(8) % 3
    return DataLoader(TensorDataset(indices, regression_tensors()[1]), batch_size=4)


NETS = {"Muon": (matrices, two_batches), "SparseAdam": (sparse, indexed)}
OPTIONS = {"LBFGS": {"max_iter": 3}, "Muon": {"ns_steps": 1}}


@pytest.mark.claim("compat.torch-optimizers-in-lightning")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_trains_as_by_hand(name, device, trainer):
    cls = partial(getattr(torch.optim, name), lr=0.05, **OPTIONS.get(name, {}))
    net, batches = NETS.get(name, (network, two_batches))
    assert_trains_as_by_hand(net, batches, device, trainer, optimizer=cls)


@pytest.mark.claim("compat.torch-optimizers-in-lightning.lbfgs")
def test_lbfgs_adds_up_the_gradients_of_its_evaluations(device, trainer):
    make = partial(torch.optim.LBFGS, lr=0.05, max_iter=3)
    module, net, losses = Recorded(network(), make), network().to(device.torch_device), []
    fit(trainer(), module, train=two_batches())
    optimizer = make(net.parameters())
    for batch in two_batches():

        def closure(batch=batch):
            loss = mse(net, to_device(batch, device.torch_device))
            losses.append(loss.item())
            loss.backward()
            return loss

        optimizer.step(closure)
        optimizer.zero_grad()
    assert module.losses == losses
    assert same_weights(weights(module.net), weights(net))


@pytest.mark.claim("compat.torch-optimizers-in-lightning")
def test_an_optimizer_of_ones_own_trains_as_by_hand(device, trainer):
    assert_trains_as_by_hand(network, two_batches, device, trainer, optimizer=PlainOptimizer)


@pytest.mark.claim("compat.torch-optimizers-in-lightning")
def test_parameter_groups_train_as_by_hand(device, trainer):
    def optimizer(parameters):
        first, *others = parameters
        return torch.optim.SGD([{"params": [first], "lr": 0.2}, {"params": others, "momentum": 0.9}], lr=0.01)

    assert_trains_as_by_hand(network, two_batches, device, trainer, optimizer=optimizer)


@pytest.mark.claim("compat.torch-optimizers-in-lightning")
def test_hooks_of_an_optimizer_run_around_every_step(device, trainer):
    if not hasattr(torch.optim.Optimizer, "register_step_pre_hook"):
        raise Untested("the optimizers of this torch have no hooks")
    seen = []

    def optimizer(parameters):
        made = torch.optim.SGD(parameters, lr=0.05)
        made.register_step_pre_hook(lambda *_: seen.append("before"))
        made.register_step_post_hook(lambda *_: seen.append("after"))
        return made

    module = Recorded(network(), optimizer)
    fit(trainer(), module, train=two_batches())
    assert seen == ["before", "after"] * 2


@pytest.mark.claim("compat.torch-optimizers-in-lightning")
def test_the_optimizers_were_found_by_inspection(observe):
    observe("optimizers of torch", OPTIMIZERS)
    assert {"SGD", "Adam", "AdamW", "LBFGS", "SparseAdam"} <= set(OPTIMIZERS)
