"""What a checkpoint holds for a fit to resume from it, and a checkpoint that does not hold enough."""

from os.path import basename as name

import pytest
import pytorch_lightning as pl

from fixtures.resumes import Noting, Saving, content, run, trained
from fixtures.scores import built_in
from ledger.plugin.outcomes import Untested

KEYS = {"epoch", "global_step", "pytorch-lightning_version", "state_dict"}
STATES = {"callbacks", "optimizer_states", "lr_schedulers"}


def keys(trainer, tmp_path):
    """Of a whole checkpoint, and of one with the weights only."""
    ended = run(trainer, Noting(), max_epochs=1)
    return set(ended.save(tmp_path / "a.ckpt")), set(ended.save(tmp_path / "b.ckpt", weights_only=True))


@pytest.mark.claim("trainer.resume-file-keys")
def test_a_checkpoint_has_these_keys_and_no_others(trainer, tmp_path):
    assert keys(trainer, tmp_path) == (KEYS | {"loops"} | STATES, KEYS | {"loops"})


@pytest.mark.claim("trainer.resume-file-keys.without-loops")
def test_a_checkpoint_has_these_keys_and_no_loops(trainer, tmp_path):
    assert keys(trainer, tmp_path) == (KEYS | STATES, KEYS)


def counts(trainer, tmp_path):
    """The version, and epoch and global_step: of the second batch, of the end of the first epoch, after two epochs."""
    paths = [tmp_path / "batch.ckpt", tmp_path / "epoch.ckpt", tmp_path / "after.ckpt"]
    callbacks = [Saving(paths[0], "on_train_batch_end", 2), Saving(paths[1], "on_train_epoch_end")]
    run(trainer, Noting(), callbacks=callbacks).save(paths[2])
    saved = [content(path) for path in paths]
    assert {one["pytorch-lightning_version"] for one in saved} == {pl.__version__}
    return [(one["epoch"], one["global_step"]) for one in saved]


@pytest.mark.claim("trainer.resume-file-counts")
def test_epoch_and_global_step_are_those_of_the_trainer(trainer, tmp_path):
    assert counts(trainer, tmp_path) == [(0, 2), (0, 4), (2, 8)]


@pytest.mark.claim("trainer.resume-file-counts.ahead")
def test_epoch_and_global_step_are_those_to_go_on_with(trainer, tmp_path):
    in_batch, in_epoch, after = counts(trainer, tmp_path)
    assert (in_batch, in_epoch[0], after) == ((1, 2), 1, (2, 9))


def each(ready, completed=None, **others):
    return {"ready": ready, "completed": ready if completed is None else completed, **others}


@pytest.mark.claim("trainer.resume-file-progress")
def test_the_loops_tell_how_far_they_have_come(trainer, tmp_path):
    path = tmp_path / "middle.ckpt"
    run(trainer, Noting(), validate=True, callbacks=[Saving(path, "on_train_batch_end", 6)])
    loops = content(path)["loops"]["fit_loop"]
    steps = loops["epoch_loop.automatic_optimization.optim_progress"]["optimizer"]
    assert loops["epoch_progress"] == {
        "total": each(2, 1, started=2, processed=1),
        "current": each(2, 1, started=2, processed=1),
    }
    assert loops["epoch_loop.batch_progress"] == {
        "total": each(6, 5, started=6, processed=6),
        "current": each(2, 1, started=2, processed=2),
        "is_last_batch": False,
    }
    assert loops["epoch_loop.scheduler_progress"] == {"total": each(1), "current": each(0)}
    assert loops["epoch_loop.state_dict"] == {"_batches_that_stepped": 5}
    assert steps["step"] == {"total": each(6), "current": each(2)}
    assert steps["zero_grad"] == {"total": each(6, started=6), "current": each(2, started=2)}


