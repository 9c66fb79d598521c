"""What the introduction says of the whole: two classes are the core, three do a whole job, and it plugs into torch."""

from contextlib import nullcontext
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning import Callback, LightningModule
from torch import nn

from fixtures.data import regression_loader
from fixtures.detection import torch_reports
from fixtures.dialects import accelerator_name, bare_trainer, fit, test
from fixtures.loops import train_by_hand
from fixtures.modules import Evaluated, network, same_weights, weights
from ledger.plugin.outcomes import Untested

EPOCHS = 8


class Descending(LightningModule):
    """Its weight goes down by exactly 1 an epoch (two steps), and is best at -3: every number of this job is exact."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.history = {"train": [], "val": [], "test": []}

    def forward(self, ones):
        return (self.weight * ones).mean()

    def distance(self, batch):
        return (self(batch) + 3).abs()

    def training_step(self, batch, batch_idx):
        loss = self(batch)
        self.history["train"].append(loss.item())
        return loss

    def validation_step(self, batch, batch_idx):
        self.history["val"].append(self.distance(batch).item())

    def test_step(self, batch, batch_idx):
        self.history["test"].append(self.distance(batch).item())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.5)


class StopEarly(Callback):
    """Stops where the last two epochs were no better than the best one."""

    def on_validation_end(self, trainer, pl_module):
        losses = pl_module.history["val"]
        trainer.should_stop = losses.index(min(losses)) < len(losses) - 2


class KeepBest(Callback):
    """Saves the weights of the best epoch."""

    def __init__(self, file):
        self.file = file
        self.saved = 0

    def on_validation_end(self, trainer, pl_module):
        losses = pl_module.history["val"]
        if losses[-1] == min(losses):
            torch.save(weights(pl_module), self.file)
            self.saved += 1


def ones(batches):
    """A loader of so many batches of two ones."""
    return torch.utils.data.DataLoader(torch.ones(2 * batches, 1), batch_size=2)


def whole_job(make_trainer, folder):
    """Train, validate, stop early, save the best weights, load them, validate and test; return all that came of it."""
    keep, stop, module = KeepBest(folder / "best.pt"), StopEarly(), Descending()
    trainer = make_trainer(max_epochs=EPOCHS, num_sanity_val_steps=0, callbacks=[keep, stop])
    fit(trainer, module, train=ones(2), val=ones(1))
    trained = {name: list(losses) for name, losses in module.history.items()}
    stopped_at = module.weight.item()
    module.load_state_dict(torch.load(keep.file))
    test(make_trainer(), module, ones(2))
    return trained, stopped_at, keep.saved, module.weight.item(), module.history["test"]


TRAINED = {
    "train": [0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0, -3.5, -4.0, -4.5],
    "val": [2.0, 1.0, 0.0, 1.0, 2.0],
    "test": [],
}


@pytest.mark.claim("intro.three-suffice")
def test_a_whole_job_takes_module_trainer_and_callback_only(device, trainer, tmp_path):
    trained, stopped_at, saved, best, tested = whole_job(trainer, tmp_path)
    assert trained == TRAINED
    assert stopped_at == -5.0
    assert saved == 3
    assert best == -3.0
    assert tested == [0.0, 0.0]


def only(device):
    """Let Lightning find this device alone: no GPU beside the CPU, and one GPU of several."""
    if device.name == "cuda":
        return torch_reports(gpus=1) if torch.cuda.device_count() > 1 else nullcontext()
    return torch_reports(gpus=0)


@pytest.mark.claim("intro.accelerators-plugins-optional")
def test_the_whole_job_names_neither_accelerator_nor_plugin(device, tmp_path, as_before):
    silent = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    untold = partial(bare_trainer, **silent, default_root_dir=str(tmp_path))
    with only(device):
        chosen = accelerator_name(untold())
        if (device.name, chosen) == ("cuda", "cpu"):
            raise Untested("a Trainer that is told nothing about hardware leaves the GPU alone in this release")
        assert chosen == device.name
        assert whole_job(untold, tmp_path) == (TRAINED, -5.0, 3, -3.0, [0.0, 0.0])


class Observed(Evaluated):
    """Notes which batch each step was given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def note(self, phase, batch):
        self.seen.append((phase, batch[0].cpu().tolist()))
        return self.loss(batch)

    def training_step(self, batch, batch_idx):
        return self.note("train", batch)

    def validation_step(self, batch, batch_idx):
        self.note("validate", batch)

    def test_step(self, batch, batch_idx):
        self.note("test", batch)


