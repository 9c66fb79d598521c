"""How to make the claims about the order of hooks in a fit false: hooks called too late, after what they precede."""

from fixtures.hooks_swaps import postpone
from fixtures.sabotage import sabotage


@sabotage(
    "callback.order-setup-before-on_fit_start",
    "callback.order-on_fit_start-before-on_sanity_check_start",
    "callback.order-on_sanity_check_start-before-on_validation_start",
    "callback.order-on_train_start-before-on_train_epoch_start",
    "callback.order-on_train_epoch_start-before-on_train_batch_start",
)
def beginnings_are_told_late(patch):
    """The hook of each beginning is called after the one inside it."""
    sanity = {"setup": "on_fit_start", "on_fit_start": "on_sanity_check_start"}
    training = {"on_train_start": "on_train_epoch_start", "on_train_epoch_start": "on_train_batch_start"}
    postpone(patch, {**sanity, "on_sanity_check_start": "on_validation_start", **training})


@sabotage(
    "callback.order-on_train_batch_end-before-on_train_epoch_end",
    "callback.order-on_train_epoch_end-before-on_train_end",
    "callback.order-on_train_end-before-on_fit_end",
    "callback.order-on_fit_end-before-teardown",
)
def endings_are_told_late(patch):
    """The hook of each ending is called after the one around it."""
    batches = {"on_train_batch_end": "on_train_epoch_end", "on_train_epoch_end": "on_train_end"}
    postpone(patch, {**batches, "on_train_end": "on_fit_end", "on_fit_end": "teardown"})


@sabotage("callback.order-on_validation_end-before-on_sanity_check_end")
def the_sanity_check_ends_before_its_validation(patch):
    """on_sanity_check_end is called before the on_validation_end of its validation."""
    postpone(patch, {"on_validation_end": "on_sanity_check_end"})


@sabotage("callback.order-on_sanity_check_end-before-on_train_start")
def training_starts_before_the_sanity_check_ended(patch):
    """on_sanity_check_end is called after on_train_start."""
    postpone(patch, {"on_sanity_check_end": "on_train_start"})


@sabotage("callback.order-on_train_batch_start-before-on_train_batch_end")
def a_batch_starts_when_it_has_ended(patch):
    """on_train_batch_start is called after on_train_batch_end."""
    postpone(patch, {"on_train_batch_start": "on_train_batch_end"})


@sabotage("callback.order-on_train_batch_start-before-on_train_batch_end")
def a_batch_starts_when_its_gradients_are_there(patch):
    """on_train_batch_start is called after the training step."""
    postpone(patch, {"on_train_batch_start": "on_after_backward"})


@sabotage("callback.order-on_train_batch_end-before-on_validation_start")
def the_last_batch_ends_after_validation_started(patch):
    """on_train_batch_end is called after on_validation_start."""
    postpone(patch, {"on_train_batch_end": "on_validation_start"})


@sabotage("callback.order-on_before_zero_grad-before-on_after_backward")
def gradients_are_zeroed_after_backward(patch):
    """on_before_zero_grad is called after on_after_backward, as up to 1.1."""
    postpone(patch, {"on_before_zero_grad": "on_after_backward"})
