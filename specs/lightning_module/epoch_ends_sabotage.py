"""How to make the claims about the end of an epoch false."""

from fixtures.calls import repeat, swap
from fixtures.sabotage import sabotage
from fixtures.steps import patch_verification

TRAINING = "module.training-epoch-end.on-train-epoch-end"
VALIDATION = "module.validation-epoch-end.on-validation-epoch-end"
TEST = "module.test-epoch-end.on-test-epoch-end"


@sabotage(TRAINING, VALIDATION, TEST)
def removed_hooks_are_silently_ignored(patch):
    """Modules are not looked at before the run."""
    patch_verification(patch, lambda module: None, instead=True)


@sabotage(TRAINING, VALIDATION, TEST)
def epochs_end_where_they_start(patch):
    """The hooks at the start and at the end of an epoch are called in each other's place."""
    for run in ("train", "validation", "test"):
        swap(patch, "module", f"on_{run}_epoch_start", f"on_{run}_epoch_end")


@sabotage(TRAINING, VALIDATION, TEST)
def epochs_end_twice(patch):
    """The hooks at the end of an epoch are called twice."""
    for run in ("train", "validation", "test"):
        repeat(patch, "module", f"on_{run}_epoch_end")
