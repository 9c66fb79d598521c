"""How the files of ModelCheckpoint are called, where they lie, and what is in them."""

import os
import re
from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import test
from fixtures.modules import same_weights, weights
from fixtures.scores import built_in, files, kept, scored
from fixtures.steps import everything_said
from ledger.plugin.outcomes import Untested


@pytest.mark.claim("built-in.checkpoint-default-name")
def test_by_default_a_file_is_called_by_epoch_and_steps_made(trainer, tmp_path):
    kept(trainer, tmp_path / "kept", 1.0, 1.0, filename=None)
    assert files(tmp_path / "kept") == ["epoch=1-step=4.ckpt"]


@pytest.mark.claim("built-in.checkpoint-default-name.last-step")
def test_by_default_a_file_is_called_by_epoch_and_the_last_steps_index(trainer, tmp_path):
    kept(trainer, tmp_path / "kept", 1.0, 1.0, filename=None)
    assert files(tmp_path / "kept") == ["epoch=1-step=3.ckpt"]


@pytest.mark.claim("built-in.checkpoint-default-name.epoch")
def test_by_default_a_file_is_called_by_its_epoch(trainer, tmp_path):
    kept(trainer, tmp_path / "kept", 1.0, 1.0, filename=None)
    assert files(tmp_path / "kept") == ["epoch=1.ckpt"]


@pytest.mark.claim("built-in.checkpoint-name")
@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("{epoch:02d}-{score:.2f}", "epoch=00-score=0.50.ckpt"),
        ("best-{score:.1f}-of-{epoch}", "best-score=0.5-of-epoch=0.ckpt"),
        ("{score}-{unlogged}", "score=0.5-unlogged=0.ckpt"),
        ("fixed", "fixed.ckpt"),
    ],
)
def test_the_filename_is_filled_with_metrics_and_their_names(trainer, tmp_path, filename, expected):
    kept(trainer, tmp_path / "kept", 0.5, filename=filename, monitor="score")
    assert files(tmp_path / "kept") == [expected]


@pytest.mark.claim("built-in.checkpoint-name-bare")
def test_the_names_of_the_metrics_can_be_left_out(trainer, tmp_path):
    options = {"filename": "e{epoch}-s{score:.2f}", "auto_insert_metric_name": False}
    kept(trainer, tmp_path / "kept", 0.5, **options)
    assert files(tmp_path / "kept") == ["e0-s0.50.ckpt"]


@pytest.mark.claim("built-in.checkpoint-version")
def test_a_name_that_is_taken_gets_a_version(trainer, tmp_path):
    options = {"filename": "same", "monitor": "score", "save_top_k": -1}
    _, keeper = kept(trainer, tmp_path / "kept", 2.0, 1.0, 3.0, **options)
    assert files(tmp_path / "kept") == ["same-v1.ckpt", "same-v2.ckpt", "same.ckpt"]
    assert os.path.basename(keeper.best_model_path) == "same-v1.ckpt"


@pytest.mark.claim("built-in.checkpoint-version")
def test_files_of_an_earlier_run_are_not_overwritten(trainer, tmp_path):
    for _ in range(2):
        kept(trainer, tmp_path / "kept", 1.0, monitor="score")
    assert files(tmp_path / "kept") == ["epoch=0-v1.ckpt", "epoch=0.ckpt"]


@pytest.mark.claim("built-in.checkpoint-version.from-zero")
def test_versions_begin_with_zero(trainer, tmp_path):
    for _ in range(3):
        kept(trainer, tmp_path / "kept", 1.0, monitor="score")
    assert files(tmp_path / "kept") == ["epoch=0-v0.ckpt", "epoch=0-v1.ckpt", "epoch=0.ckpt"]


def last_of_three_runs(trainer, folder):
    for _ in range(3):
        kept(trainer, folder, 1.0, monitor="score", save_last=True)
    return [file for file in files(folder) if file.startswith("last")]


@pytest.mark.claim("built-in.checkpoint-version-last")
def test_the_last_of_an_earlier_run_is_not_overwritten(trainer, tmp_path):
    assert last_of_three_runs(trainer, tmp_path / "kept") == ["last-v1.ckpt", "last-v2.ckpt", "last.ckpt"]


@pytest.mark.claim("built-in.checkpoint-version-last.overwritten")
def test_the_last_of_an_earlier_run_is_overwritten(trainer, tmp_path):
    assert last_of_three_runs(trainer, tmp_path / "kept") == ["last.ckpt"]


@pytest.mark.claim("built-in.checkpoint-version-off")
def test_without_the_counter_files_are_overwritten(trainer, tmp_path):
    for _ in range(2):
        kept(trainer, tmp_path / "kept", 1.0, save_last=True, enable_version_counter=False)
    assert files(tmp_path / "kept") == ["epoch=0.ckpt", "last.ckpt"]


