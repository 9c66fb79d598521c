"""How to make the claims about where the module is false."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


def patch_move(patch, after):
    """Let `after(module)` follow whenever Lightning has moved the module to one device."""
    from pytorch_lightning.strategies import SingleDeviceStrategy

    move = SingleDeviceStrategy.model_to_device

    def move_and_more(self):
        move(self)
        after(self.lightning_module)

    patch.setattr(SingleDeviceStrategy, "model_to_device", move_and_more)


@sabotage("compat.module-moves-itself")
def buffers_are_left_behind(patch):
    """The module's own buffers are not moved."""

    def leave(module):
        for name, buffer in module.named_buffers(recurse=False):
            module._buffers[name] = buffer.cpu()

    patch_move(patch, leave)


@sabotage("compat.module-moves-itself")
def nested_children_are_left_behind(patch):
    """Children of containers are not moved."""
    patch_move(patch, lambda module: module.deep.cpu())


@sabotage("compat.module-moves-itself")
def children_of_setup_are_left_behind(patch):
    """The module moves before `setup` makes its last children."""
    patch_move(patch, lambda module: module.made_in_setup.cpu())


@sabotage("compat.module-moves-itself")
def self_device_is_not_updated(patch):
    """`self.device` goes on to say cpu."""
    patch.setattr(pl.LightningModule, "device", property(lambda self: torch.device("cpu")), raising=False)


@sabotage("compat.module-moves-itself")
def values_are_rounded(patch):
    """The module moves by way of a shorter dtype."""
    patch_move(patch, lambda module: module.bfloat16().float())


@sabotage("compat.module-moves-itself")
def optimizers_are_configured_before_the_move(patch):
    """configure_optimizers and the move have changed places."""
    from pytorch_lightning.strategies import SingleDeviceStrategy

    setup = SingleDeviceStrategy.setup

    def setup_first(self, trainer):
        self.model_to_device = lambda: None
        setup(self, trainer)
        del self.model_to_device
        self.model_to_device()

    patch.setattr(SingleDeviceStrategy, "setup", setup_first)


@sabotage("compat.module-returns-to-cpu", "compat.module-returns-after-evaluation")
def the_module_is_not_moved_back(patch):
    """The end of a run forgets to move the module."""
    patch.setattr(pl.LightningModule, "cpu", lambda self: self)


@sabotage("compat.module-returns-after-evaluation")
def the_module_is_moved_back_after_fit_only(patch):
    """An evaluation leaves the module where it was evaluated."""
    move = pl.LightningModule.cpu
    patch.setattr(pl.LightningModule, "cpu", lambda self: move(self) if self.trainer.state.fn == "fit" else self)


@sabotage("compat.optimizer-state-returns-to-cpu")
def the_optimizer_state_is_forgotten(patch):
    """The end of a run moves the module and not the optimizer's state."""
    from pytorch_lightning.strategies import strategy

    patch.setattr(strategy, "_optimizers_to_device", lambda optimizers, device: None)


@sabotage("compat.device-known-in-setup")
def setup_is_not_told_the_device(patch):
    """`self.device` is set by the move alone, after `setup`."""
    from pytorch_lightning.trainer import call

    patch.setattr(call, "_DeviceDtypeModuleMixin", type("NoModule", (), {}))


@sabotage("compat.unregistered-tensors-stay")
def plain_tensors_are_moved(patch):
    """Every tensor among the module's attributes is moved."""

    def move_attributes(module):
        for name, value in list(vars(module).items()):
            if torch.is_tensor(value):
                setattr(module, name, value.to(module.device))

    patch_move(patch, move_attributes)
