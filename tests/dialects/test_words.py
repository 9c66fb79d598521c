"""The words of Lightning 2.6's Trainer, in those of the release that is installed and of older ones."""

from __future__ import annotations

import os

import pytest
import pytorch_lightning as pl

from fixtures import dialects
from fixtures.dialects import accelerators, model_checkpoint, options
from fixtures.dialects.release import parameters

TRAINER = parameters(pl.Trainer.__init__)


def test_nothing_said_is_nothing_passed():
    assert (options.translate({}, TRAINER), accelerators.chosen()) == ({}, {})


def test_callbacks_are_passed_as_a_list_of_their_own():
    mine = [pl.Callback()]
    said = options.translate({"callbacks": mine}, TRAINER)
    assert said == {"callbacks": mine}
    assert said["callbacks"] is not mine


@pytest.fixture
def release_of_1_0(monkeypatch):
    """The words of 1.0.0 to 1.0.3: `filepath`, and a ModelCheckpoint that is no callback among others."""

    class ModelCheckpoint(pl.Callback):
        def __init__(self, filepath=None, monitor=None):
            self.said = filepath, monitor

    monkeypatch.delattr(pl.Trainer, "checkpoint_callbacks")
    monkeypatch.setattr(pl.callbacks, "ModelCheckpoint", ModelCheckpoint)


def test_folder_and_name_were_one_path(release_of_1_0):
    assert model_checkpoint(dirpath="here", filename="{step}").said == (os.path.join("here", "{step}"), None)
    assert model_checkpoint(dirpath="here", monitor="loss").said == (os.path.join("here", "{epoch}"), "loss")
    assert model_checkpoint().said == (None, None)
    with pytest.raises(dialects.Unsayable, match="it is said together with the folder"):
        model_checkpoint(filename="{step}")


def test_what_saves_took_the_place_of_the_switch_for_it(release_of_1_0):
    mine, keep = pl.Callback(), model_checkpoint(dirpath="here")
    known = parameters(old)
    said = options.translate({"callbacks": [keep, mine], "enable_checkpointing": True}, known)
    assert said == {"callbacks": [mine], "checkpoint_callback": keep}
    assert options.translate({"callbacks": [mine], "enable_checkpointing": False}, known) == {
        "callbacks": [mine],
        "checkpoint_callback": False,
    }
    with pytest.raises(dialects.Unsayable, match="only one ModelCheckpoint is taken"):
        options.translate({"callbacks": [keep, model_checkpoint()]}, known)


def test_an_option_that_is_not_one_is_a_mistake_of_the_spec():
    with pytest.raises(TypeError, match="'max_epoch' is no option of Lightning 2.6's Trainer"):
        dialects.make_trainer("cpu", max_epoch=2)


@pytest.mark.parametrize("option", options.DEFAULTS)
def test_a_default_of_2_6_is_said_in_words_that_the_release_knows(sayable, option):
    said = sayable(lambda: options.translate({option: options.DEFAULTS[option]}, TRAINER))
    assert set(said) <= set(TRAINER)
    assert options.DEFAULTS[option] is not None or said == {}


def old(
    gpus=None,
    checkpoint_callback=True,
    progress_bar_refresh_rate=1,
    weights_summary="top",
    max_steps=None,
    max_epochs=1000,
    fast_dev_run: bool = False,
    deterministic: bool = False,
    check_val_every_n_epoch: int = 1,
    replace_sampler_ddp=True,
    reload_dataloaders_every_epoch=False,
    profiler=None,
):
    """Trainer's words in Lightning 1.0, those that have since changed."""


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"enable_checkpointing": False}, {"checkpoint_callback": False}),
        ({"enable_checkpointing": True}, {"checkpoint_callback": True}),
        ({"enable_progress_bar": False}, {"progress_bar_refresh_rate": 0}),
        ({"enable_progress_bar": True}, {}),
        ({"enable_model_summary": False}, {"weights_summary": None}),
        ({"enable_model_summary": True}, {}),
        ({"max_steps": -1}, {}),
        ({"max_steps": 5}, {"max_steps": 5}),
        ({"max_epochs": None}, {}),
        ({"fast_dev_run": 1}, {"fast_dev_run": True}),
        ({"fast_dev_run": False}, {"fast_dev_run": False}),
        ({"use_distributed_sampler": False}, {"replace_sampler_ddp": False}),
        ({"reload_dataloaders_every_n_epochs": 1}, {"reload_dataloaders_every_epoch": True}),
        ({"reload_dataloaders_every_n_epochs": 0}, {"reload_dataloaders_every_epoch": False}),
        ({"gradient_clip_algorithm": "norm"}, {}),
        ({"detect_anomaly": False}, {}),
        ({"limit_predict_batches": None}, {}),
    ],
)
def test_an_old_release_is_told_in_its_own_words(wanted, said):
    assert options.translate(wanted, parameters(old)) == said


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_epochs", -1),
        ("fast_dev_run", 2),
        ("deterministic", "warn"),
        ("check_val_every_n_epoch", None),
        ("reload_dataloaders_every_n_epochs", 2),
        ("gradient_clip_algorithm", "value"),
        ("detect_anomaly", True),
        ("limit_predict_batches", 3),
    ],
)
def test_what_an_old_release_has_no_words_for_is_refused(option, value):
    with pytest.raises(dialects.Unsayable) as caught:
        options.translate({option: value}, parameters(old))
    assert (caught.value.option, caught.value.value, caught.value.release) == (option, value, dialects.release())
    assert str(caught.value).startswith(f"Lightning {dialects.release()} has no way to say {option}={value!r}")


@pytest.mark.parametrize("words", [{"accelerator": "cpu"}, {"precision": "16-mixed"}, {"strategy": "ddp"}])
def test_the_simulated_device_refuses_what_it_cannot_do(words):
    with pytest.raises(dialects.Unsayable, match="simulated device"):
        dialects.make_trainer("sim", **words)


def test_a_missing_entry_point_is_named():
    with pytest.raises(dialects.Unsayable) as caught:
        dialects.validate(object(), pl.LightningModule(), [])
    assert str(caught.value) == f"Lightning {dialects.release()} has no way to say entry point='validate'"
