"""How to make the claims about the order of a fit false: a hook is called late, early, or twice."""

import torch

from fixtures.calls import patch_calls
from fixtures.sabotage import sabotage
from fixtures.steps import postpone

LOOP = "module.loop-order"
FIT_START = f"{LOOP}-fit-start-before-prepare-data.last-of-all"
INSIDE = f"{LOOP}-after-backward-before-optimizer-step.inside"
ZEROED = f"{LOOP}-optimizer-step-before-before-zero-grad.before-backward"
EPOCH_END = f"{LOOP}-validation-before-training-epoch-end.on-train-epoch-end"


@sabotage(f"{LOOP}-prepare-data-before-setup", f"{LOOP}.always", FIT_START)
def data_is_prepared_after_setup(patch):
    """prepare_data is called after setup."""
    postpone(patch, "prepare_data", "setup")


@sabotage(f"{LOOP}-setup-before-configure-optimizers", f"{LOOP}.always", FIT_START)
def setup_comes_after_configure_optimizers(patch):
    """setup is called after configure_optimizers."""
    postpone(patch, "setup", "configure_optimizers")


@sabotage(FIT_START, f"{LOOP}.always")
def fit_starts_before_setup(patch):
    """setup is called after on_fit_start."""
    postpone(patch, "setup", "on_fit_start")


@sabotage(f"{LOOP}-pretrain-routine-before-epoch-start.on-fit-start", f"{LOOP}.always")
def fit_starts_with_the_first_epoch(patch):
    """on_fit_start is called after on_train_epoch_start."""
    postpone(patch, "on_fit_start", "on_train_epoch_start")


@sabotage(f"{LOOP}-epoch-start-before-batch-start", f"{LOOP}.always", f"{LOOP}.now")
def an_epoch_starts_after_its_first_batch(patch):
    """on_train_epoch_start is called after on_train_batch_start of the first batch."""
    postpone(patch, "on_train_epoch_start", "on_train_batch_start")


@sabotage(f"{LOOP}-batch-start-before-training-step", f"{LOOP}.always", f"{LOOP}.now")
def a_batch_starts_after_its_step(patch):
    """on_train_batch_start is called after optimizer_step."""
    postpone(patch, "on_train_batch_start", "optimizer_step")


@sabotage(f"{LOOP}-training-step-before-backward", f"{LOOP}-batch-start-before-training-step", f"{LOOP}.now")
def training_step_runs_again_after_backward(patch):
    """training_step is called once more, after on_after_backward."""

    def change(call, trainer, name, *args, **kwargs):
        result = call(trainer, name, *args, **kwargs)
        if name == "on_train_batch_start":
            change.batch = args
        if name == "on_after_backward":
            trainer.lightning_module.training_step(*change.batch)
        return result

    patch_calls(patch, "module", change)


@sabotage(f"{LOOP}-backward-before-after-backward", f"{LOOP}.always", f"{LOOP}.now")
def after_backward_comes_before_it(patch):
    """on_after_backward is called in the place of on_before_backward."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_after_backward":
            return None
        if name == "on_before_backward":
            call(trainer, "on_after_backward")
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(INSIDE, f"{LOOP}.now")
def the_closure_runs_before_optimizer_step(patch):
    """The optimizer is given gradients, not the closure that computes them."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    original = _AutomaticOptimization._optimizer_step

    def optimizer_step(self, batch_idx, closure):
        loss = closure()
        original(self, batch_idx, lambda: loss)

    patch.setattr(_AutomaticOptimization, "_optimizer_step", optimizer_step)


@sabotage(INSIDE)
def the_weights_change_before_on_after_backward(patch):
    """The optimizer steps a first time as soon as there are gradients."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_after_backward":
            torch.optim.SGD(trainer.lightning_module.parameters(), lr=0.1).step()
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(ZEROED, f"{LOOP}.now")
def gradients_are_zeroed_before_training_step(patch):
    """The closure zeroes the gradients first."""
    from pytorch_lightning.loops.optimization.automatic import Closure

    def closure(self, *args, **kwargs):
        with torch.enable_grad():
            self._zero_grad_fn()
            output = self._step_fn()
            self._backward_fn(output.closure_loss)
            return output

    patch.setattr(Closure, "closure", closure)


@sabotage(ZEROED, f"{LOOP}.now")
def gradients_are_zeroed_after_the_step(patch):
    """The gradients are zeroed once optimizer_step is through."""
    postpone(patch, "on_before_zero_grad", "optimizer_step")
    postpone(patch, "optimizer_zero_grad", "on_before_zero_grad")


@sabotage(f"{LOOP}-before-zero-grad-before-zero-grad")
def on_before_zero_grad_comes_too_late(patch):
    """on_before_zero_grad is called after optimizer_zero_grad."""
    postpone(patch, "on_before_zero_grad", "optimizer_zero_grad")


@sabotage(f"{LOOP}-zero-grad-before-batch-end", f"{LOOP}.now")
def a_batch_ends_before_gradients_are_zeroed(patch):
    """optimizer_zero_grad is called after on_train_batch_end."""
    postpone(patch, "optimizer_zero_grad", "on_train_batch_end")


@sabotage(f"{LOOP}-batch-end-before-validation", f"{LOOP}.now")
def validation_comes_before_the_batch_ends(patch):
    """Validation runs between the optimizer's step and on_train_batch_end of the last batch before it."""
    postpone(patch, "on_train_batch_end", "on_validation_epoch_start")


@sabotage(EPOCH_END, f"{LOOP}.now")
def an_epoch_ends_before_its_validation(patch):
    """on_train_epoch_end does not wait for the validation due after the epoch's last batch."""
    postpone(patch, "on_validation_epoch_start", "on_train_epoch_end")


@sabotage(EPOCH_END, f"{LOOP}.always", f"{LOOP}.now")
def the_last_epoch_ends_after_teardown(patch):
    """on_train_epoch_end is called after teardown."""
    postpone(patch, "on_train_epoch_end", "teardown")


@sabotage(f"{LOOP}-teardown-before-fit-end.teardown-last", f"{LOOP}.always", f"{LOOP}.now")
def fit_ends_after_teardown(patch):
    """on_fit_end is called after teardown."""
    postpone(patch, "on_fit_end", "teardown")
