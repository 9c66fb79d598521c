"""How to make the claims about the end of an epoch false: validation, the schedule and the checkpoint change places."""

from fixtures.hooks_swaps import call_monitors_first, postpone
from fixtures.sabotage import sabotage


@sabotage("callback.order-on_validation_end-before-on_train_epoch_end")
def the_epoch_ends_before_its_validation(patch):
    """on_train_epoch_end is called before on_validation_end, as from 1.1 to 1.3."""
    postpone(patch, {"on_validation_end": "on_train_epoch_end"})


@sabotage("callback.order-scheduler_step-before-on_train_epoch_end")
def the_schedule_steps_after_the_epoch(patch):
    """A schedule of interval epoch steps after on_train_epoch_end, as up to 1.3."""
    from pytorch_lightning.loops.fit_loop import _FitLoop
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    update, end = _TrainingEpochLoop.update_lr_schedulers, _FitLoop.on_advance_end

    def update_each_step(self, interval, update_plateau_schedulers):
        if interval == "step":
            update(self, interval, update_plateau_schedulers)

    def end_epoch(self):
        end(self)
        update(self.epoch_loop, "epoch", update_plateau_schedulers=False)

    patch.setattr(_TrainingEpochLoop, "update_lr_schedulers", update_each_step)
    patch.setattr(_FitLoop, "on_advance_end", end_epoch)


@sabotage(
    "callback.order-on_train_epoch_end-before-on_save_checkpoint",
    "callback.order-module.on_train_epoch_end-before-on_save_checkpoint",
)
def checkpoints_are_saved_first(patch):
    """The ModelCheckpoint gets on_train_epoch_end before all others, as it got on_validation_end in 1.0."""
    call_monitors_first(patch)
