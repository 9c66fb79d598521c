"""How to make the claims about resuming in the middle of an epoch false."""

from pytorch_lightning.loops import training_epoch_loop
from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop
from pytorch_lightning.loops.fit_loop import _FitLoop
from pytorch_lightning.loops.progress import _BatchProgress
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

from fixtures.sabotage import sabotage

ID = "trainer.resume-"


def never(patch, owner, name):
    """The property is always False."""
    patch.setattr(owner, name, property(lambda self: False))


@sabotage(f"{ID}mid-epoch", f"{ID}stateful-loader", f"{ID}last-batch", f"{ID}validation-due")
def the_batch_of_the_checkpoint_is_counted_again(patch):
    """A batch that was saved in its on_train_batch_end counts as not completed, as before 2.5."""
    never(patch, _TrainingEpochLoop, "restarted_on_train_batch_end")


@sabotage(f"{ID}mid-epoch", f"{ID}stateful-loader", f"{ID}in-validation-step", f"{ID}file-same")
def batches_are_not_restored(patch):
    """A resumed fit does not know how many batches there were."""
    patch.setattr(_BatchProgress, "load_state_dict", lambda self, state: None)


@sabotage(f"{ID}mid-epoch")
def the_second_epoch_is_taken_for_the_interrupted_one(patch):
    """That the fit resumed in the middle of an epoch is not forgotten when that epoch has ended."""
    patch.setattr(_FitLoop, "on_iteration_done", lambda self: None)


@sabotage(f"{ID}mid-epoch-warning")
def loaders_are_not_warned_about(patch):
    """Nothing is said about a loader that is not resumable."""
    patch.setattr(training_epoch_loop, "rank_zero_warn", lambda *args, **kwargs: None)


@sabotage(f"{ID}mid-epoch-warning")
def every_loader_is_warned_about(patch):
    """The warning about loaders comes in every resumed fit."""
    reset = _TrainingEpochLoop.reset

    def warn(self):
        if self.restarting:
            training_epoch_loop.rank_zero_warn("You're resuming from a checkpoint.")
        reset(self)

    patch.setattr(_TrainingEpochLoop, "reset", warn)


@sabotage(f"{ID}stateful-loader")
def states_of_loaders_are_not_restored(patch):
    """A loader with a state starts with its first batch."""
    patch.setattr(_FitLoop, "_load_combined_loader_states", lambda self: None)


@sabotage(f"{ID}stateful-loader")
def resumable_loaders_are_warned_about(patch):
    """Whether a loader is resumable is not looked at."""
    patch.setattr(training_epoch_loop, "_Stateful", type("Unlikely", (), {}))


@sabotage(f"{ID}epoch-start.one-batch-beyond", f"{ID}epoch-start-with-validation")
def an_epoch_that_has_started_is_trained(patch):
    """The counts of batches start anew in an epoch that has only started."""
    reset = _TrainingEpochLoop.reset

    def anew(self):
        if self.trainer.fit_loop.restarted_on_epoch_start:
            self.restarting = False
        reset(self)

    patch.setattr(_TrainingEpochLoop, "reset", anew)


@sabotage(f"{ID}validation-due")
def a_validation_that_was_due_is_made_up_for(patch):
    """Whatever was validated, a resumed fit goes back to the validation that is due."""
    patch.setattr(_EvaluationLoop, "restarted_mid_evaluation", property(lambda self: self.restarting))


@sabotage(f"{ID}in-validation-step")
def the_rest_of_a_validation_is_left_out(patch):
    """A resumed fit does not go back to a validation."""
    never(patch, _EvaluationLoop, "restarted_mid_evaluation")
