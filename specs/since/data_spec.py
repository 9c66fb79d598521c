"""What a data module is asked, told and given: its life in a run, its loaders, its state, an exception."""

import re

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.modules import Evaluated
from fixtures.resumes import fit_and_save
from fixtures.runs import HELD_OUT, Data
from fixtures.steps import everything_said

LOADERS = [f"datamodule.{stage}_dataloader" for stage in ("train", "val", "test", "predict")]
ASKED = {"fit": ["val", "train"], "test": ["test"], "validate": ["val"], "predict": ["predict"]}
"""The loaders each run asks for, in order; validation's first, which is checked before training."""


def prepared_and_set_up_before_loading(trace, run):
    loaders = [f"datamodule.{stage}_dataloader" for stage in ASKED[run]]
    assert trace.names("datamodule.prepare_data", "datamodule.setup", *LOADERS) == [
        "datamodule.prepare_data",
        "datamodule.setup",
        *loaders,
    ]
    assert trace.count("datamodule.setup", stage=run) == 1


@pytest.mark.claim("since.datamodule-setup")
@pytest.mark.parametrize("run", ["fit", "test"])
def test_a_data_module_is_prepared_then_set_up_then_asked(recorded, run):
    prepared_and_set_up_before_loading(recorded(run), run)


@pytest.mark.claim("since.datamodule-setup-validate-predict")
@pytest.mark.parametrize("run", ["validate", "predict"])
def test_validating_and_predicting_have_stages_of_their_own(recorded, run):
    prepared_and_set_up_before_loading(recorded(run), run)


@pytest.mark.claim("since.datamodule-setup-order")
@pytest.mark.parametrize("run", ["fit", "fit-resumed"])
def test_the_data_module_is_set_up_before_callbacks_and_they_before_the_module(recorded, run):
    hooks = ["datamodule.setup", "callback.setup", "module.setup"]
    assert recorded(run).names(*hooks) == hooks


@pytest.mark.claim("since.datamodule-teardown")
def test_the_data_module_is_torn_down_last_but_before_the_others(recorded):
    hooks = ["module.on_fit_end", "datamodule.teardown", "callback.teardown", "module.teardown"]
    trace = recorded("fit")
    assert trace.names(*hooks) == hooks
    assert trace.count("datamodule.teardown", stage="fit") == 1
    assert recorded("test").count("datamodule.teardown", stage="test") == 1


class TornDown(Data):
    stages = ()

    def setup(self, stage=None):
        self.stages += (f"setup {stage}",)

    def teardown(self, stage=None):
        self.stages += (f"teardown {stage}",)


@pytest.mark.claim("since.datamodule-teardown.ignored")
def test_a_teardown_of_the_data_module_is_silently_ignored(trainer):
    data = TornDown()
    with everything_said() as said:
        fit(trainer(), Evaluated(), datamodule=data)
    assert data.stages == ("setup fit",)
    assert [text for text in said if "teardown" in text] == []


@pytest.mark.claim("since.datamodule-on_exception")
def test_the_data_module_is_given_the_exception_after_the_callbacks(recorded):
    hooks = ["callback.on_exception", "datamodule.on_exception"]
    for run, cause in (("fit-failed", "DeliberateError"), ("fit-interrupted", "KeyboardInterrupt")):
        trace = recorded(run)
        assert trace.names(*hooks) == hooks
        callbacks, ours = [trace.first(hook).arguments["exception"] for hook in hooks]
        assert ours is callbacks
        assert type(ours).__name__ == cause


@pytest.mark.claim("since.datamodule-on_exception")
def test_a_data_module_of_a_run_that_succeeds_is_told_of_none(recorded):
    trace = recorded("fit")
    assert trace.count("datamodule.setup") == 1
    assert trace.count("datamodule.on_exception") == 0


