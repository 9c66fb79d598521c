"""How to make the claims about optimizing by hand false: Lightning does more, or less, than it is told."""

from fixtures.calls import after
from fixtures.sabotage import sabotage

BACKWARD = "module.manual-backward.loss-only"
STEP = "module.manual-optimizer-step.optimizer-step"


@sabotage(BACKWARD)
def manual_backward_zeroes_the_gradients(patch):
    """manual_backward drops the gradients that are there already."""
    import pytorch_lightning as pl

    original = pl.LightningModule.manual_backward

    def manual_backward(self, loss, *args, **kwargs):
        self.zero_grad()
        return original(self, loss, *args, **kwargs)

    patch.setattr(pl.LightningModule, "manual_backward", manual_backward)


@sabotage(BACKWARD)
def manual_backward_scales_the_loss(patch):
    """manual_backward halves the loss, as for two batches that share a step."""
    import pytorch_lightning as pl

    original = pl.LightningModule.manual_backward
    patch.setattr(
        pl.LightningModule, "manual_backward", lambda self, loss, **keywords: original(self, loss / 2, **keywords)
    )


@sabotage(STEP)
def every_optimizer_steps_after_the_training_step(patch):
    """Lightning steps all optimizers after a training_step that optimizes by hand."""
    from pytorch_lightning.loops.optimization.manual import _ManualOptimization

    after(patch, _ManualOptimization, "run", lambda loop: [optimizer.step() for optimizer in loop.trainer.optimizers])


@sabotage(STEP)
def a_step_by_hand_is_left_out(patch):
    """Every second call of an optimizer's step does nothing."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    original, calls = LightningOptimizer.step, []

    def step(self, *args, **kwargs):
        calls.append(self)
        return original(self, *args, **kwargs) if len(calls) % 2 else None

    patch.setattr(LightningOptimizer, "step", step)
