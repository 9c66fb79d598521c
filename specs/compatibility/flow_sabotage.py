"""How to make the claims about steering a run false."""

from fixtures.calls import after
from fixtures.sabotage import sabotage

CLAIM = "compat.modifiable-training-logic"


@sabotage(CLAIM)
def should_stop_waits_for_the_epochs_end(patch):
    """should_stop is only looked at between epochs."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    done = property(lambda self: self._is_training_done and self._is_validation_done)
    patch.setattr(_TrainingEpochLoop, "done", done)


@sabotage(CLAIM)
def should_stop_is_ignored(patch):
    """Nothing but max_epochs ends a run."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    patch.setattr(_FitLoop, "_can_stop_early", False)


@sabotage(CLAIM)
def a_skipped_batch_steps_along_old_gradients(patch):
    """Where training_step returns None, the step is made with the last batch's gradients."""
    from pytorch_lightning.loops.optimization.automatic import Closure

    original = Closure.__init__

    def init(self, step_fn, backward_fn=None, zero_grad_fn=None):
        given = []

        def step():
            given.append(step_fn())
            return given[-1]

        def zero_grad():
            if given[-1].closure_loss is not None and zero_grad_fn is not None:
                zero_grad_fn()

        original(self, step, backward_fn, zero_grad)

    patch.setattr(Closure, "__init__", init)


@sabotage(CLAIM)
def minus_one_skips_a_single_batch(patch):
    """on_train_batch_start returning -1 skips this batch and goes on with the next."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    original = _TrainingEpochLoop.advance

    def advance(self, data_fetcher):
        try:
            original(self, data_fetcher)
        except StopIteration:
            if data_fetcher.done:
                raise
            original(self, data_fetcher)

    patch.setattr(_TrainingEpochLoop, "advance", advance)


@sabotage(f"{CLAIM}.manual-optimization")
def lightning_optimizes_as_well(patch):
    """With optimization by hand Lightning still steps the optimizer after training_step."""
    from pytorch_lightning.loops.optimization.manual import _ManualOptimization

    after(patch, _ManualOptimization, "run", lambda loop: [optimizer.step() for optimizer in loop.trainer.optimizers])


@sabotage(f"{CLAIM}.manual-optimization")
def automatic_optimization_is_ignored(patch):
    """A module that wants to optimize by hand is optimized automatically."""
    import pytorch_lightning as pl

    patch.setattr(pl.LightningModule, "automatic_optimization", property(lambda self: True, lambda self, value: None))
    patch.setattr(pl.LightningModule, "_verify_is_manual_optimization", lambda self, name: None)
