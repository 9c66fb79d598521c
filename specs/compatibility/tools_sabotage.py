"""How to make the claims about torch's tools false."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage

TOOLS = "compat.torch-tools-in-lightning"


@sabotage(TOOLS)
def hooks_are_lost(patch):
    """Hooks on the modules inside are dropped when training starts."""
    setup = pl.strategies.Strategy.setup

    def forgetful(self, trainer):
        for part in self.model.modules():
            part._forward_hooks.clear()
            part._forward_pre_hooks.clear()
            part._backward_hooks.clear()
        setup(self, trainer)

    patch.setattr(pl.strategies.Strategy, "setup", forgetful)


@sabotage(TOOLS)
def compiled_modules_run_uncompiled(patch):
    """The Trainer takes the module out of what torch.compile made of it."""
    from pytorch_lightning.trainer import trainer

    patch.setattr(trainer, "_maybe_unwrap_optimized", lambda model: getattr(model, "_orig_mod", model))


@sabotage(TOOLS)
def the_module_is_called_once_more(patch):
    """Every batch goes through training_step a second time."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    training_step = _AutomaticOptimization._training_step

    def twice(self, kwargs):
        training_step(self, kwargs)
        return training_step(self, kwargs)

    patch.setattr(_AutomaticOptimization, "_training_step", twice)


@sabotage(TOOLS)
def the_batch_ends_before_its_step(patch):
    """on_after_backward is called before the backward pass."""
    precision = pl.plugins.precision.Precision
    pre, post = precision.pre_backward, precision.post_backward

    def early(self, tensor, module):
        post(self, tensor, module)
        return pre(self, tensor, module)

    patch.setattr(precision, "pre_backward", early)
    patch.setattr(precision, "post_backward", lambda self, tensor, module: tensor.detach())


@sabotage("compat.jit-script-before-fit.now")
def a_module_without_trainer_says_none(patch):
    """The property trainer is None where there is no Trainer."""
    patch.setattr(pl.LightningModule, "trainer", property(lambda self: self._trainer, pl.LightningModule.trainer.fset))
