"""How to make the claims about the order of hooks in validation, testing and prediction false."""

from fixtures.hooks_swaps import postpone
from fixtures.sabotage import sabotage


def tell_beginnings_late(patch, kind):
    outer = {"setup": f"on_{kind}_start", f"on_{kind}_start": f"on_{kind}_epoch_start"}
    postpone(patch, {**outer, f"on_{kind}_epoch_start": f"on_{kind}_batch_start"})


def tell_endings_late(patch, kind):
    inner = {f"on_{kind}_batch_end": f"on_{kind}_epoch_end", f"on_{kind}_epoch_end": f"on_{kind}_end"}
    postpone(patch, {**inner, f"on_{kind}_end": "teardown"})


@sabotage(
    "callback.order-setup-before-on_validation_start",
    "callback.order-on_validation_start-before-on_validation_epoch_start",
    "callback.order-on_validation_epoch_start-before-on_validation_batch_start",
)
def beginnings_of_validation_are_told_late(patch):
    """The hook of each beginning in validation is called after the one inside it."""
    tell_beginnings_late(patch, "validation")


@sabotage(
    "callback.order-on_validation_batch_end-before-on_validation_epoch_end",
    "callback.order-on_validation_epoch_end-before-on_validation_end",
    "callback.order-on_validation_end-before-teardown",
)
def endings_of_validation_are_told_late(patch):
    """The hook of each ending in validation is called after the one around it."""
    tell_endings_late(patch, "validation")


@sabotage("callback.order-on_validation_batch_start-before-on_validation_batch_end")
def a_validation_batch_starts_when_it_has_ended(patch):
    """on_validation_batch_start is called after on_validation_batch_end."""
    postpone(patch, {"on_validation_batch_start": "on_validation_batch_end"})


@sabotage(
    "callback.order-setup-before-on_test_start",
    "callback.order-on_test_start-before-on_test_epoch_start",
    "callback.order-on_test_epoch_start-before-on_test_batch_start",
)
def beginnings_of_testing_are_told_late(patch):
    """The hook of each beginning in testing is called after the one inside it."""
    tell_beginnings_late(patch, "test")


@sabotage(
    "callback.order-on_test_batch_end-before-on_test_epoch_end",
    "callback.order-on_test_epoch_end-before-on_test_end",
    "callback.order-on_test_end-before-teardown",
)
def endings_of_testing_are_told_late(patch):
    """The hook of each ending in testing is called after the one around it."""
    tell_endings_late(patch, "test")


@sabotage("callback.order-on_test_end-before-teardown")
def testing_tears_down_twice(patch):
    """teardown is called twice, as up to 1.2."""
    from pytorch_lightning.trainer import call

    original = call._call_teardown_hook
    patch.setattr(call, "_call_teardown_hook", lambda trainer: (original(trainer), original(trainer)))


@sabotage(
    "callback.order-setup-before-on_predict_start",
    "callback.order-on_predict_start-before-on_predict_epoch_start",
    "callback.order-on_predict_epoch_start-before-on_predict_batch_start",
)
def beginnings_of_prediction_are_told_late(patch):
    """The hook of each beginning in prediction is called after the one inside it."""
    tell_beginnings_late(patch, "predict")


@sabotage(
    "callback.order-on_predict_batch_end-before-on_predict_epoch_end",
    "callback.order-on_predict_epoch_end-before-on_predict_end",
    "callback.order-on_predict_end-before-teardown",
)
def endings_of_prediction_are_told_late(patch):
    """The hook of each ending in prediction is called after the one around it."""
    tell_endings_late(patch, "predict")
