"""What ModelCheckpoint saves after the steps of a module that optimizes by hand."""

import os

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Regression, same_weights, weights
from fixtures.scores import built_in, files
from fixtures.steps import everything_said

WARNING = (
    "Using ModelCheckpoint with manual optimization and every_n_train_steps, but no pre-optimization state was saved."
    " The checkpoint will contain the model state AFTER optimization."
)


class ByHand(Regression):
    """Makes its steps by hand and notes the weights before each; with `keeps`, as ModelCheckpoint looks for them."""

    automatic_optimization = False

    def __init__(self, keeps):
        super().__init__()
        self.keeps, self.before = keeps, []

    @property
    def layer(self):
        return self.net

    def training_step(self, batch, batch_idx):
        self.before.append(weights(self.net))
        if self.keeps:
            self.saved_models = {batch_idx: {name: value.clone() for name, value in self.net.state_dict().items()}}
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(self.loss(batch))
        optimizer.step()


def trained(trainer, folder, keeps, every=1, **more):
    """The module, the weights of the network in the checkpoints, and what was said, after two steps."""
    module, options = ByHand(keeps), {"every_n_train_steps": every, "save_top_k": -1, **more}
    keeper = built_in("ModelCheckpoint", dirpath=str(folder), filename="{step}", **options)
    with everything_said() as said:
        fit(trainer(callbacks=[keeper]), module, train=regression_loader(4))
    found = sorted(files(folder), key=lambda file: (not file.startswith("last"), file))
    saved = [torch.load(folder / file, weights_only=False, map_location="cpu") for file in found]
    of_network = [{name[len("net.") :]: value for name, value in one["state_dict"].items()} for one in saved]
    return module, of_network, [line for line in said if line.startswith("Using ModelCheckpoint with manual")]


@pytest.mark.claim("built-in.checkpoint-by-hand")
def test_the_weights_after_the_step_are_saved(trainer, tmp_path):
    module, saved, _ = trained(trainer, tmp_path / "kept", keeps=False)
    after = [*module.before[1:], weights(module.net)]
    assert [same_weights(*both) for both in zip(saved, after)] == [True, True]


@pytest.mark.claim("built-in.checkpoint-by-hand-every-second")
def test_only_every_second_step_is_saved(trainer, tmp_path):
    module, saved, _ = trained(trainer, tmp_path / "kept", keeps=False, every=2)
    assert len(saved) == 1
    assert same_weights(saved[0], weights(module.net))


@pytest.mark.claim("built-in.checkpoint-by-hand-every-second")
def test_by_default_the_end_of_the_epoch_is_saved(trainer, tmp_path):
    module, saved, said = trained(trainer, tmp_path / "kept", keeps=False, every=None)
    assert (len(saved), said) == (1, [])
    assert same_weights(saved[0], weights(module.net))


@pytest.mark.claim("built-in.checkpoint-by-hand-last")
@pytest.mark.parametrize("keeps", [True, False])
def test_last_is_a_copy_of_the_newest(trainer, tmp_path, keeps):
    _, saved, _ = trained(trainer, tmp_path / "kept", keeps=keeps, save_last=True)
    assert [same_weights(one, saved[-1]) for one in saved] == [True, False, True]
    last = torch.load(tmp_path / "kept" / "last.ckpt", weights_only=False, map_location="cpu")
    newest = {os.path.basename(state["best_model_path"]) for state in last["callbacks"].values()}
    assert newest == {files(tmp_path / "kept")[-1]}


@pytest.mark.claim("built-in.checkpoint-by-hand-warning")
def test_that_is_warned_of(trainer, tmp_path):
    _, saved, said = trained(trainer, tmp_path / "kept", keeps=False)
    assert [line[: len(WARNING)] for line in said] == [WARNING] * 2
    assert len(saved) == 2


@pytest.mark.claim("built-in.checkpoint-by-hand-warning.silent")
def test_nothing_is_said(trainer, tmp_path):
    _, saved, said = trained(trainer, tmp_path / "kept", keeps=False)
    assert (len(saved), said) == (2, [])


@pytest.mark.claim("built-in.checkpoint-by-hand-before")
def test_with_its_weights_in_saved_models_those_before_the_step_are_saved(trainer, tmp_path):
    module, saved, said = trained(trainer, tmp_path / "kept", keeps=True)
    assert [same_weights(*both) for both in zip(saved, module.before)] == [True, True]
    assert said == []
    plain, _, _ = trained(trainer, tmp_path / "plain", keeps=False)
    assert same_weights(weights(module), weights(plain))


@pytest.mark.claim("built-in.checkpoint-by-hand-before.ignored")
def test_what_is_in_saved_models_is_not_used(trainer, tmp_path):
    module, saved, _ = trained(trainer, tmp_path / "kept", keeps=True)
    after = [*module.before[1:], weights(module.net)]
    assert [same_weights(*both) for both in zip(saved, after)] == [True, True]
