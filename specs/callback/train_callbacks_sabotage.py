"""How to make the claims about plugging in callbacks false."""

from fixtures.sabotage import sabotage


@sabotage("callback.plugs-in-anywhere")
def only_the_first_callback_is_called(patch):
    """Of several callbacks the first alone is called."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, *args, **kwargs):
        callbacks, trainer.callbacks = trainer.callbacks, trainer.callbacks[:1]
        original(trainer, *args, **kwargs)
        trainer.callbacks = callbacks

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage("callback.plugs-in-anywhere")
def callbacks_cost_random_numbers(patch):
    """Wherever a callback is called, numbers are drawn from the global generator."""
    import torch
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, *args, **kwargs):
        original(trainer, *args, **kwargs)
        torch.rand(len(trainer.callbacks))

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage("callback.plugs-in-anywhere")
def batches_with_a_listener_are_not_stepped(patch):
    """The optimizer's step is left out in the batch for which a callback has been called."""
    import pytorch_lightning as pl

    original = pl.LightningModule.optimizer_step

    def optimizer_step(self, epoch, batch_idx, optimizer, optimizer_closure=None):
        if self.trainer.callbacks and batch_idx == 1:
            optimizer_closure()
        else:
            original(self, epoch, batch_idx, optimizer, optimizer_closure)

    patch.setattr(pl.LightningModule, "optimizer_step", optimizer_step)


@sabotage("callback.plugs-in-anywhere", "callback.train-start-is-first-start-only")
def a_callback_that_was_used_is_not_told_of_training(patch):
    """Callbacks hear of the start of training once in their lives, and not at all of its end."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks
    told = set()

    def changed(trainer, hook_name, *args, **kwargs):
        fresh = [callback for callback in trainer.callbacks if id(callback) not in told]
        callbacks, trainer.callbacks = trainer.callbacks, fresh if hook_name == "on_train_start" else trainer.callbacks
        if hook_name != "on_train_end":
            original(trainer, hook_name, *args, **kwargs)
        trainer.callbacks = callbacks
        if hook_name == "on_train_start":
            told.update(id(callback) for callback in callbacks)

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage("callback.logs-as-the-module")
def a_callback_has_only_one_of_the_two(patch):
    """log_dict of a callback logs nothing."""
    from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

    original = _CallbackConnector._attach_model_logging_functions

    def attach(self):
        original(self)
        for callback in self.trainer.callbacks:
            callback.log_dict = lambda *args, **kwargs: None

    patch.setattr(_CallbackConnector, "_attach_model_logging_functions", attach)
