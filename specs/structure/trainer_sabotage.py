"""How to make the claim about the Trainer false: a setting is ignored, or taken for another number."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage

CLAIM = "structure.trainer-configures-and-trains"


@sabotage(CLAIM)
def one_epoch_too_many(patch):
    """max_epochs is off by one."""
    from pytorch_lightning.loops import fit_loop

    original = fit_loop._is_max_limit_reached
    patch.setattr(fit_loop, "_is_max_limit_reached", lambda current, maximum: original(current - 1, maximum))


@sabotage(CLAIM)
def max_steps_waits_for_the_epoch(patch):
    """max_steps is only looked at between epochs."""
    patch.setattr("pytorch_lightning.loops.training_epoch_loop._is_max_limit_reached", lambda current, maximum: False)


@sabotage(CLAIM)
def limits_are_ignored(patch):
    """limit_train_batches and limit_val_batches change nothing."""
    for loop in ("fit_loop", "evaluation_loop"):
        patch.setattr(f"pytorch_lightning.loops.{loop}._parse_num_batches", lambda stage, length, limit: length)


@sabotage(CLAIM)
def every_batch_is_a_step(patch):
    """accumulate_grad_batches changes nothing."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    patch.setattr(_TrainingEpochLoop, "_accumulated_batches_reached", lambda self: True)


@sabotage(CLAIM)
def every_epoch_is_validated(patch):
    """check_val_every_n_epoch changes nothing."""
    from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

    patch.setattr(_TrainingEpochLoop, "_should_check_val_epoch", lambda self: True)


@sabotage(CLAIM)
def gradients_are_not_clipped(patch):
    """gradient_clip_val changes nothing."""
    from pytorch_lightning.plugins.precision import Precision

    patch.setattr(Precision, "clip_grad_by_norm", lambda self, optimizer, clip_val: None)


@sabotage(CLAIM)
def the_last_batch_is_not_trained(patch):
    """An epoch ends one batch early."""
    from pytorch_lightning.loops import fit_loop

    original = fit_loop._parse_num_batches
    patch.setattr(fit_loop, "_parse_num_batches", lambda *arguments: original(*arguments) - 1)


@sabotage(CLAIM)
def one_layer_is_frozen(patch):
    """Training leaves the first parameter out."""
    original = pl.LightningModule.parameters
    patch.setattr(pl.LightningModule, "parameters", lambda self, recurse=True: list(original(self, recurse))[1:])
