"""How to make the claims about EarlyStopping false."""

import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.loops import _FitLoop

from fixtures.rewriting import rewrite
from fixtures.sabotage import sabotage

CRITERIA = "_evaluate_stopping_criteria"
CHECK = "_run_early_stopping_check"


@sabotage("built-in.early-stopping-patience", "built-in.early-stopping-counts-validations")
def patience_lasts_one_longer(patch):
    """It waits once more than patience says."""
    rewrite(patch, EarlyStopping, CRITERIA, "self.wait_count >= self.patience", "self.wait_count > self.patience")


@sabotage("built-in.early-stopping-patience")
def equal_is_better(patch):
    """The same score again is an improvement."""
    patch.setattr(EarlyStopping, "mode_dict", {"min": torch.le, "max": torch.ge})


@sabotage("built-in.early-stopping-patience")
def the_count_goes_on_after_an_improvement(patch):
    """An improvement leaves wait_count as it is."""
    rewrite(patch, EarlyStopping, CRITERIA, "self.wait_count = 0", "pass")


@sabotage("built-in.early-stopping-improving")
def the_best_score_is_the_first(patch):
    """The best score is kept from the first epoch."""
    rewrite(
        patch,
        EarlyStopping,
        CRITERIA,
        "self.best_score = current",
        "self.best_score = torch.minimum(current, self.best_score) if self.wait_count else torch.tensor(5.0)",
    )


@sabotage("built-in.early-stopping-mode")
def lower_is_always_better(patch):
    """The mode is forgotten."""
    patch.setattr(EarlyStopping, "monitor_op", torch.lt)


@sabotage("built-in.early-stopping-mode-unknown")
def any_mode_will_do(patch):
    """A mode that nobody knows is taken for 'min'."""
    patch.setattr(EarlyStopping, "mode_dict", {**EarlyStopping.mode_dict, "lowest": torch.lt})


@sabotage("built-in.early-stopping-min-delta")
def any_difference_is_enough(patch):
    """min_delta is ignored."""
    rewrite(patch, EarlyStopping, CRITERIA, "current - self.min_delta", "current")


@sabotage("built-in.early-stopping-min-delta")
def exactly_min_delta_is_enough(patch):
    """An improvement by exactly min_delta counts."""
    rewrite(
        patch,
        EarlyStopping,
        CRITERIA,
        "self.monitor_op(current - self.min_delta, self.best_score.to(current.device))",
        "not self.monitor_op(self.best_score.to(current.device), current - self.min_delta)",
    )


@sabotage("built-in.early-stopping-threshold")
def the_threshold_itself_is_enough(patch):
    """A score that is equal to stopping_threshold stops the training."""
    before = "self.monitor_op(current, self.stopping_threshold)"
    rewrite(patch, EarlyStopping, CRITERIA, before, "not self.monitor_op(-current, -self.stopping_threshold)")


@sabotage("built-in.early-stopping-threshold")
def there_is_no_threshold(patch):
    """stopping_threshold is ignored."""
    rewrite(patch, EarlyStopping, CRITERIA, "self.stopping_threshold is not None", "False")


@sabotage("built-in.early-stopping-divergence")
def the_limit_itself_is_too_much(patch):
    """A score that is equal to divergence_threshold stops the training."""
    before = "self.monitor_op(-current, -self.divergence_threshold)"
    rewrite(patch, EarlyStopping, CRITERIA, before, "not self.monitor_op(current, self.divergence_threshold)")


@sabotage("built-in.early-stopping-divergence")
def nothing_is_divergence(patch):
    """divergence_threshold is ignored."""
    rewrite(patch, EarlyStopping, CRITERIA, "self.divergence_threshold is not None", "False")


@sabotage("built-in.early-stopping-finite")
def only_nan_is_not_finite(patch):
    """An infinite score is a score like any other."""
    rewrite(patch, EarlyStopping, CRITERIA, "not torch.isfinite(current)", "torch.isnan(current)")


@sabotage("built-in.early-stopping-finite")
def nan_always_stops(patch):
    """check_finite=False is ignored."""
    rewrite(patch, EarlyStopping, CRITERIA, "self.check_finite and", "")


@sabotage("built-in.early-stopping-strict")
def a_missing_metric_is_never_an_error(patch):
    """strict is ignored."""
    rewrite(patch, EarlyStopping, "_validate_condition_metric", "if self.strict:", "if False:")


@sabotage("built-in.early-stopping-strict")
def the_metrics_that_are_there_are_not_told(patch):
    """The error has no names of metrics."""
    rewrite(patch, EarlyStopping, "_validate_condition_metric", "list(logs.keys())", "[]")


