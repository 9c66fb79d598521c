"""How to make the claims about refactoring false: the loop's parts left out, doubled, or in another order."""

from contextlib import nullcontext

import torch

from fixtures.sabotage import sabotage

CLAIM = "structure.refactor-preserves-results"


@sabotage(CLAIM)
def gradients_are_never_zeroed(patch):
    """zero_grad is forgotten, and gradients add up over batches."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    patch.setattr(_AutomaticOptimization, "_make_zero_grad_fn", lambda self, batch_idx, optimizer: None)


@sabotage(CLAIM)
def accumulated_losses_are_not_divided(patch):
    """The losses of accumulated batches are added instead of averaged."""
    from pytorch_lightning.loops.optimization.automatic import ClosureResult

    original = ClosureResult.from_training_step_output
    patch.setattr(ClosureResult, "from_training_step_output", lambda output, normalize=1: original(output))


@sabotage(CLAIM)
def an_incomplete_group_makes_no_step(patch):
    """The gradients of an epoch's last batches are dropped unless the group is complete."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    patch.setattr(_TrainingEpochLoop, "_should_accumulate", lambda self: not self._accumulated_batches_reached())


@sabotage(CLAIM)
def validation_runs_in_train_mode(patch):
    """Validation forgets eval(), so batch norm learns from validation data."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_eval", lambda self: None)


@sabotage(CLAIM)
def training_goes_on_in_eval_mode(patch):
    """Validation does not switch the module back to train()."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_train", lambda self: None)


@sabotage(CLAIM)
def schedulers_step_after_every_batch(patch):
    """The interval of a scheduler is ignored."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    original = _TrainingEpochLoop.update_lr_schedulers

    def update(self, interval, update_plateau_schedulers):
        original(self, "epoch" if interval == "step" else "step", update_plateau_schedulers)

    patch.setattr(_TrainingEpochLoop, "update_lr_schedulers", update)


@sabotage(CLAIM)
def fit_draws_a_random_number(patch):
    """Something in fit draws from the global generator before training."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    original = _FitLoop.setup_data

    def setup_data(self):
        torch.rand(1)
        original(self)

    patch.setattr(_FitLoop, "setup_data", setup_data)


@sabotage(f"{CLAIM}.sanity-check-draws-nothing")
def the_sanity_check_is_not_isolated(patch):
    """The random numbers that the sanity check draws are missing from training."""
    patch.setattr("pytorch_lightning.trainer.trainer.isolate_rng", nullcontext)


@sabotage(f"{CLAIM}.without-sanity-check")
def validation_is_isolated(patch):
    """Every validation puts the random numbers back, unlike a loop written by hand."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop
    from pytorch_lightning.utilities.seed import isolate_rng

    original = _EvaluationLoop.run

    def run(self):
        with isolate_rng():
            return original(self)

    patch.setattr(_EvaluationLoop, "run", run)


@sabotage(f"{CLAIM}.clipping-by-norm", f"{CLAIM}.clipping-by-norm.rounded")
def each_parameter_is_clipped_by_itself(patch):
    """Clipping by norm looks at one parameter at a time instead of all together."""
    from pytorch_lightning.plugins.precision import Precision

    def clip(self, optimizer, clip_val):
        for parameter in self.main_params(optimizer):
            torch.nn.utils.clip_grad_norm_([parameter], clip_val)

    patch.setattr(Precision, "clip_grad_by_norm", clip)


@sabotage(f"{CLAIM}.clipping-by-norm")
def the_norm_is_computed_by_lightning_itself(patch):
    """The same formula, written out, rounds differently (Lightning 1.2 and 1.3)."""
    from pytorch_lightning.plugins.precision import Precision

    def clip(self, optimizer, clip_val):
        gradients = [parameter.grad for parameter in self.main_params(optimizer)]
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
        for gradient in gradients:
            gradient.mul_((torch.tensor(clip_val, device=norm.device) / (norm + 1e-6)).clamp(max=1.0))

    patch.setattr(Precision, "clip_grad_by_norm", clip)


@sabotage(f"{CLAIM}.clipping-by-value")
def clipping_by_value_is_clipping_by_norm(patch):
    """gradient_clip_algorithm is ignored."""
    from pytorch_lightning.plugins.precision import Precision

    patch.setattr(Precision, "clip_grad_by_value", Precision.clip_grad_by_norm)


@sabotage(f"{CLAIM}.shuffling-by-a-generator.counted")
def the_loader_is_read_to_its_end(patch):
    """After the last batch the loader's iterator is asked once more."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    original = _FitLoop.on_advance_end

    def on_advance_end(self):
        next(self._data_fetcher.combined_loader._iterator.iterators[0], None)
        original(self)

    patch.setattr(_FitLoop, "on_advance_end", on_advance_end)
