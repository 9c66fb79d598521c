"""How to make the claims about the hooks around the transfer of a batch false."""

import pytorch_lightning as pl

from fixtures.calls import replace
from fixtures.sabotage import sabotage


@sabotage("since.module-batch-transfer-hooks", "since.module-batch-transfer-hooks-validate-predict")
def batches_are_transferred_last(patch):
    """on_after_batch_transfer comes before the transfer."""

    def apply(self, batch, device=None, dataloader_idx=0):
        batch = self._call_batch_hook("on_after_batch_transfer", batch, dataloader_idx)
        return self._call_batch_hook("transfer_batch_to_device", batch, device or self.device, dataloader_idx)

    patch.setattr(pl.LightningModule, "_apply_batch_transfer_handler", apply)


@sabotage("since.module-batch-transfer-hooks")
def what_was_changed_before_the_transfer_is_lost(patch):
    """The return value of on_before_batch_transfer is not used."""
    original = pl.LightningModule._on_before_batch_transfer

    def before(self, batch, dataloader_idx=0):
        original(self, batch, dataloader_idx)
        return batch

    patch.setattr(pl.LightningModule, "_on_before_batch_transfer", before)


@sabotage("since.transfer-before-batch-start")
def the_start_is_told_with_the_batch_of_the_loader(patch):
    """The hooks at the start of a batch get it as it was before the transfer."""

    def arguments(batch, *rest):
        return [part.cpu() for part in batch], *rest

    replace(patch, "module", "on_train_batch_start", arguments)


@sabotage("since.datamodule-batch-transfer-hooks", "since.datamodule-transfer_batch_to_device")
def the_modules_own_hooks_are_called(patch):
    """The hooks of the data module around the transfer are not called."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataHookSelector

    patch.setattr(_DataHookSelector, "get_instance", lambda self, hook_name: self.model)
