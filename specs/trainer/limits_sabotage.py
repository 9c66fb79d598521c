"""How to make the claims about limits, and about the number of epochs, false."""

import math
import warnings

from pytorch_lightning import Trainer
from pytorch_lightning.loops import evaluation_loop, fit_loop, prediction_loop, training_epoch_loop
from pytorch_lightning.trainer import setup
from pytorch_lightning.trainer import trainer as owner

from fixtures.calls import after
from fixtures.sabotage import sabotage

FitLoop, EpochLoop = fit_loop._FitLoop, training_epoch_loop._TrainingEpochLoop


def parsed(patch, parse):
    """Let `parse(length, limit, original)` say how many batches a limit leaves."""
    original = fit_loop._parse_num_batches
    for module in (fit_loop, evaluation_loop, prediction_loop):
        patch.setattr(
            module,
            "_parse_num_batches",
            lambda stage, length, limit: parse(length, limit, lambda: original(stage, length, limit)),
        )


@sabotage(
    "trainer.limit-train-batches",
    "trainer.limit-val-batches",
    "trainer.limit-test-batches",
    "trainer.limit-evaluation-batches",
)
def shares_are_rounded_up(patch):
    """A share of the batches is rounded up."""
    parsed(patch, lambda length, limit, so: math.ceil(length * limit) if isinstance(limit, float) else so())


@sabotage("trainer.limit-train-batches", "trainer.limit-evaluation-batches")
def one_is_everything(patch):
    """A limit of 1 is taken for all batches."""
    parsed(patch, lambda length, limit, so: length if limit == 1 else so())


@sabotage("trainer.limit-val-batches-nothing")
def nothing_is_one_batch(patch):
    """A limit of 0 leaves one batch to validate."""
    before = setup._determine_batch_limits
    patch.setattr(setup, "_determine_batch_limits", lambda value, name: 1 if value == 0 else before(value, name))


@sabotage("trainer.limit-out-of-range")
def any_limit_is_taken(patch):
    """Limits are not looked at."""
    patch.setattr(setup, "_determine_batch_limits", lambda value, name: 1.0 if value is None else value)


@sabotage("trainer.limit-too-small", "trainer.limit-too-small-to-train")
def no_batch_is_enough(patch):
    """A share of less than a batch leaves none."""
    parsed(patch, lambda length, limit, so: int(length * limit))


@sabotage("trainer.limit-of-unknown-length")
def a_share_of_a_stream_is_all_of_it(patch):
    """A limit of data without a length does not count."""
    parsed(patch, lambda length, limit, so: length)


@sabotage("trainer.val-check-interval-too-large")
def too_long_an_interval_is_cut(patch):
    """An interval longer than the epoch is taken for the whole epoch."""
    original = FitLoop.setup_data

    def setup_data(self):
        try:
            original(self)
        except ValueError:
            self.trainer.val_check_batch = self.max_batches

    patch.setattr(FitLoop, "setup_data", setup_data)


@sabotage("trainer.max-epochs")
def training_ends_after_two_epochs(patch):
    """The fit loop stops after its second epoch."""
    done = FitLoop.done.fget
    patch.setattr(FitLoop, "done", property(lambda self: done(self) or self.epoch_progress.current.processed == 2))


@sabotage("trainer.max-epochs-default")
def ten_epochs_by_default(patch):
    """Without max_epochs there are ten of them."""

    def limits(min_steps, max_steps, min_epochs, max_epochs, trainer):
        return min_epochs or 0, 10 if max_epochs is None else max_epochs

    patch.setattr(owner, "_parse_loop_limits", limits)


@sabotage("trainer.max-epochs-with-max-steps")
def a_thousand_epochs_even_with_max_steps(patch):
    """Without max_epochs there are 1000 of them, whatever max_steps is."""

    def limits(min_steps, max_steps, min_epochs, max_epochs, trainer):
        return min_epochs or 0, 1000 if max_epochs is None else max_epochs

    patch.setattr(owner, "_parse_loop_limits", limits)


@sabotage("trainer.min-epochs", "trainer.min-steps")
def training_ends_when_it_is_asked_to(patch):
    """The minimum is not looked at."""
    patch.setattr(FitLoop, "_can_stop_early", property(lambda self: True))


