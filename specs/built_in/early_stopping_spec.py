"""When EarlyStopping ends a training, and what it knows then."""

import math

import pytest
import pytorch_lightning as pl
import torch

from fixtures.scores import built_in, scored
from fixtures.steps import everything_said

FALLING_AND_RISING = (3.0, 2.0, 2.5, 1.0, 1.5, 1.25, 0.5, 0.75, 1.0, 2.0, 3.0)


def negated(scores):
    return [-score for score in scores]


def stops(trainer, *scores, batches=2, fit_options=(), **options):
    """Epochs that were begun, then stopped_epoch, wait_count and best_score of the callback."""
    stopping = built_in("EarlyStopping", **{"monitor": "score", "mode": "min", **options})
    module = scored(trainer, stopping, *scores, batches=batches, **dict(fit_options))
    return module.batches / batches, stopping.stopped_epoch, stopping.wait_count, float(stopping.best_score)


@pytest.mark.claim("built-in.early-stopping-patience")
@pytest.mark.parametrize(
    ("patience", "epochs", "best"),
    [(1, 3, 2.0), (2, 6, 1.0), (3, 10, 0.5)],
)
def test_it_stops_after_so_many_epochs_in_a_row_without_improvement(trainer, patience, epochs, best):
    assert stops(trainer, *FALLING_AND_RISING, patience=patience) == (epochs, epochs - 1, patience, best)


@pytest.mark.claim("built-in.early-stopping-patience")
def test_the_same_score_again_is_no_improvement(trainer):
    assert stops(trainer, 1.0, 1.0, 1.0, 0.5, patience=2) == (3, 2, 2, 1.0)


@pytest.mark.claim("built-in.early-stopping-improving")
def test_it_does_not_stop_while_every_epoch_is_an_improvement(trainer):
    stopping = built_in("EarlyStopping", monitor="score", mode="min", patience=1)
    module = scored(trainer, stopping, 5.0, 4.0, 3.0, 2.0)
    assert (module.batches, module.trainer.should_stop) == (4 * 2, False)
    assert (stopping.stopped_epoch, stopping.wait_count, float(stopping.best_score)) == (0, 0, 2.0)


@pytest.mark.claim("built-in.early-stopping-mode")
def test_in_mode_max_higher_is_better(trainer):
    assert stops(trainer, *negated(FALLING_AND_RISING), patience=2, mode="max") == (6, 5, 2, -1.0)
    assert stops(trainer, *FALLING_AND_RISING, patience=1, mode="max") == (2, 1, 1, 3.0)


@pytest.mark.claim("built-in.early-stopping-mode-unknown")
def test_no_other_mode_is_known(device):
    with pytest.raises(Exception, match="mode") as raised:
        built_in("EarlyStopping", monitor="score", mode="lowest")
    assert str(raised.value) == "`mode` can be min, max, got lowest"


@pytest.mark.claim("built-in.early-stopping-mode-unknown.auto")
def test_mode_auto_goes_by_the_name_of_the_metric(device):
    modes = [built_in("EarlyStopping", monitor=monitor, mode="auto").mode for monitor in ("score", "loss", "acc")]
    assert modes == ["min", "min", "max"]


@pytest.mark.claim("built-in.early-stopping-min-delta")
@pytest.mark.parametrize("mode", ["min", "max"])
def test_an_improvement_counts_only_beyond_min_delta(trainer, mode):
    sign = {"min": 1, "max": -1}[mode]
    scores = [sign * score for score in (2.0, 1.75, 1.5, 1.25)]
    assert stops(trainer, *scores, patience=1, min_delta=0.25, mode=mode) == (2, 1, 1, sign * 2.0)
    assert stops(trainer, *scores, patience=2, min_delta=0.25, mode=mode) == (4, 0, 1, sign * 1.5)


@pytest.mark.claim("built-in.early-stopping-threshold")
def test_it_stops_once_the_score_is_better_than_the_threshold(trainer):
    scores = (3.0, 1.0, 0.5, 0.25)
    assert stops(trainer, *scores, stopping_threshold=1.0) == (3, 2, 0, 1.0)
    assert stops(trainer, *negated(scores), stopping_threshold=-1.0, mode="max") == (3, 2, 0, -1.0)


