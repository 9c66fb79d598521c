"""How to make the claims about finding the batch size false."""

from functools import wraps

from pytorch_lightning import Trainer
from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector
from pytorch_lightning.tuner import batch_size_scaling, tuning

from fixtures.sabotage import sabotage

TUNER = "trainer.auto-scale-batch-size.tuner"
MARGIN = "trainer.auto-scale-batch-size-binsearch.margin"


@sabotage(TUNER)
def the_size_that_failed_stays(patch):
    """A size that memory does not take is not halved."""
    adjust = batch_size_scaling._adjust_batch_size

    def adjusted(trainer, name, factor=1.0, **rest):
        return adjust(trainer, name, factor=max(factor, 1.0), **rest)

    patch.setattr(batch_size_scaling, "_adjust_batch_size", adjusted)


@sabotage(TUNER)
def the_trials_train_the_module(patch):
    """The weights from before the trials do not come back."""
    patch.setattr(_CheckpointConnector, "restore", lambda self, path=None: None)


@sabotage(TUNER)
def loaders_are_made_once(patch):
    """Every size is tried with the loader of the first."""
    patch.setattr(batch_size_scaling, "_reset_dataloaders", lambda trainer: None)


@sabotage(TUNER)
def the_trainer_takes_the_word_again(patch):
    """Trainer takes auto_scale_batch_size, and does nothing with it."""
    made = Trainer.__init__

    @wraps(made)
    def making(self, auto_scale_batch_size=False, **said):
        made(self, **said)

    patch.setattr(Trainer, "__init__", making)


def with_margin(patch, change):
    scale = tuning.Tuner.scale_batch_size
    patch.setattr(
        tuning.Tuner,
        "scale_batch_size",
        lambda self, model, margin=0.05, **rest: scale(self, model, margin=change(margin), **rest),
    )


@sabotage(MARGIN)
def nothing_is_taken_off_unasked(patch):
    """The margin is 0 unless another is asked for."""
    with_margin(patch, lambda margin: 0 if margin == 0.05 else margin)


@sabotage(MARGIN)
def the_margin_is_always_the_same(patch):
    """A margin that is asked for is ignored."""
    with_margin(patch, lambda margin: 0.05)
