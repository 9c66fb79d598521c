"""The callbacks that a module brings along."""

import pytest
import pytorch_lightning as pl

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated


class Counts(pl.Callback):
    batches = 0

    def on_train_batch_end(self, *args, **kwargs):
        self.batches += 1


class Bringing(Evaluated):
    """Brings what it is made with as its callbacks."""

    def __init__(self, brings):
        super().__init__()
        self.brings = brings

    def configure_callbacks(self):
        return self.brings


def joined(trainer, callback, brings):
    """Which of the callbacks of these two classes are `callback`, after a fit of four batches."""
    used = trainer(callbacks=[pl.Callback(), Counts()])
    fit(used, Bringing(brings), train=regression_loader())
    return [each is callback for each in used.callbacks if type(each) in (Counts, pl.Callback)]


@pytest.mark.claim("module.configure-callbacks")
def test_callbacks_of_the_module_join_in_the_place_of_the_trainers(trainer):
    own = Counts()
    assert joined(trainer, own, [own]) == [False, True]
    assert own.batches == 4
    assert joined(trainer, None, []) == [False, False]
    assert Evaluated().configure_callbacks() == []


@pytest.mark.claim("module.configure-callbacks-single")
def test_a_single_callback_needs_no_list(trainer):
    own = Counts()
    assert joined(trainer, own, own) == [False, True]
    assert own.batches == 4