@pytest.mark.claim("built-in.early-stopping-divergence")
def test_it_stops_once_the_score_is_worse_than_the_threshold(trainer):
    scores = (3.0, 4.0, 4.5, 1.0)
    assert stops(trainer, *scores, divergence_threshold=4.0) == (3, 2, 1, 3.0)
    assert stops(trainer, *negated(scores), divergence_threshold=-4.0, mode="max") == (3, 2, 1, -3.0)


@pytest.mark.claim("built-in.early-stopping-finite")
@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_it_stops_at_once_where_the_score_is_not_finite(trainer, score):
    assert stops(trainer, 2.0, score, 1.0, check_finite=True) == (2, 1, 0, 2.0)
    assert stops(trainer, 2.0, score, 1.0) == (2, 1, 0, 2.0)


@pytest.mark.claim("built-in.early-stopping-finite")
def test_otherwise_nan_is_no_improvement(trainer):
    assert stops(trainer, 2.0, math.nan, 1.0, 3.0, check_finite=False, patience=2) == (4, 0, 1, 1.0)


@pytest.mark.claim("built-in.early-stopping-strict")
def test_a_metric_that_is_not_there_is_an_error_that_names_those_that_are(trainer):
    with torch.enable_grad(), pytest.raises(RuntimeError) as raised:
        stops(trainer, 2.0, 1.0, monitor="missing")
    assert str(raised.value) == (
        "Early stopping conditioned on metric `missing` which is not available."
        " Pass in or modify your `EarlyStopping` callback to use any of the following: `score`"
    )


@pytest.mark.claim("built-in.early-stopping-strict")
def test_otherwise_training_goes_on_without_a_check(trainer):
    assert stops(trainer, 1.0, 2.0, 3.0, monitor="missing", strict=False, patience=1) == (3, 0, 0, math.inf)


@pytest.mark.claim("built-in.early-stopping-strict-verbose")
@pytest.mark.parametrize("verbose", [True, False])
def test_then_it_warns_if_it_is_to_be_verbose(trainer, verbose):
    with everything_said() as said:
        stops(trainer, 1.0, monitor="missing", strict=False, verbose=verbose)
    warned = {line.split(" Pass in")[0] for line in said if "missing" in line}
    assert warned == ({"Early stopping conditioned on metric `missing` which is not available."} if verbose else set())


@pytest.mark.claim("built-in.early-stopping-fast-dev-run")
def test_a_fast_dev_run_is_not_stopped(trainer):
    fast = {"fast_dev_run": True, "max_epochs": 1}
    assert stops(trainer, 1.0, batches=1, fit_options=fast) == (1, 0, 0, math.inf)
    assert stops(trainer, 1.0, batches=1, fit_options=fast, monitor="missing") == (1, 0, 0, math.inf)


@pytest.mark.claim("built-in.early-stopping-fast-dev-run.checked")
def test_a_fast_dev_run_is_checked_as_any_other(trainer):
    fast = {"fast_dev_run": True, "max_epochs": 1}
    assert stops(trainer, 1.0, batches=1, fit_options=fast)[3] == 1.0


@pytest.mark.claim("built-in.early-stopping-counts-validations")
def test_every_validation_within_an_epoch_counts_and_stops_right_there(trainer):
    twice = {"val_check_interval": 2, "max_epochs": 2}
    epochs, stopped, *_ = stops(trainer, 1.0, 2.0, 3.0, 4.0, batches=4, fit_options=twice, patience=2)
    assert (epochs, stopped) == (1.5, 1)


@pytest.mark.claim("built-in.early-stopping-counts-validations")
def test_epochs_without_validation_do_not_count(trainer):
    every_second = {"check_val_every_n_epoch": 2, "max_epochs": 9}
    found = stops(trainer, 1.0, 2.0, 3.0, 4.0, fit_options=every_second, patience=2, strict=False)
    assert found == (6, 5, 2, 1.0)


