"""Who is called first, the callback or the module, for each hook of validation, testing and prediction: each time."""

import pytest

from fixtures.hooks_order import callback_first, called, module_first
from fixtures.runs import EPOCHS, HELD_OUT

VALIDATIONS = 1 + EPOCHS  # the sanity check is one


@pytest.fixture
def fitting(recorded):
    return recorded("fit")


@pytest.fixture
def testing(recorded):
    return recorded("test")


@pytest.fixture
def predicting(recorded):
    return recorded("predict")


@pytest.mark.claim("callback.before-module-on_validation_start")
def test_on_validation_start(fitting):
    assert called(fitting, "on_validation_start") == callback_first("on_validation_start", VALIDATIONS)


@pytest.mark.claim("callback.before-module-on_validation_epoch_start")
def test_on_validation_epoch_start(fitting):
    assert called(fitting, "on_validation_epoch_start") == callback_first("on_validation_epoch_start", VALIDATIONS)


@pytest.mark.claim("callback.before-module-on_validation_batch_start")
def test_on_validation_batch_start(fitting):
    assert called(fitting, "on_validation_batch_start") == callback_first(
        "on_validation_batch_start", HELD_OUT * VALIDATIONS
    )


@pytest.mark.claim("callback.before-module-on_validation_batch_end")
def test_on_validation_batch_end(fitting):
    assert called(fitting, "on_validation_batch_end") == callback_first(
        "on_validation_batch_end", HELD_OUT * VALIDATIONS
    )


@pytest.mark.claim("callback.before-module-on_validation_epoch_end")
def test_on_validation_epoch_end(fitting):
    assert called(fitting, "on_validation_epoch_end") == callback_first("on_validation_epoch_end", VALIDATIONS)


@pytest.mark.claim("callback.before-module-on_validation_end")
def test_on_validation_end(fitting):
    assert called(fitting, "on_validation_end") == callback_first("on_validation_end", VALIDATIONS)


@pytest.mark.claim("callback.before-module-on_test_start")
def test_on_test_start(testing):
    assert called(testing, "on_test_start") == callback_first("on_test_start", 1)


@pytest.mark.claim("callback.before-module-on_test_epoch_start")
def test_on_test_epoch_start(testing):
    assert called(testing, "on_test_epoch_start") == callback_first("on_test_epoch_start", 1)


@pytest.mark.claim("callback.before-module-on_test_batch_start")
def test_on_test_batch_start(testing):
    assert called(testing, "on_test_batch_start") == callback_first("on_test_batch_start", HELD_OUT)


@pytest.mark.claim("callback.before-module-on_test_batch_end")
def test_on_test_batch_end(testing):
    assert called(testing, "on_test_batch_end") == callback_first("on_test_batch_end", HELD_OUT)


@pytest.mark.claim("callback.before-module-on_test_epoch_end")
def test_on_test_epoch_end(testing):
    assert called(testing, "on_test_epoch_end") == callback_first("on_test_epoch_end", 1)


@pytest.mark.claim("callback.before-module-on_test_end")
def test_on_test_end(testing):
    assert called(testing, "on_test_end") == callback_first("on_test_end", 1)


@pytest.mark.claim("callback.before-module-on_predict_start")
def test_on_predict_start(predicting):
    assert called(predicting, "on_predict_start") == callback_first("on_predict_start", 1)


@pytest.mark.claim("callback.before-module-on_predict_epoch_start")
def test_on_predict_epoch_start(predicting):
    assert called(predicting, "on_predict_epoch_start") == callback_first("on_predict_epoch_start", 1)


@pytest.mark.claim("callback.before-module-on_predict_batch_start")
def test_on_predict_batch_start(predicting):
    assert called(predicting, "on_predict_batch_start") == callback_first("on_predict_batch_start", HELD_OUT)


@pytest.mark.claim("callback.before-module-on_predict_batch_end")
def test_on_predict_batch_end(predicting):
    assert called(predicting, "on_predict_batch_end") == callback_first("on_predict_batch_end", HELD_OUT)


@pytest.mark.claim("callback.before-module-on_predict_epoch_end")
def test_on_predict_epoch_end(predicting):
    assert called(predicting, "on_predict_epoch_end") == callback_first("on_predict_epoch_end", 1)


@pytest.mark.claim("callback.before-module-on_predict_end")
def test_on_predict_end(predicting):
    assert called(predicting, "on_predict_end") == callback_first("on_predict_end", 1)


@pytest.mark.claim("callback.before-module-teardown")
def test_teardown_of_fit(fitting):
    assert called(fitting, "teardown") == callback_first("teardown", 1)


@pytest.mark.claim("callback.before-module-teardown")
def test_teardown_of_test(testing):
    assert called(testing, "teardown") == callback_first("teardown", 1)


@pytest.mark.claim("callback.before-module-teardown.module-first-again")
def test_teardown_of_test_once_more_with_the_module_first(testing):
    assert called(testing, "teardown") == callback_first("teardown", 1) + module_first("teardown", 1)
