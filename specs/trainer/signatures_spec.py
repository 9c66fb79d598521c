"""The words that the tutorial says to a Trainer and to its entry points, and what they came to."""

import inspect

import pytest
import pytorch_lightning as pl

from fixtures.hooks import message
from fixtures.passes import Passes, batches
from ledger.plugin.outcomes import Untested

EMPTY = inspect.Parameter.empty
FIT = [("model", EMPTY), ("train_dataloader", None), ("val_dataloaders", None), ("datamodule", None)]
RENAMED = [("fit", "train_dataloader"), ("test", "test_dataloaders"), ("tune", "train_dataloader")]


def defaults(entry):
    """The parameters of an entry point of Trainer, with their defaults."""
    found = inspect.signature(getattr(pl.Trainer, entry)).parameters.values()
    return [(each.name, each.default) for each in found if each.name != "self"]


class Data(pl.LightningDataModule):
    def train_dataloader(self):
        return batches(2)

    def val_dataloader(self):
        return batches(1)

    def test_dataloader(self):
        return batches(3)


def said(trainer, entry, **named):
    """The steps of a run of an entry point that is told so."""
    users = Passes()
    getattr(trainer(num_sanity_val_steps=0), entry)(users, **named)
    return users.passes


@pytest.mark.claim("trainer.fit-signature")
def test_fit_takes_train_dataloader(trainer):
    assert said(trainer, "fit", train_dataloader=batches(2), val_dataloaders=batches(1)) == " ttv"
    assert said(trainer, "fit", datamodule=Data()) == " ttv"
    assert [each for each in FIT if each not in defaults("fit")] == []


@pytest.mark.claim("trainer.fit-signature.renamed")
@pytest.mark.parametrize(("entry", "old"), RENAMED)
def test_the_old_names_of_loaders_are_refused(trainer, entry, old):
    made = trainer()
    if not hasattr(made, entry):
        raise Untested(f"there is no Trainer.{entry}")
    refused = message(TypeError, lambda: getattr(made, entry)(Passes(), **{old: batches(1)}))
    assert refused.endswith(f"{entry}() got an unexpected keyword argument '{old}'")


@pytest.mark.claim("trainer.fit-signature.renamed")
def test_fit_takes_train_dataloaders_and_test_takes_dataloaders(trainer):
    assert said(trainer, "fit", train_dataloaders=batches(2), val_dataloaders=batches(1)) == " ttv"
    assert said(trainer, "fit", datamodule=Data()) == " ttv"
    assert said(trainer, "test", dataloaders=batches(3)) == "eee"
    assert defaults("fit")[1:4] == [("train_dataloaders", None), ("val_dataloaders", None), ("datamodule", None)]


@pytest.mark.claim("trainer.test-signature")
def test_test_takes_test_dataloaders(trainer):
    assert said(trainer, "test", test_dataloaders=batches(3), verbose=False) == "eee"
    assert said(trainer, "test", datamodule=Data(), verbose=False) == "eee"
    expected = [("model", None), ("test_dataloaders", None), ("ckpt_path", "best"), ("verbose", True)]
    assert [each for each in [*expected, ("datamodule", None)] if each not in defaults("test")] == []


@pytest.mark.claim("trainer.test-signature.dataloaders")
def test_test_takes_dataloaders_and_no_checkpoint_unless_told(trainer):
    expected = [("model", None), ("dataloaders", None), ("ckpt_path", None), ("verbose", True), ("datamodule", None)]
    assert defaults("test")[:5] == expected
    assert said(trainer, "test", dataloaders=batches(3), verbose=False) == "eee"
    assert said(trainer, "test", datamodule=Data(), verbose=False) == "eee"


@pytest.mark.claim("trainer.tune-signature")
def test_tune_takes_train_dataloader(trainer):
    made, named = trainer(), {"train_dataloader": batches(2), "val_dataloaders": batches(1), "datamodule": None}
    made.tune(Passes(), **named)
    assert [each for each in FIT if each not in defaults("tune")] == []
