"""What the module has added to its history when a hook of a callback reads it, at the end of three epochs."""

import pytest
import pytorch_lightning as pl

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated
from fixtures.overrides import called_hooks


class Keeping(Evaluated):
    def __init__(self):
        super().__init__()
        self.trained, self.validated = [], []

    def keep_trained(self, *outputs):
        self.trained.append(self.current_epoch)

    def keep_validated(self, *outputs):
        self.validated.append(self.current_epoch)


class KeepingInValidation(Keeping):
    def on_validation_epoch_end(self):
        self.keep_trained()
        self.keep_validated()


def keeping_where_an_epoch_ends():
    """Adds its numbers where it gets the outputs of an epoch, or in the hooks that took the place of those."""
    then = {"training_epoch_end": Keeping.keep_trained, "validation_epoch_end": Keeping.keep_validated}
    now = {"on_train_epoch_end": Keeping.keep_trained, "on_validation_epoch_end": Keeping.keep_validated}
    return type("KeepingAtEnd", (Keeping,), called_hooks(then) or now)()


def read(trainer, hook, module=None):
    """(epoch, numbers of training, numbers of validation) whenever the callback reads in this hook."""
    found = []

    def note(self, trainer, pl_module, *outputs):
        found.append((trainer.current_epoch, len(pl_module.trained), len(pl_module.validated)))

    callback = type("Reading", (pl.Callback,), {hook: note})()
    made = trainer(max_epochs=3, callbacks=[callback], num_sanity_val_steps=0)
    fit(made, module or keeping_where_an_epoch_ends(), regression_loader(4), regression_loader(2))
    return found


def own_numbers(trainer):
    """How many numbers of training are there when its epoch ends, and of validation when its does."""
    trained = [numbers for _, numbers, _ in read(trainer, "on_train_epoch_end")]
    return trained, [numbers for _, _, numbers in read(trainer, "on_validation_epoch_end")]


@pytest.mark.claim("recipe.history-is-current-in-epoch-end")
def test_the_numbers_of_this_epoch_are_there(device, trainer):
    assert own_numbers(trainer) == ([1, 2, 3], [1, 2, 3])


@pytest.mark.claim("recipe.history-is-current-in-epoch-end.training-late")
def test_the_numbers_of_training_come_an_epoch_late(device, trainer):
    assert own_numbers(trainer) == ([0, 1, 2], [1, 2, 3])


@pytest.mark.claim("recipe.history-is-current-in-epoch-end.both-late")
def test_all_numbers_come_an_epoch_late(device, trainer):
    assert own_numbers(trainer) == ([0, 1, 2], [0, 1, 2])


@pytest.mark.claim("recipe.history-is-current-in-epoch-end.both-late")
def test_those_of_validation_are_there_when_it_has_ended(device, trainer):
    assert read(trainer, "on_validation_end") == [(0, 0, 1), (1, 1, 2), (2, 2, 3)]


@pytest.mark.claim("recipe.history-is-current-in-validation-end")
def test_what_is_added_in_validation_is_there_when_it_has_ended(device, trainer):
    assert read(trainer, "on_validation_end", KeepingInValidation()) == [(0, 1, 1), (1, 2, 2), (2, 3, 3)]


@pytest.mark.claim("recipe.history-is-current-in-on_epoch_end")
def test_on_epoch_end_finds_all_numbers_of_the_epoch(device, trainer):
    assert read(trainer, "on_epoch_end") == [(0, 1, 1), (1, 2, 2), (2, 3, 3)]


@pytest.mark.claim("recipe.history-is-current-in-on_epoch_end.incomplete")
def test_the_first_on_epoch_end_of_an_epoch_misses_a_number_of_it(device, trainer):
    first = {epoch: numbers for epoch, *numbers in reversed(read(trainer, "on_epoch_end"))}
    assert {epoch: min(numbers) for epoch, numbers in first.items()} == {0: 0, 1: 1, 2: 2}
