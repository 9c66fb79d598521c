"""Hyperparameters that are more than plain values, in a checkpoint and back through load_from_checkpoint."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.held import OBJECTS, Holding, refusal, unless_left_to_torch
from fixtures.modules import same_weights, weights
from fixtures.resumes import fit_and_save


@pytest.fixture(params=OBJECTS.values(), ids=OBJECTS)
def held(request):
    return request.param


@pytest.fixture
def saved(held, trainer, tmp_path):
    """A module that was trained and holds that object, and its checkpoint."""
    module = Holding(held)
    return module, fit_and_save(trainer(), module, str(tmp_path / "held.ckpt"), train=regression_loader(2))


@pytest.mark.claim("module.hparams-objects")
def test_an_object_comes_back_as_it_was(held, saved):
    module, path = saved
    with unless_left_to_torch():
        loaded = Holding.load_from_checkpoint(path)
    assert loaded.hparams.held == held
    assert same_weights(weights(loaded), weights(module))


@pytest.mark.claim("module.hparams-objects.weights-only")
def test_an_object_is_refused_unless_it_is_allowed(held, saved):
    module, path = saved
    kind, loaded = held if isinstance(held, type) else type(held), []

    def load(**options):
        loaded.append(Holding.load_from_checkpoint(path, **options))

    said = refusal(load)
    assert f"GLOBAL {kind.__module__}.{kind.__name__} was not an allowed global by default" in said
    assert refusal(lambda: load(weights_only=True)) == said
    assert refusal(lambda: load(weights_only=False)) == ""
    with torch.serialization.safe_globals([kind]):
        assert refusal(load) == ""
    assert [one.hparams.held for one in loaded] == [held, held]
    assert [same_weights(weights(one), weights(module)) for one in loaded] == [True, True]
