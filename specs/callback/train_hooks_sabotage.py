"""How to make the claims about the hooks of training false."""

from fixtures.sabotage import sabotage


def _on_callback_hook(patch, change):
    """Let `change(call, trainer, name, *arguments)` decide which hooks of callbacks are called, through `call`."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def changed(trainer, hook_name, *args, **kwargs):
        def again(name, *other):
            own = name == hook_name
            original(trainer, name, *(other or args if own else other), **(kwargs if own else {}))

        change(again, trainer, hook_name, *args)

    patch.setattr(call, "_call_callback_hooks", changed)


def _delay(patch, hook, later):
    """Call `hook` only after `later` has been called for the next time."""
    waiting = []

    def change(call, trainer, name, *args):
        if name == hook:
            waiting.append(args)
            return
        call(name)
        if name == later and waiting:
            call(hook, *waiting.pop())

    _on_callback_hook(patch, change)


@sabotage(
    "callback.hook-on_train_start", "callback.hook-on_train_epoch_start", "callback.train-start-is-first-start-only"
)
def training_starts_within_its_first_epoch(patch):
    """on_train_start and the first on_train_epoch_start are swapped."""
    _delay(patch, "on_train_start", "on_train_epoch_start")


@sabotage("callback.hook-on_train_start")
def training_starts_before_the_sanity_check(patch):
    """on_train_start is called as soon as the fit starts."""

    def change(call, trainer, name, *args):
        if name != "on_train_start":
            call(name)
        if name == "on_fit_start":
            call("on_train_start")

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_train_start", "callback.train-start-is-first-start-only")
def training_starts_with_every_epoch(patch):
    """on_train_start is called again when another epoch starts."""

    def change(call, trainer, name, *args):
        if name == "on_train_epoch_start" and trainer.current_epoch > 0:
            call("on_train_start")
        call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_train_end", "callback.train-start-is-first-start-only")
def training_ends_with_every_epoch(patch):
    """on_train_end is called when an epoch ends."""

    def change(call, trainer, name, *args):
        if name == "on_train_epoch_start" and trainer.current_epoch > 0:
            call("on_train_end")
        call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_train_end")
def training_ends_after_the_fit(patch):
    """on_train_end and on_fit_end are swapped."""
    _delay(patch, "on_train_end", "on_fit_end")


@sabotage("callback.train-start-is-first-start-only")
def a_stopped_training_does_not_end(patch):
    """on_train_end is left out where training was stopped early."""

    def change(call, trainer, name, *args):
        if name != "on_train_end" or not trainer.should_stop:
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_train_epoch_start")
def epochs_start_within_their_first_batch(patch):
    """on_train_epoch_start is called only once the first batch has started."""
    _delay(patch, "on_train_epoch_start", "on_train_batch_start")


@sabotage("callback.hook-on_train_epoch_start", "callback.hook-on_train_epoch_end.without-outputs")
def only_the_first_epoch_is_told(patch):
    """Callbacks hear of the start and the end of the first epoch alone."""

    def change(call, trainer, name, *args):
        if not name.startswith("on_train_epoch") or trainer.current_epoch == 0:
            call(name)

    _on_callback_hook(patch, change)


@sabotage("callback.hook-on_train_epoch_end.without-outputs")
def epochs_end_before_their_last_batch(patch):
    """on_train_epoch_end is called before the last on_train_batch_end."""

    def change(call, trainer, name, *args):
        if name == "on_train_batch_end" and trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            for callback in trainer.callbacks:
                callback.on_train_epoch_end(trainer, trainer.lightning_module)
        if name != "on_train_epoch_end":
            call(name)

    _on_callback_hook(patch, change)


BATCH_HOOKS = ("on_train_batch_start", "on_train_batch_end")
BATCH_CLAIMS = [f"callback.hook-{hook}.without-dataloader-idx" for hook in BATCH_HOOKS]


@sabotage(*BATCH_CLAIMS)
def batches_are_counted_from_one(patch):
    """The batch_idx that callbacks get is one too high."""

    def change(call, trainer, name, *args):
        call(name, *args[:-1], args[-1] + 1) if name in BATCH_HOOKS else call(name)

    _on_callback_hook(patch, change)


@sabotage(*BATCH_CLAIMS)
def the_batch_is_that_of_before(patch):
    """From the second batch on, callbacks are handed the batch before."""
    last = []

    def change(call, trainer, name, *args):
        if name not in BATCH_HOOKS:
            call(name)
            return
        *outputs, batch, batch_idx = args
        call(name, *outputs, last[-1] if last else batch, batch_idx)
        if name == "on_train_batch_end":
            last.append(batch)

    _on_callback_hook(patch, change)


@sabotage(*BATCH_CLAIMS)
def batches_are_told_twice(patch):
    """The hooks of a batch of training are called twice each."""

    def change(call, trainer, name, *args):
        call(name)
        if name in BATCH_HOOKS:
            call(name)

    _on_callback_hook(patch, change)


@sabotage(BATCH_CLAIMS[0])
def batches_start_after_their_step(patch):
    """on_train_batch_start is called only once the training step has been taken."""
    _delay(patch, "on_train_batch_start", "on_before_backward")


@sabotage(BATCH_CLAIMS[1], "callback.batch-outputs-always")
def the_outputs_are_those_of_before(patch):
    """From the second batch on, on_train_batch_end is handed the outputs of the batch before."""
    last = []

    def change(call, trainer, name, *args):
        if name != "on_train_batch_end":
            call(name)
            return
        call(name, last[-1] if last else args[0], *args[1:])
        last.append(args[0])

    _on_callback_hook(patch, change)


@sabotage(BATCH_CLAIMS[1])
def batches_end_before_the_optimizer_steps(patch):
    """on_train_batch_end is called between the backward pass and the step of the optimizer."""
    started = []

    def change(call, trainer, name, *args):
        if name == "on_train_batch_start":
            started.append(args)
        if name == "on_before_optimizer_step":
            call("on_train_batch_end", {}, *started.pop())
        if name != "on_train_batch_end":
            call(name)

    _on_callback_hook(patch, change)
