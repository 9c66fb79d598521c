"""How to make the claims about the hooks of a run and its checkpoints false."""

from fixtures.calls import patch_calls, replace, skip
from fixtures.sabotage import sabotage

FIT = "module.fit-start-end"
CHECKPOINT = "module.checkpoint-hooks"
IGNORED = "module.pretrain-routine.silently-ignored"


@sabotage(FIT)
def fit_start_comes_after_the_sanity_check(patch):
    """on_fit_start is called right before on_train_start."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_train_start":
            call(trainer, "on_fit_start")
        return None if name == "on_fit_start" else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(FIT)
def fit_end_comes_with_every_epoch(patch):
    """on_fit_end is called after every epoch as well."""

    def change(call, trainer, name, *args, **kwargs):
        result = call(trainer, name, *args, **kwargs)
        if name == "on_train_epoch_end":
            call(trainer, "on_fit_end")
        return result

    patch_calls(patch, "module", change)


@sabotage(FIT)
def fit_start_is_given_the_stage(patch):
    """on_fit_start gets an argument, where the module takes one."""
    import pytorch_lightning as pl

    patch.setattr(pl.LightningModule, "on_fit_start", lambda self, stage=None: None)
    replace(patch, "module", "on_fit_start", lambda: ("fit",))


@sabotage(f"{FIT}.only-in-fit")
def testing_calls_the_hooks_of_a_fit(patch):
    """on_fit_start is called when testing starts, as up to 1.2."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_test_start":
            call(trainer, "on_fit_start")
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(CHECKPOINT)
def what_saving_adds_is_lost(patch):
    """on_save_checkpoint gets a copy of the checkpoint."""
    replace(patch, "module", "on_save_checkpoint", lambda checkpoint: (dict(checkpoint),))


@sabotage(CHECKPOINT)
def a_resumed_fit_does_not_tell_the_module(patch):
    """on_load_checkpoint is not called when a fit is resumed."""
    skip(patch, "module", "on_load_checkpoint")


@sabotage(CHECKPOINT)
def the_module_is_told_after_its_weights_are_loaded(patch):
    """When a fit is resumed, on_load_checkpoint is called only as training starts."""
    waiting = []

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_load_checkpoint":
            return waiting.append(args)
        while name == "on_train_start" and waiting:
            call(trainer, "on_load_checkpoint", *waiting.pop())
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(CHECKPOINT)
def loading_a_module_does_not_tell_it(patch):
    """load_from_checkpoint loads a copy of the weights before on_load_checkpoint could change them."""
    from pytorch_lightning.core import saving

    original = saving._load_state

    def load(cls, checkpoint, *args, **kwargs):
        kept = {name: value.clone() for name, value in checkpoint["state_dict"].items()}
        module = original(cls, checkpoint, *args, **kwargs)
        module.load_state_dict(kept)
        return module

    patch.setattr(saving, "_load_state", load)


@sabotage(IGNORED)
def the_pretrain_routine_is_back(patch):
    """The hooks of the pretrain routine are called after on_fit_start, as up to 1.7."""

    def change(call, trainer, name, *args, **kwargs):
        result = call(trainer, name, *args, **kwargs)
        for hook in ("on_pretrain_routine_start", "on_pretrain_routine_end"):
            if name == "on_fit_start" and hasattr(trainer.lightning_module, hook):
                call(trainer, hook)
        return result

    patch_calls(patch, "module", change)


def tell(patch, say):
    """A module that defines a hook of the pretrain routine is told so by `say`."""
    from pytorch_lightning.trainer import trainer as module

    original = module._verify_loop_configurations

    def verify(trainer):
        if hasattr(trainer.lightning_module, "on_pretrain_routine_start"):
            say("`on_pretrain_routine_start` is not called any more")
        original(trainer)

    patch.setattr(module, "_verify_loop_configurations", verify)


@sabotage(IGNORED)
def a_warning_names_the_hook(patch):
    """A module that defines a hook of the pretrain routine gets a warning."""
    from pytorch_lightning.utilities.rank_zero import rank_zero_warn

    tell(patch, rank_zero_warn)


@sabotage(IGNORED)
def the_log_names_the_hook(patch):
    """A module that defines a hook of the pretrain routine is told so in the log."""
    from pytorch_lightning.utilities.rank_zero import rank_zero_info

    tell(patch, rank_zero_info)
