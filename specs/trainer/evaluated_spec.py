"""With which weights a run after a fit evaluates or predicts: those of a checkpoint, or those of the module."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.dialects.release import parameters
from fixtures.resumes import content, plain
from fixtures.scores import Scored, built_in
from fixtures.steps import everything_said
from ledger.plugin.outcomes import Untested

RUNS = ["validate", "test", "predict"]


def numbers(module):
    """The weights as lists; a state_dict of the simulated device cannot be made where gradients are off for good."""
    return {name: parameter.tolist() for name, parameter in module.named_parameters()}


class Weighed(Scored):
    """Brings its loaders along, and notes after the fit with which weights it is asked."""

    def __init__(self):
        super().__init__(2.0, 1.0, 3.0)
        self.used = []

    def train_dataloader(self):
        return regression_loader(4)

    def val_dataloader(self):
        return regression_loader(2)

    test_dataloader = predict_dataloader = val_dataloader

    def validation_step(self, batch, batch_idx):
        if self.validated < len(self.scores):
            super().validation_step(batch, batch_idx)
        else:
            self.used.append(numbers(self))

    def test_step(self, batch, batch_idx):
        self.used.append(numbers(self))

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        self.used.append(numbers(self))
        return self(batch[0])


def entry_point(trainer, name):
    if not hasattr(trainer, name) or (name == "predict" and not hasattr(pl.LightningModule, "predict_step")):
        raise Untested(f"there is no Trainer.{name}, or no step for it")
    return getattr(trainer, name)


class After:
    """A fit of three epochs that kept a checkpoint of each, of which the second is the best; then the weights changed.

    `saved` has the weights of each checkpoint, `now` those after the change.
    """

    def __init__(self, trainer, folder, **options):
        keeper = built_in("ModelCheckpoint", dirpath=str(folder), filename="{epoch}", monitor="score", **options)
        self.trainer, self.module = trainer(callbacks=[keeper], max_epochs=3, num_sanity_val_steps=0), Weighed()
        fit(self.trainer, self.module)
        self.paths = [str(folder / f"epoch={number}.ckpt") for number in range(3)]
        self.saved = [plain(content(path)["state_dict"]) for path in self.paths]
        with torch.no_grad():
            for parameter in self.module.parameters():
                parameter.add_(1)
        self.now = numbers(self.module)

    def run(self, name, *module, **options):
        """The weights that were used in that run, and those that the module has after it."""
        entry = entry_point(self.trainer, name)
        if set(options) - set(parameters(entry)):
            raise Untested(f"Trainer.{name} has no option {', '.join(options)}")
        entry(*module, **options, **{} if name == "predict" else {"verbose": False})
        return [*self.module.used, numbers(self.module)]


@pytest.fixture
def after(trainer, tmp_path):
    return After(trainer, tmp_path, save_top_k=3)


@pytest.mark.claim("trainer.evaluation-best")
@pytest.mark.parametrize("name", ["validate", "test"])
def test_without_a_module_the_best_checkpoint_is_evaluated(after, name):
    assert after.run(name) == [after.saved[1]] * 2


@pytest.mark.claim("trainer.evaluation-best-predict")
def test_without_a_module_the_best_checkpoint_predicts(after):
    assert after.run("predict") == [after.saved[1]] * 2


@pytest.mark.claim("trainer.evaluation-best-predict.as-it-is")
def test_without_a_module_the_last_one_predicts_as_it_is(after):
    assert after.run("predict") == [after.now] * 2


@pytest.mark.claim("trainer.evaluation-given")
@pytest.mark.parametrize("name", RUNS)
def test_a_module_that_is_given_is_taken_as_it_is(after, name):
    assert after.run(name, after.module) == [after.now] * 2


@pytest.mark.claim("trainer.evaluation-checkpoint")
@pytest.mark.parametrize("name", RUNS)
def test_without_a_module_the_checkpoint_of_a_path_is_taken(after, name):
    assert after.run(name, ckpt_path=after.paths[0]) == [after.saved[0]] * 2


@pytest.mark.claim("trainer.evaluation-checkpoint-given")
@pytest.mark.parametrize("name", RUNS)
def test_a_module_that_is_given_gets_the_weights_of_the_path(after, name):
    assert after.run(name, after.module, ckpt_path=after.paths[0]) == [after.saved[0]] * 2


@pytest.mark.claim("trainer.evaluation-checkpoint-given")
@pytest.mark.parametrize("name", RUNS)
def test_a_module_that_is_given_gets_the_best_weights_where_they_are_asked_for(after, name):
    assert after.run(name, after.module, ckpt_path="best") == [after.saved[1]] * 2


@pytest.mark.claim("trainer.evaluation-checkpoint-given.ignored")
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("best", [False, True])
def test_beside_a_module_ckpt_path_changes_nothing(after, name, best):
    path = "best" if best else after.paths[0]
    assert after.run(name, after.module, ckpt_path=path) == [after.now] * 2


@pytest.mark.claim("trainer.evaluation-none")
@pytest.mark.parametrize("name", RUNS)
def test_none_leaves_the_weights_as_they_are(after, name):
    assert after.run(name, ckpt_path=None) == [after.now] * 2


@pytest.mark.claim("trainer.evaluation-none.best")
@pytest.mark.parametrize("name", RUNS)
def test_none_means_the_best_checkpoint_and_this_is_warned_of(after, name):
    with everything_said() as said:
        found = after.run(name, ckpt_path=None)
    assert found == [after.saved[1]] * 2
    warned = f"`.{name}(ckpt_path=None)` was called without a model. The best model of the previous `fit` call will be"
    assert [line.startswith(warned) for line in said if "ckpt_path=None" in line] == [True]


@pytest.mark.claim("trainer.evaluation-last")
@pytest.mark.parametrize("name", RUNS)
def test_last_means_the_last_checkpoint(trainer, tmp_path, name):
    after = After(trainer, tmp_path, save_top_k=3, save_last=True)
    assert after.run(name, ckpt_path="last") == [after.saved[2]] * 2


@pytest.mark.claim("trainer.evaluation-best-missing")
@pytest.mark.parametrize("name", RUNS)
def test_without_a_module_and_a_model_checkpoint_a_run_is_refused(trainer, name):
    made = trainer()
    fit(made, Weighed())
    with pytest.raises((MisconfigurationException, ValueError)) as refused:
        entry_point(made, name)()
    assert str(refused.value) == f'`.{name}(ckpt_path="best")` is set but `ModelCheckpoint` is not configured.'


@pytest.mark.claim("trainer.evaluation-best-missing.untold")
def test_without_a_module_and_a_model_checkpoint_an_attribute_is_missing(trainer):
    made = trainer()
    fit(made, Weighed())
    with pytest.raises(AttributeError) as failed:
        made.test()
    assert str(failed.value) == "'NoneType' object has no attribute 'best_model_path'"


@pytest.mark.claim("trainer.test-loads-best")
@pytest.mark.parametrize("best", [True, False])
def test_best_is_the_best_checkpoint_and_none_the_last_weights(after, best):
    assert after.run("test", ckpt_path="best" if best else None) == [after.saved[1] if best else after.now] * 2
