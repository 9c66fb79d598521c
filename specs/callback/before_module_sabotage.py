"""How to make the claims about callback and module false: the module's hook is called first, always or once."""

from fixtures.hooks_swaps import call_module_first
from fixtures.sabotage import sabotage


@sabotage(
    "callback.before-module-setup",
    "callback.before-module-on_fit_start",
    "callback.before-module-on_train_start",
    "callback.before-module-on_train_epoch_start",
    "callback.before-module-on_train_epoch_end",
    "callback.before-module-on_train_end",
    "callback.before-module-on_fit_end",
    "callback.before-module-teardown",
)
def the_module_is_called_first_at_the_ends_of_training(patch):
    """The module's hook is called before the callback's, from set-up to teardown."""
    epochs = "on_train_start", "on_train_epoch_start", "on_train_epoch_end", "on_train_end"
    call_module_first(patch, "setup", "on_fit_start", *epochs, "on_fit_end", "teardown")


@sabotage("callback.before-module-on_train_epoch_start", "callback.before-module-on_train_epoch_end")
def the_module_is_called_first_in_the_second_epoch(patch):
    """The module's hook of an epoch is called before the callback's from the second epoch on."""
    call_module_first(patch, "on_train_epoch_start", "on_train_epoch_end", spared=1)


@sabotage(
    "callback.before-module-on_train_batch_start",
    "callback.before-module-on_before_zero_grad",
    "callback.before-module-on_before_backward",
    "callback.before-module-on_after_backward",
    "callback.before-module-on_before_optimizer_step",
    "callback.before-module-on_train_batch_end",
)
def the_module_is_called_first_in_the_last_batch(patch):
    """The module's hooks of a batch are called before the callback's, only in the last batch of the second epoch."""
    gradients = "on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step"
    call_module_first(patch, "on_train_batch_start", *gradients, "on_train_batch_end", spared=7)


@sabotage("callback.before-module-on_train_batch_start", "callback.before-module-on_train_batch_end")
def the_module_is_called_first_in_every_batch(patch):
    """The module's on_train_batch_start and on_train_batch_end are called before the callback's."""
    call_module_first(patch, "on_train_batch_start", "on_train_batch_end")


@sabotage("callback.before-module-on_save_checkpoint")
def the_module_saves_first(patch):
    """The module's on_save_checkpoint is called before the callback's."""
    from pytorch_lightning.trainer import call

    callbacks, module, waiting = call._call_callbacks_on_save_checkpoint, call._call_lightning_module_hook, []

    def call_module(trainer, name, *args, **options):
        result = module(trainer, name, *args, **options)
        while name == "on_save_checkpoint" and waiting:
            callbacks(*waiting.pop())
        return result

    patch.setattr(call, "_call_callbacks_on_save_checkpoint", lambda *args: waiting.append(args))
    patch.setattr(call, "_call_lightning_module_hook", call_module)


@sabotage("callback.before-module-on_load_checkpoint.module-first")
def callbacks_are_loaded_first(patch):
    """The callback's on_load_checkpoint is called before the module's."""
    from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector

    module, callbacks = _CheckpointConnector.restore_model, _CheckpointConnector.restore_callbacks
    patch.setattr(_CheckpointConnector, "restore_model", callbacks)
    patch.setattr(_CheckpointConnector, "restore_callbacks", module)


def called_in(kind):
    parts = ("start", "epoch_start", "batch_start", "batch_end", "epoch_end", "end")
    return [f"on_{kind}_{part}" for part in parts]


@sabotage(
    "callback.before-module-on_validation_start",
    "callback.before-module-on_validation_epoch_start",
    "callback.before-module-on_validation_batch_start",
    "callback.before-module-on_validation_batch_end",
    "callback.before-module-on_validation_epoch_end",
    "callback.before-module-on_validation_end",
)
def the_module_is_called_first_after_the_sanity_check(patch):
    """The module's hook of validation is called before the callback's, except in the first sanity check batch."""
    call_module_first(patch, *called_in("validation"), spared=1)


@sabotage(
    "callback.before-module-on_test_start",
    "callback.before-module-on_test_epoch_start",
    "callback.before-module-on_test_batch_start",
    "callback.before-module-on_test_batch_end",
    "callback.before-module-on_test_epoch_end",
    "callback.before-module-on_test_end",
)
def the_module_is_called_first_in_testing(patch):
    """The module's hook of testing is called before the callback's."""
    call_module_first(patch, *called_in("test"))


@sabotage(
    "callback.before-module-on_predict_start",
    "callback.before-module-on_predict_epoch_start",
    "callback.before-module-on_predict_batch_start",
    "callback.before-module-on_predict_batch_end",
    "callback.before-module-on_predict_epoch_end",
    "callback.before-module-on_predict_end",
)
def the_module_is_called_first_in_prediction(patch):
    """The module's hook of prediction is called before the callback's."""
    call_module_first(patch, *called_in("predict"))