def said_of_folders_not_empty(trainer, folder, **options):
    with everything_said() as said:
        kept(trainer, folder, 1.0, **options)
    return [line for line in said if "not empty" in line]


@pytest.mark.claim("built-in.checkpoint-not-empty")
def test_a_folder_with_files_in_it_is_warned_of(trainer, tmp_path):
    (tmp_path / "kept").mkdir()
    assert said_of_folders_not_empty(trainer, tmp_path / "kept") == []
    warned = f"Checkpoint directory {tmp_path / 'kept'} exists and is not empty."
    said = [said_of_folders_not_empty(trainer, tmp_path / "kept", save_top_k=top) for top in (1, -1, 0)]
    assert said == [[warned], [warned], []]


@pytest.mark.claim("built-in.checkpoint-not-empty")
def test_where_nothing_is_saved_nothing_is_warned_of(trainer, tmp_path):
    module, keeper = kept(trainer, tmp_path / "kept", 1.0)
    with everything_said() as said:
        test(trainer(callbacks=[keeper]), module, regression_loader(2))
    assert [line for line in said if "not empty" in line] == []


@pytest.mark.claim("built-in.checkpoint-not-empty.silent")
def test_nothing_is_said_of_a_folder_with_files_in_it(trainer, tmp_path):
    assert [said_of_folders_not_empty(trainer, tmp_path / "kept") for _ in range(2)] == [[], []]


@pytest.mark.claim("built-in.checkpoint-default-folder")
def test_without_a_logger_files_lie_in_the_checkpoints_of_the_root_folder(trainer, tmp_path):
    keeper = built_in("ModelCheckpoint", filename="{epoch}")
    scored(trainer, keeper, 1.0)
    assert files(tmp_path) == ["checkpoints"]
    assert files(tmp_path / "checkpoints") == ["epoch=0.ckpt"]
    assert keeper.best_model_path == str(tmp_path / "checkpoints" / "epoch=0.ckpt")


@pytest.mark.claim("built-in.checkpoint-logger-folder")
def test_with_a_logger_files_lie_beside_its_own(trainer, tmp_path):
    logger = pl.loggers.CSVLogger(str(tmp_path / "logs"), name="mine", version=3)
    scored(trainer, built_in("ModelCheckpoint", filename="{epoch}"), 1.0, logger=logger)
    assert files(tmp_path / "logs" / "mine" / "version_3" / "checkpoints") == ["epoch=0.ckpt"]


class Told(pl.loggers.CSVLogger):
    """Notes the best path at each checkpoint that it is told of."""

    told = ()

    def after_save_checkpoint(self, checkpoint_callback):
        self.told = [*self.told, os.path.basename(checkpoint_callback.best_model_path)]


@pytest.mark.claim("built-in.checkpoint-loggers-told")
def test_every_logger_is_told_of_every_checkpoint(trainer, tmp_path):
    if not hasattr(pl.loggers.CSVLogger, "after_save_checkpoint"):
        raise Untested("loggers have no after_save_checkpoint")
    loggers = [Told(str(tmp_path / "logs"), name=name, version=3) for name in ("mine", "other")]
    kept(trainer, tmp_path / "kept", 3.0, 1.0, 2.0, monitor="score", mode="min", fit_options={"logger": loggers})
    assert [list(dict.fromkeys(logger.told)) for logger in loggers] == [["epoch=0.ckpt", "epoch=1.ckpt"]] * 2


@pytest.mark.claim("built-in.checkpoint-several-loggers-folder")
def test_with_several_loggers_files_lie_beside_those_of_the_first(trainer, tmp_path):
    named = {"mine": 3, "other": 4}
    loggers = [pl.loggers.CSVLogger(str(tmp_path / name), name=name, version=named[name]) for name in named]
    scored(trainer, built_in("ModelCheckpoint", filename="{epoch}"), 1.0, logger=loggers)
    assert files(tmp_path / "mine" / "mine" / "version_3" / "checkpoints") == ["epoch=0.ckpt"]


@pytest.mark.claim("built-in.checkpoint-several-loggers-folder.joined")
def test_with_several_loggers_files_lie_in_a_folder_with_all_their_names(trainer, tmp_path):
    loggers = [pl.loggers.CSVLogger(str(tmp_path / name), name=name, version=3) for name in ("mine", "other")]
    keeper = built_in("ModelCheckpoint", filename="{epoch}")
    scored(trainer, keeper, 1.0, logger=loggers)
    assert "mine_other" in keeper.best_model_path.split(os.sep)


