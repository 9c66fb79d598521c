"""Who is called first, the callback or the module, for each hook of training that both have: every time."""

import pytest

from fixtures.hooks_order import callback_first, called, module_first, resume, train_only
from fixtures.runs import BATCHES, EPOCHS

STEPS = EPOCHS * BATCHES


@pytest.fixture
def trace(recorded):
    """A fit of two epochs."""
    return recorded("fit")


@pytest.fixture
def training(trace_of, trainer):
    """A fit of two epochs without validation."""
    return trace_of("fit-train-only", lambda: train_only(trainer))


@pytest.fixture
def saving(recorded):
    """A fit whose second callback is a ModelCheckpoint."""
    return recorded("fit-callbacks")


@pytest.fixture
def resumed(trace_of, trainer, tmp_path):
    """A fit that goes on from a checkpoint with a state of the callback."""
    return trace_of("fit-resumed-stateful", lambda: resume(trainer, tmp_path))


@pytest.mark.claim("callback.before-module-setup")
def test_setup(trace):
    assert called(trace, "setup") == callback_first("setup", 1)


@pytest.mark.claim("callback.before-module-on_fit_start")
def test_on_fit_start(trace):
    assert called(trace, "on_fit_start") == callback_first("on_fit_start", 1)


@pytest.mark.claim("callback.before-module-on_pretrain_routine_start")
def test_on_pretrain_routine_start(trace):
    assert called(trace, "on_pretrain_routine_start") == callback_first("on_pretrain_routine_start", 1)


@pytest.mark.claim("callback.before-module-on_pretrain_routine_end")
def test_on_pretrain_routine_end(trace):
    assert called(trace, "on_pretrain_routine_end") == callback_first("on_pretrain_routine_end", 1)


@pytest.mark.claim("callback.before-module-on_train_start")
def test_on_train_start(trace):
    assert called(trace, "on_train_start") == callback_first("on_train_start", 1)


@pytest.mark.claim("callback.before-module-on_epoch_start")
def test_on_epoch_start(training):
    assert called(training, "on_epoch_start") == callback_first("on_epoch_start", EPOCHS)


@pytest.mark.claim("callback.before-module-on_train_epoch_start")
def test_on_train_epoch_start(trace):
    assert called(trace, "on_train_epoch_start") == callback_first("on_train_epoch_start", EPOCHS)


@pytest.mark.claim("callback.before-module-on_train_batch_start")
def test_on_train_batch_start(trace):
    assert called(trace, "on_train_batch_start") == callback_first("on_train_batch_start", STEPS)


@pytest.mark.claim("callback.before-module-on_before_zero_grad")
def test_on_before_zero_grad(trace):
    assert called(trace, "on_before_zero_grad") == callback_first("on_before_zero_grad", STEPS)


@pytest.mark.claim("callback.before-module-on_before_backward")
def test_on_before_backward(trace):
    assert called(trace, "on_before_backward") == callback_first("on_before_backward", STEPS)


@pytest.mark.claim("callback.before-module-on_after_backward")
def test_on_after_backward(trace):
    assert called(trace, "on_after_backward") == callback_first("on_after_backward", STEPS)


@pytest.mark.claim("callback.before-module-on_before_optimizer_step")
def test_on_before_optimizer_step(trace):
    assert called(trace, "on_before_optimizer_step") == callback_first("on_before_optimizer_step", STEPS)


@pytest.mark.claim("callback.before-module-on_train_batch_end")
def test_on_train_batch_end(trace):
    assert called(trace, "on_train_batch_end") == callback_first("on_train_batch_end", STEPS)


@pytest.mark.claim("callback.before-module-on_train_epoch_end")
def test_on_train_epoch_end(trace):
    assert called(trace, "on_train_epoch_end") == callback_first("on_train_epoch_end", EPOCHS)


@pytest.mark.claim("callback.before-module-on_epoch_end")
def test_on_epoch_end(training):
    assert called(training, "on_epoch_end") == callback_first("on_epoch_end", EPOCHS)


@pytest.mark.claim("callback.before-module-on_train_end")
def test_on_train_end(trace):
    assert called(trace, "on_train_end") == callback_first("on_train_end", 1)


@pytest.mark.claim("callback.before-module-on_fit_end")
def test_on_fit_end(trace):
    assert called(trace, "on_fit_end") == callback_first("on_fit_end", 1)


@pytest.mark.claim("callback.before-module-on_save_checkpoint")
def test_on_save_checkpoint(saving):
    assert called(saving, "on_save_checkpoint") == callback_first("on_save_checkpoint", 1)


@pytest.mark.claim("callback.before-module-on_load_checkpoint")
def test_on_load_checkpoint(resumed):
    assert called(resumed, "on_load_checkpoint") == callback_first("on_load_checkpoint", 1)


@pytest.mark.claim("callback.before-module-on_load_checkpoint.module-first")
def test_on_load_checkpoint_of_the_module_first(resumed):
    assert called(resumed, "on_load_checkpoint") == module_first("on_load_checkpoint", 1)


@pytest.mark.claim("callback.before-module-on_train_epoch_end.checkpoint")
def test_on_train_epoch_end_of_a_checkpoint(saving):
    events = saving.names("checkpoint.on_train_epoch_end", "module.on_train_epoch_end")
    assert events == ["checkpoint.on_train_epoch_end", "module.on_train_epoch_end"]


@pytest.mark.claim("callback.before-module-on_train_epoch_end.checkpoint-after")
def test_on_train_epoch_end_of_a_checkpoint_after_the_module(saving):
    events = saving.names("checkpoint.on_train_epoch_end", "module.on_train_epoch_end")
    assert events == ["module.on_train_epoch_end", "checkpoint.on_train_epoch_end"]
