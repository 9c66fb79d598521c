"""How to make the claims about hooks around backward, steps and gradients false."""

from fixtures.calls import patch_calls, replace, skip
from fixtures.sabotage import sabotage


@sabotage("since.on_before_backward")
def a_copy_of_the_loss_is_announced(patch):
    """on_before_backward of the callbacks is given a detached loss."""
    replace(patch, "callback", "on_before_backward", lambda loss: (loss.detach(),))


@sabotage("since.on_before_backward", "since.callback-on_after_backward")
def backward_is_announced_when_it_is_over(patch):
    """on_before_backward comes after the backward, and on_after_backward before it."""
    from pytorch_lightning.plugins.precision import Precision

    before, after = Precision.pre_backward, Precision.post_backward

    def early(self, tensor, module):
        after(self, tensor, module)
        return tensor

    def late(self, tensor, module):
        before(self, tensor, module)
        return tensor.detach()

    patch.setattr(Precision, "pre_backward", early)
    patch.setattr(Precision, "post_backward", late)


@sabotage("since.callback-on_after_backward-accumulating")
def callbacks_are_told_of_the_last_backward_only(patch):
    """on_after_backward of the callbacks is left out while gradients accumulate."""

    def change(call, trainer, name, *args, **kwargs):
        accumulating = trainer.fit_loop._should_accumulate()
        return None if name == "on_after_backward" and accumulating else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "callback", change)


@sabotage("since.callback-on_before_zero_grad")
def zeroing_is_announced_every_batch(patch):
    """Gradients are zeroed for every batch, also while they accumulate."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    original = _AutomaticOptimization._make_zero_grad_fn
    patch.setattr(
        _AutomaticOptimization, "_make_zero_grad_fn", lambda self, batch_idx, optimizer: original(self, 0, optimizer)
    )


@sabotage("since.callback-on_before_zero_grad-optimizer", "since.on_before_optimizer_step")
def hooks_are_given_a_wrapper_of_the_optimizer(patch):
    """The callbacks' hooks get the LightningOptimizer instead of torch's optimizer."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    def change(call, trainer, name, *args, **kwargs):
        if name in ("on_before_zero_grad", "on_before_optimizer_step"):
            args = (LightningOptimizer(*args),)
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "callback", change)


@sabotage("since.on_before_optimizer_step", "since.module-configure_gradient_clipping")
def the_step_is_announced_and_clipped_before_backward(patch):
    """on_before_optimizer_step and clipping come before the closure."""
    from pytorch_lightning.plugins.precision import Precision

    def wrap(self, model, optimizer, closure):
        self._after_closure(model, optimizer)
        return closure()

    patch.setattr(Precision, "_wrap_closure", wrap)


@sabotage("since.on_before_optimizer_step-manual")
def steps_by_hand_are_not_announced(patch):
    """on_before_optimizer_step is left out in manual optimization."""

    def change(call, trainer, name, *args, **kwargs):
        left_out = name == "on_before_optimizer_step" and not trainer.lightning_module.automatic_optimization
        return None if left_out else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "callback", change)


@sabotage("since.module-configure_gradient_clipping")
def clipping_forgets_the_algorithm(patch):
    """configure_gradient_clipping is called without the Trainer's algorithm."""
    replace(
        patch, "module", "configure_gradient_clipping", lambda optimizer, value, algorithm: (optimizer, value, None)
    )


@sabotage("since.module-configure_gradient_clipping")
def clipping_is_left_out(patch):
    """configure_gradient_clipping is not called."""
    skip(patch, "module", "configure_gradient_clipping")


@sabotage("since.module-configure_gradient_clipping")
def steps_by_hand_are_clipped(patch):
    """configure_gradient_clipping is called in manual optimization as well."""
    from pytorch_lightning.plugins.precision import Precision
    from pytorch_lightning.trainer import call

    def clip(self, model, optimizer, clip_val=None, gradient_clip_algorithm=None):
        arguments = optimizer, clip_val, gradient_clip_algorithm
        call._call_lightning_module_hook(model.trainer, "configure_gradient_clipping", *arguments)

    patch.setattr(Precision, "_clip_gradients", clip)
