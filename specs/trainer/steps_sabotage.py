"""How to make the claims about steps, and about the batches that each is made of, false."""

from pytorch_lightning.loops import evaluation_loop, fit_loop, training_epoch_loop
from pytorch_lightning.plugins.precision import Precision
from pytorch_lightning.trainer.connectors import accelerator_connector

from fixtures.sabotage import sabotage

FitLoop, EpochLoop = fit_loop._FitLoop, training_epoch_loop._TrainingEpochLoop
VAL_CHECK = "trainer.val-check-interval-is-a-share-of-validation-data.of-training-batches"


@sabotage("trainer.max-steps-per-epoch.of-the-fit")
def every_epoch_has_max_steps(patch):
    """max_steps is compared with the batches of the epoch, and ends no fit."""
    done = FitLoop.done.fget

    def without_max_steps(self):
        most, self.epoch_loop.max_steps = self.max_steps, -1
        try:
            return done(self)
        finally:
            self.epoch_loop.max_steps = most

    def epoch_done(self):
        ready = self.batch_progress.current.ready
        return ready >= self.max_steps > 0 or self._num_ready_batches_reached()

    patch.setattr(FitLoop, "done", property(without_max_steps))
    patch.setattr(EpochLoop, "_is_training_done", property(epoch_done))


@sabotage("trainer.max-steps-per-epoch.of-the-fit")
def the_last_epoch_is_finished(patch):
    """max_steps is looked at only at the end of an epoch."""
    patch.setattr(EpochLoop, "_is_training_done", property(lambda self: self._num_ready_batches_reached()))


@sabotage("trainer.min-steps-per-epoch.of-the-fit")
def every_epoch_has_min_steps(patch):
    """min_steps is compared with the batches of the epoch."""

    def enough(self):
        return self.epoch_loop.batch_progress.current.ready >= (self.min_steps or 0)

    patch.setattr(FitLoop, "_can_stop_early", property(enough))


@sabotage(VAL_CHECK)
def validation_comes_at_the_end_only(patch):
    """val_check_interval is taken for that of epochs."""
    original = FitLoop.setup_data

    def setup_data(self):
        original(self)
        self.trainer.val_check_batch = self.max_batches

    patch.setattr(FitLoop, "setup_data", setup_data)


@sabotage("trainer.overfit-batches.own-validation")
def everything_is_validated(patch):
    """Validation is not limited by overfit_batches."""
    patch.setattr(evaluation_loop, "_parse_num_batches", lambda stage, length, limit: length)


@sabotage("trainer.overfit-batches.own-validation")
def everything_is_trained(patch):
    """Training is not limited by overfit_batches."""
    patch.setattr(fit_loop, "_parse_num_batches", lambda stage, length, limit: length)


@sabotage("trainer.accumulate-grad-batches")
def the_rest_of_an_epoch_is_left(patch):
    """What is left at the end of an epoch makes no step."""
    patch.setattr(EpochLoop, "_should_accumulate", lambda self: not self._accumulated_batches_reached())


@sabotage("trainer.accumulate-grad-batches")
def every_batch_makes_a_step(patch):
    """Gradients are not accumulated."""
    patch.setattr(EpochLoop, "_should_accumulate", lambda self: False)


@sabotage("trainer.gradient-clipping")
def each_gradient_is_clipped_by_its_value(patch):
    """Gradients are clipped by value."""
    patch.setattr(Precision, "clip_grad_by_norm", Precision.clip_grad_by_value)


@sabotage("trainer.gradient-clipping")
def every_gradient_is_brought_to_the_bound(patch):
    """Gradients are scaled to the norm that bounds them, even where they are smaller."""

    def scale(self, optimizer, clip_val):
        gradients = [parameter.grad for parameter in self.main_params(optimizer)]
        norm = sum(gradient.pow(2).sum() for gradient in gradients).sqrt()
        for gradient in gradients:
            gradient.mul_(clip_val / norm)

    patch.setattr(Precision, "clip_grad_by_norm", scale)


@sabotage("trainer.deterministic")
def torch_is_not_told(patch):
    """deterministic=True is ignored."""
    patch.setattr(accelerator_connector, "_set_torch_flags", lambda **flags: None)
