"""Which checkpoints ModelCheckpoint keeps, and which of them it calls the best."""

import math
import os
import re

import pytest
import pytorch_lightning as pl
import torch

from fixtures.dialects.release import parameters
from fixtures.modules import same_weights, weights
from fixtures.scores import built_in, files, kept, scored
from fixtures.steps import everything_said
from ledger.plugin.outcomes import Untested

SCORES = (3.0, 1.0, 2.0, 4.0, 0.5)
name = os.path.basename


@pytest.mark.claim("built-in.checkpoint-newest")
def test_without_a_metric_only_the_newest_is_kept(trainer, tmp_path):
    module, keeper = kept(trainer, tmp_path / "kept", *SCORES)
    assert module.saved == [2, 4, 6, 8, 10]
    assert files(tmp_path / "kept") == ["epoch=4.ckpt"]
    assert keeper.best_model_path == str(tmp_path / "kept" / "epoch=4.ckpt")
    assert keeper.best_k_models == {}


@pytest.mark.claim("built-in.checkpoint-all-or-nothing")
@pytest.mark.parametrize(("top", "numbers"), [(-1, [0, 1, 2]), (0, [])])
@pytest.mark.parametrize("monitor", ["score", None])
def test_minus_one_keeps_all_and_zero_none(trainer, tmp_path, monitor, top, numbers):
    module, _ = kept(trainer, tmp_path / "kept", 2.0, 3.0, 1.0, save_top_k=top, monitor=monitor)
    assert module.saved == [2 * number + 2 for number in numbers]
    assert files(tmp_path / "kept") == [f"epoch={number}.ckpt" for number in numbers]


@pytest.mark.claim("built-in.checkpoint-top-k")
@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_best_so_many_are_kept_and_the_best_of_them_is_known(trainer, tmp_path, mode):
    sign = {"min": 1, "max": -1}[mode]
    scores = [sign * score for score in SCORES]
    module, keeper = kept(trainer, tmp_path / "kept", *scores, monitor="score", save_top_k=2, mode=mode)
    assert module.saved == [2, 4, 6, 10]
    assert files(tmp_path / "kept") == ["epoch=1.ckpt", "epoch=4.ckpt"]
    assert {name(path): float(score) for path, score in keeper.best_k_models.items()} == {
        "epoch=1.ckpt": sign * 1.0,
        "epoch=4.ckpt": sign * 0.5,
    }
    assert (name(keeper.best_model_path), float(keeper.best_model_score)) == ("epoch=4.ckpt", sign * 0.5)
    assert (name(keeper.kth_best_model_path), float(keeper.kth_value)) == ("epoch=1.ckpt", sign * 1.0)


@pytest.mark.claim("built-in.checkpoint-top-k")
def test_where_all_are_kept_the_worst_is_known_as_well(trainer, tmp_path):
    _, keeper = kept(trainer, tmp_path / "kept", *SCORES, monitor="score", save_top_k=-1, mode="min")
    assert (name(keeper.best_model_path), name(keeper.kth_best_model_path)) == ("epoch=4.ckpt", "epoch=3.ckpt")
    assert (len(keeper.best_k_models), float(keeper.kth_value)) == (5, 4.0)


