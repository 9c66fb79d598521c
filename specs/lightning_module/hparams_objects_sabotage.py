"""How to make the claims about hyperparameters that are objects false."""

from fixtures.sabotage import sabotage


def patch_load(patch, change):
    """Let load_from_checkpoint read files with the `weights_only` that `change` makes of its own."""
    from pytorch_lightning.core import saving

    load = saving.pl_load

    def loaded(path, map_location=None, weights_only=None):
        return load(path, map_location, weights_only=change(weights_only))

    patch.setattr(saving, "pl_load", loaded)


@sabotage("module.hparams-objects.weights-only")
def everything_is_loaded(patch):
    """load_from_checkpoint loads any object, as in 2.4 and 2.5."""
    patch_load(patch, lambda weights_only: False)


@sabotage("module.hparams-objects.weights-only")
def nothing_else_is_loaded(patch):
    """load_from_checkpoint restricts itself where it is told not to."""
    patch_load(patch, lambda weights_only: None)
