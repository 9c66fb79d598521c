"""In which order the hooks of a callback are called in a fit of two epochs, four batches and two validation batches."""

import pytest

from fixtures.hooks_order import hooks, train_only
from fixtures.runs import BATCHES, EPOCHS

VALIDATIONS = 1 + EPOCHS  # the sanity check is one


@pytest.fixture
def trace(recorded):
    return recorded("fit")


@pytest.fixture
def training(trace_of, trainer):
    """A fit of two epochs without validation."""
    return trace_of("fit-train-only", lambda: train_only(trainer))


@pytest.mark.claim("callback.order-setup-before-on_fit_start")
def test_setup_then_fit_start(trace):
    assert hooks(trace, "setup", "on_fit_start") == ["setup", "on_fit_start"]


@pytest.mark.claim("callback.order-on_fit_start-before-setup")
def test_fit_start_then_setup(trace):
    assert hooks(trace, "setup", "on_fit_start") == ["on_fit_start", "setup"]


@pytest.mark.claim("callback.order-on_fit_start-before-on_sanity_check_start")
def test_fit_start_then_sanity_check(trace):
    assert hooks(trace, "on_fit_start", "on_sanity_check_start") == ["on_fit_start", "on_sanity_check_start"]


@pytest.mark.claim("callback.order-on_sanity_check_start-before-on_validation_start")
def test_sanity_check_start_then_its_validation(trace):
    events = hooks(trace, "on_sanity_check_start", "on_validation_start")
    assert events == ["on_sanity_check_start"] + ["on_validation_start"] * VALIDATIONS


@pytest.mark.claim("callback.order-on_validation_end-before-on_sanity_check_end")
def test_end_of_its_validation_then_sanity_check_end(trace):
    events = hooks(trace, "on_validation_end", "on_sanity_check_end", "on_train_start")
    assert events[:3] == ["on_validation_end", "on_sanity_check_end", "on_train_start"]


@pytest.mark.claim("callback.order-on_sanity_check_end-before-on_train_start")
def test_sanity_check_end_then_training(trace):
    assert hooks(trace, "on_sanity_check_end", "on_train_start") == ["on_sanity_check_end", "on_train_start"]


@pytest.mark.claim("callback.order-on_train_start-before-on_train_epoch_start")
def test_train_start_then_epochs(trace):
    events = hooks(trace, "on_train_start", "on_train_epoch_start")
    assert events == ["on_train_start"] + ["on_train_epoch_start"] * EPOCHS


@pytest.mark.claim("callback.order-on_train_epoch_start-before-on_train_batch_start")
def test_epoch_start_then_its_batches(trace):
    events = hooks(trace, "on_train_epoch_start", "on_train_batch_start")
    assert events == (["on_train_epoch_start"] + ["on_train_batch_start"] * BATCHES) * EPOCHS


@pytest.mark.claim("callback.order-on_train_batch_start-before-on_train_batch_end")
def test_batch_start_then_step_then_batch_end(trace):
    batch = ["callback.on_train_batch_start", "module.training_step", "callback.on_train_batch_end"]
    assert trace.names(*batch) == batch * BATCHES * EPOCHS


@pytest.mark.claim("callback.order-on_train_batch_end-before-on_validation_start")
def test_last_batch_end_then_validation(trace):
    events = hooks(trace, "on_train_batch_end", "on_validation_start")
    epoch = ["on_train_batch_end"] * BATCHES + ["on_validation_start"]
    assert events == ["on_validation_start"] + epoch * EPOCHS


