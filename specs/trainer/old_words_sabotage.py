"""How to make the claims about what is said instead of the tutorial's words false."""

import inspect

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import ModelSummary
from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector
from pytorch_lightning.tuner import lr_finder

from fixtures.sabotage import sabotage

TUNER = "trainer.auto-lr-find.tuner"


def taking(patch, entry, old, new):
    """Let an entry point of Trainer take an argument by its old name, too."""
    original = getattr(Trainer, entry)

    def entered(self, *args, **named):
        if old in named:
            named[new] = named.pop(old)
        return original(self, *args, **named)

    entered.__signature__ = inspect.signature(original)
    patch.setattr(Trainer, entry, entered)


@sabotage("trainer.fit-signature.renamed")
def fit_takes_the_old_name(patch):
    """fit takes train_dataloader for train_dataloaders."""
    taking(patch, "fit", "train_dataloader", "train_dataloaders")


@sabotage("trainer.fit-signature.renamed")
def test_takes_the_old_name(patch):
    """test takes test_dataloaders for dataloaders."""
    taking(patch, "test", "test_dataloaders", "dataloaders")


@sabotage("trainer.test-signature.dataloaders")
def the_best_checkpoint_is_the_default(patch):
    """test has ckpt_path='best' by default."""
    names = inspect.signature(Trainer.test).parameters
    patch.setattr(
        Trainer.test,
        "__defaults__",
        tuple("best" if name == "ckpt_path" else each.default for name, each in names.items() if name != "self"),
    )


@sabotage("trainer.weights-summary.model-summary")
def only_the_top_is_summed_up(patch):
    """max_depth is ignored."""
    original = ModelSummary.__init__
    patch.setattr(ModelSummary, "__init__", lambda self, max_depth=1, **rest: original(self, 1, **rest))


@sabotage("trainer.weights-summary.model-summary")
def everything_is_summed_up(patch):
    """The summary of a callback that is told nothing is of all layers."""
    original = ModelSummary.__init__
    patch.setattr(ModelSummary, "__init__", lambda self, max_depth=-1, **rest: original(self, max_depth, **rest))


@sabotage("trainer.weights-summary.model-summary")
def modules_are_summed_up_unasked(patch):
    """enable_model_summary is ignored."""

    def configure(self, enabled):
        if not any(isinstance(each, ModelSummary) for each in self.trainer.callbacks):
            self.trainer.callbacks.append(ModelSummary())

    patch.setattr(_CallbackConnector, "_configure_model_summary_callback", configure)


@sabotage(TUNER)
def there_is_tune_again(patch):
    """Trainer has a method tune."""
    patch.setattr(Trainer, "tune", lambda self, model: None, raising=False)


@sabotage(TUNER)
def the_rate_found_is_not_used(patch):
    """The suggestion is left to the user."""
    patch.setattr(lr_finder, "lightning_setattr", lambda model, name, value: None)
