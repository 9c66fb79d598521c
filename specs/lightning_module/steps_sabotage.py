"""How to make the claims about the steps false: run twice, in the wrong mode or place, or without effect."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage

TRAINING = "module.training-step"
VALIDATION = "module.validation-step"
TEST = "module.test-step"
OPTIMIZERS = "module.training-step-optimizer-idx.manual-only"


@sabotage(TRAINING, VALIDATION, TEST)
def every_step_runs_twice(patch):
    """Each step is called twice on its batch."""
    from pytorch_lightning.trainer import call

    original = call._call_strategy_hook

    def twice(trainer, name, *args, **kwargs):
        if name in ("training_step", "validation_step", "test_step"):
            original(trainer, name, *args, **kwargs)
        return original(trainer, name, *args, **kwargs)

    patch.setattr(call, "_call_strategy_hook", twice)


@sabotage(TRAINING, VALIDATION, TEST)
def batches_are_not_moved(patch):
    """A batch reaches its step where the loader made it."""
    patch.setattr(pl.LightningModule, "transfer_batch_to_device", lambda self, batch, device, dataloader_idx: batch)


@sabotage(TRAINING)
def training_goes_on_in_eval_mode(patch):
    """training_step runs in eval mode."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    original = _AutomaticOptimization._training_step

    def training_step(self, kwargs):
        self.trainer.lightning_module.eval()
        return original(self, kwargs)

    patch.setattr(_AutomaticOptimization, "_training_step", training_step)


@sabotage(TRAINING)
def the_loss_in_a_dict_counts_half(patch):
    """The loss of a dict is halved on its way to backward."""
    from pytorch_lightning.loops.optimization.automatic import ClosureResult

    original = ClosureResult.from_training_step_output

    def halved(output, normalize=1):
        return original(output, normalize * (2 if isinstance(output, dict) else 1))

    patch.setattr(ClosureResult, "from_training_step_output", halved)


@sabotage(TRAINING)
def a_batch_without_loss_repeats_the_step_before_it(patch):
    """Where training_step returns None the optimizer steps with the gradients of the batch before."""
    from pytorch_lightning.loops.optimization.automatic import Closure

    def closure(self, *args, **kwargs):
        with torch.enable_grad():
            output = self._step_fn()
            if output.closure_loss is not None:
                self._zero_grad_fn()
                self._backward_fn(output.closure_loss)
            return output

    patch.setattr(Closure, "closure", closure)


@sabotage(VALIDATION, TEST)
def evaluation_stays_in_train_mode(patch):
    """Evaluation does not switch to eval mode."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_eval", lambda self: None)


@sabotage(VALIDATION, TEST)
def evaluation_computes_gradients(patch):
    """Evaluation runs with gradients on."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._evaluation_step

    def step(self, *args):
        with torch.inference_mode(False), torch.enable_grad():
            original(self, *args)

    patch.setattr(_EvaluationLoop, "_evaluation_step", step)


@sabotage(OPTIMIZERS)
def only_the_first_optimizer_is_used(patch):
    """Several optimizers pass unquestioned, and all but the first idle."""
    from pytorch_lightning.core import optimizer

    patch.setattr(optimizer, "_validate_multiple_optimizers_support", lambda optimizers, model: None)


@sabotage(OPTIMIZERS)
def optimizers_are_handed_out_in_reverse(patch):
    """The last optimizer that configure_optimizers returned comes first."""
    original = pl.LightningModule.optimizers
    patch.setattr(pl.LightningModule, "optimizers", lambda self, **options: original(self, **options)[::-1])
