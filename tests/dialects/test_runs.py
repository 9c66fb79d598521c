"""Lightning's dialects: the words of 2.6, said to the release that is installed, do there what they do in 2.6."""

from __future__ import annotations

import logging

import pytest
import pytorch_lightning as pl
import torch
from packaging.version import Version
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from fixtures import dialects, sim
from fixtures.detection import torch_reports
from fixtures.dialects import model_checkpoint

DEVICES = {"cpu": torch.device("cpu"), "sim": sim.DEVICE}


class Witness(pl.LightningModule):
    """Trains a network with everything that can differ between devices, and keeps what each step saw."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.3), nn.Linear(3, 2))
        self.seen = []

    def see(self, step, batch):
        inputs, targets = batch
        tensors = [inputs, targets, *self.parameters(), *self.buffers()]
        self.seen.append((step, {str(tensor.device) for tensor in tensors}, inputs.dtype))
        return nn.functional.mse_loss(self.net(inputs), targets)

    def training_step(self, batch, batch_idx):
        return self.see("train", batch)

    def validation_step(self, batch, batch_idx):
        self.see("validate", batch)

    def test_step(self, batch, batch_idx):
        self.see("test", batch)

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        self.see("predict", batch)
        return self.net(batch[0])

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.05)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]


def loader():
    generator = torch.Generator().manual_seed(1)
    inputs, targets = (torch.randn(24, size, generator=generator) for size in (4, 2))
    return DataLoader(TensorDataset(inputs, targets), batch_size=4)


def fitted(device_name, ckpt_path=None, **wanted):
    """A Witness after two epochs, and its trainer."""
    wanted = {
        "max_epochs": 2,
        "num_sanity_val_steps": 0,
        "accumulate_grad_batches": 2,
        "gradient_clip_val": 0.1,
        **wanted,
    }
    module, trainer = Witness(), dialects.make_trainer(device_name, **wanted)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        dialects.fit(trainer, module, loader(), loader(), ckpt_path=ckpt_path)
    return module, trainer


def state(module):
    return {name: value.detach().cpu() for name, value in module.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("precision", ["32-true", "64-true"])
@pytest.mark.parametrize("device_name", DEVICES)
def test_every_step_of_fit_sees_the_device(sayable, device_name, precision, tmp_path):
    module, _ = sayable(lambda: fitted(device_name, precision=precision, default_root_dir=tmp_path))
    where, dtype = {str(DEVICES[device_name])}, {"32-true": torch.float32, "64-true": torch.float64}[precision]
    epoch = [("train", where, dtype)] * 6 + [("validate", where, dtype)] * 6
    assert module.seen == epoch * 2
    assert {parameter.device.type for parameter in module.parameters()} == {"cpu"}


@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_training_is_the_same_on_both_devices_bit_for_bit(sayable, precision, tmp_path):
    wanted = {"precision": precision, "default_root_dir": tmp_path}
    cpu, simulated = sayable(lambda: [state(fitted(name, **wanted)[0]) for name in DEVICES])
    assert same(cpu, simulated)
    assert not torch.equal(cpu["net.0.weight"], Witness().net[0].weight.to(cpu["net.0.weight"].dtype))


@pytest.mark.parametrize("entry", ["validate", "test", "predict"])
@pytest.mark.parametrize("device_name", DEVICES)
def test_every_other_entry_point_sees_the_device(sayable, device_name, entry, tmp_path):
    module, trainer = Witness(), dialects.make_trainer(device_name, default_root_dir=tmp_path)
    found = sayable(lambda: getattr(dialects, entry)(trainer, module, loader()))
    assert module.seen == [(entry, {str(DEVICES[device_name])}, torch.float32)] * 6
    if entry == "predict":
        assert [batch.shape for batch in found] == [(4, 2)] * 6


def test_resuming_trains_the_epoch_that_is_left_and_alike_on_both_devices(tmp_path):
    ends = []
    for device_name in DEVICES:
        keep = model_checkpoint(dirpath=str(tmp_path / device_name))
        fitted(device_name, max_epochs=1, callbacks=keep, default_root_dir=tmp_path)
        resumed, _ = fitted(device_name, ckpt_path=keep.best_model_path, default_root_dir=tmp_path)
        assert [(step, where) for step, where, _ in resumed.seen if step == "train"] == [
            ("train", {str(DEVICES[device_name])})
        ] * 6
        ends.append(state(resumed))
    assert same(*ends)


@pytest.mark.parametrize("device_name", DEVICES)
def test_a_trainer_tells_where_it_runs(device_name, tmp_path):
    trainer = dialects.make_trainer(device_name, default_root_dir=tmp_path)
    chosen = dialects.root_device(trainer), dialects.accelerator_name(trainer), dialects.number_of_devices(trainer)
    assert chosen == (DEVICES[device_name], device_name, 1)


@pytest.mark.parametrize("gpus", [1, 2])
def test_cuda_is_one_device_of_however_many_there_are(gpus):
    with torch_reports(gpus=gpus):
        trainer = dialects.make_trainer("cuda")
        chosen = dialects.root_device(trainer), dialects.accelerator_name(trainer), dialects.number_of_devices(trainer)
    assert chosen == (torch.device("cuda", 0), "cuda", 1)


@pytest.mark.parametrize(
    ("words", "root_device", "number"),
    [
        ({"accelerator": "gpu", "devices": 1}, "cuda:0", 1),
        ({"accelerator": "cuda", "devices": 1}, "cuda:0", 1),
        ({"accelerator": "gpu", "devices": [1]}, "cuda:1", 1),
        ({"accelerator": "gpu", "devices": "1"}, "cuda:0", 1),
        ({"accelerator": "gpu", "devices": -1, "strategy": "ddp"}, "cuda:0", 2),
        ({"accelerator": "gpu", "devices": "auto", "strategy": "ddp"}, "cuda:0", 2),
        ({"accelerator": "gpu", "strategy": "ddp"}, "cuda:0", 2),
        ({"accelerator": "auto", "devices": "auto", "strategy": "ddp"}, "cuda:0", 2),
        ({"accelerator": "auto", "strategy": "ddp"}, "cuda:0", 2),
        ({"accelerator": "cpu"}, "cpu", 1),
        ({"accelerator": "cpu", "devices": 1, "strategy": "auto"}, "cpu", 1),
        ({"accelerator": "cpu", "devices": 2, "strategy": "ddp_spawn"}, "cpu", 2),
    ],
)
def test_hardware_is_chosen_in_the_words_of_2_6(sayable, words, root_device, number):
    with torch_reports(gpus=2):
        trainer = sayable(lambda: dialects.bare_trainer(logger=False, enable_checkpointing=False, **words))
        assert (str(dialects.root_device(trainer)), dialects.number_of_devices(trainer)) == (root_device, number)


@pytest.mark.parametrize(("devices", "ids"), [(1, [0]), (2, [0, 1]), ([2], [2]), ([2, 0], [2, 0])], ids=str)
def test_a_trainer_tells_the_ids_of_its_gpus(devices, ids):
    with torch_reports(gpus=3):
        assert dialects.gpu_ids(dialects.bare_trainer(accelerator="gpu", devices=devices)) == ids
        assert dialects.gpu_ids(dialects.bare_trainer(accelerator="cpu", devices=1)) == []


@pytest.mark.parametrize("device_name", DEVICES)
def test_a_run_is_quiet_unless_told_otherwise(device_name, tmp_path, capfd):
    fit_once = dialects.make_trainer(device_name, default_root_dir=tmp_path)
    dialects.fit(fit_once, Witness(), loader(), loader())
    assert fit_once.max_epochs == 1
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_callback_switches_on_what_it_needs(tmp_path):
    keep = model_checkpoint(dirpath=str(tmp_path))
    trainer = dialects.make_trainer("cpu", callbacks=keep, default_root_dir=tmp_path)
    assert trainer.checkpoint_callback is keep


def test_the_release_is_a_version_without_a_build():
    assert dialects.release() == Version(Version(pl.__version__).base_version)
    assert str(dialects.release()).count("+") == 0


def test_quiet_puts_the_levels_back():
    names = ("lightning", "lightning_fabric", "pytorch_lightning")
    before = [logging.getLogger(name).level for name in names]
    with dialects.quiet():
        assert [logging.getLogger(name).isEnabledFor(logging.WARNING) for name in names] == [False] * 3
    assert [logging.getLogger(name).level for name in names] == before


def test_nothing_is_registered_with_lightning():
    before = registered()
    dialects.make_trainer("sim")
    assert registered() == before


def registered():
    owners = (pl.accelerators, "AcceleratorRegistry"), (getattr(pl, "strategies", None), "StrategyRegistry")
    return [sorted(getattr(owner, name, ())) for owner, name in owners]
