"""How to make the claim that a LightningModule is a module false."""

import pytorch_lightning as pl
from torch import nn

from fixtures.sabotage import sabotage

INHERITS = "compat.inherits-torch"


def _without_result(method):
    def move(self, *arguments, **options):
        method(self, *arguments, **options)

    return move


@sabotage(INHERITS)
def buffers_stay_behind(patch):
    """Only parameters move and change their type."""
    apply = nn.Module._apply

    def moved(self, function, *options, **others):
        kept = {name: dict(part._buffers) for name, part in self.named_modules()}
        apply(self, function, *options, **others)
        for name, part in self.named_modules():
            part._buffers.update(kept[name])
        return self

    patch.setattr(pl.LightningModule, "_apply", moved, raising=False)


@sabotage(INHERITS)
def moves_return_nothing(patch):
    """A method that moves or converts the module does not return it."""
    for name in ("to", "cpu", "half", "double"):
        patch.setattr(pl.LightningModule, name, _without_result(getattr(pl.LightningModule, name)))


@sabotage(INHERITS)
def modes_do_not_reach_the_children(patch):
    """train() and eval() switch the module alone."""

    def train(self, mode=True):
        self.training = mode
        return self

    patch.setattr(pl.LightningModule, "train", train, raising=False)


@sabotage(INHERITS)
def names_in_the_state_dict_have_a_prefix(patch):
    """Weights are saved as those of a child called `module`."""

    def state_dict(self, *arguments, **options):
        return {f"module.{name}": value for name, value in nn.Module.state_dict(self, *arguments, **options).items()}

    patch.setattr(pl.LightningModule, "state_dict", state_dict, raising=False)


@sabotage(INHERITS)
def copies_share_their_weights(patch):
    """A copy has the same parameters, not equal ones."""

    def copied(self, memo):
        twin = type(self).__new__(type(self))
        twin.__dict__.update(vars(self))
        return twin

    patch.setattr(pl.LightningModule, "__deepcopy__", copied, raising=False)


@sabotage(INHERITS)
def calls_go_past_the_hooks(patch):
    """Calling the module is calling its forward."""
    patch.setattr(pl.LightningModule, "__call__", lambda self, *inputs: self.forward(*inputs), raising=False)
