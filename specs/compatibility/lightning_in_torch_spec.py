"""What is Lightning's can be used in plain PyTorch: module, data module, checkpoint and callback, without a Trainer."""

import inspect
import warnings

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from fixtures.data import FEATURES, regression_loader
from fixtures.dialects import fit
from fixtures.loops import mse, to_device, train_by_hand
from fixtures.modules import Regression, network, same_weights, weights


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def first_layer():
    layer = nn.Linear(FEATURES, FEATURES)
    nn.init.eye_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def trained_by_hand(device, epochs=1):
    net = network()
    train_by_hand(net, regression_loader(), sgd, device=device.torch_device, epochs=epochs)
    return weights(net)


@pytest.mark.claim("compat.lightning-module-in-torch")
def test_a_module_is_a_layer_of_nn_sequential(device):
    with_lightning, plain = nn.Sequential(first_layer(), Regression()), nn.Sequential(first_layer(), network())
    for net in (with_lightning, plain):
        train_by_hand(net, regression_loader(), sgd, device=device.torch_device, epochs=2)
    assert [name.replace("1.net.", "1.") for name in weights(with_lightning)] == [*weights(plain)]
    pairs = zip(weights(with_lightning).values(), weights(plain).values())
    assert all(torch.equal(one, other) for one, other in pairs)
    assert {parameter.device for parameter in with_lightning.parameters()} == {device.torch_device}


@pytest.mark.claim("compat.lightning-module-in-torch")
def test_a_module_is_trained_by_a_loop_of_plain_torch(device):
    module = Regression()
    train_by_hand(module, regression_loader(), sgd, device=device.torch_device)
    assert same_weights(weights(module.net), trained_by_hand(device))
    assert module.device == device.torch_device


@pytest.mark.claim("compat.lightning-module-in-torch")
def test_a_loop_calls_configure_optimizers_and_training_step_itself(device):
    module = Regression().to(device.torch_device)
    optimizer = module.configure_optimizers()
    for batch_idx, batch in enumerate(regression_loader()):
        optimizer.zero_grad()
        module.training_step(to_device(batch, device.torch_device), batch_idx).backward()
        optimizer.step()
    assert same_weights(weights(module.net), trained_by_hand(device))


@pytest.mark.claim("compat.lightning-module-in-torch")
def test_a_trained_module_goes_on_in_plain_torch(device, trainer):
    module = Regression()
    fit(trainer(), module, train=regression_loader())
    train_by_hand(module, regression_loader(), sgd, device=device.torch_device)
    assert same_weights(weights(module.net), trained_by_hand(device, epochs=2))


@pytest.mark.claim("compat.lightning-module-in-torch")
def test_a_module_is_its_own_state_without_lightning(device, tmp_path):
    module = Regression().to(device.torch_device)
    torch.save({name: value.cpu() for name, value in module.state_dict().items()}, tmp_path / "weights.pt")
    plain = nn.ModuleDict({"net": nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))})
    plain.load_state_dict(torch.load(tmp_path / "weights.pt"))
    assert same_weights(weights(plain), weights(module))


class Logs(Regression):
    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.log("loss", loss)
        self.log_dict({"twice": 2 * loss})
        return loss


@pytest.mark.claim("compat.lightning-module-in-torch.log-without-trainer")
def test_log_does_nothing_without_a_trainer(device, observe):
    module = Logs().to(device.torch_device)
    (batch,) = regression_loader(size=2)
    batch = to_device(batch, device.torch_device)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        loss = module.training_step(batch, 0)
    assert torch.equal(loss.cpu(), mse(module.net, batch).cpu())
    observe("warned by self.log", any("self.log" in str(warning.message) for warning in warned))


@pytest.mark.claim("compat.lightning-module-in-torch.log-needs-a-trainer")
def test_log_fails_without_a_trainer(device):
    module = Logs().to(device.torch_device)
    (batch,) = regression_loader(size=2)
    with pytest.raises(AttributeError) as failed:
        module.training_step(to_device(batch, device.torch_device), 0)
    assert "'NoneType' object has no attribute" in str(failed.value)


NEED_A_TRAINER = {
    "print": lambda module: module.print("text"),
    "optimizers": lambda module: module.optimizers(),
    "lr_schedulers": lambda module: module.lr_schedulers(),
}


