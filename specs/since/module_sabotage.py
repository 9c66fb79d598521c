"""How to make the claims about the module's hooks for predicting, building and scheduling false."""

import pytorch_lightning as pl

from fixtures.calls import repeat, replace, skip, swap
from fixtures.sabotage import sabotage


@sabotage("since.module-predict-hooks")
def the_modules_prediction_ends_before_its_epoch(patch):
    """on_predict_end of the module comes before on_predict_epoch_end."""
    swap(patch, "module", "on_predict_end", "on_predict_epoch_end")


@sabotage("since.module-predict_step")
def predictions_come_in_reverse(patch):
    """predict returns the batches in reverse order."""
    from pytorch_lightning.loops.prediction_loop import _PredictionLoop

    original = _PredictionLoop._on_predict_epoch_end
    patch.setattr(_PredictionLoop, "_on_predict_epoch_end", lambda self: original(self)[::-1])


@sabotage("since.module-predict_dataloader")
def the_loader_is_asked_for_twice(patch):
    """predict_dataloader is called twice."""
    repeat(patch, "module", "predict_dataloader")


@sabotage("since.module-evaluation-start-end")
def validation_starts_with_its_epoch(patch):
    """on_validation_epoch_start of the module comes before on_validation_start."""
    swap(patch, "module", "on_validation_start", "on_validation_epoch_start")


@sabotage("since.module-evaluation-start-end")
def a_test_is_not_ended(patch):
    """on_test_end of the module is left out."""
    skip(patch, "module", "on_test_end")


@sabotage("since.module-lr_scheduler_step")
def schedulers_step_by_themselves(patch):
    """The scheduler steps without the module's lr_scheduler_step."""
    from pytorch_lightning.trainer import call

    original = call._call_lightning_module_hook

    def direct(trainer, name, *args, **kwargs):
        if name == "lr_scheduler_step":
            return pl.LightningModule.lr_scheduler_step(trainer.lightning_module, *args)
        return original(trainer, name, *args, **kwargs)

    patch.setattr(call, "_call_lightning_module_hook", direct)


@sabotage("since.module-lr_scheduler_step")
def schedulers_are_told_no_number(patch):
    """lr_scheduler_step gets the last epoch's number instead of the metric."""
    replace(patch, "module", "lr_scheduler_step", lambda scheduler, metric: (scheduler, scheduler.last_epoch))


@sabotage("since.module-configure_callbacks", "since.module-configure_callbacks-derived")
def the_modules_callbacks_are_left_out(patch):
    """configure_callbacks is not asked."""
    skip(patch, "module", "configure_callbacks")


@sabotage("since.module-configure_callbacks")
def the_modules_callbacks_come_first(patch):
    """The module's callbacks are put before the Trainer's."""
    from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

    patch.setattr(_CallbackConnector, "_reorder_callbacks", staticmethod(lambda callbacks: callbacks[::-1]))


@sabotage("since.module-configure_callbacks-derived")
def only_the_very_class_is_replaced(patch):
    """A callback replaces those of its own class only."""
    from pytorch_lightning.trainer.connectors import callback_connector

    patch.setattr(callback_connector, "issubclass", lambda cls, other: cls is other, raising=False)


@sabotage("since.module-configure_model")
def the_model_is_configured_for_fitting_only(patch):
    """configure_model is not called in runs other than fit."""
    from pytorch_lightning.trainer import call

    original = call._call_configure_model

    def configure(trainer):
        if trainer.state.fn == "fit":
            original(trainer)

    patch.setattr(call, "_call_configure_model", configure)


@sabotage("since.module-configure_model-loaded")
def the_model_is_configured_by_a_trainer_only(patch):
    """load_from_checkpoint does not call configure_model."""
    from pytorch_lightning.core import saving

    patch.setattr(saving, "is_overridden", lambda name, module: False)


@sabotage("since.module-configure_model-loaded")
def the_model_is_configured_twice_to_be_loaded(patch):
    """load_from_checkpoint calls configure_model twice."""
    from pytorch_lightning.core import saving

    def configured(name, module):
        module.configure_model()
        return True

    patch.setattr(saving, "is_overridden", configured)


@sabotage("since.module-configure_model", "since.module-configure_sharded_model")
def the_model_is_configured_twice(patch):
    """The hook that builds the network is called twice a run."""
    for hook in ("configure_model", "configure_sharded_model"):
        repeat(patch, "module", hook)


@sabotage("since.module-configure_sharded_model.deprecated")
def the_old_hook_is_taken_without_a_word(patch):
    """Overriding configure_sharded_model is answered with no warning."""
    from pytorch_lightning.trainer import configuration_validator

    patch.setattr(configuration_validator, "rank_zero_deprecation", lambda message: None)
