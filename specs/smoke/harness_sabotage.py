"""How to make the smoke claims false."""

import torch

from fixtures.sabotage import sabotage


@sabotage("smoke.fit-changes-weights")
def optimizer_does_not_step(patch):
    """Lightning computes gradients and forgets to step the optimizer."""
    patch.setattr(torch.optim.SGD, "step", lambda self, closure=None: closure())