def failures_without_a_trainer():
    failed = {}
    for name, call in NEED_A_TRAINER.items():
        try:
            call(Regression())
        except (AttributeError, RuntimeError) as error:
            failed[name] = type(error).__name__
    return failed


@pytest.mark.claim("compat.lightning-module-in-torch.every-method")
def test_every_method_works_without_a_trainer():
    assert failures_without_a_trainer() == {}


@pytest.mark.claim("compat.lightning-module-in-torch.every-method.not-these")
def test_methods_that_ask_the_trainer_fail_without_one(observe):
    failed = failures_without_a_trainer()
    assert [*failed] == [*NEED_A_TRAINER]
    observe("errors without a trainer", failed)


class Data(pl.LightningDataModule):
    """Downloads in prepare_data, splits in setup, and says in `calls` what was called."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def prepare_data(self):
        self.calls.append("prepare_data")

    def setup(self, stage=None):
        self.calls.append(f"setup {stage}")
        self.batches = {name: regression_loader(seed=seed) for name, seed in [("train", 7), ("val", 8), ("test", 9)]}

    def train_dataloader(self):
        return self.batches["train"]

    def val_dataloader(self):
        return self.batches["val"]

    def test_dataloader(self):
        return self.batches["test"]


@pytest.mark.claim("compat.lightning-data-in-torch")
def test_a_data_module_feeds_a_plain_loop(device, trainer):
    data, net, module = Data(), network(), Regression()
    data.prepare_data()
    data.setup("fit")
    history = train_by_hand(
        net, data.train_dataloader(), sgd, device=device.torch_device, validate=data.val_dataloader(), epochs=2
    )
    fit(trainer(max_epochs=2), module, datamodule=Data())
    assert data.calls == ["prepare_data", "setup fit"]
    assert same_weights(weights(net), weights(module.net))
    assert len(history.val_losses) == 2


@pytest.mark.claim("compat.lightning-data-in-torch")
@pytest.mark.parametrize("stage", ["train", "val", "test"])
def test_a_data_modules_loaders_are_torchs_own(stage):
    data = Data()
    data.setup()
    loader = getattr(data, f"{stage}_dataloader")()
    assert type(loader) is torch.utils.data.DataLoader
    assert loader is data.batches[stage]


class History(pl.Callback):
    """Notes the epochs' ends and the losses, from what its hooks are given."""

    def __init__(self):
        self.events = []

    def on_train_start(self, trainer, module):
        self.events.append("start")

    def on_train_batch_end(self, trainer, module, *args):
        self.events.append(module.last_loss)

    def on_train_end(self, trainer, module):
        self.events.append("end")


class Remembers(Regression):
    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.last_loss = loss.item()
        return loss


@pytest.mark.claim("compat.lightning-callback-in-torch")
def test_a_callback_is_driven_by_a_plain_loop(device, trainer):
    by_hand, by_trainer = History(), History()
    module = Remembers().to(device.torch_device)
    optimizer = module.configure_optimizers()
    by_hand.on_train_start(None, module)
    for batch_idx, batch in enumerate(regression_loader()):
        optimizer.zero_grad()
        loss = module.training_step(to_device(batch, device.torch_device), batch_idx)
        loss.backward()
        optimizer.step()
        by_hand.on_train_batch_end(None, module, loss, batch, batch_idx, 0)
    by_hand.on_train_end(None, module)
    fit(trainer(callbacks=[by_trainer]), Remembers(), train=regression_loader())
    assert by_hand.events == by_trainer.events
    assert len(by_hand.events) == 6


@pytest.mark.claim("compat.lightning-callback-in-torch")
def test_every_hook_of_a_callback_is_an_ordinary_method():
    callback = pl.Callback()
    hooks = {
        name: method
        for name, method in inspect.getmembers(callback, inspect.ismethod)
        if not name.startswith("_") and name not in ("state_dict", "on_save_checkpoint")
    }
    answers = {}
    for name, method in hooks.items():
        parameters = inspect.signature(method).parameters.values()
        answers[name] = method(*[None for parameter in parameters if parameter.default is parameter.empty])
    assert len(answers) > 30
    assert set(answers.values()) == {None}


@pytest.mark.claim("compat.lightning-callback-in-torch")
def test_a_callback_is_no_module_and_holds_no_trainer():
    assert not isinstance(pl.Callback(), nn.Module)
    assert vars(pl.Callback()) == {}
