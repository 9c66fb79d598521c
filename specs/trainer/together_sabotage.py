"""How to make the claims about processes that train together false."""

import pytorch_lightning as pl

from fixtures.calls import patch_calls
from fixtures.sabotage import sabotage


@sabotage("trainer.ddp-cpu", "trainer.ddp-shuffles")
def every_process_is_given_all_samples(patch):
    """No distributed sampler is put into the loaders."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    patch.setattr(_DataConnector, "_requires_distributed_sampler", lambda self, loader: False)


@sabotage("trainer.ddp-cpu")
def each_process_keeps_its_gradients(patch):
    """The module is not wrapped in DistributedDataParallel."""
    patch.setattr(pl.strategies.DDPStrategy, "_setup_model", lambda self, model: model)


@sabotage("trainer.ddp-cpu")
def every_process_saves(patch):
    """Saving does not ask which process this is."""

    def save(self, checkpoint, path, storage_options=None):
        self.checkpoint_io.save_checkpoint(checkpoint, path, storage_options=storage_options)

    patch.setattr(pl.strategies.Strategy, "save_checkpoint", save)


@sabotage("trainer.ddp-shuffles")
def the_samples_are_dealt_out_in_their_order(patch):
    """The distributed sampler of training does not shuffle."""
    from pytorch_lightning.trainer.connectors import data_connector

    original = data_connector._get_distributed_sampler

    def sampler(loader, shuffle, *args, **kwargs):
        return original(loader, False, *args, **kwargs)

    patch.setattr(data_connector, "_get_distributed_sampler", sampler)


@sabotage("module.prepare-data-in-one-process")
def every_process_prepares_the_data(patch):
    """prepare_data is called whatever the rank."""
    from pytorch_lightning.trainer import call
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    def prepare(self):
        call._call_lightning_datamodule_hook(self.trainer, "prepare_data")
        call._call_lightning_module_hook(self.trainer, "prepare_data")

    patch.setattr(_DataConnector, "prepare_data", prepare)


@sabotage("module.prepare-data-in-one-process")
def only_the_first_process_is_told_that_the_fit_starts(patch):
    """on_fit_start of the callbacks is left out in every other process."""

    def change(call, trainer, name, *args, **kwargs):
        if name != "on_fit_start" or trainer.global_rank == 0:
            call(trainer, name, *args, **kwargs)

    patch_calls(patch, "callback", change)