@pytest.mark.claim("built-in.early-stopping-counts-validations.epochs")
def test_epochs_of_training_count_and_validations_do_not(trainer):
    twice = {"val_check_interval": 2, "max_epochs": 2}
    epochs, stopped, *_ = stops(trainer, 1.0, 2.0, 3.0, 4.0, batches=4, fit_options=twice, patience=2)
    assert (epochs, stopped) == (2.0, 0)
    every_second = {"check_val_every_n_epoch": 2, "max_epochs": 9}
    found = stops(trainer, 1.0, 2.0, 3.0, 4.0, fit_options=every_second, patience=2, strict=False)
    assert found == (4, 3, 2, 1.0)


class Watches(pl.Callback):
    """Notes at the end of every epoch of training what another callback counted so far."""

    def __init__(self, other):
        self.other, self.counted = other, []

    def on_train_epoch_end(self, trainer, pl_module, *unused):
        self.counted.append(self.other.wait_count)


def counted_at_epoch_ends(trainer, **options):
    """What the callback had counted in its wait_count at the end of each of three epochs, none of which is better."""
    stopping = built_in("EarlyStopping", monitor="score", mode="min", patience=5, **options)
    watches = Watches(stopping)
    scored(trainer, [watches, stopping], 1.0, 2.0, 3.0)
    assert stopping.wait_count == 2
    return watches.counted


@pytest.mark.claim("built-in.early-stopping-moment")
def test_the_check_is_made_at_the_end_of_the_epoch_of_training(trainer):
    assert counted_at_epoch_ends(trainer) == [0, 0, 1]


@pytest.mark.claim("built-in.early-stopping-moment.validation")
def test_the_check_is_made_at_the_end_of_validation(trainer):
    assert counted_at_epoch_ends(trainer) == [0, 1, 2]


@pytest.mark.claim("built-in.early-stopping-moment-chosen")
def test_the_moment_can_be_chosen(trainer):
    assert counted_at_epoch_ends(trainer, check_on_train_epoch_end=False) == [0, 1, 2]
    options = {"check_on_train_epoch_end": True, "patience": 1, "batches": 4, "fit_options": {"val_check_interval": 2}}
    assert stops(trainer, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, **options) == (2, 1, 1, 2.0)


@pytest.mark.claim("built-in.early-stopping-only-in-fit")
def test_neither_sanity_check_nor_validate_counts(trainer):
    stopping = built_in("EarlyStopping", monitor="score", patience=1, check_on_train_epoch_end=False)
    module = scored(trainer, stopping, math.nan, 3.0, 2.0, 9.0, max_epochs=2, num_sanity_val_steps=1)
    module.trainer.validate(module, module.trainer.val_dataloaders, verbose=False)
    assert (module.batches, module.validated) == (2 * 2, 4)
    assert (stopping.stopped_epoch, stopping.wait_count, float(stopping.best_score)) == (0, 0, 2.0)


WORSE = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
WORSE_ONCE = (2.0, 3.0, 1.0, 0.5, 0.25, 0.125)


def epochs_of_at_least_four(trainer, scores):
    return stops(trainer, *scores, patience=1, fit_options={"min_epochs": 4})[0]


@pytest.mark.claim("built-in.early-stopping-min-epochs")
def test_it_cannot_stop_before_min_epochs(trainer):
    assert epochs_of_at_least_four(trainer, WORSE) == 4


@pytest.mark.claim("built-in.early-stopping-min-epochs.one-early")
def test_it_stops_one_epoch_before_min_epochs(trainer):
    assert epochs_of_at_least_four(trainer, WORSE) == 3
    assert epochs_of_at_least_four(trainer, WORSE_ONCE) == 3


@pytest.mark.claim("built-in.early-stopping-min-epochs.within-an-epoch")
def test_it_stops_one_epoch_before_or_in_the_middle_of_one_after(trainer):
    assert epochs_of_at_least_four(trainer, WORSE) == 3
    assert epochs_of_at_least_four(trainer, WORSE_ONCE) == 5.5


@pytest.mark.claim("built-in.early-stopping-min-epochs-remembered")
def test_then_it_stops_there_even_if_the_score_has_improved_since(trainer):
    assert epochs_of_at_least_four(trainer, WORSE_ONCE) == 4


@pytest.mark.claim("built-in.early-stopping-min-epochs-remembered.forgotten")
def test_if_the_score_has_improved_since_training_goes_on(trainer):
    assert epochs_of_at_least_four(trainer, WORSE_ONCE) == 6
