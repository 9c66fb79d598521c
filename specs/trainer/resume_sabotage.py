"""How to make the claims about resuming between two epochs, and about what a checkpoint holds, false."""

from pytorch_lightning.loops.fit_loop import _FitLoop
from pytorch_lightning.loops.progress import _OptimizerProgress, _Progress
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop
from pytorch_lightning.plugins import TorchCheckpointIO
from pytorch_lightning.strategies import Strategy
from pytorch_lightning.trainer import call
from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.calls import after
from fixtures.sabotage import sabotage

ID = "trainer.resume-"
SAME_END = f"{ID}from-checkpoint", f"{ID}saved-in-validation", f"{ID}saved-in-train-epoch-end", f"{ID}file-same"


@sabotage(*SAME_END, f"{ID}several-optimizers", f"{ID}at-max-epochs", f"{ID}stateful-loader")
def states_of_optimizers_are_not_restored(patch):
    """The optimizer of a resumed fit starts anew."""
    patch.setattr(_CheckpointConnector, "restore_optimizers", lambda self: None)


@sabotage(*SAME_END, f"{ID}several-optimizers", f"{ID}at-max-epochs")
def states_of_schedules_are_not_restored(patch):
    """The learning rate schedule of a resumed fit starts anew."""
    patch.setattr(_CheckpointConnector, "restore_lr_schedulers", lambda self: None)


@sabotage(f"{ID}several-optimizers")
def only_the_first_optimizer_is_restored(patch):
    """Of several optimizers the first gets back its state."""

    def load(self, checkpoint):
        self.optimizers[0].load_state_dict(checkpoint["optimizer_states"][0])

    patch.setattr(Strategy, "load_optimizer_state_dict", load)


@sabotage(*SAME_END)
def the_schedule_steps_once_more(patch):
    """The schedule of a resumed fit takes one step when it has been restored."""

    def step(connector):
        for config in connector.trainer.lr_scheduler_configs if connector._loaded_checkpoint else ():
            config.scheduler.step()

    after(patch, _CheckpointConnector, "restore_lr_schedulers", step)


@sabotage(f"{ID}from-checkpoint", f"{ID}at-max-epochs", f"{ID}mid-epoch", f"{ID}last-batch", f"{ID}global-step")
def the_progress_is_not_restored(patch):
    """The loops of a resumed fit start with the first epoch."""
    patch.setattr(_CheckpointConnector, "restore_loops", lambda self: None)


@sabotage(f"{ID}from-checkpoint", f"{ID}train-start")
def the_epoch_after_next_is_trained(patch):
    """A resumed fit leaves out one epoch."""

    def leave_out(connector):
        connector.trainer.fit_loop.epoch_progress.current.processed += bool(connector._loaded_checkpoint)

    after(patch, _CheckpointConnector, "restore_loops", leave_out)


@sabotage(f"{ID}global-step")
def steps_are_not_restored(patch):
    """A resumed fit counts the steps of the optimizer from zero on."""
    patch.setattr(_OptimizerProgress, "load_state_dict", lambda self, state: None)


@sabotage(f"{ID}iterators")
def loaders_are_asked_again(patch):
    """That a fit resumes is not looked at when its loader is asked for an iterator."""
    patch.setattr(_FitLoop, "is_resuming", property(lambda self: False))


@sabotage(f"{ID}last-batch-file")
def the_epoch_of_the_last_batch_is_counted_twice(patch):
    """An epoch that ended with the checkpoint is counted as completed once more."""

    def count(loop):
        loop.epoch_progress.total.completed += loop.restarted_mid_epoch

    after(patch, _FitLoop, "reset", count)


@sabotage(f"{ID}file-same")
def an_epoch_is_not_counted_as_completed(patch):
    """The epoch of the checkpoint is not counted as completed when a fit resumes from its end."""

    def forget(loop):
        loop.epoch_progress.total.completed -= loop.resumed_on_epoch_end or loop.restarted_on_epoch_end

    after(patch, _FitLoop, "reset", forget)


def refusal(patch, refused):
    """What `refused(error, trainer)` returns is raised instead, or nothing."""
    original = _CheckpointConnector.restore_loops

    def restore(self):
        try:
            original(self)
        except MisconfigurationException as error:
            instead = refused(error, self.trainer)
            if instead is not None:
                raise instead from error

    patch.setattr(_CheckpointConnector, "restore_loops", restore)


@sabotage(f"{ID}beyond-max-epochs")
def one_epoch_too_many_is_accepted(patch):
    """A checkpoint of one epoch more than max_epochs is not refused."""
    refusal(patch, lambda error, trainer: error if trainer.current_epoch > trainer.max_epochs + 1 else None)


