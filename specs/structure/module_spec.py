"""LightningModule defines model and training logic: the least one that trains, and what a lesser one is told."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from fixtures.data import regression_loader
from fixtures.dialects import fit, make_trainer
from fixtures.modules import network, same_weights, weights

pytestmark = pytest.mark.usefixtures("as_before")


class OnlyModel(pl.LightningModule):
    """Layers, and nothing that trains them; counts how often a batch gets as far as the layers."""

    def __init__(self):
        super().__init__()
        self.net = network()
        self.used = 0

    def squared_error(self, batch):
        self.used += 1
        inputs, targets = batch
        return nn.functional.mse_loss(self.net(inputs), targets)


class WithoutOptimizers(OnlyModel):
    def training_step(self, batch, batch_idx):
        return self.squared_error(batch)


class WithoutTrainingStep(OnlyModel):
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Least(WithoutOptimizers, WithoutTrainingStep):
    """The two methods training needs."""


def by_hand(net, batches, device):
    """What `Least` states, as a loop: one epoch of gradient descent."""
    net.to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for inputs, targets in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(net(inputs.to(device)), targets.to(device)).backward()
        optimizer.step()
    return weights(net)


def refusal_of(trainer, module, **data):
    """The name of the error, and its message, with which a user is told that this cannot be trained."""
    with pytest.raises(Exception) as refused:
        fit(trainer, module, **data)
    return type(refused.value).__name__, str(refused.value)


@pytest.fixture
def patched_loader(observe):
    """Put back, and keep on record, what a failed request for loaders leaves replaced in torch's DataLoader."""
    before = dict(vars(DataLoader))
    yield
    after = dict(vars(DataLoader))
    replaced = [name for name in sorted({**before, **after}) if before.get(name) is not after.get(name)]
    observe("left replaced in DataLoader", replaced)
    for name in replaced:
        if name in before:
            setattr(DataLoader, name, before[name])
        else:
            delattr(DataLoader, name)


@pytest.mark.claim("structure.module-holds-model-and-training")
def test_two_methods_are_enough_to_train(device, trainer):
    module = Least()
    fit(trainer(), module, train=regression_loader())
    assert same_weights(weights(module.net), by_hand(network(), regression_loader(), device.torch_device))
    assert not same_weights(weights(module.net), weights(network()))


@pytest.mark.claim("structure.module-holds-model-and-training")
def test_the_module_may_bring_its_own_data(device, trainer):
    class WithData(Least):
        def train_dataloader(self):
            return regression_loader()

    module = WithData()
    fit(trainer(), module)
    assert same_weights(weights(module.net), by_hand(network(), regression_loader(), device.torch_device))


@pytest.mark.claim("structure.module-holds-model-and-training")
@pytest.mark.parametrize(
    ("cls", "missing"), [(WithoutTrainingStep, "training_step"), (WithoutOptimizers, "configure_optimizers")]
)
def test_a_missing_method_is_named_before_training(cls, missing):
    module, trainer = cls(), make_trainer("cpu")
    before = weights(module)
    error, message = refusal_of(trainer, module, train=regression_loader())
    assert error == "MisconfigurationException"
    assert message.startswith(f"No `{missing}()` method defined.")
    assert module.used == 0
    assert same_weights(weights(module), before)


@pytest.mark.claim("structure.module-holds-model-and-training")
def test_missing_training_data_is_named(patched_loader, observe):
    module = Least()
    error, message = refusal_of(make_trainer("cpu"), module)
    assert "train_dataloader" in message
    assert module.used == 0
    observe("error without training data", error)


@pytest.mark.claim("structure.module-holds-model-and-training.plain-module-named")
def test_a_plain_nn_module_is_refused_with_the_class_it_should_have():
    error, message = refusal_of(make_trainer("cpu"), network(), train=regression_loader())
    assert error == "TypeError"
    assert "LightningModule" in message


@pytest.mark.claim("structure.module-holds-model-and-training.plain-module-refused")
def test_a_plain_nn_module_is_refused_before_it_is_used(observe):
    net = network()
    before = weights(net)
    used = []
    net.register_forward_hook(lambda *_: used.append("forward"))
    error, message = refusal_of(make_trainer("cpu"), net, train=regression_loader())
    assert used == []
    assert same_weights(weights(net), before)
    observe("error for an nn.Module", [error, message])


@pytest.mark.claim("structure.module-holds-model-and-training")
def test_forward_is_asked_for_only_when_it_is_used():
    with pytest.raises(NotImplementedError) as refused:
        Least()(torch.zeros(1, 4))
    assert 'missing the required "forward" function' in str(refused.value)


@pytest.mark.claim("structure.module-holds-model-and-training")
def test_no_optimizer_means_that_nothing_is_trained(device, trainer):
    class Idle(Least):
        def configure_optimizers(self):
            return None

    module = Idle()
    before = weights(module.net)
    fit(trainer(), module, train=regression_loader())
    assert module.used == len(regression_loader())
    assert same_weights(weights(module.net), before)
