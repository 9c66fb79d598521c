"""How to make the claims about the outer order of a run false."""

from pytorch_lightning import Trainer
from pytorch_lightning.loops.fit_loop import _FitLoop
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop
from pytorch_lightning.trainer import call

from fixtures.sabotage import sabotage


@sabotage("trainer.nothing-to-do", "trainer.nothing-to-do-empty")
def training_starts_with_nothing_to_do(patch):
    """The fit loop starts, and only then finds that it is done."""
    patch.setattr(_FitLoop, "skip", property(lambda self: self.trainer.limit_train_batches == 0))


@sabotage("trainer.state")
def the_sanity_check_is_a_validation(patch):
    """The sanity check runs in the state of validation."""

    def check(self, value):
        self.validating = value

    patch.setattr(Trainer, "sanity_checking", property(Trainer.sanity_checking.fget, check))


def at_the_start(patch, due):
    """Let `due(self, original)` say, while training starts and only then, whether the epoch will be validated."""
    start, check, starting = _FitLoop.on_run_start, _TrainingEpochLoop._should_check_val_epoch, []

    def on_run_start(self):
        starting.append(True)
        start(self)
        starting.clear()

    patch.setattr(_FitLoop, "on_run_start", on_run_start)
    patch.setattr(_TrainingEpochLoop, "_should_check_val_epoch", lambda self: due if starting else check(self))


@sabotage("trainer.val-loader-before-training")
def the_validation_loader_comes_when_it_is_needed(patch):
    """The validation loader is asked for by the first validation."""
    at_the_start(patch, due=False)


@sabotage("trainer.val-loader-before-training.when-due")
def the_validation_loader_comes_always_first(patch):
    """The validation loader is asked for before training starts, even if the first epoch is not validated."""
    at_the_start(patch, due=True)


@sabotage("trainer.val-loader-in-validation")
def the_validation_loader_comes_in_training(patch):
    """The Trainer stays in training while it asks for the validation loader."""
    setter = Trainer.validating.fset

    def validating(self, value):
        if self.fit_loop.epoch_progress.current.ready:
            setter(self, value)

    patch.setattr(Trainer, "validating", property(Trainer.validating.fget, validating))


@sabotage("trainer.exception-then-teardown")
def everything_is_torn_down_first(patch):
    """The strategy is torn down before on_exception is called."""
    original = call._interrupt

    def interrupt(trainer, exception):
        trainer._teardown()
        original(trainer, exception)

    patch.setattr(call, "_interrupt", interrupt)
