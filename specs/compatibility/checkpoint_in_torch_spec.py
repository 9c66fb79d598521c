"""A checkpoint of Lightning is a file of torch: read by torch.load, and continued by a plain nn.Module."""

import os
import pickle

import pytest
import torch
from torch import nn

from fixtures.data import FEATURES, regression_loader
from fixtures.dialects import fit, model_checkpoint
from fixtures.loops import train_by_hand
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.resumes import fit_and_save


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def trained_by_hand(device):
    """The weights of `network()` after an epoch of a hand-written loop."""
    net = network()
    train_by_hand(net, regression_loader(), sgd, device=device.torch_device)
    return weights(net)


def checkpoint_of(trainer, tmp_path, module):
    """The path of a checkpoint of this module after an epoch of fit."""
    return fit_and_save(trainer(), module, tmp_path / "trained.ckpt", train=regression_loader())


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, inputs):
        return self.net(inputs)


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_a_checkpoint_is_read_by_torch_alone(device, trainer, tmp_path):
    module, plain = Regression(), Plain()
    checkpoint = torch.load(checkpoint_of(trainer, tmp_path, module))
    plain.load_state_dict(checkpoint["state_dict"])
    inputs = torch.ones(1, FEATURES)
    assert same_weights(weights(plain), trained_weights(device))
    assert torch.equal(plain(inputs), module.cpu()(inputs))


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_a_checkpoint_written_by_the_checkpoint_callback_is_read_by_torch_alone(device, trainer, tmp_path):
    module, keep = Regression(), model_checkpoint(dirpath=str(tmp_path))
    fit(trainer(callbacks=[keep]), module, train=regression_loader())
    state = torch.load(keep.best_model_path)["state_dict"]
    assert same_weights({name: value.cpu() for name, value in state.items()}, trained_weights(device))
    assert [*tmp_path.iterdir()] == [tmp_path / os.path.basename(keep.best_model_path)]


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_a_checkpoint_remembers_the_path_that_its_callback_was_given(device, trainer, tmp_path, observe):
    keep = model_checkpoint(dirpath=tmp_path)
    fit(trainer(callbacks=[keep]), Regression(), train=regression_loader())
    state = torch.load(keep.best_model_path, weights_only=False)["state_dict"]
    assert same_weights({name: value.cpu() for name, value in state.items()}, trained_weights(device))
    try:
        torch.load(keep.best_model_path)
        observe("torch.load after ModelCheckpoint(dirpath=Path)", "loads")
    except pickle.UnpicklingError as refused:
        observe("torch.load after ModelCheckpoint(dirpath=Path)", type(refused).__name__)


def trained_weights(device):
    return {f"net.{name}": value for name, value in trained_by_hand(device).items()}


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_a_part_of_a_checkpoint_fits_a_part_of_the_module(device, trainer, tmp_path):
    checkpoint = torch.load(checkpoint_of(trainer, tmp_path, Regression()))
    net = network()
    net.load_state_dict({name.split(".", 1)[1]: value for name, value in checkpoint["state_dict"].items()})
    assert same_weights(weights(net), trained_by_hand(device))


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_the_optimizers_state_goes_on_in_plain_torch(device, trainer, tmp_path):
    def momentum(parameters):
        return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)

    checkpoint = torch.load(checkpoint_of(trainer, tmp_path, Regression(optimizer=momentum)))
    plain = Plain()
    plain.load_state_dict(checkpoint["state_dict"])

    def resumed(parameters):
        optimizer = momentum(parameters)
        optimizer.load_state_dict(checkpoint["optimizer_states"][0])
        return optimizer

    train_by_hand(plain, regression_loader(), resumed, device=device.torch_device)
    straight = network()
    train_by_hand(straight, regression_loader(), momentum, device=device.torch_device, epochs=2)
    assert same_weights(weights(plain.net), weights(straight))


class Configured(Regression):
    def __init__(self, rate=0.1, layers=(1, 2), names=None, anything=None):
        super().__init__()
        self.save_hyperparameters()


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_plain_hyperparameters_are_read_by_torch_alone(device, trainer, tmp_path):
    module = Configured(names={"a": [1.5, None, True]})
    checkpoint = torch.load(checkpoint_of(trainer, tmp_path, module))
    expected = {"rate": 0.1, "layers": (1, 2), "names": {"a": [1.5, None, True]}, "anything": None}
    assert dict(checkpoint["hyper_parameters"]) == expected


class Anything:
    """An object of the user's."""


@pytest.mark.claim("compat.lightning-checkpoint-in-torch")
def test_an_object_among_the_hyperparameters_is_read_with_weights_only_false(device, trainer, tmp_path, observe):
    path = checkpoint_of(trainer, tmp_path, Configured(anything=Anything()))
    try:
        torch.load(path)
        observe("torch.load with an object among the hyperparameters", "loads")
    except pickle.UnpicklingError as refused:
        observe("torch.load with an object among the hyperparameters", type(refused).__name__)
    checkpoint = torch.load(path, weights_only=False)
    assert type(checkpoint["hyper_parameters"]["anything"]) is Anything
    plain = Plain()
    plain.load_state_dict(checkpoint["state_dict"])
    assert same_weights(weights(plain), trained_weights(device))