@sabotage("trainer.min-epochs-default")
def an_epoch_is_finished_always(patch):
    """Training does not end before one epoch is done."""
    patch.setattr(FitLoop, "_can_stop_early", property(lambda self: self.epoch_progress.current.processed >= 1))


@sabotage("trainer.check-val-every-n-epoch")
def validation_comes_an_epoch_early(patch):
    """The first epoch is validated, then every n-th after it."""

    def due(self):
        return self.trainer.enable_validation and self.trainer.current_epoch % self.trainer.check_val_every_n_epoch == 0

    patch.setattr(EpochLoop, "_should_check_val_epoch", due)


@sabotage("trainer.check-val-every-n-epoch.counted-in-batches")
def every_epoch_counts_anew(patch):
    """Batches are counted from the beginning of the epoch."""
    patch.setattr(EpochLoop, "total_batch_idx", property(lambda self: self.batch_idx))


@sabotage("trainer.sanity-check")
def nothing_is_checked(patch):
    """There is no sanity check."""
    patch.setattr(Trainer, "_run_sanity_check", lambda self: None)


def after_debugging_flags(patch, change):
    """Let Lightning call `change(trainer, its loggers so far)` once fast_dev_run has had its say."""
    original = setup._init_debugging_flags

    def init(trainer, *arguments, **named):
        loggers = trainer.loggers
        original(trainer, *arguments, **named)
        change(trainer, loggers)

    patch.setattr(setup, "_init_debugging_flags", init)


@sabotage("trainer.fast-dev-run")
def fast_runs_check_their_sanity(patch):
    """fast_dev_run leaves the sanity check on."""
    after_debugging_flags(patch, lambda trainer, loggers: setattr(trainer, "num_sanity_val_steps", 2))


@sabotage("trainer.fast-dev-run-interval")
def fast_runs_wait_for_their_epoch(patch):
    """fast_dev_run keeps check_val_every_n_epoch."""
    after_debugging_flags(patch, lambda trainer, loggers: setattr(trainer, "check_val_every_n_epoch", 2))


@sabotage("trainer.fast-dev-run-number")
def fast_runs_have_one_batch(patch):
    """fast_dev_run=n trains on one batch."""
    after_debugging_flags(patch, lambda trainer, loggers: setattr(trainer, "limit_train_batches", 1))


@sabotage("trainer.fast-dev-run-evaluation")
def fast_runs_predict_everything(patch):
    """fast_dev_run does not limit predictions."""
    after_debugging_flags(patch, lambda trainer, loggers: setattr(trainer, "limit_predict_batches", 1.0))


@sabotage("trainer.fast-dev-run-leaves-nothing")
def fast_runs_are_logged(patch):
    """fast_dev_run keeps the logger."""
    after_debugging_flags(patch, lambda trainer, loggers: setattr(trainer, "loggers", loggers))


@sabotage("trainer.validation-of-limited-stream")
def validation_follows_the_first_batch(patch):
    """Validation follows the first batch of an epoch."""
    patch.setattr(EpochLoop, "_should_check_val_fx", lambda self, data_fetcher: self.batch_idx == 0)


@sabotage("trainer.validation-of-limited-stream")
def a_limit_is_not_the_end_of_an_epoch(patch):
    """A limit ends an epoch without validation."""
    patch.setattr(EpochLoop, "_should_check_val_fx", lambda self, data_fetcher: False)


@sabotage("trainer.validation-of-short-stream.none")
def the_end_of_a_stream_is_the_end_of_its_epoch(patch):
    """Validation follows the last batch of a stream, whatever the limit."""

    def validate(self):
        if self.batch_progress.current.completed < self.trainer.limit_train_batches:
            self.trainer.validating = True
            self.val_loop.run()
            self.trainer.training = True

    after(patch, EpochLoop, "run", validate)


@sabotage("trainer.validation-of-short-stream.none")
def what_is_left_out_is_told(patch):
    """That there is no validation is warned of."""
    after(patch, EpochLoop, "run", lambda self: warnings.warn("There was no validation.", stacklevel=2))
