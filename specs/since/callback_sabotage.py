"""How to make the claims about callbacks and predictions, exceptions and states false."""

from types import SimpleNamespace

from fixtures.calls import patch_calls, repeat, replace, skip, swap
from fixtures.sabotage import sabotage


@sabotage("since.callback-predict-hooks")
def the_prediction_starts_with_its_epoch(patch):
    """on_predict_epoch_start comes before on_predict_start."""
    swap(patch, "callback", "on_predict_start", "on_predict_epoch_start")


@sabotage("since.callback-predict-hooks")
def batches_of_a_prediction_are_not_ended(patch):
    """on_predict_batch_end is left out."""
    skip(patch, "callback", "on_predict_batch_end")


@sabotage("since.callback-predict-hooks", "since.module-predict-hooks", "since.module-predict_step")
def predictions_are_made_in_train_mode(patch):
    """The module is not switched to eval mode."""
    skip(patch, "module", "on_predict_model_eval")


@sabotage("since.callback-predict-outputs")
def the_end_of_a_batch_is_given_the_prediction_before(patch):
    """on_predict_batch_end is one batch late with its outputs."""
    late = []

    def arguments(outputs, *rest):
        late.append(outputs)
        return late[max(len(late) - 2, 0)], *rest

    replace(patch, "callback", "on_predict_batch_end", arguments)


@sabotage("since.callback-on_predict_epoch_end")
def the_end_of_the_epoch_is_told_twice(patch):
    """on_predict_epoch_end is called twice."""
    repeat(patch, "callback", "on_predict_epoch_end")


@sabotage("since.callback-on_exception", "since.callback-on_exception-interrupt", "since.datamodule-on_exception")
def exceptions_are_not_told(patch):
    """on_exception of callbacks and data module is not called."""
    for owner in ("callback", "datamodule"):
        skip(patch, owner, "on_exception")


@sabotage("since.callback-on_exception")
def another_exception_is_told(patch):
    """on_exception is given a copy of the exception."""
    replace(patch, "callback", "on_exception", lambda exception: (type(exception)(*exception.args),))


@sabotage("since.callback-on_exception", "since.callback-on_exception-interrupt")
def what_failed_is_torn_down(patch):
    """After on_exception the callbacks are torn down as well."""

    def change(call, trainer, name, *args, **kwargs):
        call(trainer, name, *args, **kwargs)
        if name == "on_exception":
            call(trainer, "teardown", stage="fit")

    patch_calls(patch, "callback", change)


@sabotage("since.interrupt-ends-the-program")
def an_interrupted_fit_returns(patch):
    """After the shutdown the program goes on."""
    from pytorch_lightning.trainer import call

    patch.setattr(call, "sys", SimpleNamespace(exit=lambda code: None))


@sabotage("since.callback-state", "since.callback-state-order")
def states_are_not_given_back(patch):
    """load_state_dict is not called."""
    from pytorch_lightning.trainer import call

    patch.setattr(call, "_call_callbacks_load_state_dict", lambda trainer, checkpoint: None)


@sabotage("since.callback-state")
def states_are_saved_under_another_key(patch):
    """The checkpoint has states by the class's name in lower case, those that are empty as well."""
    from pytorch_lightning.trainer import call

    def states(trainer):
        return {type(callback).__name__.lower(): callback.state_dict() for callback in trainer.callbacks}

    patch.setattr(call, "_call_callbacks_state_dict", states)


@sabotage("since.callback-state-order")
def states_are_given_back_before_the_checkpoint_is_shown(patch):
    """load_state_dict comes before on_load_checkpoint."""
    from pytorch_lightning.trainer import call

    show, give = call._call_callbacks_on_load_checkpoint, call._call_callbacks_load_state_dict
    patch.setattr(call, "_call_callbacks_on_load_checkpoint", give)
    patch.setattr(call, "_call_callbacks_load_state_dict", show)