@pytest.mark.claim("callback.order-on_train_batch_end-before-on_validation_start")
def test_batch_end_then_validation_within_an_epoch(recorded):
    """Validation after every second batch."""
    events = hooks(recorded("fit-inside"), "on_train_batch_end", "on_validation_start")
    assert events == ["on_train_batch_end", "on_train_batch_end", "on_validation_start"] * (BATCHES // 2)


@pytest.mark.claim("callback.order-on_train_batch_end-before-on_train_epoch_end")
def test_last_batch_end_then_epoch_end(trace):
    events = hooks(trace, "on_train_batch_end", "on_train_epoch_end")
    assert events == (["on_train_batch_end"] * BATCHES + ["on_train_epoch_end"]) * EPOCHS


@pytest.mark.claim("callback.order-on_train_epoch_end-before-on_train_end")
def test_epoch_ends_then_train_end(trace):
    events = hooks(trace, "on_train_epoch_end", "on_train_end")
    assert events == ["on_train_epoch_end"] * EPOCHS + ["on_train_end"]


@pytest.mark.claim("callback.order-on_train_end-before-on_fit_end")
def test_train_end_then_fit_end(trace):
    assert hooks(trace, "on_train_end", "on_fit_end") == ["on_train_end", "on_fit_end"]


@pytest.mark.claim("callback.order-teardown-before-on_fit_end")
def test_teardown_then_fit_end(trace):
    assert hooks(trace, "teardown", "on_fit_end") == ["teardown", "on_fit_end"]


@pytest.mark.claim("callback.order-on_fit_end-before-teardown")
def test_fit_end_then_teardown(trace):
    assert hooks(trace, "teardown", "on_fit_end") == ["on_fit_end", "teardown"]


@pytest.mark.claim("callback.order-on_after_backward-before-on_before_zero_grad")
def test_gradients_are_zeroed_after_backward(trace):
    events = hooks(trace, "on_after_backward", "on_before_zero_grad")
    assert events == ["on_after_backward", "on_before_zero_grad"] * BATCHES * EPOCHS


@pytest.mark.claim("callback.order-on_before_zero_grad-before-on_after_backward")
def test_gradients_are_zeroed_before_backward(trace):
    events = hooks(trace, "on_after_backward", "on_before_zero_grad")
    assert events == ["on_before_zero_grad", "on_after_backward"] * BATCHES * EPOCHS


@pytest.mark.claim("callback.order-on_init_end-before-setup")
def test_init_then_setup(trace):
    assert hooks(trace, "on_init_start", "on_init_end", "setup") == ["on_init_start", "on_init_end", "setup"]


@pytest.mark.claim("callback.order-on_fit_start-before-on_pretrain_routine_start")
def test_fit_start_then_pretrain_routine(trace):
    events = hooks(trace, "on_fit_start", "on_pretrain_routine_start")
    assert events == ["on_fit_start", "on_pretrain_routine_start"]


@pytest.mark.claim("callback.order-on_pretrain_routine_end-before-on_sanity_check_start")
def test_pretrain_routine_then_sanity_check(trace):
    events = hooks(trace, "on_pretrain_routine_start", "on_pretrain_routine_end", "on_sanity_check_start")
    assert events == ["on_pretrain_routine_start", "on_pretrain_routine_end", "on_sanity_check_start"]


@pytest.mark.claim("callback.order-on_epoch_start-before-on_train_epoch_start")
def test_epoch_start_of_every_kind_then_of_training(training):
    events = hooks(training, "on_epoch_start", "on_train_epoch_start")
    assert events == ["on_epoch_start", "on_train_epoch_start"] * EPOCHS


@pytest.mark.claim("callback.order-on_epoch_end-before-on_train_epoch_end")
def test_epoch_end_of_every_kind_then_of_training(training):
    events = hooks(training, "on_epoch_end", "on_train_epoch_end")
    assert events == ["on_epoch_end", "on_train_epoch_end"] * EPOCHS


@pytest.mark.claim("callback.order-on_train_epoch_end-before-on_epoch_end")
def test_epoch_end_of_training_then_of_every_kind(training):
    events = hooks(training, "on_epoch_end", "on_train_epoch_end")
    assert events == ["on_train_epoch_end", "on_epoch_end"] * EPOCHS


@pytest.mark.claim("callback.order-on_batch_start-before-on_train_batch_start")
def test_old_batch_start_then_the_new_one(trace):
    events = hooks(trace, "on_batch_start", "on_train_batch_start")
    assert events == ["on_batch_start", "on_train_batch_start"] * BATCHES * EPOCHS


@pytest.mark.claim("callback.order-on_batch_end-before-on_train_batch_end")
def test_old_batch_end_then_the_new_one(trace):
    events = hooks(trace, "on_batch_end", "on_train_batch_end")
    assert events == ["on_batch_end", "on_train_batch_end"] * BATCHES * EPOCHS


@pytest.mark.claim("callback.order-on_train_batch_end-before-on_batch_end")
def test_new_batch_end_then_the_old_one(trace):
    events = hooks(trace, "on_batch_end", "on_train_batch_end")
    assert events == ["on_train_batch_end", "on_batch_end"] * BATCHES * EPOCHS
