"""How to make the claims about the trainer's metrics and loggers false."""

from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector
from pytorch_lightning.trainer.connectors.logger_connector.result import _ResultCollection, _ResultMetric

from fixtures.sabotage import sabotage


def change_metrics(patch, change):
    """`change(metrics, on_step)` alters what the results of a step or an epoch amount to."""
    original = _ResultCollection.metrics

    def metrics(self, on_step):
        found = original(self, on_step)
        change(found, on_step)
        return found

    patch.setattr(_ResultCollection, "metrics", metrics)


def change_sending(patch, change):
    """A logger is sent what `change(trainer, metrics, step)` returns; with nothing, nothing."""
    original = _LoggerConnector.log_metrics

    def log_metrics(self, metrics, step=None):
        changed = change(self.trainer, metrics, step)
        if changed:
            original(self, *changed)

    patch.setattr(_LoggerConnector, "log_metrics", log_metrics)


@sabotage("trainer.callback-metrics")
def callbacks_see_what_loggers_see(patch):
    """What is not for a logger is not in callback_metrics."""
    change_metrics(patch, lambda found, on_step: found.update(callback=dict(found["log"])))


@sabotage("trainer.callback-metrics-tensors")
def callbacks_see_numbers(patch):
    """callback_metrics has plain numbers."""

    def change(found, on_step):
        found["callback"] = {name: float(value) for name, value in found["callback"].items()}

    change_metrics(patch, change)


@sabotage("trainer.logged-metrics", "trainer.metrics-returned-for-a-logger")
def loggers_see_what_callbacks_see(patch):
    """Everything is for a logger."""
    change_metrics(patch, lambda found, on_step: found["log"].update(found["callback"]))


@sabotage("trainer.progress-bar-metrics")
def the_bar_shows_everything(patch):
    """prog_bar=True is not asked for."""
    change_metrics(patch, lambda found, on_step: found["pbar"].update(found["log"]))


@sabotage("trainer.progress-bar-metrics-floats")
def the_bar_is_given_tensors(patch):
    """Values for the bar are left as tensors."""

    def change(found, on_step):
        found["pbar"] = {name: torch.tensor(value) for name, value in found["pbar"].items()}

    change_metrics(patch, change)


@sabotage("trainer.metrics-at-once")
def metrics_are_those_of_the_step_before(patch):
    """Metrics are brought up to date when a batch has ended."""
    for name in ("callback_metrics", "logged_metrics", "progress_bar_metrics"):
        patch.setattr(_LoggerConnector, name, property(lambda self, name=name: getattr(self, f"_{name}")))


@sabotage("trainer.metrics-of-the-run", "trainer.metrics-sanity-check")
def metrics_are_kept(patch):
    """Nothing is forgotten before a run or after the sanity check."""
    patch.setattr(_LoggerConnector, "reset_metrics", lambda self: None)


@sabotage("trainer.metrics-on-the-cpu")
def metrics_are_moved_away(patch):
    """After the run metrics are left on a device that is not the CPU."""
    original = _LoggerConnector.teardown

    def teardown(self):
        original(self)
        self._callback_metrics = {name: value.to("meta") for name, value in self._callback_metrics.items()}

    patch.setattr(_LoggerConnector, "teardown", teardown)


def change_returned(patch, change):
    """An evaluation returns what `change` makes of its list of dictionaries."""
    original = pl.loops._EvaluationLoop.run
    patch.setattr(pl.loops._EvaluationLoop, "run", lambda self: change(original(self)))


@sabotage("trainer.metrics-returned", "trainer.metrics-returned-nothing")
def an_evaluation_returns_its_only_dictionary(patch):
    """With one loader there is no list."""
    change_returned(patch, lambda found: found[0])


@sabotage("trainer.metrics-returned-loaders", "trainer.metrics-returned-validate")
def an_evaluation_returns_one_dictionary(patch):
    """All loaders are in one dictionary."""
    change_returned(patch, lambda found: [{name: each[name] for each in found for name in each}])


@sabotage("trainer.metrics-returned-end")
def the_end_is_only_in_the_last_dictionary(patch):
    """What is logged at the end is returned for the last loader."""

    def change(found):
        for each in found[:-1]:
            each.pop("end", None)
        return found

    change_returned(patch, change)


@sabotage("trainer.metrics-sent", "trainer.metrics-sent-validation", "trainer.metrics-sent-to-all")
def steps_begin_at_one(patch):
    """A logger is told how many steps there were."""
    change_sending(patch, lambda trainer, metrics, step: (metrics, trainer.global_step if step is None else step))


@sabotage("trainer.metrics-sent", "trainer.metrics-sent-once-a-group")
def every_batch_is_sent(patch):
    """Batches are sent without counting steps."""

    def update(self):
        self.log_metrics(self.metrics["log"])

    patch.setattr(_LoggerConnector, "update_train_step_metrics", update)


