"""How to make the claims about hooks that are gone false: by bringing them back, or by saying that they are gone."""

from fixtures.sabotage import sabotage

TAKEN_OVER = {
    "on_train_batch_start": "on_batch_start",
    "on_train_batch_end": "on_batch_end",
    "on_train_epoch_start": "on_epoch_start",
    "on_train_epoch_end": "on_epoch_end",
}
"""The old hooks by those that took their place."""

OF_INIT = ("on_init_start", "on_init_end")
IGNORED = [f"callback.hook-{hook}.ignored" for hook in (*TAKEN_OVER.values(), *OF_INIT)]


def _call_old(trainer, hook, *args):
    for callback in trainer.callbacks:
        if hasattr(callback, hook):
            getattr(callback, hook)(trainer, *args)


@sabotage(*IGNORED[:-2])
def old_hooks_come_back(patch):
    """The hooks of batches and epochs are called again, as they were up to 1.7."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, hook_name, *args, **kwargs):
        if hook_name in TAKEN_OVER:
            _call_old(trainer, TAKEN_OVER[hook_name], trainer.lightning_module)
        original(trainer, hook_name, *args, **kwargs)

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage(*IGNORED[-2:])
def hooks_of_the_constructor_come_back(patch):
    """The constructor of Trainer calls callbacks again, as it did up to 1.7."""
    from functools import wraps

    import pytorch_lightning as pl

    original = pl.Trainer.__init__

    @wraps(original)
    def constructed(self, *args, **kwargs):
        original(self, *args, **kwargs)
        for hook in OF_INIT:
            _call_old(self, hook)

    patch.setattr(pl.Trainer, "__init__", constructed)


@sabotage(*IGNORED)
def old_hooks_are_warned_about(patch):
    """A callback that defines an old hook is warned about when the run starts."""
    from pytorch_lightning.trainer import call
    from pytorch_lightning.utilities.rank_zero import rank_zero_warn

    original = call._call_callback_hooks

    def changed(trainer, hook_name, *args, **kwargs):
        for callback in trainer.callbacks if hook_name == "on_fit_start" else ():
            for hook in (*TAKEN_OVER.values(), *OF_INIT):
                if hasattr(callback, hook):
                    rank_zero_warn(f"The `Callback.{hook}` hook is not called any more.")
        original(trainer, hook_name, *args, **kwargs)

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage(*IGNORED[:-2])
def what_took_their_place_is_called_in_the_second_epoch_alone(patch):
    """The hooks that took the place of the old ones are left out in the first epoch."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, hook_name, *args, **kwargs):
        if hook_name not in TAKEN_OVER or trainer.current_epoch > 0:
            original(trainer, hook_name, *args, **kwargs)

    patch.setattr(call, "_call_callback_hooks", changed)