@pytest.mark.claim("trainer.resume-file-progress")
def test_the_loop_of_the_validation_tells_how_far_it_has_come(trainer, tmp_path):
    path = tmp_path / "validation.ckpt"
    saving = Saving(path, "on_validation_batch_end", 3)
    run(trainer, Noting(), validate=True, callbacks=[saving], max_epochs=1, val_check_interval=2)
    assert content(path)["loops"]["fit_loop"]["epoch_loop.val_loop.batch_progress"] == {
        "total": each(3, 2, started=3, processed=3),
        "current": each(1, 0, started=1, processed=1),
        "is_last_batch": False,
    }


def refusal(trainer, tmp_path):
    """What is raised for a checkpoint with the weights only, before anything is trained."""
    path, module = tmp_path / "weights.ckpt", Noting()
    run(trainer, Noting(), max_epochs=1).save(path, weights_only=True)
    with pytest.raises(KeyError) as raised:
        run(trainer, module, path)
    assert module.events == []
    return raised.value.args


@pytest.mark.claim("trainer.resume-weights-only")
def test_without_states_of_optimizers_a_fit_does_not_resume(trainer, tmp_path):
    assert refusal(trainer, tmp_path) == (
        "Trying to restore optimizer state but checkpoint contains only the model. "
        "This is probably due to `ModelCheckpoint.save_weights_only` being set to `True`.",
    )


@pytest.mark.claim("trainer.resume-weights-only.training-state")
def test_without_training_state_a_fit_does_not_resume(trainer, tmp_path):
    assert refusal(trainer, tmp_path) == (
        "Trying to restore training state but checkpoint contains only the model. "
        "This is probably due to `ModelCheckpoint.save_weights_only` being set to `True`.",
    )


@pytest.mark.claim("trainer.resume-precision-state")
def test_the_state_of_the_precision_comes_back(trainer, tmp_path):
    class Remembering(getattr(pl.plugins, "Precision", None) or pl.plugins.PrecisionPlugin):
        loaded = None

        def state_dict(self):
            return {"scale": 42}

        def load_state_dict(self, state_dict):
            self.loaded = state_dict

    path, precision = tmp_path / "precise.ckpt", Remembering()
    saved = run(trainer, Noting(), max_epochs=1, plugins=[Remembering()]).save(path)
    assert saved.get(Remembering.__qualname__) == {"scale": 42}
    resumed = run(trainer, Noting(), path, plugins=[precision])
    assert precision.loaded == {"scale": 42}
    assert resumed.module.events == trained(1)


def told(said):
    """A CheckpointIO that notes what it is told to do, and does it."""
    if not hasattr(pl.plugins, "TorchCheckpointIO"):
        raise Untested("there is no TorchCheckpointIO")

    class Told(pl.plugins.TorchCheckpointIO):
        def save_checkpoint(self, checkpoint, path, *args, **kwargs):
            said.append(("save", name(path)))
            super().save_checkpoint(checkpoint, path, *args, **kwargs)

        def load_checkpoint(self, path, *args, **kwargs):
            said.append(("load", name(path)))
            return super().load_checkpoint(path, *args, **kwargs)

        def remove_checkpoint(self, path):
            said.append(("remove", name(path)))
            super().remove_checkpoint(path)

    return Told()


@pytest.mark.claim("trainer.checkpoint-io")
def test_a_plugin_saves_removes_and_loads(trainer, tmp_path):
    said, keeper = [], built_in("ModelCheckpoint", dirpath=str(tmp_path), filename="{epoch}")
    run(trainer, Noting(), plugins=[told(said)], callbacks=[keeper])
    assert said == [("save", "epoch=0.ckpt"), ("save", "epoch=1.ckpt"), ("remove", "epoch=0.ckpt")]
    said.clear()
    resumed = run(trainer, Noting(), tmp_path / "epoch=1.ckpt", plugins=[told(said)], max_epochs=3)
    assert (said, resumed.module.events) == ([("load", "epoch=1.ckpt")], trained(2))
