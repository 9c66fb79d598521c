"""How to make the claims about batches false."""

from dataclasses import is_dataclass

import numpy as np
import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


def patch_move(patch, change):
    """Let Lightning move batches with `change(move, batch, device)`, where `move` is its own function."""
    from pytorch_lightning.core import hooks

    move = hooks.move_data_to_device
    patch.setattr(hooks, "move_data_to_device", lambda batch, device: change(move, batch, device))


def patch_hook(patch, moves):
    """Let Lightning move only the batches for which `moves(module, dataloader_idx)`."""
    move = pl.LightningModule.transfer_batch_to_device

    def transfer(self, batch, device, dataloader_idx):
        return move(self, batch, device, dataloader_idx) if moves(self, dataloader_idx) else batch

    patch.setattr(pl.LightningModule, "transfer_batch_to_device", transfer)


@sabotage(
    "compat.batch-moves-itself",
    "compat.batch-without-length-moves-itself",
    "compat.batches-of-several-loaders-move",
    "compat.dataclass-batch-moves-itself",
)
def batches_are_not_moved(patch):
    """The call that moves a batch is skipped."""
    patch_hook(patch, lambda module, dataloader_idx: False)


@sabotage("compat.batch-moves-itself")
def prediction_batches_are_not_moved(patch):
    """The prediction loop forgets to move its batches."""
    patch_hook(patch, lambda module, dataloader_idx: not module.trainer.predicting)


@sabotage("compat.batch-moves-itself")
def only_the_first_dataloader_is_moved(patch):
    """Batches of the second dataloader are not moved."""
    patch_hook(patch, lambda module, dataloader_idx: dataloader_idx == 0)


@sabotage("compat.batch-moves-itself", "compat.batches-of-several-loaders-move")
def only_the_top_is_moved(patch):
    """Collections inside collections are not looked into."""

    def top(move, batch, device):
        if isinstance(batch, dict):
            return {key: move(value, device) if torch.is_tensor(value) else value for key, value in batch.items()}
        return move(batch, device)

    patch_move(patch, top)


@sabotage("compat.batch-moves-itself")
def named_tuples_lose_their_names(patch):
    """A named tuple arrives as a plain tuple."""

    def rebuild(move, batch, device):
        moved = move(batch, device)
        return tuple(moved) if hasattr(moved, "_fields") and not hasattr(moved, "batch_sizes") else moved

    patch_move(patch, rebuild)


@sabotage("compat.batch-moves-itself")
def numpy_arrays_are_made_tensors(patch):
    """What is no tensor is converted on the way."""

    def convert(move, batch, device):
        if isinstance(batch, dict) and isinstance(batch.get("other"), np.ndarray):
            batch = {**batch, "other": torch.from_numpy(batch["other"])}
        return move(batch, device)

    patch_move(patch, convert)


@sabotage("compat.batch-moves-itself")
def doubles_are_rounded(patch):
    """Tensors of float64 arrive as float32."""

    def shorten(move, batch, device):
        if isinstance(batch, list):
            batch = [one.float() if torch.is_tensor(one) and one.dtype == torch.float64 else one for one in batch]
        return move(batch, device)

    patch_move(patch, shorten)


@sabotage("compat.batches-of-several-loaders-move")
def combined_batches_swap_their_parts(patch):
    """The parts of a combined batch arrive under each other's names."""

    def swap(move, batch, device):
        moved = move(batch, device)
        return dict(zip(moved, reversed(list(moved.values())))) if isinstance(moved, dict) else moved

    patch_move(patch, swap)


@sabotage("compat.dataclass-batch-moves-itself")
def dataclasses_are_not_looked_into(patch):
    """A dataclass is taken for something that cannot be moved."""
    patch_move(patch, lambda move, batch, device: batch if is_dataclass(batch) else move(batch, device))


@sabotage("compat.hidden-tensors-stay")
def sets_are_looked_into(patch):
    """The tensors of a set are moved as well."""

    def look(move, batch, device):
        return move([set(move(list(one), device)) if isinstance(one, set) else one for one in batch], device)

    patch_move(patch, look)