@sabotage(f"{ID}beyond-max-epochs")
def the_refusal_is_short(patch):
    """The refusal does not say how many epochs there were."""
    refusal(patch, lambda error, trainer: MisconfigurationException("The checkpoint is beyond max_epochs."))


@sabotage(f"{ID}max-steps.one-batch-beyond", f"{ID}epoch-start.one-batch-beyond")
def an_epoch_whose_batches_are_trained_is_done(patch):
    """The epoch of a checkpoint is not continued where all of its batches are trained, whatever its validation."""
    patch.setattr(_TrainingEpochLoop, "_is_validation_done", property(lambda self: True))


@sabotage(f"{ID}max-steps-alone")
def steps_before_the_checkpoint_do_not_count(patch):
    """max_steps are the steps of the resumed fit alone."""

    def more(connector):
        steps = connector.trainer.fit_loop.epoch_loop
        steps.max_steps += steps.global_step if connector._loaded_checkpoint else 0

    after(patch, _CheckpointConnector, "restore_loops", more)


@sabotage(f"{ID}callbacks-warning")
def nothing_is_said_about_missing_callbacks(patch):
    """A resumed fit does not warn about callbacks."""
    patch.setattr(call, "rank_zero_warn", lambda *args, **kwargs: None)


@sabotage(f"{ID}callbacks-warning")
def callbacks_that_are_there_are_named(patch):
    """Callbacks are looked for by the key that they had before 1.5."""
    original = call._call_callbacks_on_load_checkpoint

    def load(trainer, checkpoint):
        original(trainer, {**checkpoint, "pytorch-lightning_version": "1.4.9"})

    patch.setattr(call, "_call_callbacks_on_load_checkpoint", load)


def saved(patch, change):
    """`change(checkpoint)` is called before a checkpoint is written."""
    original = _CheckpointConnector.dump_checkpoint

    def dump(self, *args, **kwargs):
        checkpoint = original(self, *args, **kwargs)
        change(checkpoint)
        return checkpoint

    patch.setattr(_CheckpointConnector, "dump_checkpoint", dump)


@sabotage(f"{ID}file-keys")
def checkpoints_have_no_loops(patch):
    """Checkpoints do not hold the progress of the loops."""
    saved(patch, lambda checkpoint: checkpoint.pop("loops"))


@sabotage(f"{ID}file-keys", f"{ID}weights-only")
def weights_only_is_ignored(patch):
    """A checkpoint with the weights only is as any other."""
    original = _CheckpointConnector.dump_checkpoint
    patch.setattr(_CheckpointConnector, "dump_checkpoint", lambda self, weights_only=None: original(self, False))


@sabotage(f"{ID}file-counts")
def the_epoch_of_a_checkpoint_is_the_next(patch):
    """epoch in a checkpoint is one more."""
    saved(patch, lambda checkpoint: checkpoint.update(epoch=checkpoint["epoch"] + 1))


@sabotage(f"{ID}file-counts")
def global_step_in_a_checkpoint_is_one_more(patch):
    """global_step in a checkpoint is that of the next step."""
    saved(patch, lambda checkpoint: checkpoint.update(global_step=checkpoint["global_step"] + 1))


@sabotage(f"{ID}file-progress")
def what_has_started_is_not_counted(patch):
    """No loop counts what it has started."""
    patch.setattr(_Progress, "increment_started", lambda self: None)


@sabotage(f"{ID}weights-only")
def missing_states_are_passed_over(patch):
    """A fit resumes without states of optimizers where there are none."""
    patch.setattr(_CheckpointConnector, "restore_optimizers_and_schedulers", lambda self: None)


@sabotage(f"{ID}precision-state")
def the_state_of_the_precision_is_not_restored(patch):
    """The precision plugin of a resumed fit starts anew."""
    patch.setattr(_CheckpointConnector, "restore_precision_plugin_state", lambda self: None)


@sabotage(f"{ID}precision-state")
def the_state_of_the_precision_has_a_common_key(patch):
    """The state of any precision plugin is saved under one key."""
    saved(patch, lambda checkpoint: checkpoint.update(precision=checkpoint.popitem()[1]))


@sabotage("trainer.checkpoint-io")
def the_plugin_is_not_handed_on(patch):
    """A CheckpointIO among the plugins is ignored."""
    patch.setattr(Strategy, "checkpoint_io", property(lambda self: TorchCheckpointIO(), lambda self, plugin: None))


@sabotage("trainer.checkpoint-io")
def the_plugin_only_saves(patch):
    """Checkpoints are loaded and removed without the plugin."""
    patch.setattr(Strategy, "load_checkpoint", lambda self, path, **kwargs: TorchCheckpointIO().load_checkpoint(path))
    patch.setattr(Strategy, "remove_checkpoint", lambda self, path: TorchCheckpointIO().remove_checkpoint(path))
