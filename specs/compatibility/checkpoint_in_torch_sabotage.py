"""How to make the claim about checkpoints in plain torch false."""

import torch

from fixtures.sabotage import sabotage

CLAIM = "compat.lightning-checkpoint-in-torch"


@sabotage(CLAIM)
def the_state_is_one_step_old(patch):
    """The checkpoint holds the weights as they were before training."""
    from pytorch_lightning.strategies import Strategy

    original = Strategy.setup

    def setup(self, trainer):
        original(self, trainer)
        state = {name: value.cpu().clone() for name, value in self.lightning_module.state_dict().items()}
        patch.setattr(Strategy, "lightning_module_state_dict", lambda self: state)

    patch.setattr(Strategy, "setup", setup)


@sabotage(CLAIM)
def the_optimizers_state_is_empty(patch):
    """The checkpoint forgets what the optimizer has gathered."""
    from pytorch_lightning.strategies import Strategy

    original = Strategy.optimizer_state
    patch.setattr(Strategy, "optimizer_state", lambda self, optimizer: {**original(self, optimizer), "state": {}})


@sabotage(CLAIM)
def hyperparameters_are_texts(patch):
    """Hyperparameters are stored as text."""
    from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector

    original = _CheckpointConnector.dump_checkpoint

    def dump(self, *args, **kwargs):
        checkpoint = original(self, *args, **kwargs)
        if "hyper_parameters" in checkpoint:
            checkpoint["hyper_parameters"] = {k: str(v) for k, v in checkpoint["hyper_parameters"].items()}
        return checkpoint

    patch.setattr(_CheckpointConnector, "dump_checkpoint", dump)


@sabotage(CLAIM)
def weights_are_saved_as_half(patch):
    """The checkpoint rounds the weights to half precision."""
    from pytorch_lightning.strategies import Strategy

    original = Strategy.lightning_module_state_dict
    patch.setattr(
        Strategy,
        "lightning_module_state_dict",
        lambda self: {name: value.to(torch.float16) for name, value in original(self).items()},
    )