class Remembers(Data):
    """Keeps a number in checkpoints, and the calls that are about it."""

    def __init__(self, number):
        super().__init__()
        self.number, self.calls = number, []

    def setup(self, stage=None):
        self.calls.append("setup")

    def train_dataloader(self):
        self.calls.append("train_dataloader")
        return super().train_dataloader()

    def state_dict(self):
        return {"number": self.number}

    def load_state_dict(self, state_dict):
        self.calls.append("load_state_dict")
        self.number = state_dict["number"]


class ChangesCheckpoints(Remembers):
    """Does so by hooks that are given the whole checkpoint."""

    def on_save_checkpoint(self, checkpoint):
        checkpoint["number of the data"] = self.number

    def on_load_checkpoint(self, checkpoint):
        self.calls.append("on_load_checkpoint")


def saved(trainer, data, folder):
    """The path of a checkpoint that was saved with this data module."""
    return fit_and_save(trainer(), Evaluated(), str(folder / "saved.ckpt"), datamodule=data)


def resumed(trainer, data, checkpoint):
    """The data module after a run that resumed from there."""
    fit(trainer(max_epochs=2, num_sanity_val_steps=0), Evaluated(), datamodule=data, ckpt_path=checkpoint)
    return data


@pytest.mark.claim("since.datamodule-state")
def test_what_state_dict_returns_is_in_the_checkpoint_under_the_name_of_the_class(trainer, tmp_path):
    checkpoint = torch.load(saved(trainer, Remembers(5), tmp_path), weights_only=False)
    assert checkpoint["Remembers"] == {"number": 5}


@pytest.mark.claim("since.datamodule-state")
def test_load_state_dict_is_given_it_back_before_the_first_loader_is_asked_for(trainer, tmp_path):
    data = resumed(trainer, Remembers(0), saved(trainer, Remembers(5), tmp_path))
    assert data.number == 5
    assert data.calls == ["setup", "load_state_dict", "train_dataloader"]


@pytest.mark.claim("since.datamodule-checkpoint-hooks")
def test_the_data_module_may_change_a_checkpoint_and_sees_it_again(trainer, tmp_path):
    path = saved(trainer, ChangesCheckpoints(5), tmp_path)
    assert torch.load(path, weights_only=False).get("number of the data") == 5
    assert "on_load_checkpoint" in resumed(trainer, ChangesCheckpoints(0), path).calls


@pytest.mark.claim("since.datamodule-checkpoint-hooks.refused")
def test_a_data_module_with_checkpoint_hooks_is_refused(device, trainer):
    data = ChangesCheckpoints(5)
    refused = message(NotImplementedError, lambda: fit(trainer(), Evaluated().to(device.torch_device), datamodule=data))
    assert refused.startswith("`LightningDataModule.on_save_checkpoint` was deprecated in v1.6")
    assert data.calls == []


@pytest.mark.claim("since.datamodule-checkpoint-hooks.ignored")
def test_checkpoint_hooks_of_the_data_module_are_silently_ignored(trainer, tmp_path):
    with everything_said() as said:
        path = saved(trainer, ChangesCheckpoints(5), tmp_path)
        data = resumed(trainer, ChangesCheckpoints(0), path)
    assert data.calls == ["setup", "load_state_dict", "train_dataloader"]
    assert "number of the data" not in torch.load(path, weights_only=False)
    assert [text for text in said if re.search("on_(save|load)_checkpoint", text)] == []


@pytest.mark.claim("since.datamodule-loaders-over-the-modules")
def test_the_data_modules_loaders_are_used_instead_of_the_modules(trainer):
    class WithLoaders(Evaluated):
        notes = ()

        def train_dataloader(self):
            self.notes += ("the module's loader",)
            return regression_loader(8)

        val_dataloader = train_dataloader

        def training_step(self, batch, batch_idx):
            self.notes += ("train",)
            return super().training_step(batch, batch_idx)

        def validation_step(self, batch, batch_idx):
            self.notes += ("validate",)

    module = WithLoaders()
    fit(trainer(num_sanity_val_steps=0), module, datamodule=Data(batches=1))
    assert module.notes == ("train", *["validate"] * HELD_OUT)
