"""How to make the claims about checkpoints that hold objects false."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage

TAKEN = "trainer.resume-objects.weights-only"


def patch_reading(patch, change):
    """Let the Trainer read checkpoints with the `weights_only` that `change` makes of what it was told."""
    original = pl.strategies.Strategy.load_checkpoint

    def load(self, path, weights_only=None):
        return original(self, path, change(weights_only))

    patch.setattr(pl.strategies.Strategy, "load_checkpoint", load)


@sabotage(TAKEN)
def every_object_is_taken(patch):
    """The Trainer reads any object, whether or not it is told to."""
    patch_reading(patch, lambda told: False)


@sabotage(TAKEN)
def what_it_is_told_is_lost(patch):
    """The Trainer leaves it to torch what may be read, whatever it is told."""
    patch_reading(patch, lambda told: None)
