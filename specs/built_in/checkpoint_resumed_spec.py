"""What ModelCheckpoint does in a run that resumes from one of its checkpoints."""

import os

import pytest

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.scores import Scored, built_in, files, kept
from fixtures.steps import everything_said


def resumed(trainer, path, folder):
    """What is said in a run of one epoch more that resumes from there, and its ModelCheckpoint, best two by score."""
    keeper = built_in("ModelCheckpoint", dirpath=str(folder), filename="{epoch}", monitor="score", save_top_k=2)
    made = trainer(callbacks=[keeper], max_epochs=3, num_sanity_val_steps=0)
    with everything_said() as said:
        fit(made, Scored(2.0), train=regression_loader(4), val=regression_loader(2), ckpt_path=path)
    return said, keeper


@pytest.mark.claim("built-in.checkpoint-resumed")
def test_a_run_that_resumes_knows_the_best_so_far(trainer, tmp_path):
    folder = tmp_path / "kept"
    kept(trainer, folder, 3.0, 1.0, monitor="score", save_top_k=2)
    _, keeper = resumed(trainer, str(folder / "epoch=1.ckpt"), folder)
    assert files(folder) == ["epoch=1.ckpt", "epoch=2.ckpt"]
    assert sorted(float(score) for score in keeper.best_k_models.values()) == [1.0, 2.0]
    assert os.path.basename(keeper.best_model_path) == "epoch=1.ckpt"


@pytest.mark.claim("built-in.checkpoint-resumed.anew")
def test_a_run_that_resumes_begins_anew_with_its_list_of_the_best(trainer, tmp_path):
    folder = tmp_path / "kept"
    kept(trainer, folder, 3.0, 1.0, monitor="score", save_top_k=2)
    _, keeper = resumed(trainer, str(folder / "epoch=1.ckpt"), folder)
    assert files(folder) == ["epoch=0.ckpt", "epoch=1.ckpt", "epoch=2.ckpt"]
    assert [float(score) for score in keeper.best_k_models.values()] == [2.0]


def left_of_better_ones(trainer, folder):
    """The files of a run that resumed from one that is not among the best two in the end."""
    kept(trainer, folder, 1.0, 3.0, monitor="score", save_top_k=2)
    resumed(trainer, str(folder / "epoch=1.ckpt"), folder)
    return files(folder)


@pytest.mark.claim("built-in.checkpoint-resumed-from-is-kept")
def test_the_checkpoint_it_resumed_from_is_not_removed(trainer, tmp_path):
    assert left_of_better_ones(trainer, tmp_path / "kept") == ["epoch=0.ckpt", "epoch=1.ckpt", "epoch=2.ckpt"]


@pytest.mark.claim("built-in.checkpoint-resumed-from-is-kept.removed")
def test_the_checkpoint_it_resumed_from_is_removed_for_a_better_one(trainer, tmp_path):
    assert left_of_better_ones(trainer, tmp_path / "kept") == ["epoch=0.ckpt", "epoch=2.ckpt"]


@pytest.mark.claim("built-in.checkpoint-resumed-elsewhere.goes-on")
def test_in_another_folder_the_list_of_the_best_goes_on(trainer, tmp_path):
    kept(trainer, tmp_path / "old", 3.0, 1.0, monitor="score", save_top_k=2)
    _, keeper = resumed(trainer, str(tmp_path / "old" / "epoch=1.ckpt"), tmp_path / "new")
    assert sorted(float(score) for score in keeper.best_k_models.values()) == [1.0, 2.0]


@pytest.mark.claim("built-in.checkpoint-resumed-elsewhere")
def test_in_another_folder_only_the_path_of_the_best_is_taken_over(trainer, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    kept(trainer, old, 3.0, 1.0, monitor="score", save_top_k=2)
    said, keeper = resumed(trainer, str(old / "epoch=1.ckpt"), new)
    assert [line for line in said if "dirpath has changed" in line] == [
        f"The dirpath has changed from {str(old)!r} to {str(new)!r}, therefore `best_model_score`,"
        " `kth_best_model_path`, `kth_value`, `last_model_path` and `best_k_models` won't be reloaded."
        " Only `best_model_path` will be reloaded."
    ]
    assert {os.path.basename(path): float(score) for path, score in keeper.best_k_models.items()} == {
        "epoch=2.ckpt": 2.0
    }
    assert (files(old), files(new)) == (["epoch=0.ckpt", "epoch=1.ckpt"], ["epoch=2.ckpt"])


@pytest.mark.claim("built-in.checkpoint-resumed-elsewhere.silent")
def test_in_another_folder_nothing_is_said(trainer, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    kept(trainer, old, 3.0, 1.0, monitor="score", save_top_k=2)
    said, keeper = resumed(trainer, str(old / "epoch=1.ckpt"), new)
    assert [line for line in said if "dirpath has changed" in line] == []
    assert {os.path.basename(path): float(score) for path, score in keeper.best_k_models.items()} == {
        "epoch=2.ckpt": 2.0
    }
    assert (files(old), files(new)) == (["epoch=0.ckpt", "epoch=1.ckpt"], ["epoch=2.ckpt"])
