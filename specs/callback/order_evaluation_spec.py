"""In which order the hooks of a callback are called in validation, testing and prediction, of two batches each."""

import pytest

from fixtures.hooks_order import hooks
from fixtures.runs import EPOCHS, HELD_OUT

VALIDATIONS = 1 + EPOCHS  # the sanity check is one


@pytest.fixture
def fitting(recorded):
    return recorded("fit")


@pytest.fixture
def validating(recorded):
    return recorded("validate")


@pytest.fixture
def testing(recorded):
    return recorded("test")


@pytest.fixture
def predicting(recorded):
    return recorded("predict")


@pytest.mark.claim("callback.order-on_validation_start-before-on_validation_epoch_start")
def test_validation_start_then_epoch_start(fitting):
    events = hooks(fitting, "on_validation_start", "on_validation_epoch_start")
    assert events == ["on_validation_start", "on_validation_epoch_start"] * VALIDATIONS


@pytest.mark.claim("callback.order-on_validation_epoch_start-before-on_validation_batch_start")
def test_validation_epoch_start_then_its_batches(fitting):
    events = hooks(fitting, "on_validation_epoch_start", "on_validation_batch_start")
    assert events == (["on_validation_epoch_start"] + ["on_validation_batch_start"] * HELD_OUT) * VALIDATIONS


@pytest.mark.claim("callback.order-on_validation_batch_start-before-on_validation_batch_end")
def test_validation_batch_start_then_step_then_batch_end(fitting):
    batch = ["callback.on_validation_batch_start", "module.validation_step", "callback.on_validation_batch_end"]
    assert fitting.names(*batch) == batch * HELD_OUT * VALIDATIONS


@pytest.mark.claim("callback.order-on_validation_batch_end-before-on_validation_epoch_end")
def test_validation_batches_then_epoch_end(fitting):
    events = hooks(fitting, "on_validation_batch_end", "on_validation_epoch_end")
    assert events == (["on_validation_batch_end"] * HELD_OUT + ["on_validation_epoch_end"]) * VALIDATIONS


@pytest.mark.claim("callback.order-on_validation_epoch_end-before-on_validation_end")
def test_validation_epoch_end_then_validation_end(fitting):
    events = hooks(fitting, "on_validation_epoch_end", "on_validation_end")
    assert events == ["on_validation_epoch_end", "on_validation_end"] * VALIDATIONS


@pytest.mark.claim("callback.order-setup-before-on_validation_start")
def test_setup_then_validation_start(validating):
    assert hooks(validating, "setup", "on_validation_start") == ["setup", "on_validation_start"]


@pytest.mark.claim("callback.order-on_validation_end-before-teardown")
def test_validation_end_then_teardown(validating):
    assert hooks(validating, "on_validation_end", "teardown") == ["on_validation_end", "teardown"]


@pytest.mark.claim("callback.order-setup-before-on_test_start")
def test_setup_then_test_start(testing):
    assert hooks(testing, "setup", "on_test_start") == ["setup", "on_test_start"]


@pytest.mark.claim("callback.order-on_test_start-before-on_test_epoch_start")
def test_test_start_then_epoch_start(testing):
    assert hooks(testing, "on_test_start", "on_test_epoch_start") == ["on_test_start", "on_test_epoch_start"]


@pytest.mark.claim("callback.order-on_test_epoch_start-before-on_test_batch_start")
def test_test_epoch_start_then_its_batches(testing):
    events = hooks(testing, "on_test_epoch_start", "on_test_batch_start")
    assert events == ["on_test_epoch_start"] + ["on_test_batch_start"] * HELD_OUT


@pytest.mark.claim("callback.order-on_test_batch_end-before-on_test_epoch_end")
def test_test_batches_then_epoch_end(testing):
    events = hooks(testing, "on_test_batch_end", "on_test_epoch_end")
    assert events == ["on_test_batch_end"] * HELD_OUT + ["on_test_epoch_end"]


@pytest.mark.claim("callback.order-on_test_epoch_end-before-on_test_end")
def test_test_epoch_end_then_test_end(testing):
    assert hooks(testing, "on_test_epoch_end", "on_test_end") == ["on_test_epoch_end", "on_test_end"]


@pytest.mark.claim("callback.order-on_test_end-before-teardown")
def test_test_end_then_teardown(testing):
    assert hooks(testing, "on_test_end", "teardown") == ["on_test_end", "teardown"]


@pytest.mark.claim("callback.order-on_test_end-before-teardown.twice")
def test_test_end_then_teardown_twice(testing):
    assert hooks(testing, "on_test_end", "teardown") == ["on_test_end", "teardown", "teardown"]


@pytest.mark.claim("callback.order-setup-before-on_predict_start")
def test_setup_then_predict_start(predicting):
    assert hooks(predicting, "setup", "on_predict_start") == ["setup", "on_predict_start"]


@pytest.mark.claim("callback.order-on_predict_start-before-on_predict_epoch_start")
def test_predict_start_then_epoch_start(predicting):
    events = hooks(predicting, "on_predict_start", "on_predict_epoch_start")
    assert events == ["on_predict_start", "on_predict_epoch_start"]


@pytest.mark.claim("callback.order-on_predict_epoch_start-before-on_predict_batch_start")
def test_predict_epoch_start_then_its_batches(predicting):
    events = hooks(predicting, "on_predict_epoch_start", "on_predict_batch_start")
    assert events == ["on_predict_epoch_start"] + ["on_predict_batch_start"] * HELD_OUT


@pytest.mark.claim("callback.order-on_predict_batch_end-before-on_predict_epoch_end")
def test_predict_batches_then_epoch_end(predicting):
    events = hooks(predicting, "on_predict_batch_end", "on_predict_epoch_end")
    assert events == ["on_predict_batch_end"] * HELD_OUT + ["on_predict_epoch_end"]


@pytest.mark.claim("callback.order-on_predict_epoch_end-before-on_predict_end")
def test_predict_epoch_end_then_predict_end(predicting):
    assert hooks(predicting, "on_predict_epoch_end", "on_predict_end") == ["on_predict_epoch_end", "on_predict_end"]


@pytest.mark.claim("callback.order-on_predict_end-before-teardown")
def test_predict_end_then_teardown(predicting):
    assert hooks(predicting, "on_predict_end", "teardown") == ["on_predict_end", "teardown"]
