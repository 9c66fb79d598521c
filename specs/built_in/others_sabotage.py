"""How to make the claims about other callbacks false."""

from pytorch_lightning import callbacks
from pytorch_lightning.callbacks import stochastic_weight_avg
from pytorch_lightning.tuner import batch_size_scaling

from fixtures.calls import skip
from fixtures.rewriting import rewrite
from fixtures.sabotage import sabotage


@sabotage("built-in.accumulation-scheduler")
def the_change_comes_an_epoch_late(patch):
    """The number of batches changes an epoch after it should."""
    cls = callbacks.GradientAccumulationScheduler
    rewrite(patch, cls, "get_accumulate_grad_batches", "epoch >= iter_epoch", "epoch > iter_epoch or not iter_epoch")


def planned(patch, change):
    """Let GradientAccumulationScheduler follow what `change` makes of the plan that it is given."""
    cls = callbacks.GradientAccumulationScheduler
    original = cls.__init__
    patch.setattr(cls, "__init__", lambda self, scheduling: original(self, change(scheduling)))


@sabotage("built-in.accumulation-scheduler-refused")
def a_step_of_no_batches_is_one_of_each(patch):
    """A number of batches below 1 is taken as 1."""
    planned(patch, lambda plan: {epoch: 1 if batches in (0, -1) else batches for epoch, batches in plan.items()})


@sabotage("built-in.accumulation-scheduler-refused")
def an_epoch_before_the_first_is_the_first(patch):
    """An epoch below 0 is taken as 0."""
    planned(patch, lambda plan: {0 if epoch == -1 else epoch: batches for epoch, batches in plan.items()})


@sabotage("built-in.accumulation-scheduler-refused")
def an_empty_plan_changes_nothing(patch):
    """A plan without any epoch makes a step of every batch."""
    planned(patch, lambda plan: plan or {0: 1})


@sabotage("built-in.accumulation-scheduler-beside")
def nobody_minds_two_plans(patch):
    """What the Trainer was told of accumulation is not looked at when the training starts."""
    patch.setattr(callbacks.GradientAccumulationScheduler, "on_train_start", lambda self, trainer, module: None)


@sabotage("built-in.learning-rates-metrics")
def rates_go_to_the_logger_only(patch):
    """What a LearningRateMonitor finds is not put among the metrics."""
    rewrite(patch, callbacks.LearningRateMonitor, "_extract_stats", "trainer.callback_metrics.update(", "dict(")


@sabotage("built-in.swa-average")
def the_newest_weights_are_taken(patch):
    """The average is what came last."""
    patch.setattr(callbacks.StochasticWeightAveraging, "avg_fn", staticmethod(lambda average, newest, count: newest))


@sabotage("built-in.swa-average")
def the_first_epoch_is_averaged_as_well(patch):
    """The average begins an epoch early."""
    patch.setattr(callbacks.StochasticWeightAveraging, "swa_start", 0)


def annealed(patch, **options):
    """Let StochasticWeightAveraging make torch's schedule with these options in the place of its own."""
    schedule = stochastic_weight_avg.SWALR
    patch.setattr(stochastic_weight_avg, "SWALR", lambda *args, **kwargs: schedule(*args, **{**kwargs, **options}))


@sabotage("built-in.swa-rates")
def the_learning_rate_falls_along_a_cosine(patch):
    """What is said of the way to swa_lrs is ignored."""
    annealed(patch, anneal_strategy="cos")


@sabotage("built-in.swa-rates")
def the_learning_rate_falls_at_once(patch):
    """The learning rate is swa_lrs one epoch after the averaging began."""
    annealed(patch, anneal_epochs=1)


@sabotage("built-in.learning-rates")
def rates_of_epochs_are_always_found(patch):
    """The rate at the start of an epoch is found whatever the interval."""
    rewrite(patch, callbacks.LearningRateMonitor, "on_train_epoch_start", 'self.logging_interval != "step"', "True")


@sabotage("built-in.learning-rates")
def every_rate_is_the_first(patch):
    """The rate that the optimizer began with is found every time."""
    rewrite(patch, callbacks.LearningRateMonitor, "_extract_lr", 'param_group["lr"]', 'param_group["initial_lr"]')


