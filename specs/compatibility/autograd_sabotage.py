"""How to make the claims about autograd false."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage

AUTOGRAD = "compat.torch-autograd-in-lightning"


def patch_backward(patch, change):
    """Let the strategy call `change(backward, loss)` where it would run its own backward pass."""
    backward = pl.strategies.Strategy.backward

    def changed(self, closure_loss, *arguments, **options):
        return change(lambda loss: backward(self, loss, *arguments, **options), closure_loss)

    patch.setattr(pl.strategies.Strategy, "backward", changed)


@sabotage(AUTOGRAD)
def gradients_are_doubled(patch):
    """The backward pass runs on twice the loss."""
    patch_backward(patch, lambda backward, loss: backward(loss * 2))


@sabotage(AUTOGRAD)
def anomaly_mode_is_off_during_backward(patch):
    """The backward pass switches anomaly mode off, whoever switched it on."""

    def change(backward, loss):
        with torch.autograd.set_detect_anomaly(False):
            return backward(loss)

    patch_backward(patch, change)


@sabotage(AUTOGRAD)
def a_backward_of_ones_own_is_ignored(patch):
    """The module's method `backward` is not called."""
    patch.setattr(
        pl.plugins.precision.Precision,
        "backward",
        lambda self, loss, module, optimizer, *arguments, **options: loss.backward(),
    )


@sabotage("compat.anomaly-mode-around-fit.now")
def the_trainer_leaves_anomaly_mode_on(patch):
    """The Trainer only switches anomaly mode on, never off."""
    wanted = property(
        lambda self: vars(self)["anomaly"] or torch.is_anomaly_enabled(),
        lambda self, value: vars(self).update(anomaly=value),
    )
    patch.setattr(pl.Trainer, "_detect_anomaly", wanted, raising=False)


@sabotage("compat.anomaly-mode-around-fit.now")
def the_option_detect_anomaly_is_ignored(patch):
    """The Trainer forgets its option."""
    patch.setattr(pl.Trainer, "_detect_anomaly", property(lambda self: False, lambda self, value: None), raising=False)


@sabotage("compat.enable-grad-in-test.now")
def the_option_inference_mode_is_ignored(patch):
    """Evaluation runs in inference mode, whatever the Trainer was told."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(
        _EvaluationLoop, "inference_mode", property(lambda self: True, lambda self, value: None), raising=False
    )
