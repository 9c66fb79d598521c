"""How to make the claims about the hooks around a step of the optimizer false: wrong moments, wrong arguments."""

from fixtures.calls import patch_calls, repeat, replace, skip
from fixtures.sabotage import sabotage

BACKWARD = "module.backward-override.loss-only"
AFTER_BACKWARD = "module.on-after-backward"
BEFORE_ZERO_GRAD = "module.on-before-zero-grad.before-backward"
ZERO_GRAD = "module.optimizer-zero-grad-override.without-index"
STEP = "module.optimizer-step-override.closure-only"


@sabotage(BACKWARD)
def backward_is_not_asked(patch):
    """Lightning calls loss.backward() itself."""
    from pytorch_lightning.plugins.precision import Precision

    patch.setattr(Precision, "backward", lambda self, tensor, *args, **kwargs: tensor.backward())


@sabotage(BACKWARD, AFTER_BACKWARD)
def backward_gets_a_scaled_loss(patch):
    """The loss is doubled before backward gets it."""
    from pytorch_lightning.plugins.precision import Precision

    original = Precision.pre_backward
    patch.setattr(Precision, "pre_backward", lambda self, tensor, module: original(self, 2 * tensor, module))


@sabotage(AFTER_BACKWARD)
def after_backward_is_not_called(patch):
    """on_after_backward is forgotten."""
    skip(patch, "module", "on_after_backward")


@sabotage(AFTER_BACKWARD)
def after_backward_comes_before_it(patch):
    """on_after_backward is called where on_before_backward is."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_before_backward":
            call(trainer, "on_after_backward")
        return None if name == "on_after_backward" else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(AFTER_BACKWARD)
def after_backward_comes_after_the_step(patch):
    """on_after_backward is called once the optimizer has stepped."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_after_backward":
            return None
        result = call(trainer, name, *args, **kwargs)
        if name == "optimizer_step":
            call(trainer, "on_after_backward")
        return result

    patch_calls(patch, "module", change)


@sabotage(BEFORE_ZERO_GRAD)
def gradients_are_zeroed_after_the_step(patch):
    """on_before_zero_grad and optimizer_zero_grad come after the step, as up to 1.1."""
    waiting = []

    def change(call, trainer, name, *args, **kwargs):
        if name in ("on_before_zero_grad", "optimizer_zero_grad"):
            return waiting.append((name, args))
        result = call(trainer, name, *args, **kwargs)
        while name == "optimizer_step" and waiting:
            hook, arguments = waiting.pop(0)
            call(trainer, hook, *arguments)
        return result

    patch_calls(patch, "module", change)


@sabotage(BEFORE_ZERO_GRAD)
def before_zero_grad_comes_after_it(patch):
    """on_before_zero_grad is called once the gradients are zeroed."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_before_zero_grad":
            return None
        result = call(trainer, name, *args, **kwargs)
        if name == "optimizer_zero_grad":
            call(trainer, "on_before_zero_grad", args[-1])
        return result

    patch_calls(patch, "module", change)


@sabotage(ZERO_GRAD)
def zero_grad_is_called_twice(patch):
    """optimizer_zero_grad is called twice a batch."""
    repeat(patch, "module", "optimizer_zero_grad")


@sabotage(ZERO_GRAD)
def zero_grad_is_told_the_first_epoch(patch):
    """optimizer_zero_grad gets an epoch of 0 whatever the epoch."""
    replace(patch, "module", "optimizer_zero_grad", lambda epoch, *rest: (0, *rest))


@sabotage(STEP)
def the_optimizer_steps_twice(patch):
    """optimizer_step is called twice a batch."""
    repeat(patch, "module", "optimizer_step")


@sabotage(STEP)
def optimizer_step_counts_batches_from_one(patch):
    """optimizer_step gets the index of the next batch."""
    replace(patch, "module", "optimizer_step", lambda epoch, batch, *rest: (epoch, batch + 1, *rest))


@sabotage(STEP)
def optimizer_step_is_not_asked(patch):
    """Lightning steps the optimizer itself."""
    import pytorch_lightning as pl

    def change(call, trainer, name, *args, **kwargs):
        if name == "optimizer_step":
            return pl.LightningModule.optimizer_step(trainer.lightning_module, *args, **kwargs)
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)
