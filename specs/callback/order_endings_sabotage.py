"""How to make the claims about exceptions and Ctrl-C false: hooks that are called too, twice, or not at all."""

from types import SimpleNamespace

from fixtures.sabotage import sabotage


def before_interrupting(patch, do):
    """Do this, with the Trainer, before on_exception is called."""
    from pytorch_lightning.trainer import call

    original = call._interrupt
    patch.setattr(call, "_interrupt", lambda trainer, exception: (do(trainer), original(trainer, exception)))


@sabotage(
    "callback.order-no-on_train_end-after-exception",
    "callback.order-no-on_train_end-after-interrupt",
    "callback.order-no-teardown-after-interrupt",
    "callback.order-on_exception-before-raise",
    "callback.order-on_keyboard_interrupt-before-on_exception.exception-alone",
)
def training_ends_for_callbacks(patch):
    """on_train_end is called where an exception or Ctrl-C ended training, as in 1.1 and 1.2."""
    from pytorch_lightning.trainer import call

    before_interrupting(patch, lambda trainer: call._call_callback_hooks(trainer, "on_train_end"))


@sabotage("callback.order-no-teardown-after-exception", "callback.order-no-teardown-after-interrupt")
def what_failed_is_torn_down(patch):
    """teardown is called where an exception or Ctrl-C ended training."""
    from pytorch_lightning.trainer import call

    before_interrupting(patch, call._call_teardown_hook)


@sabotage(
    "callback.order-on_exception-before-raise",
    "callback.order-no-on_train_end-after-interrupt",
    "callback.order-on_keyboard_interrupt-before-on_exception.exception-alone",
    "callback.interrupt-returns.exits",
)
def callbacks_are_not_told(patch):
    """on_exception is not called."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def call_hooks(trainer, name, *args, **options):
        if name != "on_exception":
            original(trainer, name, *args, **options)

    patch.setattr(call, "_call_callback_hooks", call_hooks)


@sabotage("callback.interrupt-returns.exits")
def an_interrupt_returns(patch):
    """fit returns after Ctrl-C, as up to 2.3."""
    from pytorch_lightning.trainer import call

    patch.setattr(call, "sys", SimpleNamespace(exit=lambda code: None))