@pytest.mark.claim("built-in.checkpoint-weights-only")
def test_only_the_weights_are_saved(trainer, tmp_path):
    states = {"optimizer_states", "lr_schedulers", "callbacks"}
    for folder, weights_only, found in [("all", False, states), ("weights", True, set())]:
        module, keeper = kept(trainer, tmp_path / folder, 1.0, save_weights_only=weights_only)
        saved = torch.load(keeper.best_model_path, weights_only=False, map_location="cpu")
        assert set(saved) & states == found
        assert same_weights(saved["state_dict"], weights(module))


@pytest.mark.claim("built-in.checkpoint-missing-metric")
def test_a_metric_that_is_not_there_is_an_error_that_names_those_that_are(trainer, tmp_path):
    with torch.enable_grad(), pytest.raises(Exception, match="missing") as raised:
        kept(trainer, tmp_path / "kept", 1.0, monitor="missing")
    assert type(raised.value).__name__ == "MisconfigurationException"
    assert re.search(r"ModelCheckpoint\(monitor='missing'\).*returned metrics: \['score'.*HINT", str(raised.value))


def refused(**options):
    """The message of the error with which these options are refused."""
    with pytest.raises(Exception, match="") as raised:
        built_in("ModelCheckpoint", **options)
    if isinstance(raised.value, Untested):
        raise raised.value
    assert type(raised.value).__name__ == "MisconfigurationException"
    return str(raised.value)


@pytest.mark.claim("built-in.checkpoint-refused")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"save_top_k": -2}, "Invalid value for save_top_k=-2. Must be"),
        ({"save_top_k": 2}, "ModelCheckpoint(save_top_k=2, monitor=None) is not a valid configuration."),
    ],
)
def test_options_that_make_no_sense_are_refused(device, options, message):
    assert refused(**options).startswith(message)


@pytest.mark.claim("built-in.checkpoint-refused-triggers")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every_n_train_steps": -1}, "Invalid value for every_n_train_steps=-1. Must be >= 0"),
        ({"every_n_epochs": -1}, "Invalid value for every_n_epochs=-1. Must be >= 0"),
        (
            {"every_n_epochs": 1, "every_n_train_steps": 1},
            "Combination of parameters every_n_train_steps=1, every_n_epochs=1 and train_time_interval=None"
            " should be mutually exclusive.",
        ),
        (
            {"every_n_epochs": 1, "train_time_interval": timedelta(hours=1)},
            "Combination of parameters every_n_train_steps=0, every_n_epochs=1 and train_time_interval=1:00:00"
            " should be mutually exclusive.",
        ),
    ],
)
def test_triggers_that_make_no_sense_are_refused(device, options, message):
    assert refused(**options) == message


@pytest.mark.claim("built-in.checkpoint-mode-unknown")
def test_no_mode_is_known_but_min_and_max(device):
    assert refused(mode="best") == "`mode` can be min, max but got best"


@pytest.mark.claim("built-in.checkpoint-mode-unknown.auto")
def test_mode_auto_goes_by_the_name_of_the_metric(device):
    modes = [built_in("ModelCheckpoint", monitor=monitor, mode="auto").mode for monitor in ("score", "acc")]
    assert modes == ["min", "max"]


def saved_states(trainer, folder):
    """The states that a checkpoint has of two callbacks that differ in what they save and when."""
    by_score = built_in("ModelCheckpoint", dirpath=str(folder / "a"), monitor="score", mode="max", every_n_epochs=1)
    by_step = built_in("ModelCheckpoint", dirpath=str(folder / "b"), every_n_train_steps=1)
    scored(trainer, [by_score, by_step], 1.0).trainer.save_checkpoint(str(folder / "both.ckpt"))
    states = torch.load(folder / "both.ckpt", weights_only=False, map_location="cpu")["callbacks"]
    names = {key: re.sub(", 'save_on_train_epoch_end': [A-Z][a-z]+", "", str(key)) for key in states}
    return {names[key]: os.path.basename(os.path.dirname(state["best_model_path"])) for key, state in states.items()}


@pytest.mark.claim("built-in.checkpoint-states")
def test_states_of_several_are_kept_apart_by_what_they_save_and_when(trainer, tmp_path):
    assert saved_states(trainer, tmp_path) == {
        "ModelCheckpoint{'monitor': 'score', 'mode': 'max', 'every_n_train_steps': 0, 'every_n_epochs': 1,"
        " 'train_time_interval': None}": "a",
        "ModelCheckpoint{'monitor': None, 'mode': 'min', 'every_n_train_steps': 1, 'every_n_epochs': 0,"
        " 'train_time_interval': None}": "b",
    }


@pytest.mark.claim("built-in.checkpoint-states.one")
def test_of_several_only_one_state_is_kept(trainer, tmp_path):
    assert list(saved_states(trainer, tmp_path)) == [str(pl.callbacks.ModelCheckpoint)]
