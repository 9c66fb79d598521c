"""How to make the claims about layers and losses false."""

from fixtures.sabotage import sabotage

LAYERS, LOSSES = "compat.torch-layers-in-lightning", "compat.torch-losses-in-lightning"


def patch_training(patch, before):
    """Let the training loop call `before(module)` ahead of every batch."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    advance = _TrainingEpochLoop.advance

    def advanced(self, data_fetcher):
        before(self.trainer.lightning_module)
        advance(self, data_fetcher)

    patch.setattr(_TrainingEpochLoop, "advance", advanced)


@sabotage(LAYERS)
def training_runs_in_eval_mode(patch):
    """The module is trained in eval mode: no dropout, and norms that do not learn their statistics."""
    patch_training(patch, lambda module: module.eval())


@sabotage(LAYERS)
def frozen_layers_are_trained(patch):
    """Everything is trained, frozen or not."""
    patch_training(patch, lambda module: module.requires_grad_(True))


@sabotage(LAYERS, LOSSES)
def the_loss_is_halved(patch):
    """The loss is divided by the number of batches to accumulate, counted one too high."""
    from pytorch_lightning.loops.optimization.automatic import ClosureResult

    name = "from_training_step_output"
    read = getattr(ClosureResult, name)
    patch.setattr(ClosureResult, name, lambda output, normalize=1: read(output, normalize + 1))


@sabotage(LAYERS, LOSSES)
def inputs_lose_precision(patch):
    """Batches go through half precision on their way to the device."""
    from pytorch_lightning.core import hooks

    move = hooks.move_data_to_device

    def rounded(batch, device):
        return move([part.half().float() for part in batch], device)

    patch.setattr(hooks, "move_data_to_device", rounded)


@sabotage(LOSSES)
def buffers_are_set_to_one(patch):
    """Weights of classes, which are buffers, are made anew when the module is moved."""

    def forget(module):
        for buffer in module.buffers():
            if buffer.is_floating_point():
                buffer.fill_(1)

    patch_training(patch, forget)
