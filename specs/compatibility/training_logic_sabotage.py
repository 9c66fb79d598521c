"""How to make the claims about the complete training logic false: its parts left out, doubled, or in another order."""

import torch

from fixtures.sabotage import sabotage

CLAIM = "compat.complete-training-logic"


@sabotage(CLAIM)
def the_optimizer_steps_twice(patch):
    """Every batch makes two steps of the optimizer."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    original = LightningOptimizer.step

    def step(self, closure=None, **options):
        original(self, closure=closure, **options)
        self._optimizer.step()

    patch.setattr(LightningOptimizer, "step", step)


@sabotage(CLAIM)
def gradients_are_zeroed_once_an_epoch(patch):
    """zero_grad is left out from the second batch on."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    original = _AutomaticOptimization._make_zero_grad_fn
    patch.setattr(
        _AutomaticOptimization,
        "_make_zero_grad_fn",
        lambda self, batch_idx, optimizer: original(self, batch_idx, optimizer) if batch_idx == 0 else None,
    )


@sabotage(CLAIM)
def the_scheduler_steps_after_every_batch(patch):
    """A scheduler of interval epoch steps with every batch."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    patch.setattr(_TrainingEpochLoop, "_num_ready_batches_reached", lambda self: True)


@sabotage(CLAIM)
def validation_does_not_switch_to_eval(patch):
    """Validation leaves the module in train mode."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_eval", lambda self: None)


@sabotage(CLAIM)
def validation_does_not_switch_back(patch):
    """Validation leaves the module in eval mode."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_train", lambda self: None)


@sabotage(CLAIM)
def validation_computes_gradients(patch):
    """Validation runs with gradients enabled."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._evaluation_step

    def step(self, *args):
        with torch.inference_mode(False), torch.enable_grad():
            original(self, *args)

    patch.setattr(_EvaluationLoop, "_evaluation_step", step)


@sabotage(CLAIM)
def validation_is_left_out_of_the_first_epoch(patch):
    """The first epoch is not validated."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    original = _TrainingEpochLoop._should_check_val_fx

    def should_check(self, data_fetcher):
        return original(self, data_fetcher) and self.trainer.current_epoch > 0

    patch.setattr(_TrainingEpochLoop, "_should_check_val_fx", should_check)


@sabotage(CLAIM)
def the_checkpoint_holds_no_weights(patch):
    """The checkpoint is written with an empty state_dict."""
    from pytorch_lightning.strategies import Strategy

    patch.setattr(Strategy, "lightning_module_state_dict", lambda self: {})


@sabotage(f"{CLAIM}.zero-grad-before-backward")
def gradients_are_zeroed_before_training_step(patch):
    """zero_grad comes first in the closure."""
    from pytorch_lightning.loops.optimization.automatic import Closure

    def closure(self, *args, **kwargs):
        with torch.enable_grad():
            if self._zero_grad_fn is not None:
                self._zero_grad_fn()
            output = self._step_fn()
            if self._backward_fn is not None and output.closure_loss is not None:
                self._backward_fn(output.closure_loss)
            return output

    patch.setattr(Closure, "closure", closure)


@sabotage(f"{CLAIM}.schedule-before-validation", f"{CLAIM}.checkpoint-after-schedule")
def the_scheduler_steps_last_of_all(patch):
    """Schedulers of interval epoch wait until the epoch's validation and checkpoint are done."""
    from pytorch_lightning.loops.fit_loop import _FitLoop
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    original, end = _TrainingEpochLoop.update_lr_schedulers, _FitLoop.on_advance_end

    def update(self, interval, update_plateau_schedulers):
        if interval != "epoch":
            original(self, interval, update_plateau_schedulers)

    def on_advance_end(self):
        end(self)
        original(self.epoch_loop, "epoch", False)

    patch.setattr(_TrainingEpochLoop, "update_lr_schedulers", update)
    patch.setattr(_FitLoop, "on_advance_end", on_advance_end)
