"""How to make the claims about the order of several callbacks false."""

from fixtures.hooks_swaps import call_monitors_first
from fixtures.sabotage import sabotage


@sabotage("callback.list-order")
def the_last_callback_is_torn_down_first(patch):
    """teardown goes through the callbacks backwards, as the exits of nested contexts would."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def call_hooks(trainer, name, *args, **options):
        backwards = name == "teardown"
        if backwards:
            trainer.callbacks.reverse()
        original(trainer, name, *args, **options)
        if backwards:
            trainer.callbacks.reverse()

    patch.setattr(call, "_call_callback_hooks", call_hooks)


@sabotage("callback.list-order.checkpoint-last", "callback.list-order.tuner-first")
def callbacks_keep_their_places(patch):
    """No callback is moved, as in 1.0 and 1.1."""
    from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

    patch.setattr(_CallbackConnector, "_reorder_callbacks", staticmethod(list))


@sabotage("callback.list-order.early-stopping-after", "callback.before-module-on_train_epoch_end.checkpoint-after")
def monitors_end_the_epoch_first(patch):
    """EarlyStopping and ModelCheckpoint get on_train_epoch_end before the others."""
    call_monitors_first(patch)


@sabotage("callback.list-order.early-stopping-after", "callback.before-module-on_train_epoch_end.checkpoint-after")
def monitors_are_called_as_others(patch):
    """EarlyStopping and ModelCheckpoint get on_train_epoch_end in their places in the list, as up to 1.9."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def call_hooks(trainer, name, *args, monitoring_callbacks=None, **options):
        if monitoring_callbacks is not True:
            original(trainer, name, *args, **options)

    patch.setattr(call, "_call_callback_hooks", call_hooks)
