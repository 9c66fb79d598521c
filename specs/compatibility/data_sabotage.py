"""How to make the claim about torch.utils.data false."""

from fixtures.sabotage import sabotage

DATA = "compat.torch-data-in-lightning"


@sabotage(DATA)
def the_last_batch_is_dropped(patch):
    """The training loop stops one batch early."""
    from pytorch_lightning.loops import fit_loop

    setup = fit_loop._FitLoop.setup_data

    def shortened(self):
        setup(self)
        self.max_batches = max(1, self.max_batches - 1)

    patch.setattr(fit_loop._FitLoop, "setup_data", shortened)


@sabotage(DATA)
def every_epoch_sees_the_order_of_the_first(patch):
    """The sampler of several processes is not told which epoch it is."""
    from pytorch_lightning.loops import fit_loop

    patch.setattr(fit_loop, "_set_sampler_epoch", lambda dataloader, epoch: None)


@sabotage(DATA)
def the_random_state_moves_on_before_the_batches(patch):
    """A random number is drawn before the loader draws its own."""
    import torch
    from pytorch_lightning.loops import fit_loop

    on_advance_start = fit_loop._FitLoop.on_advance_start

    def start(self):
        torch.rand(1)
        on_advance_start(self)

    patch.setattr(fit_loop._FitLoop, "on_advance_start", start)


@sabotage(DATA)
def the_loader_is_made_anew(patch):
    """The loader is replaced by one over the same dataset, without the sampler it had."""
    from pytorch_lightning.trainer.connectors import data_connector
    from torch.utils.data import DataLoader, IterableDataset

    def prepare(self, loader, shuffle, mode):
        if loader.batch_size is None or isinstance(loader.dataset, IterableDataset):
            return loader
        return DataLoader(loader.dataset, loader.batch_size, collate_fn=loader.collate_fn, drop_last=loader.drop_last)

    patch.setattr(data_connector._DataConnector, "_prepare_dataloader", prepare)


@sabotage("compat.batch-of-one-number")
def numbers_become_lists(patch):
    """A batch without dimensions is given one."""
    from pytorch_lightning.core import hooks

    move = hooks.move_data_to_device
    patch.setattr(hooks, "move_data_to_device", lambda batch, device: move(batch.reshape(-1), device))
