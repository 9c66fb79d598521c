"""How to make the claims about the whole false."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


@sabotage("intro.two-pillars", "intro.plugin-in-torch")
def optimizer_does_not_step(patch):
    """Lightning's wrapper computes the gradients and forgets to step the optimizer."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    patch.setattr(LightningOptimizer, "step", lambda self, closure=None, **kwargs: closure())


@sabotage("intro.two-pillars")
def validation_is_skipped(patch):
    """The validation loop believes that it is switched off."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "skip", property(lambda self: self.trainer.training or self.trainer.validating))


@sabotage("intro.two-pillars")
def not_exported(patch):
    """The Trainer is no longer among the names of the package."""
    patch.setattr(pl, "__all__", [name for name in pl.__all__ if name != "Trainer"])


@sabotage("intro.three-suffice", "intro.accelerators-plugins-optional")
def should_stop_is_ignored(patch):
    """Training goes on although a callback has asked for its end."""
    patch.setattr(pl.Trainer, "should_stop", property(lambda self: False, lambda self, value: None), raising=False)


@sabotage("intro.three-suffice", "intro.accelerators-plugins-optional")
def validation_ends_twice(patch):
    """The callbacks hear of the end of every validation twice."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._on_evaluation_end

    def end(self, *args, **kwargs):
        original(self, *args, **kwargs)
        original(self, *args, **kwargs)

    patch.setattr(_EvaluationLoop, "_on_evaluation_end", end)


@sabotage("intro.plugin-in-torch")
def eval_mode_is_refused(patch):
    """LightningModule stays in training mode unless a Trainer switches it."""
    patch.setattr(pl.LightningModule, "eval", lambda self: self, raising=False)


@sabotage("intro.plugin-in-torch")
def moving_draws_a_random_number(patch):
    """Moving a LightningModule advances the global random generator."""
    original = pl.LightningModule.to

    def to(self, *args, **kwargs):
        torch.rand(1)
        return original(self, *args, **kwargs)

    patch.setattr(pl.LightningModule, "to", to)


@sabotage("intro.accelerators-plugins-optional")
def nothing_named_means_a_gpu(patch):
    """A Trainer that is told nothing takes an accelerator that is not there."""
    from pytorch_lightning.trainer.connectors.accelerator_connector import _AcceleratorConnector

    patch.setattr(_AcceleratorConnector, "_choose_auto_accelerator", staticmethod(lambda: "cuda"))
    patch.setattr(pl.accelerators.CUDAAccelerator, "is_available", staticmethod(lambda: True))
    patch.setattr(pl.accelerators.CUDAAccelerator, "auto_device_count", staticmethod(lambda: 1))
    patch.setattr(pl.accelerators.CUDAAccelerator, "parse_devices", staticmethod(lambda devices: [0]))
