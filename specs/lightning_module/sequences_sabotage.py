"""How to make the claims about truncated back-propagation through time false: a part of it is back."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage
from fixtures.steps import patch_verification

BY_HAND = "module.training-step-hiddens.by-hand"
IGNORED = "module.tbptt-split-batch.ignored"


@sabotage(BY_HAND)
def hiddens_are_passed_again(patch):
    """training_step is passed the hiddens that it returned last."""
    from pytorch_lightning.trainer import call

    original, kept = call._call_strategy_hook, {}

    def call_hook(trainer, name, *args, **kwargs):
        if name != "training_step" or not trainer.lightning_module.automatic_optimization:
            return original(trainer, name, *args, **kwargs)
        output = original(trainer, name, *args, kept.get("hiddens"), **kwargs)
        kept.update(output)
        return output

    patch.setattr(call, "_call_strategy_hook", call_hook)


@sabotage(BY_HAND, IGNORED)
def batches_are_split_again(patch):
    """A module that says how to split its batches, or how long the splits should be, gets them split."""
    from pytorch_lightning.loops.optimization.automatic import _AutomaticOptimization

    original = _AutomaticOptimization.run

    def in_time(batch, length):
        return [[part] for part in batch[0].split(length, dim=1)]

    def run(self, optimizer, batch_idx, kwargs):
        module = self.trainer.lightning_module
        split = getattr(module, "tbptt_split_batch", in_time)
        for part in split(kwargs["batch"], module.truncated_bptt_steps):
            outputs = original(self, optimizer, batch_idx, {**kwargs, "batch": part})
        return outputs

    patch.setattr(_AutomaticOptimization, "run", run)


@sabotage(BY_HAND, IGNORED)
def a_wish_to_split_is_warned_about(patch):
    """A module that asks for splits is told that they are gone."""

    def verify(module):
        if hasattr(module, "truncated_bptt_steps"):
            pl.utilities.rank_zero_warn("`truncated_bptt_steps` has been removed.")

    patch_verification(patch, verify)


@sabotage(BY_HAND)
def gradients_by_hand_are_doubled(patch):
    """manual_backward back-propagates twice the loss."""
    original = pl.LightningModule.manual_backward
    patch.setattr(pl.LightningModule, "manual_backward", lambda self, loss: original(self, 2 * loss))
