"""How to make the claims about recipes false."""

import os

import pytorch_lightning as pl
from pytorch_lightning.trainer import call
from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

from fixtures.calls import patch_calls, repeat, skip, swap
from fixtures.sabotage import sabotage

LATE = "recipe.history-is-current-in-epoch-end.both-late"


@sabotage("recipe.digits-classifier", "recipe.own-loss-equals-torch")
def gradients_are_summed_up(patch):
    """Gradients are not zeroed."""
    patch.setattr(pl.LightningModule, "optimizer_zero_grad", lambda self, *arguments: None)


@sabotage("recipe.digits-classifier", "recipe.own-learning-curve", "recipe.own-csv-logger")
def callbacks_end_validation_twice(patch):
    """The callbacks hear of the end of every validation twice."""
    repeat(patch, "callback", "on_validation_end")


@sabotage("recipe.digits-classifier", "recipe.own-progress-bar")
def callbacks_hear_of_no_batch(patch):
    """The end of a batch of training is not told to the callbacks."""
    skip(patch, "callback", "on_train_batch_end")


@sabotage("recipe.epoch-end-mean-loss")
def the_largest_is_logged(patch):
    """What is logged for an epoch is the largest of its values."""
    log = pl.LightningModule.log
    patch.setattr(pl.LightningModule, "log", lambda self, *values, **how: log(self, *values, **how, reduce_fx="max"))


@sabotage("recipe.own-model-checkpoint")
def the_first_file_stays(patch):
    """save_checkpoint leaves a file alone that exists."""
    save = pl.Trainer.save_checkpoint

    def unless_it_exists(self, filepath, *arguments, **named):
        if not os.path.exists(filepath):
            save(self, filepath, *arguments, **named)

    patch.setattr(pl.Trainer, "save_checkpoint", unless_it_exists)


@sabotage(LATE)
def epochs_end_for_the_module_first(patch):
    """The end of an epoch is told to the module before it is told to the callbacks, and once more after it."""

    def change(callbacks, trainer, name, *args, **kwargs):
        if name in ("on_train_epoch_end", "on_validation_epoch_end"):
            call._call_lightning_module_hook(trainer, name)
        return callbacks(trainer, name, *args, **kwargs)

    patch_calls(patch, "callback", change)


@sabotage(LATE, "recipe.history-is-current-in-validation-end")
def validation_ends_before_its_epoch(patch):
    """The callbacks hear of the end of validation before they hear of that of its epoch."""
    swap(patch, "callback", "on_validation_epoch_end", "on_validation_end")


@sabotage("recipe.callbacks-must-be-independent")
def the_list_is_reversed(patch):
    """Callbacks are called from the last to the first."""
    order = _CallbackConnector._reorder_callbacks
    patch.setattr(_CallbackConnector, "_reorder_callbacks", staticmethod(lambda callbacks: order(callbacks)[::-1]))
