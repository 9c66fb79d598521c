"""How to make the claim about optimizers false."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage

OPTIMIZERS = "compat.torch-optimizers-in-lightning"


@sabotage(OPTIMIZERS)
def gradients_are_not_zeroed(patch):
    """Gradients of the last batch are still there in the next."""
    patch.setattr(pl.LightningModule, "optimizer_zero_grad", lambda self, *arguments: None)


@sabotage(OPTIMIZERS)
def the_closure_runs_once(patch):
    """The closure is called before the step; the optimizer gets the loss it gave, but can no longer ask again."""

    def step(self, epoch, batch_idx, optimizer, closure=None):
        loss = closure()
        optimizer.step(closure=lambda: loss)

    patch.setattr(pl.LightningModule, "optimizer_step", step)


@sabotage(OPTIMIZERS)
def every_step_is_taken_twice(patch):
    """The optimizer steps twice a batch."""
    optimizer_step = pl.LightningModule.optimizer_step

    def step(self, epoch, batch_idx, optimizer, closure=None):
        optimizer_step(self, epoch, batch_idx, optimizer, closure)
        optimizer_step(self, epoch, batch_idx, optimizer, closure)

    patch.setattr(pl.LightningModule, "optimizer_step", step)


@sabotage(OPTIMIZERS)
def only_the_first_group_is_kept(patch):
    """Every group of parameters gets the learning rate of the first."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    make = LightningOptimizer.__init__

    def init(self, optimizer):
        for group in optimizer.param_groups:
            group["lr"] = optimizer.param_groups[0]["lr"]
        make(self, optimizer)

    patch.setattr(LightningOptimizer, "__init__", init)
