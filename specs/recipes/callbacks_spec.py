"""Callbacks of one's own do what those of Lightning do, from a hook and the history that the module keeps."""

import csv
import io

import pytest
import pytorch_lightning as pl
import torch

from fixtures.modules import same_weights, weights
from fixtures.recipe_callbacks import KeepBest, LearningCurve, ProgressLine, TableLogger
from fixtures.recipes import classified, classified_by_hand

TOO_HIGH = 0.45
"""With this learning rate the fourth of five epochs is the best."""


@pytest.mark.claim("recipe.own-progress-bar")
def test_a_line_for_every_epoch(device, trainer):
    stream = io.StringIO()
    history = classified(trainer, ProgressLine(stream)).history
    numbers = zip(history["loss"], history["val_loss"], history["val_accuracy"])
    assert stream.getvalue() == "".join(
        f"==> {epoch}/3 loss {loss:.3f} val_loss {val_loss:.3f} val_accuracy {accuracy:.3f}\n"
        for epoch, (loss, val_loss, accuracy) in enumerate(numbers, 1)
    )


@pytest.mark.claim("recipe.own-csv-logger")
def test_a_row_for_every_epoch(device, trainer, tmp_path):
    history = classified(trainer, TableLogger(tmp_path / "history.csv")).history
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.reader(file))
    numbers = [[str(cell) for cell in row] for row in zip(range(3), *history.values())]
    assert rows == [["epoch", "loss", "val_loss", "val_accuracy"], *numbers]


@pytest.mark.claim("recipe.own-model-checkpoint")
def test_the_weights_of_the_best_epoch_are_kept(device, trainer, tmp_path):
    losses = classified(trainer, KeepBest(tmp_path / "best.ckpt"), epochs=5, rate=TOO_HIGH).history["val_loss"]
    assert losses.index(min(losses)) == 3
    saved = torch.load(tmp_path / "best.ckpt", weights_only=False, map_location="cpu")["state_dict"]
    net, _ = classified_by_hand(device, epochs=4, rate=TOO_HIGH)
    assert same_weights({name[len("net.") :]: value for name, value in saved.items()}, weights(net))


@pytest.mark.claim("recipe.own-learning-curve")
def test_a_longer_curve_after_every_epoch(device, trainer):
    curve = LearningCurve()
    history = classified(trainer, curve).history
    points = list(zip(range(3), history["loss"], history["val_loss"]))
    assert curve.drawings == [points[:1], points[:2], points]


class Writing(pl.Callback):
    """Adds a number of its own to the history."""

    def on_validation_end(self, trainer, pl_module):
        pl_module.history.setdefault("extra", []).append(trainer.current_epoch)


class Reading(pl.Callback):
    """Notes how many numbers it finds of those that `Writing` adds."""

    def __init__(self):
        self.found = []

    def on_validation_end(self, trainer, pl_module):
        self.found.append(len(pl_module.history.get("extra", [])))


@pytest.mark.claim("recipe.callbacks-must-be-independent")
@pytest.mark.parametrize(("place", "found"), [(1, [1, 2, 3]), (0, [0, 1, 2])], ids=["after", "before"])
def test_what_is_found_of_another_callback_depends_on_the_list(place, found, device, trainer):
    reading, callbacks = Reading(), [Writing()]
    callbacks.insert(place, reading)
    classified(trainer, *callbacks)
    assert reading.found == found


@pytest.mark.claim("recipe.callbacks-must-be-independent")
def test_what_is_found_of_the_module_does_not(device, trainer):
    first, last = LearningCurve(), LearningCurve()
    classified(trainer, first, Writing(), last)
    assert first.drawings == last.drawings != []
