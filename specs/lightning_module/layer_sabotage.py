"""How to make the claims about a LightningModule as a layer above nn.Module false."""

import pytorch_lightning as pl
from pytorch_lightning.loops.optimization.automatic import ClosureResult
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

from fixtures.sabotage import sabotage


@sabotage("module.wraps-nn-module")
def a_call_is_forward_alone(patch):
    """Calling the module calls its forward, past what torch does around it."""
    patch.setattr(pl.LightningModule, "__call__", lambda self, *args: self.forward(*args), raising=False)


@sabotage("module.wraps-nn-module")
def a_module_without_forward_gives_back_its_inputs(patch):
    """The forward of a module that has none is the identity."""
    patch.setattr(pl.LightningModule, "forward", lambda self, inputs: inputs)


@sabotage("module.backward-and-step-automatic")
def the_last_batches_are_not_stepped(patch):
    """Where batches are accumulated, those left over at the end of the epoch get no step."""
    due = _TrainingEpochLoop._accumulated_batches_reached
    patch.setattr(_TrainingEpochLoop, "_should_accumulate", lambda self: not due(self))


@sabotage("module.backward-and-step-automatic")
def nothing_is_propagated_back(patch):
    """The closure of the step computes the loss and leaves out backward."""
    from pytorch_lightning.loops.optimization.automatic import Closure

    def closure(self, *args, **kwargs):
        output: ClosureResult = self._step_fn()
        return output

    patch.setattr(Closure, "closure", closure)
