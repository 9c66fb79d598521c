"""The hooks around a run, its routines and its checkpoints."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import Noting, message
from fixtures.modules import same_weights, weights
from fixtures.steps import everything_said

PRETRAIN = ("on_pretrain_routine_start", "on_pretrain_routine_end")


@pytest.mark.claim("module.fit-start-end")
def test_fit_start_and_fit_end_come_once_around_everything_else(recorded):
    trace = recorded("fit")
    for hook in ("module.on_fit_start", "module.on_fit_end"):
        assert [dict(given) for given in trace.arguments(hook)] == [{}]
    run = trace.names("module.on_fit_*", "module.on_*train*", "module.on_*validation*", "module.*_step")
    assert (run[0], run[-1]) == ("module.on_fit_start", "module.on_fit_end")


@pytest.mark.claim("module.fit-start-end.only-in-fit")
def test_testing_calls_neither_fit_start_nor_fit_end(recorded):
    trace = recorded("test")
    assert trace.count("module.test_step") == 2
    assert trace.names("module.on_fit_*") == []


@pytest.mark.claim("module.fit-start-end.in-test-too")
def test_testing_calls_fit_start_and_fit_end_too(recorded):
    trace = recorded("test")
    run = trace.names("module.on_fit_*", "module.on_test_*", "module.test_step")
    assert (run[0], run[-1]) == ("module.on_fit_start", "module.on_fit_end")
    assert trace.names("module.on_fit_*") == ["module.on_fit_start", "module.on_fit_end"]


class Checkpointed(Noting):
    """Puts a key of its own into the checkpoint; takes it out again, and all weights become zeros on the way."""

    def on_save_checkpoint(self, checkpoint):
        self.note("save", sorted({"epoch", "global_step", "state_dict", "mine"} & checkpoint.keys()))
        checkpoint["mine"] = 42

    def on_load_checkpoint(self, checkpoint):
        self.before = weights(self)
        self.note("load", checkpoint.get("mine"))
        for value in checkpoint["state_dict"].values():
            value.zero_()


def saved(trainer, tmp_path):
    """A module that was fitted, and the checkpoint that was then saved."""
    module, path = Checkpointed(), str(tmp_path / "own.ckpt")
    own_trainer = trainer()
    fit(own_trainer, module, train=regression_loader(4))
    assert module.noted == []
    own_trainer.save_checkpoint(path)
    return module, path


def zeroed(module):
    return not any(value.any() for value in weights(module).values())


@pytest.mark.claim("module.checkpoint-hooks")
def test_what_is_added_while_saving_is_in_the_file(device, trainer, tmp_path):
    module, path = saved(trainer, tmp_path)
    assert module.noted == [("save", ["epoch", "global_step", "state_dict"])]
    assert torch.load(path).get("mine") == 42


@pytest.mark.claim("module.checkpoint-hooks")
def test_what_was_saved_is_seen_before_the_weights_are_loaded(device, trainer, tmp_path):
    _, path = saved(trainer, tmp_path)
    loaded = Checkpointed.load_from_checkpoint(path)
    assert loaded.noted == [("load", 42)]
    assert same_weights(loaded.before, weights(Checkpointed()))
    assert zeroed(loaded)


@pytest.mark.claim("module.checkpoint-hooks")
def test_what_was_saved_is_seen_when_a_fit_is_resumed(device, trainer, tmp_path):
    class Resumed(Checkpointed):
        def on_train_start(self):
            self.note("train", zeroed(self))

    _, path = saved(trainer, tmp_path)
    module = Resumed()
    fit(trainer(max_epochs=2), module, train=regression_loader(4), ckpt_path=path)
    assert module.noted == [("load", 42), ("train", True)]
    assert same_weights(module.before, weights(Checkpointed()))


@pytest.mark.claim("module.checkpoint-hooks.after-the-weights")
def test_a_fit_that_resumes_loads_the_weights_before_the_hook(device, trainer, tmp_path):
    module, path = saved(trainer, tmp_path)
    resumed = Checkpointed()
    fit(trainer(max_epochs=2), resumed, train=regression_loader(4), ckpt_path=path)
    assert resumed.noted == [("load", 42)]
    assert same_weights(resumed.before, weights(module))
    assert not zeroed(resumed)


class Started(Noting):
    def on_fit_start(self):
        self.note("on_fit_start")

    def validation_step(self, batch, batch_idx):
        self.note("validation_step")
        return super().validation_step(batch, batch_idx)

    def on_train_start(self):
        self.note("on_train_start")


class Pretraining(Started):
    def on_pretrain_routine_start(self):
        self.note("on_pretrain_routine_start")

    def on_pretrain_routine_end(self):
        self.note("on_pretrain_routine_end")


def fitted(module, trainer):
    """What the module notes in a fit, until training starts; one batch of validation precedes that."""
    fit(trainer(num_sanity_val_steps=1), module, train=regression_loader(4), val=regression_loader(2))
    names = [name for (name,) in module.noted]
    return names[: names.index("on_train_start") + 1]


@pytest.mark.claim("module.pretrain-routine")
def test_the_pretrain_routine_lies_between_fit_start_and_train_start(device, trainer):
    module = Pretraining()
    assert fitted(module, trainer) == ["on_fit_start", *PRETRAIN, "validation_step", "on_train_start"]
    assert [module.noted.count((name,)) for name in PRETRAIN] == [1, 1]


@pytest.mark.claim("module.pretrain-routine.refused")
def test_hooks_of_the_pretrain_routine_are_refused(device, trainer):
    module = Pretraining().to(device.torch_device)
    assert message(RuntimeError, lambda: fitted(module, trainer)) == (
        "The `LightningModule.on_pretrain_routine_start` hook was removed in v1.8. "
        "Please use `LightningModule.on_fit_start` instead."
    )
    assert module.noted == []


@pytest.mark.claim("module.pretrain-routine.silently-ignored")
def test_hooks_of_the_pretrain_routine_are_silently_ignored(device, trainer):
    module = Pretraining()
    with everything_said() as said:
        assert fitted(module, trainer) == ["on_fit_start", "validation_step", "on_train_start"]
    assert [module.noted.count((name,)) for name in PRETRAIN] == [0, 0]
    assert [line for line in said if "pretrain_routine" in line] == []
