"""How to make the claims about the hooks around an epoch false: left out, called too often, swapped."""

from fixtures.calls import patch_calls, repeat, swap
from fixtures.sabotage import sabotage

TRAIN = "module.train-epoch-hooks.without-outputs"
VALIDATION = "module.validation-epoch-hooks"
TEST = "module.test-epoch-hooks"


@sabotage(TRAIN, VALIDATION, TEST)
def start_and_end_of_an_epoch_are_swapped(patch):
    """Each hook of an epoch is called in the place of the other."""
    for run in ("train", "validation", "test"):
        swap(patch, "module", f"on_{run}_epoch_start", f"on_{run}_epoch_end")


@sabotage(TRAIN, VALIDATION, TEST)
def the_end_of_an_epoch_is_told_twice(patch):
    """The hooks at the end of an epoch are called twice."""
    for run in ("train", "validation", "test"):
        repeat(patch, "module", f"on_{run}_epoch_end")


@sabotage(TRAIN)
def only_the_first_epoch_starts(patch):
    """on_train_epoch_start is called for the first epoch only."""

    def change(call, trainer, name, *args, **kwargs):
        skipped = name == "on_train_epoch_start" and trainer.current_epoch > 0
        return None if skipped else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(VALIDATION)
def the_sanity_check_is_no_epoch(patch):
    """The sanity check does not call the hooks of an epoch."""

    def change(call, trainer, name, *args, **kwargs):
        skipped = trainer.sanity_checking and name.startswith("on_validation_epoch")
        return None if skipped else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(VALIDATION, TEST)
def an_epoch_starts_before_every_batch(patch):
    """The hooks at the start of an epoch are called for every batch."""

    def change(call, trainer, name, *args, **kwargs):
        if name in ("on_validation_batch_start", "on_test_batch_start"):
            call(trainer, name.replace("batch", "epoch"))
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)