def inputs(phase, loader):
    """What `Observed` notes of a whole loader."""
    return [(phase, batch[0].tolist()) for batch in loader]


@pytest.mark.claim("intro.two-pillars")
def test_module_and_trainer_alone_train_validate_and_test(device, trainer):
    train, validate, held_out = regression_loader(8), regression_loader(4, seed=8), regression_loader(6, seed=9)
    module, run = Observed(), trainer(max_epochs=2, num_sanity_val_steps=0)
    before = weights(module)

    fit(run, module, train=train, val=validate)
    trained = weights(module)
    test(run, module, held_out)

    epoch = inputs("train", train) + inputs("validate", validate)
    assert module.seen == 2 * epoch + inputs("test", held_out)
    assert not same_weights(trained, before)
    assert same_weights(weights(module), trained)


@pytest.mark.claim("intro.two-pillars")
def test_both_are_names_of_the_package_itself():
    assert {"LightningModule", "Trainer"} < set(pl.__all__)
    assert (pl.LightningModule.__name__, pl.Trainer.__name__) == ("LightningModule", "Trainer")


def net_of(base):
    """The network of an existing PyTorch program, with this base class."""

    class Net(base):
        def __init__(self):
            super().__init__()
            self.body = network(hidden=4, dropout=0.5)
            self.register_buffer("scale", torch.full((1,), 0.5))

        def forward(self, inputs):
            return self.body(inputs) * self.scale

    return Net


def program(net, device, file):
    """An existing PyTorch program: trains, evaluates, saves and loads; returns all its numbers."""
    torch.manual_seed(5)
    net.to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    losses, scores = [], []
    for _ in range(2):
        net.train()
        for inputs, targets in regression_loader(8, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(inputs.to(device)), targets.to(device))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            scores += [net(inputs.to(device)).sum().item() for inputs, _ in regression_loader(4)]
    torch.save(weights(net), file)
    net.load_state_dict(torch.load(file))
    return losses, scores, weights(net), [name for name, _ in net.named_parameters()], net.training


@pytest.mark.claim("intro.plugin-in-torch")
def test_a_torch_program_runs_the_same_with_lightning_module_as_the_base_class(device, tmp_path):
    losses, scores, trained, names, mode = program(net_of(nn.Module)(), device.torch_device, tmp_path / "torch.pt")
    plugged = program(net_of(LightningModule)(), device.torch_device, tmp_path / "lightning.pt")
    assert plugged[0] == losses
    assert plugged[1] == scores
    assert same_weights(plugged[2], trained)
    assert plugged[3:] == (names, mode)


@pytest.mark.claim("intro.plugin-in-torch")
def test_the_plugged_in_module_then_trains_under_a_trainer(device, trainer):
    class Trainable(net_of(LightningModule)):
        def training_step(self, batch, batch_idx):
            inputs, targets = batch
            return nn.functional.mse_loss(self(inputs), targets)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.05)

    by_hand, by_trainer = net_of(nn.Module)(), Trainable()
    torch.manual_seed(5)
    train_by_hand(by_hand, regression_loader(), partial(torch.optim.Adam, lr=0.05), device=device.torch_device)
    torch.manual_seed(5)
    fit(trainer(), by_trainer, train=regression_loader())
    assert same_weights(weights(by_trainer), weights(by_hand))