@sabotage("trainer.metrics-sent-validation")
def the_epoch_comes_first(patch):
    """The values of validation are sent after those of the epoch of training."""
    held = []

    def change(trainer, metrics, step):
        if "y" in metrics:
            held.append(metrics)
            return None
        return metrics, step

    change_sending(patch, change)
    original = _LoggerConnector.update_train_epoch_metrics

    def update(self):
        original(self)
        for logger in self.trainer.loggers:
            for metrics in held:
                logger.log_metrics({**{name: float(value) for name, value in metrics.items()}, "epoch": 0}, step=1)

    patch.setattr(_LoggerConnector, "update_train_epoch_metrics", update)


@sabotage("trainer.metrics-sent-validation-steps", "trainer.metrics-sent-loaders")
def validation_has_the_steps_of_training(patch):
    """Batches of validation are sent at the step at which training is."""
    change_sending(patch, lambda trainer, metrics, step: (metrics, None))


@sabotage("trainer.metrics-sent-validation-steps")
def the_sanity_check_is_sent(patch):
    """Batches of the sanity check are sent and counted."""
    original = _LoggerConnector.on_batch_end

    def on_batch_end(self):
        original(self)
        if self.trainer.sanity_checking:
            self.update_eval_step_metrics(0)

    patch.setattr(_LoggerConnector, "on_batch_end", on_batch_end)


@sabotage("trainer.metrics-sent-at-a-stop")
def a_stop_is_a_step_like_any_other(patch):
    """The last step is sent only if it is the n-th."""
    original = _LoggerConnector.should_update_logs.fget
    patch.setattr(
        _LoggerConnector, "should_update_logs", property(lambda self: original(self) and not self.trainer.should_stop)
    )


@sabotage("trainer.metrics-sent-at-a-stop")
def a_stop_saves_nothing(patch):
    """Before a stop the logger is not told to save."""
    patch.setattr(pl.loops._TrainingEpochLoop, "_save_loggers_on_train_batch_end", lambda self: None)


@sabotage("trainer.metrics-sent-epoch")
def an_epoch_is_added_only_at_its_end(patch):
    """With the values of a step no epoch is sent."""

    def change(trainer, metrics, step):
        at_a_step = step is None and any(name.endswith("_step") for name in metrics)
        return metrics, trainer.fit_loop.epoch_loop._batches_that_stepped if at_a_step else step

    change_sending(patch, change)


@sabotage("trainer.metrics-sent-own-step")
def step_is_a_value(patch):
    """A value named step is one like any other."""
    change_sending(patch, lambda trainer, metrics, step: (metrics, trainer.global_step if step is None else step))


@sabotage("trainer.metrics-sent-own-epoch")
def epoch_is_no_value(patch):
    """A value named epoch is left out."""
    change_sending(
        patch,
        lambda trainer, metrics, step: ({name: value for name, value in metrics.items() if name != "epoch"}, step),
    )


@sabotage("trainer.metrics-sent-once")
def names_are_sent_for_ever(patch):
    """What was logged once is taken to be logged."""
    original = _ResultMetric.reset

    def reset(self):
        original(self)
        self.has_reset = False

    patch.setattr(_ResultMetric, "reset", reset)


@sabotage("trainer.metrics-sent-saved")
def nothing_is_sent_too(patch):
    """A logger is told the epoch where nothing was logged."""
    change_sending(patch, lambda trainer, metrics, step: (metrics or {"nothing": torch.tensor(0.0)}, step))


@sabotage("trainer.metrics-sent-saved", "trainer.metrics-sent-failed")
def loggers_are_finalized_again(patch):
    """Loggers are finalized with success whenever hooks for the end of a run are called."""
    from pytorch_lightning.trainer import call

    for name in ("_call_teardown_hook", "_interrupt"):
        patch.setattr(call, name, finalizing(getattr(call, name)))


def finalizing(original):
    def finalize(trainer, *args):
        original(trainer, *args)
        for logger in trainer.loggers:
            logger.finalize("success")

    return finalize


@sabotage("trainer.attr-logger", "trainer.attr-logger-several", "trainer.metrics-sent-to-all")
def the_last_logger_is_the_only_one(patch):
    """Of the loggers the last is kept; without one, there is one that does nothing."""
    from pytorch_lightning.loggers.logger import DummyLogger

    original = _LoggerConnector.configure_logger

    def configure(self, logger):
        original(self, logger)
        self.trainer.loggers = self.trainer.loggers[-1:] or [DummyLogger()]

    patch.setattr(_LoggerConnector, "configure_logger", configure)


@sabotage("trainer.attr-log-dir", "trainer.attr-log-dir-csv")
def log_dir_is_where_the_process_is(patch):
    """log_dir is the working directory."""
    patch.setattr(pl.Trainer, "log_dir", property(lambda self: "."))


@sabotage("trainer.attr-log-dir-csv")
def a_csv_logger_writes_to_its_save_dir(patch):
    """Whatever log_dir says, the metrics are written to the save_dir."""
    patch.setattr(CSVLogger, "save", lambda self: Path(self.save_dir, "metrics.csv").touch())
