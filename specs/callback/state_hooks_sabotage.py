"""How to make the claims about the callback hooks for checkpoints and for Ctrl-C false."""

from copy import deepcopy

from fixtures.sabotage import sabotage

SAVE = "callback.hook-on_save_checkpoint"
LOAD = "callback.hook-on_load_checkpoint"
INTERRUPT = "callback.hook-on_keyboard_interrupt"


@sabotage(f"{SAVE}.return-value-ignored")
def what_on_save_checkpoint_returns_is_saved(patch):
    """The returned value becomes the state of the callback, as before 1.8."""
    from pytorch_lightning.trainer import call

    def save(trainer, checkpoint):
        for callback in trainer.callbacks:
            state = callback.on_save_checkpoint(trainer, trainer.lightning_module, checkpoint)
            if state:
                checkpoint["callbacks"][callback.state_key] = state

    patch.setattr(call, "_call_callbacks_on_save_checkpoint", save)


@sabotage(f"{SAVE}.return-value-ignored")
def a_value_that_on_save_checkpoint_returns_is_warned_about(patch):
    """Lightning warns that the returned value is lost."""
    from pytorch_lightning.trainer import call

    def save(trainer, checkpoint):
        for callback in trainer.callbacks:
            if callback.on_save_checkpoint(trainer, trainer.lightning_module, checkpoint):
                call.rank_zero_warn("The value that `on_save_checkpoint` returns is ignored.")

    patch.setattr(call, "_call_callbacks_on_save_checkpoint", save)


@sabotage(f"{SAVE}.return-value-ignored")
def on_save_checkpoint_is_given_a_copy(patch):
    """What a callback puts into the checkpoint is lost."""
    from pytorch_lightning.trainer import call

    original = call._call_callbacks_on_save_checkpoint
    patch.setattr(
        call,
        "_call_callbacks_on_save_checkpoint",
        lambda trainer, checkpoint: original(trainer, deepcopy(checkpoint)),
    )


@sabotage(f"{SAVE}.state-dict")
def state_dict_is_asked_twice(patch):
    """The states of all callbacks are collected twice for each checkpoint."""
    from pytorch_lightning.trainer import call

    original = call._call_callbacks_state_dict
    patch.setattr(call, "_call_callbacks_state_dict", lambda trainer: [original(trainer), original(trainer)][1])


@sabotage(f"{SAVE}.state-dict")
def the_first_callback_is_left_out_of_the_checkpoint(patch):
    """The state of the first callback is not kept."""
    from pytorch_lightning.trainer import call

    original = call._call_callbacks_state_dict
    patch.setattr(call, "_call_callbacks_state_dict", lambda trainer: dict(list(original(trainer).items())[1:]))


def hand_over(patch, hand):
    """`hand(trainer, checkpoint, callback)` hands the checkpoint over to each callback."""
    from pytorch_lightning.trainer import call

    def load(trainer, checkpoint):
        for callback in trainer.callbacks:
            hand(trainer, checkpoint, callback)

    patch.setattr(call, "_call_callbacks_on_load_checkpoint", load)


@sabotage(f"{LOAD}.whole-checkpoint")
def on_load_checkpoint_is_given_the_state(patch):
    """The hook receives the callback's state instead of the whole checkpoint, as before 1.8."""

    def hand(trainer, checkpoint, callback):
        state = checkpoint["callbacks"].get(callback.state_key, {})
        callback.on_load_checkpoint(trainer, trainer.lightning_module, state)

    hand_over(patch, hand)


@sabotage(f"{LOAD}.whole-checkpoint")
def on_load_checkpoint_is_called_only_where_there_is_a_state(patch):
    """A callback that left no state is not handed the checkpoint."""

    def hand(trainer, checkpoint, callback):
        if callback.state_key in checkpoint["callbacks"]:
            callback.on_load_checkpoint(trainer, trainer.lightning_module, checkpoint)

    hand_over(patch, hand)


@sabotage(f"{LOAD}.whole-checkpoint")
def on_load_checkpoint_is_called_twice(patch):
    """Each callback is handed the checkpoint twice."""

    def hand(trainer, checkpoint, callback):
        for _ in range(2):
            callback.on_load_checkpoint(trainer, trainer.lightning_module, checkpoint)

    hand_over(patch, hand)


