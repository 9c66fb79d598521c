"""How to make the claims about what configure_optimizers may return false."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


def patch_shapes(patch, change):
    """Let `change(optimizers, schedulers, monitor)` alter what Lightning reads out of what the module returned."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_optimizers
    patch.setattr(optimizer, "_configure_optimizers", lambda returned: change(*configure(returned)))


def patch_returned(patch, change):
    """Let Lightning read `change(returned)` where it would read what the module returned."""
    from pytorch_lightning.core import optimizer

    configure = optimizer._configure_optimizers
    patch.setattr(optimizer, "_configure_optimizers", lambda returned: configure(change(returned)))


@sabotage("module.optimizers-single", "module.optimizers-in-manual", "module.optimizers-bare")
def another_optimizer_takes_its_place(patch):
    """The parameters are stepped by a copy of the optimizer, with half the rate."""

    def change(optimizers, schedulers, monitor):
        copies = [type(each)(each.param_groups, lr=0.05) for each in optimizers]
        for each in copies:
            for group in each.param_groups:
                group["lr"] = 0.05
        return copies, [], monitor

    patch_shapes(patch, change)


@sabotage("module.optimizers-single")
def a_tuple_is_no_shape(patch):
    """An optimizer in a tuple is taken for none."""
    from pytorch_lightning.core.optimizer import _MockOptimizer

    def change(returned):
        return _MockOptimizer() if type(returned) is tuple and len(returned) == 1 else returned

    patch_returned(patch, change)


@sabotage("module.optimizers-in-manual", "module.optimizers-bare", "module.lr-schedulers")
def they_come_in_the_reverse_order(patch):
    """Optimizers and schedules are listed backwards."""
    patch_shapes(patch, lambda optimizers, schedulers, monitor: (optimizers[::-1], schedulers[::-1], monitor))


@sabotage("module.optimizers-in-manual", "module.optimizers-bare")
def one_is_a_list_as_well(patch):
    """self.optimizers() is always a list."""
    optimizers = pl.LightningModule.optimizers

    def listed(self, use_pl_optimizer=True):
        found = optimizers(self, use_pl_optimizer)
        return found if isinstance(found, list) else [found]

    patch.setattr(pl.LightningModule, "optimizers", listed)


@sabotage("module.optimizers-bare")
def they_are_always_wrapped(patch):
    """self.optimizers() returns wrappers, whatever it is told."""
    optimizers = pl.LightningModule.optimizers
    patch.setattr(pl.LightningModule, "optimizers", lambda self, use_pl_optimizer=True: optimizers(self))


@sabotage("module.lr-schedulers")
def no_schedule_is_an_empty_list(patch):
    """self.lr_schedulers() is a list where there is no schedule."""
    schedulers = pl.LightningModule.lr_schedulers
    patch.setattr(pl.LightningModule, "lr_schedulers", lambda self: schedulers(self) or [])


@sabotage("module.lr-schedulers")
def schedules_step_in_manual_optimization(patch):
    """After each epoch all schedules step."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    def updated(self, interval, update_plateau_schedulers):
        if interval == "epoch" and not update_plateau_schedulers:
            for config in self.trainer.lr_scheduler_configs:
                config.scheduler.step()

    patch.setattr(_TrainingEpochLoop, "update_lr_schedulers", updated)


@sabotage("module.optimizers-frequency.ignored", "module.optimizers-unknown-keys")
def unknown_keys_are_ignored_in_silence(patch):
    """Nothing is said about a key that is not known beside an optimizer."""
    from pytorch_lightning.core import optimizer

    patch.setattr(optimizer, "_validate_optim_conf", lambda returned: None)


@sabotage("module.optimizers-unknown-keys")
def known_keys_are_warned_about(patch):
    """The key monitor is warned about as well."""
    from pytorch_lightning.core import optimizer

    validate = optimizer._validate_optim_conf

    def validated(returned):
        validate({key.replace("monitor", "watch"): value for key, value in returned.items()})

    patch.setattr(optimizer, "_validate_optim_conf", validated)


@sabotage("module.optimizers-and-schedulers-lists", "module.optimizers-dict", "module.optimizers-list-of-dicts")
def schedules_are_forgotten(patch):
    """What the module returns beside its optimizers is not read."""
    patch_shapes(patch, lambda optimizers, schedulers, monitor: (optimizers, [], None))


@sabotage("module.optimizers-and-schedulers-lists")
def only_the_first_schedule_is_read(patch):
    """Of several schedules all but the first are forgotten."""
    patch_shapes(patch, lambda optimizers, schedulers, monitor: (optimizers, schedulers[:1], monitor))


@sabotage("module.optimizers-dict")
def a_plateau_has_a_number_by_default(patch):
    """Where a dict names no number to watch, "loss" is taken."""
    patch_shapes(patch, lambda optimizers, schedulers, monitor: (optimizers, schedulers, monitor or "loss"))


@sabotage("module.optimizers-none")
def without_an_optimizer_there_is_one(patch):
    """Where configure_optimizers returns None, SGD steps all parameters."""
    from pytorch_lightning.trainer import call

    original = call._call_lightning_module_hook

    def called(trainer, name, *args, **kwargs):
        returned = original(trainer, name, *args, **kwargs)
        if name == "configure_optimizers" and returned is None:
            return torch.optim.SGD(trainer.lightning_module.parameters(), lr=0.1)
        return returned

    patch.setattr(call, "_call_lightning_module_hook", called)


@sabotage("module.optimizers-unknown-refused")
def what_is_not_understood_is_ignored(patch):
    """Whatever else configure_optimizers returns is taken for None."""
    from pytorch_lightning.core import optimizer

    known = (torch.optim.Optimizer, dict, list, tuple)
    patch_returned(patch, lambda returned: returned if isinstance(returned, known) else optimizer._MockOptimizer())
