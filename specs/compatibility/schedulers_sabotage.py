"""How to make the claim about schedulers false."""

from fixtures.sabotage import sabotage

SCHEDULERS = "compat.torch-schedulers-in-lightning"


def patch_updates(patch, change):
    """Let the training loop call `change(update, loop, interval, plateau)` where it would call its own `update`."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    update = _TrainingEpochLoop.update_lr_schedulers

    def updated(self, interval, update_plateau_schedulers):
        change(update, self, interval, update_plateau_schedulers)

    patch.setattr(_TrainingEpochLoop, "update_lr_schedulers", updated)


@sabotage(SCHEDULERS)
def plateau_schedulers_are_forgotten(patch):
    """ReduceLROnPlateau is never updated."""
    patch_updates(patch, lambda update, loop, interval, plateau: None if plateau else update(loop, interval, plateau))


@sabotage(SCHEDULERS)
def schedulers_step_before_the_epoch_ends(patch):
    """Schedulers that step by epoch step after every batch."""

    def change(update, loop, interval, plateau):
        update(loop, interval, plateau)
        if interval == "step" and not loop._num_ready_batches_reached():
            loop._update_learning_rates("epoch", plateau)

    patch_updates(patch, change)


@sabotage(SCHEDULERS)
def the_first_update_is_left_out(patch):
    """Schedulers that step by batch start one batch late."""

    def change(update, loop, interval, plateau):
        if interval == "epoch" or loop.global_step > 1:
            update(loop, interval, plateau)

    patch_updates(patch, change)


@sabotage(SCHEDULERS)
def the_plateau_is_watched_with_the_wrong_sign(patch):
    """ReduceLROnPlateau gets the monitored value with the wrong sign."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    monitored = _TrainingEpochLoop._get_monitor_value
    patch.setattr(_TrainingEpochLoop, "_get_monitor_value", lambda self, key: -monitored(self, key))
