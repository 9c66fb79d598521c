"""What EarlyStopping says and keeps: messages, reasons, and its state in a checkpoint."""

import math

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.scores import Scored, built_in, scored
from fixtures.steps import everything_said
from ledger.plugin.outcomes import Untested


def stopping_on(**options):
    return built_in("EarlyStopping", **{"monitor": "score", "mode": "min", **options})


def said_about_scores(trainer, **options):
    with everything_said() as said:
        scored(trainer, stopping_on(**options), 2.0, 1.5, 1.75, 1.375, 0.0)
    return [line for line in said if line.startswith(("Metric", "Monitored"))]


@pytest.mark.claim("built-in.early-stopping-verbose")
def test_it_says_every_improvement_and_why_it_stops(trainer):
    assert said_about_scores(trainer, patience=2, min_delta=0.125, verbose=True) == [
        "Metric score improved. New best score: 2.000",
        "Metric score improved by 0.500 >= min_delta = 0.125. New best score: 1.500",
        "Monitored metric score did not improve in the last 2 records. Best score: 1.500. Signaling Trainer to stop.",
    ]


@pytest.mark.claim("built-in.early-stopping-verbose")
def test_otherwise_it_says_nothing(trainer):
    assert said_about_scores(trainer, patience=1) == []


@pytest.mark.claim("built-in.early-stopping-verbose.silent")
def test_it_says_nothing_of_improvements_nor_of_its_stop(trainer):
    assert said_about_scores(trainer, patience=1, verbose=True) == []


REASONS = [
    ((2.0, 1.0), {}, "NOT_STOPPED", None),
    (
        (1.0, 2.0, 3.0),
        {"patience": 2},
        "PATIENCE_EXHAUSTED",
        "Monitored metric score did not improve in the last 2 records. Best score: 1.000. Signaling Trainer to stop.",
    ),
    (
        (1.0, 0.5),
        {"stopping_threshold": 0.75},
        "STOPPING_THRESHOLD",
        "Stopping threshold reached: score = 0.5 < 0.75. Signaling Trainer to stop.",
    ),
    (
        (1.0, 2.0),
        {"divergence_threshold": 1.5},
        "DIVERGENCE_THRESHOLD",
        "Divergence threshold reached: score = 2.0 < 1.5. Signaling Trainer to stop.",
    ),
    (
        (1.0, math.nan),
        {},
        "NON_FINITE_METRIC",
        "Monitored metric score = nan is not finite. Previous best value was 1.000. Signaling Trainer to stop.",
    ),
]


@pytest.mark.claim("built-in.early-stopping-reason")
@pytest.mark.parametrize(("scores", "options", "reason", "message"), REASONS)
def test_it_knows_afterwards_why_it_stopped(trainer, scores, options, reason, message):
    stopping = stopping_on(**options)
    if not hasattr(stopping, "stopping_reason"):
        raise Untested("EarlyStopping does not tell why it stopped")
    scored(trainer, stopping, *scores)
    assert (stopping.stopping_reason.name, stopping.stopping_reason_message) == (reason, message)


def saved_after_three(trainer, folder):
    """A checkpoint after three epochs, the last two of them without an improvement."""
    path = str(folder / "three.ckpt")
    scored(trainer, stopping_on(patience=5), 1.0, 2.0, 3.0).trainer.save_checkpoint(path)
    return path


def saved_states(trainer, folder):
    return torch.load(saved_after_three(trainer, folder), weights_only=False, map_location="cpu")["callbacks"]


@pytest.mark.claim("built-in.early-stopping-state")
def test_counts_best_score_and_patience_are_in_the_checkpoint(trainer, tmp_path):
    states = saved_states(trainer, tmp_path)
    (state,) = states.values()
    kept = {name: state[name] for name in ("wait_count", "stopped_epoch", "best_score", "patience")}
    assert kept == {"wait_count": 2, "stopped_epoch": 0, "best_score": 1.0, "patience": 5}


@pytest.mark.claim("built-in.early-stopping-state-key")
def test_they_are_there_under_the_metric_and_the_mode(trainer, tmp_path):
    assert list(saved_states(trainer, tmp_path)) == ["EarlyStopping{'monitor': 'score', 'mode': 'min'}"]


@pytest.mark.claim("built-in.early-stopping-state-key.class")
def test_they_are_there_under_the_class(trainer, tmp_path):
    assert list(saved_states(trainer, tmp_path)) == [pl.callbacks.EarlyStopping]


@pytest.mark.claim("built-in.early-stopping-resumed")
def test_a_run_that_resumes_counts_on(trainer, tmp_path):
    path = saved_after_three(trainer, tmp_path)
    stopping, module = stopping_on(patience=99), Scored(4.0, 5.0, 6.0, 7.0, 8.0)
    made = trainer(max_epochs=8, num_sanity_val_steps=0, callbacks=[stopping])
    fit(made, module, train=regression_loader(4), val=regression_loader(2), ckpt_path=path)
    assert (module.batches, stopping.stopped_epoch) == (3 * 2, 5)
    assert (stopping.wait_count, stopping.patience, float(stopping.best_score)) == (5, 5, 1.0)