@sabotage("built-in.early-stopping-fast-dev-run")
def fast_dev_runs_are_checked(patch):
    """A fast_dev_run is like any other run."""
    rewrite(patch, EarlyStopping, CHECK, "trainer.fast_dev_run or", "")


@sabotage("built-in.early-stopping-counts-validations")
def epochs_count(patch):
    """The check is made at the end of every epoch, however validation comes."""
    rewrite(patch, EarlyStopping, "setup", "trainer.check_val_every_n_epoch == 1", "True")


@sabotage("built-in.early-stopping-counts-validations")
def epochs_count_even_if_validation_comes_within(patch):
    """The check is made at the end of every epoch, however often validation comes."""
    rewrite(patch, EarlyStopping, "setup", "trainer.val_check_interval == 1.0", "True")


@sabotage("built-in.early-stopping-moment")
def validation_is_the_moment(patch):
    """The check is made at the end of validation."""
    rewrite(patch, EarlyStopping, "setup", "trainer.val_check_interval == 1.0", "False")


@sabotage("built-in.early-stopping-moment-chosen")
def the_moment_is_not_for_choice(patch):
    """check_on_train_epoch_end is overwritten by what would be the default."""
    rewrite(patch, EarlyStopping, "setup", "self._check_on_train_epoch_end is None", "True")


@sabotage("built-in.early-stopping-only-in-fit")
def the_sanity_check_counts(patch):
    """The check is made in the sanity check as well."""
    rewrite(patch, EarlyStopping, "_should_skip_check", "or trainer.sanity_checking", "")


@sabotage("built-in.early-stopping-only-in-fit")
def validate_counts(patch):
    """The check is made in trainer.validate as well."""
    rewrite(patch, EarlyStopping, "_should_skip_check", "trainer.state.fn != TrainerFn.FITTING or", "")


@sabotage("built-in.early-stopping-min-epochs", "built-in.early-stopping-min-epochs-remembered")
def min_epochs_is_no_limit(patch):
    """A training can be stopped before min_epochs."""
    patch.setattr(_FitLoop, "_can_stop_early", True)


@sabotage("built-in.early-stopping-min-epochs-remembered")
def the_wish_to_stop_is_forgotten(patch):
    """An improvement takes back the wish to stop."""
    rewrite(patch, EarlyStopping, CHECK, "trainer.should_stop or should_stop", "should_stop")


@sabotage("built-in.early-stopping-verbose")
def every_one_is_verbose(patch):
    """verbose=False is ignored."""
    rewrite(patch, EarlyStopping, CHECK, "reason and self.verbose", "reason")


@sabotage("built-in.early-stopping-verbose")
def the_difference_is_not_told(patch):
    """Every improvement is reported like the first."""
    rewrite(patch, EarlyStopping, "_improvement_message", "torch.isfinite(self.best_score)", "False")


@sabotage("built-in.early-stopping-reason")
def the_reason_is_always_patience(patch):
    """Whatever ended the training, it is put down to patience."""
    rewrite(patch, EarlyStopping, CRITERIA, "EarlyStoppingReason.NON_FINITE_METRIC", "EarlyStoppingReason(1)")


@sabotage("built-in.early-stopping-reason")
def there_is_no_message(patch):
    """stopping_reason_message is not set."""
    rewrite(patch, EarlyStopping, CHECK, "self.stopping_reason_message = reason", "pass")


@sabotage("built-in.early-stopping-state")
def the_count_is_not_saved(patch):
    """The state has a wait_count of 0."""
    rewrite(patch, EarlyStopping, "state_dict", '"wait_count": self.wait_count', '"wait_count": 0')


@sabotage("built-in.early-stopping-state-key")
def the_key_has_no_mode(patch):
    """The state's key names the metric alone."""
    rewrite(patch, EarlyStopping, "state_key", ", mode=self.mode", "")


@sabotage("built-in.early-stopping-resumed")
def patience_is_that_of_the_new_run(patch):
    """The patience of the checkpoint is not taken over."""
    rewrite(patch, EarlyStopping, "load_state_dict", 'self.patience = state_dict["patience"]', "pass")


@sabotage("built-in.early-stopping-resumed")
def counting_begins_anew(patch):
    """wait_count is not taken over."""
    rewrite(patch, EarlyStopping, "load_state_dict", 'self.wait_count = state_dict["wait_count"]', "pass")


@sabotage("built-in.early-stopping-strict-verbose")
def missing_metrics_are_never_told(patch):
    """verbose does not matter for a metric that is not there."""
    rewrite(patch, EarlyStopping, "_validate_condition_metric", "if self.verbose > 0:", "if False:")
