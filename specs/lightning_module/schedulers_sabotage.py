"""How to make the claims about the keys of a scheduler's dict false."""

import pytorch_lightning as pl
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fixtures.sabotage import sabotage


def patch_configs(patch, change):
    """Let `change(config)` alter each schedule's settings once they are made of what the module returned."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_schedulers_automatic_opt

    def configured(schedulers, monitor):
        configs = configure(schedulers, monitor)
        for config in configs:
            change(config)
        return configs

    patch.setattr(optimizer, "_configure_schedulers_automatic_opt", configured)


def patch_schedulers(patch, change):
    """Let Lightning read `change(scheduler, monitor)`, two values, where it would read the two it is given."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_schedulers_automatic_opt

    def configured(schedulers, monitor):
        changed = [change(each, monitor) if isinstance(each, dict) else each for each in schedulers]
        return configure(changed, monitor)

    patch.setattr(optimizer, "_configure_schedulers_automatic_opt", configured)


@sabotage("module.scheduler-interval")
def every_interval_is_an_epoch(patch):
    """The key interval is not read."""
    patch_configs(patch, lambda config: setattr(config, "interval", "epoch"))


@sabotage("module.scheduler-interval")
def accumulated_batches_advance_a_schedule(patch):
    """A schedule by the step advances after every batch, whether or not the optimizer steps."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    patch.setattr(_TrainingEpochLoop, "update_lr_schedulers", _TrainingEpochLoop._update_learning_rates)


@sabotage("module.scheduler-frequency")
def every_interval_counts(patch):
    """The key frequency is not read."""
    patch_configs(patch, lambda config: setattr(config, "frequency", 1))


@sabotage("module.scheduler-frequency")
def steps_of_the_optimizer_are_counted(patch):
    """By the step, frequency counts the optimizer's steps of the whole run."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    update = _TrainingEpochLoop._update_learning_rates

    def updated(self, interval, update_plateau_schedulers):
        before, progress = self.batch_progress.current.ready, self.batch_progress.current
        progress.ready = self.global_step if interval == "step" else before
        update(self, interval, update_plateau_schedulers)
        progress.ready = before

    patch.setattr(_TrainingEpochLoop, "_update_learning_rates", updated)


@sabotage("module.scheduler-monitor", "module.optimizers-dict")
def the_wrong_number_is_watched(patch):
    """ReduceLROnPlateau watches the number with its sign changed."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    value = _TrainingEpochLoop._get_monitor_value
    patch.setattr(_TrainingEpochLoop, "_get_monitor_value", lambda self, key: -value(self, key))


@sabotage("module.scheduler-monitor", "module.scheduler-reduce-on-plateau")
def a_number_to_watch_is_made_up(patch):
    """Where a plateau names no number, "loss" is taken."""
    patch_schedulers(patch, lambda given, monitor: {**given, "monitor": given.get("monitor") or "loss"})


@sabotage("module.scheduler-strict")
def strict_is_never(patch):
    """Every schedule is taken for one that is not strict."""
    patch_configs(patch, lambda config: setattr(config, "strict", False))


@sabotage("module.scheduler-strict")
def strict_is_always(patch):
    """Every schedule is taken for a strict one."""
    patch_configs(patch, lambda config: setattr(config, "strict", True))


@sabotage("module.scheduler-reduce-on-plateau")
def the_class_decides_what_is_a_plateau(patch):
    """The key reduce_on_plateau is overwritten by whether the schedule is a ReduceLROnPlateau."""

    def change(given, monitor):
        return {**given, "reduce_on_plateau": isinstance(given["scheduler"], ReduceLROnPlateau)}

    patch_schedulers(patch, change)


@sabotage("module.scheduler-unknown-keys")
def unknown_keys_are_ignored_in_silence(patch):
    """A key that is not known is left out without a word."""
    known = ("scheduler", "interval", "frequency", "monitor", "strict", "reduce_on_plateau", "name")
    patch_schedulers(patch, lambda given, monitor: {key: given[key] for key in given if key in known})


@sabotage("module.scheduler-unknown-keys")
def a_known_key_is_not_known(patch):
    """Lightning does not know the key frequency any more."""
    patch_schedulers(patch, lambda given, monitor: {key.replace("frequency", "every"): given[key] for key in given})


@sabotage("module.scheduler-one-cycle")
def one_cycle_is_taken_by_the_step(patch):
    """A OneCycleLR without an interval of its own gets the interval "step"."""
    patch_schedulers(patch, lambda given, monitor: {**given, "interval": "step"})


@sabotage("module.scheduler-reduce-on-plateau")
def every_schedule_is_given_the_number(patch):
    """Whatever has a monitor is taken for a plateau."""
    patch_configs(patch, lambda config: setattr(config, "reduce_on_plateau", config.monitor is not None))


@sabotage("module.scheduler-monitor")
def the_number_is_not_handed_on(patch):
    """ReduceLROnPlateau is stepped with nought."""
    step = pl.LightningModule.lr_scheduler_step

    def stepped(self, scheduler, metric):
        step(self, scheduler, None if metric is None else 0 * metric)

    patch.setattr(pl.LightningModule, "lr_scheduler_step", stepped)