@pytest.mark.claim("built-in.checkpoint-top-k")
def test_an_equal_score_replaces_nothing(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", 1.0, 1.0, monitor="score", save_top_k=1, mode="min")
    assert (module.saved, files(tmp_path / "kept")) == ([2], ["epoch=0.ckpt"])


@pytest.mark.claim("built-in.checkpoint-nan")
@pytest.mark.parametrize(("mode", "worst"), [("min", math.inf), ("max", -math.inf)])
def test_nan_is_the_worst_of_all_scores(trainer, tmp_path, mode, worst):
    options = {"monitor": "score", "mode": mode, "save_top_k": 2}
    _, keeper = kept(trainer, tmp_path / "kept", math.nan, 1.0, 2.0, 3.0, **options)
    assert (
        files(tmp_path / "kept")
        == {"min": ["epoch=1.ckpt", "epoch=2.ckpt"], "max": ["epoch=2.ckpt", "epoch=3.ckpt"]}[mode]
    )
    _, keeper = kept(trainer, tmp_path / "all", math.nan, 1.0, **{**options, "save_top_k": -1})
    assert [float(score) for score in keeper.best_k_models.values()] == [worst, 1.0]
    assert name(keeper.best_model_path) == "epoch=1.ckpt"


class Remembers(pl.Callback):
    """Keeps a copy of the weights after every epoch."""

    def __init__(self):
        self.weights = []

    def on_train_epoch_end(self, trainer, pl_module, *unused):
        self.weights.append(weights(pl_module))


@pytest.mark.claim("built-in.checkpoint-best-weights")
def test_the_best_checkpoint_has_the_weights_of_the_best_epoch(trainer, tmp_path):
    remembers = Remembers()
    keeper = built_in("ModelCheckpoint", dirpath=str(tmp_path / "kept"), monitor="score", mode="min")
    scored(trainer, [remembers, keeper], 3.0, 1.0, 2.0)
    saved = torch.load(keeper.best_model_path, weights_only=False, map_location="cpu")["state_dict"]
    assert [same_weights(saved, of_epoch) for of_epoch in remembers.weights] == [False, True, False]


@pytest.mark.claim("built-in.checkpoint-last")
def test_last_is_a_copy_of_what_was_saved_last(trainer, tmp_path):
    module, keeper = kept(trainer, tmp_path / "kept", *SCORES[:3], monitor="score", save_top_k=-1, save_last=True)
    assert files(tmp_path / "kept") == ["epoch=0.ckpt", "epoch=1.ckpt", "epoch=2.ckpt", "last.ckpt"]
    assert keeper.last_model_path == str(tmp_path / "kept" / "last.ckpt")
    last = torch.load(keeper.last_model_path, weights_only=False, map_location="cpu")
    assert last["global_step"] == module.batches
    assert same_weights(last["state_dict"], weights(module))


def steps_of_last(trainer, folder, *scores, **options):
    """At which step last.ckpt was saved; one epoch has two."""
    _, keeper = kept(trainer, folder, *scores, save_last=True, **options)
    assert "last.ckpt" in files(folder)
    return torch.load(keeper.last_model_path, weights_only=False)["global_step"]


@pytest.mark.claim("built-in.checkpoint-last-with-others")
def test_last_is_only_written_together_with_another(trainer, tmp_path):
    assert steps_of_last(trainer, tmp_path / "best", 1.0, 2.0, 3.0, monitor="score", mode="min") == 2
    options = {"monitor": "score", "save_top_k": -1, "every_n_epochs": 2}
    assert steps_of_last(trainer, tmp_path / "second", 3.0, 2.0, 1.0, **options) == 4
    options["save_on_train_epoch_end"] = False
    assert steps_of_last(trainer, tmp_path / "validated", 3.0, 2.0, 1.0, **options) == 4


@pytest.mark.claim("built-in.checkpoint-last-with-others.every-epoch")
def test_last_is_written_whatever_else_is_saved(trainer, tmp_path):
    assert steps_of_last(trainer, tmp_path / "best", 1.0, 2.0, 3.0, monitor="score", mode="min") == 6


@pytest.mark.claim("built-in.checkpoint-last-alone")
def test_with_nothing_else_to_save_last_is_saved_once_at_the_end(trainer, tmp_path):
    module, keeper = kept(trainer, tmp_path / "kept", *SCORES, save_top_k=0, save_last=True)
    assert (module.saved, files(tmp_path / "kept")) == ([10], ["last.ckpt"])


@pytest.mark.claim("built-in.checkpoint-last-alone.every-epoch")
def test_with_nothing_else_to_save_last_is_saved_every_epoch(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", *SCORES, save_top_k=0, save_last=True)
    assert (module.saved[:5], files(tmp_path / "kept")) == ([2, 4, 6, 8, 10], ["last.ckpt"])


@pytest.mark.claim("built-in.checkpoint-last-alone.nothing")
def test_with_nothing_else_to_save_not_even_last_is_saved(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", *SCORES, save_top_k=0, save_last=True)
    assert (module.saved, files(tmp_path / "kept")) == ([], [])


@pytest.mark.claim("built-in.checkpoint-last-link")
def test_last_can_be_a_link_to_the_newest(trainer, tmp_path):
    if "link" not in str(parameters(pl.callbacks.ModelCheckpoint.__init__)["save_last"].annotation):
        raise Untested("save_last is a switch, and nothing else")
    options = {"monitor": "score", "mode": "min", "save_top_k": 2, "save_last": "link"}
    module, keeper = kept(trainer, tmp_path / "kept", *SCORES[:4], **options)
    assert (module.saved, files(tmp_path / "kept")) == ([2, 4, 6], ["epoch=1.ckpt", "epoch=2.ckpt", "last.ckpt"])
    assert os.path.islink(keeper.last_model_path)
    assert os.readlink(keeper.last_model_path) == "epoch=2.ckpt"
    _, keeper = kept(trainer, tmp_path / "one", *SCORES[:2], save_last="link")
    assert os.readlink(keeper.last_model_path) == "epoch=1.ckpt"


def said_of_scores(trainer, folder, verbose):
    """Messages about the best two of three scores, without quotes; before 1.6 steps were counted from 0."""
    with everything_said() as said:
        kept(trainer, folder, 2.0, 1.0, 3.0, monitor="score", mode="min", save_top_k=2, verbose=verbose)
    lines = [re.sub("global step [0-9]+", "global step", line) for line in said if "global step" in line]
    return [line.replace("'", "").replace('"', "").strip() for line in lines]


def saves(folder):
    return [
        "Epoch 0, global step: score reached 2.00000 (best 2.00000),"
        f" saving model to {folder / 'epoch=0.ckpt'} as top 2",
        "Epoch 1, global step: score reached 1.00000 (best 1.00000),"
        f" saving model to {folder / 'epoch=1.ckpt'} as top 2",
    ]


@pytest.mark.claim("built-in.checkpoint-verbose")
def test_it_says_of_every_score_whether_it_is_among_the_best(trainer, tmp_path):
    assert said_of_scores(trainer, tmp_path / "kept", verbose=True) == [
        *saves(tmp_path / "kept"),
        "Epoch 2, global step: score was not in top 2",
    ]
    assert said_of_scores(trainer, tmp_path / "quiet", verbose=False) == []


@pytest.mark.claim("built-in.checkpoint-verbose.saves-only")
def test_it_says_only_what_it_saves(trainer, tmp_path):
    assert said_of_scores(trainer, tmp_path / "kept", verbose=True) == saves(tmp_path / "kept")


@pytest.mark.claim("built-in.checkpoint-verbose.silent")
def test_it_says_nothing_of_scores(trainer, tmp_path):
    assert said_of_scores(trainer, tmp_path / "kept", verbose=True) == []


@pytest.mark.claim("built-in.checkpoint-best-k-as-yaml")
def test_the_scores_of_the_best_can_be_written_as_yaml(trainer, tmp_path):
    _, keeper = kept(trainer, tmp_path / "kept", *SCORES, monitor="score", mode="min", save_top_k=2)
    keeper.to_yaml()
    folder = tmp_path / "kept"
    lines = (folder / "best_k_models.yaml").read_text().splitlines()
    assert lines == [f"{folder / 'epoch=1.ckpt'}: 1.0", f"{folder / 'epoch=4.ckpt'}: 0.5"]
