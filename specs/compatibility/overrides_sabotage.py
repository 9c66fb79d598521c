"""How to make the claims about overriding false: a hook is not asked, or what it replaces happens all the same."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage

CLAIM = "compat.modifiable-training-logic"


def default_besides(patch, hook):
    """Call Lightning's own version of the hook after the user's."""
    from pytorch_lightning.trainer import call

    original = call._call_lightning_module_hook

    def both(trainer, name, *args, **kwargs):
        result = original(trainer, name, *args, **kwargs)
        if name == hook:
            getattr(pl.LightningModule, hook)(trainer.lightning_module, *args, **kwargs)
        return result

    patch.setattr(call, "_call_lightning_module_hook", both)


@sabotage(CLAIM)
def backward_is_not_asked(patch):
    """Lightning calls loss.backward() itself."""
    from pytorch_lightning.plugins.precision import Precision

    patch.setattr(Precision, "backward", lambda self, tensor, model, optimizer, *args, **kwargs: tensor.backward())


@sabotage(CLAIM)
def zero_grad_happens_all_the_same(patch):
    """Lightning zeroes the gradients besides the user's optimizer_zero_grad."""
    default_besides(patch, "optimizer_zero_grad")


@sabotage(CLAIM)
def optimizer_step_is_not_asked(patch):
    """Lightning steps the optimizer itself."""
    from pytorch_lightning.trainer import call

    original = call._call_lightning_module_hook

    def direct(trainer, name, *args, **kwargs):
        if name == "optimizer_step":
            return pl.LightningModule.optimizer_step(trainer.lightning_module, *args, **kwargs)
        return original(trainer, name, *args, **kwargs)

    patch.setattr(call, "_call_lightning_module_hook", direct)


@sabotage(f"{CLAIM}.step-with-accumulation")
def optimizer_step_is_asked_for_every_batch(patch):
    """While gradients accumulate, every batch calls optimizer_step."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    patch.setattr(_TrainingEpochLoop, "_accumulated_batches_reached", lambda self: True)


@sabotage(f"{CLAIM}.step-needs-closure")
def the_closure_is_run_for_the_user(patch):
    """Where optimizer_step did not run the closure, Lightning does."""
    from pytorch_lightning.loops.optimization.automatic import Closure

    original = Closure.consume_result

    def consume(self):
        if self._result is None:
            self()
        return original(self)

    patch.setattr(Closure, "consume_result", consume)


@sabotage(f"{CLAIM}.gradient-clipping")
def clipping_happens_all_the_same(patch):
    """Lightning clips besides the user's configure_gradient_clipping."""
    default_besides(patch, "configure_gradient_clipping")


@sabotage(f"{CLAIM}.scheduler-step")
def the_scheduler_steps_all_the_same(patch):
    """Lightning steps the scheduler besides the user's lr_scheduler_step."""
    default_besides(patch, "lr_scheduler_step")


@sabotage(f"{CLAIM}.batch-transfer", f"{CLAIM}.batch-transfer-on-cpu")
def the_transfer_is_not_asked(patch):
    """Lightning transfers batches itself."""

    def call(self, hook, batch, *args):
        if hook == "transfer_batch_to_device":
            return pl.LightningModule.transfer_batch_to_device(self, batch, *args)
        return batch

    patch.setattr(pl.LightningModule, "_call_batch_hook", call)


@sabotage(f"{CLAIM}.batch-transfer")
def every_batch_is_moved_again(patch):
    """Whatever the user's transfer leaves elsewhere is moved all the same."""
    original = pl.LightningModule._apply_batch_transfer_handler

    def apply(self, batch, device=None, dataloader_idx=0):
        batch = original(self, batch, device, dataloader_idx)
        return pl.LightningModule.transfer_batch_to_device(self, batch, device or self.device, dataloader_idx)

    patch.setattr(pl.LightningModule, "_apply_batch_transfer_handler", apply)
