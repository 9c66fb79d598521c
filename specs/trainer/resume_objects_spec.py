"""Checkpoints whose hyperparameters are more than plain values, handed to the Trainer."""

import pytest

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.held import OBJECTS, Holding, refusal, unless_left_to_torch
from fixtures.modules import same_weights, weights
from fixtures.resumes import fit_and_save

RUNS = ("fit", "validate", "test", "predict")


@pytest.fixture
def saved(trainer, tmp_path):
    """A module that was trained for one epoch and holds a path, and its checkpoint."""
    module = Holding(OBJECTS["path"])
    return module, fit_and_save(trainer(), module, str(tmp_path / "held.ckpt"), train=regression_loader(4))


@pytest.mark.claim("trainer.resume-objects")
def test_a_fit_resumes_from_a_checkpoint_that_holds_an_object(saved, trainer):
    resumed, (_, path) = Holding(None), saved
    with unless_left_to_torch():
        fit(trainer(max_epochs=2), resumed, train=regression_loader(4), ckpt_path=path)
    whole = Holding(None)
    fit(trainer(max_epochs=2), whole, train=regression_loader(4))
    assert same_weights(weights(resumed), weights(whole))


class Evaluated(Holding):
    def validation_step(self, batch, batch_idx):
        self.loss(batch)

    test_step = predict_step = validation_step


@pytest.mark.claim("trainer.resume-objects.weights-only")
@pytest.mark.parametrize("run", RUNS)
def test_every_run_refuses_it_unless_told_to_take_it(run, saved, trainer):
    module, path = saved
    given = Evaluated(None)

    def start(**options):
        getattr(trainer(), run)(given, regression_loader(4), ckpt_path=path, **options)

    assert "GLOBAL pathlib.PosixPath was not an allowed global by default" in refusal(start)
    assert not same_weights(weights(given), weights(module))
    assert refusal(lambda: start(weights_only=False)) == ""
    assert same_weights(weights(given), weights(module))