@sabotage("built-in.learning-rates-names")
def the_second_optimizer_is_counted_as_two(patch):
    """The number of an optimizer is one too large."""
    rewrite(patch, callbacks.LearningRateMonitor, "_add_prefix", "{count - 1}", "{count}")


@sabotage("built-in.learning-rates-names")
def groups_are_counted_from_zero(patch):
    """The first group is pg0."""
    rewrite(patch, callbacks.LearningRateMonitor, "_add_suffix", "param_group_index + 1", "param_group_index")


@sabotage("built-in.learning-rates-logger")
def nobody_misses_the_logger(patch):
    """Without a logger a monitor does nothing."""
    rewrite(patch, callbacks.LearningRateMonitor, "on_train_start", "if not trainer.loggers:", "if False:")


@sabotage("built-in.lambda")
def the_end_is_not_told(patch):
    """The function for the end of the training is not called."""
    skip(patch, "callback", "on_train_end")


@sabotage("built-in.timer-stops")
def there_is_always_time(patch):
    """The time is never over."""
    rewrite(patch, callbacks.Timer, "_check_time_remaining", "self.time_elapsed() >= self._duration", "False")


@sabotage("built-in.timer-stops")
def epochs_do_not_end_early(patch):
    """The time is looked at after every batch, whatever the interval."""
    rewrite(patch, callbacks.Timer, "on_train_batch_end", "self._interval != Interval.step", "False")


@sabotage("built-in.timer-over")
def the_first_batch_is_always_trained(patch):
    """The time is not looked at before the training."""
    patch.setattr(callbacks.Timer, "on_fit_start", lambda self, trainer, *args: None)


@sabotage("built-in.timer-times")
def the_end_of_validation_is_not_taken(patch):
    """The end of validation is that of the training."""
    before = "self._end_time[RunningStage.TRAINING]"
    after = "self._end_time[RunningStage.VALIDATING] = self._end_time[RunningStage.TRAINING]"
    rewrite(patch, callbacks.Timer, "on_train_end", before, after)
    rewrite(patch, callbacks.Timer, "on_validation_start", "time.monotonic()", "0.0")


@sabotage("built-in.prediction-writer")
def nothing_is_written_after_batches(patch):
    """write_on_batch_end is not called."""
    skip(patch, "callback", "on_predict_batch_end")


@sabotage("built-in.prediction-writer")
def nothing_is_written_after_the_epoch(patch):
    """write_on_epoch_end is not called."""
    rewrite(patch, callbacks.BasePredictionWriter, "on_predict_epoch_end", "not self.interval.on_epoch", "True")


@sabotage("built-in.prediction-writer-indices")
def no_indices_are_given(patch):
    """The indices of samples are left out."""
    before = "trainer.predict_loop.current_batch_indices"
    rewrite(patch, callbacks.BasePredictionWriter, "on_predict_batch_end", before, "None")


def change_adjusting(patch, adjust):
    """A batch size is adjusted by `adjust(original, trainer, **how)`; `how` has a `factor` or a `value`."""
    original = batch_size_scaling._adjust_batch_size
    patch.setattr(
        batch_size_scaling, "_adjust_batch_size", lambda trainer, name, **how: adjust(original, trainer, **how)
    )


@sabotage("built-in.batch-size-finder-tries.its-own-first")
def init_val_is_heeded(patch):
    """The first trial has loaders that were made for init_val."""

    def adjust(original, trainer, **how):
        adjusted = original(trainer, **how)
        batch_size_scaling._reset_dataloaders(trainer)
        return adjusted

    change_adjusting(patch, adjust)


@sabotage("built-in.batch-size-finder-tries.its-own-first", "built-in.batch-size-finder-trains")
def sizes_are_tripled(patch):
    """The size that is tried next is three times the last."""
    change_adjusting(patch, lambda original, trainer, factor=1.0, **how: original(trainer, factor=1.5 * factor, **how))


@sabotage("built-in.batch-size-finder-trains")
def the_last_trial_doubles_the_size_as_well(patch):
    """What is trained with is the size that a further trial would have."""
    original = batch_size_scaling._run_power_scaling

    def scaled(trainer, *rest):
        original(trainer, *rest)
        size, _ = batch_size_scaling._adjust_batch_size(trainer, "batch_size", factor=2.0)
        return size

    patch.setattr(batch_size_scaling, "_run_power_scaling", scaled)
