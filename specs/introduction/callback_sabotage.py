"""How to make the claims about Callback false."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage


def _on_callback_hook(patch, change):
    """Let `change(call, trainer, name, *arguments)` decide how the hooks of callbacks are called."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, hook_name, *args, **kwargs):
        change(lambda name: original(trainer, name, *args, **kwargs), trainer, hook_name)

    patch.setattr(call, "_call_callback_hooks", changed)


@sabotage("intro.callback-like-keras")
def epoch_ends_before_validation(patch):
    """on_train_epoch_end is called as soon as the last batch is done, before validation."""

    def change(call, trainer, name):
        if name == "on_train_batch_end" and trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            call(name)
            for callback in trainer.callbacks:
                callback.on_train_epoch_end(trainer, trainer.lightning_module)
        elif name != "on_train_epoch_end":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-like-keras", "intro.callback-like-keras.in-training")
def batches_start_twice(patch):
    """on_train_batch_start is called a second time."""

    def change(call, trainer, name):
        call(name)
        if name == "on_train_batch_start":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-like-keras")
def prediction_starts_late(patch):
    """on_predict_start waits for the first batch."""

    def change(call, trainer, name):
        if name == "on_predict_batch_end" and trainer.predict_loop.batch_progress.current.ready == 1:
            for callback in trainer.callbacks:
                callback.on_predict_start(trainer, trainer.lightning_module)
        if name != "on_predict_start":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-richer")
def end_of_a_predicted_batch_is_silent(patch):
    """Callbacks are not told that a batch has been predicted."""

    def change(call, trainer, name):
        if name != "on_predict_batch_end":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-richer.but-for-predicting")
def start_of_a_tested_batch_is_silent(patch):
    """Callbacks are not told that a batch will be tested."""

    def change(call, trainer, name):
        if name != "on_test_batch_start":
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-richer", "intro.callback-richer.but-for-predicting")
def sanity_check_is_silent(patch):
    """The sanity check tells callbacks nothing."""

    def change(call, trainer, name):
        if not name.startswith("on_sanity_check"):
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-richer")
def optimizers_are_copies(patch):
    """What a callback finds as the trainer's optimizers are copies of those that step."""
    from copy import deepcopy

    original = pl.Trainer.optimizers
    patch.setattr(pl.Trainer, "optimizers", property(lambda self: deepcopy(original.fget(self)), original.fset))


@sabotage("intro.callback-richer")
def stopping_waits_for_the_epoch(patch):
    """A callback that asks to stop is heard only when the epoch is over."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    original = _TrainingEpochLoop.done.fget

    def done(self):
        asked, self.trainer.should_stop = self.trainer.should_stop, False
        answer = original(self)
        self.trainer.should_stop = asked
        return answer

    patch.setattr(_TrainingEpochLoop, "done", property(done))


@sabotage("intro.callback-richer")
def gradients_are_shown_too_late(patch):
    """on_after_backward comes after the step of the optimizer instead of before it."""
    delayed = ("on_after_backward", "on_train_batch_end")

    def change(call, trainer, name):
        if name not in delayed:
            call(name)
        if name == "on_train_batch_end":
            for callback in trainer.callbacks:
                callback.on_after_backward(trainer, trainer.lightning_module)
            call(name)

    _on_callback_hook(patch, change)


@sabotage("intro.callback-richer")
def callbacks_get_a_copy_of_the_module(patch):
    """A callback is handed a copy of the module, so that the weights it changes are not those that are trained."""
    from copy import copy

    original = pl.Trainer.lightning_module
    shown = []

    def lightning_module(self):
        module = original.fget(self)
        if not shown:
            return module
        twin = copy(module)
        twin._parameters = {name: value.detach().clone() for name, value in module._parameters.items()}
        return twin

    def change(call, trainer, name):
        shown.append(name)
        call(name)
        shown.pop()

    patch.setattr(pl.Trainer, "lightning_module", property(lightning_module))
    _on_callback_hook(patch, change)
