"""How to make the claims about data false."""

from torch.utils.data import DataLoader

from fixtures.sabotage import sabotage


@sabotage("structure.data-is-torch")
def loaders_are_rebuilt_without_their_sampler(patch):
    """The loader is made anew from its data set and batch size, and loses its sampler and collate function."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    def prepared(self, dataloader, shuffle, mode):
        return DataLoader(dataloader.dataset, batch_size=dataloader.batch_size)

    patch.setattr(_DataConnector, "_prepare_dataloader", prepared)


@sabotage("structure.data-is-torch")
def an_epoch_ends_one_batch_early(patch):
    """The number of batches of an epoch is off by one."""
    from pytorch_lightning.trainer.connectors import data_connector

    original = data_connector._parse_num_batches

    def one_less(*arguments):
        return max(1, original(*arguments) - 1)

    for module in ("fit_loop", "evaluation_loop"):
        patch.setattr(f"pytorch_lightning.loops.{module}._parse_num_batches", one_less)


@sabotage("structure.data-is-torch")
def a_prefetched_batch_is_lost(patch):
    """Where the length is unknown, the batch that was fetched in advance is thrown away."""
    from pytorch_lightning.loops.fetchers import _PrefetchDataFetcher

    original = _PrefetchDataFetcher.__iter__

    def iterate(self):
        original(self)
        if self.batches:
            next(self)
        return self

    patch.setattr(_PrefetchDataFetcher, "__iter__", iterate)


@sabotage("structure.data-is-torch")
def evaluation_forgets_which_loader(patch):
    """Evaluation steps are always told that the batch is of the first loader."""
    from pytorch_lightning.utilities.combined_loader import _Sequential

    original = _Sequential.__next__

    def first(self):
        batch, batch_idx, _ = original(self)
        return batch, batch_idx, 0

    patch.setattr(_Sequential, "__next__", first)


@sabotage("structure.data-is-torch.several-training-loaders")
def every_place_gets_the_first_loaders_batch(patch):
    """Of several training loaders only the first is read."""
    from pytorch_lightning.utilities.combined_loader import _MaxSizeCycle

    original = _MaxSizeCycle.__next__

    def first(self):
        batches, batch_idx, dataloader_idx = original(self)
        return [batches[0] for _ in batches], batch_idx, dataloader_idx

    patch.setattr(_MaxSizeCycle, "__next__", first)


@sabotage("structure.data-is-torch.iterated-once")
def the_first_iterator_is_thrown_away(patch):
    """The fit loop makes an iterator before the first epoch and another one in it."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    original = _FitLoop.setup_data

    def setup_data(self):
        original(self)
        for loader in self._combined_loader.flattened:
            iter(loader)

    patch.setattr(_FitLoop, "setup_data", setup_data)
