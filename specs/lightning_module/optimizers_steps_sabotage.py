"""How to make the claims about LBFGS, 16 bits, toggled optimizers and clipping by hand false."""

from contextlib import contextmanager, nullcontext

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


@sabotage("module.lbfgs-automatic")
def the_closure_runs_once_and_is_remembered(patch):
    """Within a step of LBFGS every evaluation after the first returns the loss of the first."""
    from pytorch_lightning.plugins.precision import Precision

    step = Precision.optimizer_step

    def stepped(self, optimizer, model, closure, **kwargs):
        found = []

        def once():
            if not found:
                found.append(closure())
            return found[0]

        return step(self, optimizer, model, once, **kwargs)

    patch.setattr(Precision, "optimizer_step", stepped)


@sabotage("module.half-precision-automatic")
def autocast_is_left_out(patch):
    """In mixed precision the steps run without autocast."""
    from pytorch_lightning.plugins.precision import MixedPrecision

    patch.setattr(MixedPrecision, "autocast_context_manager", lambda self: nullcontext())


@sabotage("module.half-precision-automatic")
def the_weights_are_converted(patch):
    """In mixed precision the whole module is converted to bfloat16."""
    from pytorch_lightning.plugins.precision import MixedPrecision

    patch.setattr(MixedPrecision, "convert_module", lambda self, module: module.to(torch.bfloat16))


@sabotage("module.toggle-optimizer", "module.toggle-model")
def nothing_is_toggled(patch):
    """toggle_optimizer does nothing."""
    patch.setattr(pl.LightningModule, "toggle_optimizer", lambda self, optimizer: None)


@sabotage("module.toggle-optimizer", "module.toggle-model")
def nothing_is_turned_on_again(patch):
    """untoggle_optimizer does nothing."""
    patch.setattr(pl.LightningModule, "untoggle_optimizer", lambda self, optimizer: None)


@sabotage("module.toggle-optimizer", "module.toggle-model")
def everything_is_turned_on_again(patch):
    """untoggle_optimizer turns on what was off before as well."""

    def untoggle(self, optimizer):
        for parameter in self.parameters():
            parameter.requires_grad = True

    patch.setattr(pl.LightningModule, "untoggle_optimizer", untoggle)


@sabotage("module.toggle-optimizer")
def what_is_shared_is_turned_off(patch):
    """toggle_optimizer turns off all that any other optimizer steps."""
    toggle = pl.LightningModule.toggle_optimizer

    def toggled(self, optimizer):
        toggle(self, optimizer)
        for other in self.trainer.optimizers:
            if other is not optimizer.optimizer:
                for parameter in other.param_groups[0]["params"]:
                    parameter.requires_grad = False

    patch.setattr(pl.LightningModule, "toggle_optimizer", toggled)


@sabotage("module.toggle-model")
def the_block_ends_without_untoggling(patch):
    """toggle_model leaves all toggled when its block ends."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    @contextmanager
    def toggle_model(self, sync_grad=True):
        self._strategy.lightning_module.toggle_optimizer(self)
        yield

    patch.setattr(LightningOptimizer, "toggle_model", toggle_model)


@sabotage("module.clip-gradients")
def clipping_is_always_by_norm(patch):
    """clip_gradients clips by norm, whatever it is told."""
    clip = pl.LightningModule.clip_gradients

    def clipped(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        known = str(gradient_clip_algorithm).lower() in ("norm", "value")
        clip(self, optimizer, gradient_clip_val, "norm" if known else gradient_clip_algorithm)

    patch.setattr(pl.LightningModule, "clip_gradients", clipped)


@sabotage("module.clip-gradients")
def without_a_value_gradients_are_clipped(patch):
    """clip_gradients clips at 1 where it is given no value."""
    clip = pl.LightningModule.clip_gradients

    def clipped(self, optimizer, gradient_clip_val=1, gradient_clip_algorithm=None):
        clip(self, optimizer, gradient_clip_val, gradient_clip_algorithm)

    patch.setattr(pl.LightningModule, "clip_gradients", clipped)


@sabotage("module.clip-gradients")
def senseless_clipping_is_left_out(patch):
    """clip_gradients returns where it is given a value or an algorithm that it does not know."""
    clip = pl.LightningModule.clip_gradients

    def clipped(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        known = str(gradient_clip_algorithm).lower() in ("none", "norm", "value")
        if known and not isinstance(gradient_clip_val, str):
            clip(self, optimizer, gradient_clip_val, gradient_clip_algorithm)

    patch.setattr(pl.LightningModule, "clip_gradients", clipped)