@sabotage(f"{LOAD}.load-state-dict")
def load_state_dict_is_given_all_states(patch):
    """load_state_dict receives the states of all callbacks by their keys."""
    from pytorch_lightning.trainer import call

    def load(trainer, checkpoint):
        for callback in trainer.callbacks:
            callback.load_state_dict(deepcopy(checkpoint["callbacks"]))

    patch.setattr(call, "_call_callbacks_load_state_dict", load)


@sabotage(f"{LOAD}.load-state-dict")
def states_are_not_loaded(patch):
    """The states of callbacks in a checkpoint are left there."""
    from pytorch_lightning.trainer import call

    patch.setattr(call, "_call_callbacks_load_state_dict", lambda trainer, checkpoint: None)


@sabotage(f"{LOAD}.whole-checkpoint", f"{LOAD}.load-state-dict")
def callbacks_are_restored_after_training_has_started(patch):
    """The callbacks hear of the checkpoint only after on_train_start."""
    from pytorch_lightning.trainer import call
    from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector

    restore, hooks = _CheckpointConnector.restore_callbacks, call._call_callback_hooks
    late = []

    def call_hooks(trainer, hook, *args, **options):
        hooks(trainer, hook, *args, **options)
        while late and hook == "on_train_start":
            connector, checkpoint = late.pop()
            connector._loaded_checkpoint = checkpoint
            restore(connector)

    patch.setattr(
        _CheckpointConnector,
        "restore_callbacks",
        lambda self: late.append((self, self._loaded_checkpoint)) if self._loaded_checkpoint else None,
    )
    patch.setattr(call, "_call_callback_hooks", call_hooks)


def when_interrupted(patch, react):
    """`react(trainer, exception, original)` takes the place of what Lightning does on an exception."""
    from pytorch_lightning.trainer import call

    original = call._interrupt
    patch.setattr(call, "_interrupt", lambda trainer, exception: react(trainer, exception, original))


@sabotage(f"{INTERRUPT}.on-exception", f"{INTERRUPT}.silently-ignored")
def on_exception_is_not_called_on_ctrl_c(patch):
    """Only other exceptions reach on_exception."""

    def react(trainer, exception, original):
        if not isinstance(exception, KeyboardInterrupt):
            original(trainer, exception)

    when_interrupted(patch, react)


@sabotage(f"{INTERRUPT}.on-exception", f"{INTERRUPT}.silently-ignored")
def on_exception_is_called_twice(patch):
    """Ctrl-C reaches on_exception twice."""

    def react(trainer, exception, original):
        original(trainer, exception)
        original(trainer, exception)

    when_interrupted(patch, react)


@sabotage(f"{INTERRUPT}.on-exception")
def on_exception_is_given_another_exception(patch):
    """on_exception receives a RuntimeError made of the KeyboardInterrupt."""
    when_interrupted(patch, lambda trainer, exception, original: original(trainer, RuntimeError(repr(exception))))


@sabotage(f"{INTERRUPT}.silently-ignored")
def on_keyboard_interrupt_is_called(patch):
    """A callback that has the hook of old still gets it called."""

    def react(trainer, exception, original):
        for callback in trainer.callbacks:
            if isinstance(exception, KeyboardInterrupt) and hasattr(callback, "on_keyboard_interrupt"):
                callback.on_keyboard_interrupt(trainer, trainer.lightning_module)
        original(trainer, exception)

    when_interrupted(patch, react)


@sabotage(f"{INTERRUPT}.silently-ignored")
def on_keyboard_interrupt_is_warned_about(patch):
    """Lightning warns that the hook is gone."""
    from pytorch_lightning.trainer import call

    def react(trainer, exception, original):
        if any(hasattr(callback, "on_keyboard_interrupt") for callback in trainer.callbacks):
            call.rank_zero_warn("The `on_keyboard_interrupt` hook is gone; use `on_exception`.")
        original(trainer, exception)

    when_interrupted(patch, react)
