"""How to make the claims about what can be turned off, and about what a Trainer says of itself, false."""

from pytorch_lightning import Trainer
from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector
from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector

from fixtures.calls import after, skip
from fixtures.sabotage import sabotage


def always(patch, owner, name):
    """Let a method that takes a switch be called as if that was on."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda self, switch: original(self, True))


@sabotage("trainer.checkpoint-off")
def checkpoints_are_saved_all_the_same(patch):
    """enable_checkpointing is ignored."""
    always(patch, _CallbackConnector, "_configure_checkpoint_callbacks")


@sabotage("trainer.logger-off")
def values_are_logged_all_the_same(patch):
    """logger=False is ignored."""
    always(patch, _LoggerConnector, "configure_logger")


@sabotage("trainer.logger-off")
def values_without_a_logger_are_dropped(patch):
    """Without a logger nothing is kept for callbacks."""
    metrics = _LoggerConnector.callback_metrics.fget
    patch.setattr(
        _LoggerConnector, "callback_metrics", property(lambda self: metrics(self) if self.trainer.loggers else {})
    )


@sabotage("trainer.progress-bar-off")
def a_bar_is_shown_all_the_same(patch):
    """enable_progress_bar is ignored."""
    always(patch, _CallbackConnector, "_configure_progress_bar")


@sabotage("trainer.progress-bar-off")
def no_bar_is_shown(patch):
    """No progress bar is added."""
    patch.setattr(_CallbackConnector, "_configure_progress_bar", lambda self, enabled: None)


@sabotage("trainer.attr-current-epoch")
def epochs_are_counted_from_one(patch):
    """current_epoch counts from 1."""
    number = Trainer.current_epoch.fget
    patch.setattr(Trainer, "current_epoch", property(lambda self: number(self) + 1))


@sabotage("trainer.attr-is-global-zero")
def every_process_is_the_first(patch):
    """is_global_zero does not ask for the rank."""
    patch.setattr(Trainer, "is_global_zero", property(lambda self: True))


@sabotage("trainer.attr-is-global-zero")
def the_first_process_has_company_always(patch):
    """is_global_zero is true only where there are several processes."""
    first = Trainer.is_global_zero.fget
    patch.setattr(Trainer, "is_global_zero", property(lambda self: first(self) and self.world_size > 1))


@sabotage("trainer.glues-module")
def gradients_are_not_zeroed(patch):
    """The optimizer's gradients are added up from step to step."""
    skip(patch, "module", "optimizer_zero_grad")


@sabotage("trainer.glues-module")
def the_modules_validation_is_forgotten(patch):
    """What a module brings for validation is not looked at in a fit."""
    after(patch, Trainer, "_run_sanity_check", lambda trainer: setattr(trainer, "limit_val_batches", 0))
