"""Data is torch's own: whatever a Dataset and a DataLoader make of it arrives in the step as it leaves the loader."""

import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)

from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.loops import to_device
from fixtures.modules import Regression
from fixtures.parity import same
from ledger.plugin.outcomes import Untested


class Seen(Regression):
    """Keeps every batch that a step gets, as it was when it got it."""

    def __init__(self):
        super().__init__()
        self.trained, self.evaluated = [], []

    def training_step(self, batch, batch_idx):
        self.trained.append(to_device(batch, "cpu"))
        return self.net(torch.ones(1, 4, device=self.device)).sum()

    def evaluation_step(self, batch, batch_idx, dataloader_idx=0):
        self.evaluated.append((dataloader_idx, to_device(batch, "cpu")))

    validation_step = test_step = predict_step = evaluation_step


class Pairs(Dataset):
    """A map-style data set: pairs of inputs and targets."""

    def __init__(self, size=8):
        self.inputs, self.targets = regression_tensors(size)

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        return self.inputs[index], self.targets[index]


class Stream(IterableDataset):
    """An iterable data set without a length, divided among the workers if there are any."""

    def __init__(self, data=None):
        self.data = data or Pairs(7)

    def __iter__(self):
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        return (self.data[index] for index in range(first, len(self.data), step))


def as_dict(samples):
    """A collate function of the user's: batches are dicts, with things in them that are no tensors."""
    inputs, targets = zip(*samples)
    return {"inputs": torch.stack(inputs), "targets": [*targets], "size": len(samples), "name": "batch"}


def generator():
    return torch.Generator().manual_seed(3)


LOADERS = {
    "map-style": lambda: DataLoader(Pairs(), batch_size=2),
    "incomplete last batch": lambda: DataLoader(Pairs(7), batch_size=2),
    "last batch dropped": lambda: DataLoader(Pairs(7), batch_size=2, drop_last=True),
    "iterable": lambda: DataLoader(Stream(), batch_size=2),
    "shuffled": lambda: DataLoader(Pairs(7), batch_size=2, shuffle=True, generator=generator()),
    "sampler": lambda: DataLoader(Pairs(), batch_size=2, sampler=SubsetRandomSampler([5, 1, 4], generator())),
    "weighted sampler": lambda: DataLoader(
        Pairs(4), batch_size=3, sampler=WeightedRandomSampler([1, 2, 3, 4], 9, generator=generator())
    ),
    "batch sampler": lambda: DataLoader(Pairs(), batch_sampler=BatchSampler([7, 0, 6, 1, 5], 2, drop_last=False)),
    "list of batches as sampler": lambda: DataLoader(Pairs(), batch_sampler=[[0, 1], [7], [2, 3, 4]]),
    "collate function": lambda: DataLoader(Pairs(), batch_size=3, collate_fn=as_dict),
    "without batching": lambda: DataLoader(Pairs(), batch_size=None),
}


@pytest.mark.claim("structure.data-is-torch")
@pytest.mark.parametrize("kind", LOADERS)
def test_training_gets_the_batches_of_a_plain_loop(kind, device, trainer):
    module, loader = Seen(), LOADERS[kind]()
    fit(trainer(max_epochs=2), module, train=loader)
    plain = LOADERS[kind]()
    assert same(module.trained, [*plain, *plain])
    assert len(module.trained) > 2


class Asked(DataLoader):
    """Counts how often it is asked for an iterator."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


@pytest.mark.claim("structure.data-is-torch.iterated-once")
def test_each_epoch_asks_the_loader_for_one_iterator(trainer):
    module, loader = Seen(), Asked(Pairs(4), batch_size=2)
    fit(trainer(max_epochs=3), module, train=loader)
    assert (loader.times, len(module.trained)) == (3, 6)


@pytest.mark.claim("structure.data-is-torch.iterated-twice")
def test_the_first_epoch_asks_the_loader_for_two_iterators(trainer):
    module, loader = Seen(), Asked(Pairs(4), batch_size=2)
    fit(trainer(max_epochs=3), module, train=loader)
    assert (loader.times, len(module.trained)) == (4, 6)


@pytest.mark.claim("structure.data-is-torch")
@pytest.mark.usefixtures("watched_children")
@pytest.mark.parametrize("dataset", [Pairs, Stream])
def test_worker_processes_deliver_the_batches_of_a_plain_loop(dataset, device, trainer):
    module = Seen()
    fit(trainer(), module, train=DataLoader(dataset(), batch_size=2, num_workers=2))
    assert same(module.trained, list(DataLoader(dataset(), batch_size=2, num_workers=2)))
    assert len(module.trained) == 4


@pytest.mark.claim("structure.data-is-torch.several-training-loaders")
def test_a_list_of_training_loaders_arrives_side_by_side(device, trainer):
    loaders = [DataLoader(Pairs(), batch_size=2), DataLoader(Pairs(), batch_size=2, collate_fn=as_dict)]
    module = Seen()
    fit(trainer(), module, train=loaders)
    assert same([list(batch) for batch in module.trained], [list(pair) for pair in zip(*loaders)])
    assert len(module.trained) == 4


@pytest.mark.claim("structure.data-is-torch.several-training-loaders")
def test_a_dict_of_training_loaders_arrives_side_by_side(device, trainer):
    loaders = {"one": DataLoader(Pairs(), batch_size=2), "other": DataLoader(Pairs(), batch_size=2, collate_fn=as_dict)}
    module = Seen()
    fit(trainer(), module, train=loaders)
    assert same(module.trained, [dict(zip(loaders, pair)) for pair in zip(*loaders.values())])
    assert len(module.trained) == 4


@pytest.mark.claim("structure.data-is-torch.collection-is-the-loader")
@pytest.mark.parametrize("collection", [list, dict])
def test_a_collection_of_training_loaders_is_itself_gone_through(collection, device, trainer):
    loaders = {"one": DataLoader(Pairs(), batch_size=2), "other": DataLoader(Pairs(), batch_size=2)}
    given = loaders if collection is dict else [*loaders.values()]
    module = Seen()
    fit(trainer(), module, train=given)
    assert module.trained == [*given]


def run_fit(trainer, module, loaders):
    fit(trainer, module, train=regression_loader(), val=loaders)


@pytest.mark.claim("structure.data-is-torch")
@pytest.mark.parametrize("run", [run_fit, validate, test, predict])
def test_several_evaluation_loaders_arrive_one_after_another(run, device, trainer):
    module, loaders = Seen(), [DataLoader(Pairs(), batch_size=4), DataLoader(Stream(), batch_size=3)]
    try:
        run(trainer(num_sanity_val_steps=0), module, loaders)
    except Unsayable as unsayable:
        raise Untested(str(unsayable)) from unsayable
    assert same(module.evaluated, [(index, batch) for index, loader in enumerate(loaders) for batch in loader])
    assert len(module.evaluated) == 5


@pytest.mark.claim("structure.data-is-torch.predicted-one-by-one")
def test_a_prediction_takes_a_stream_sample_by_sample(device, trainer):
    module = Seen()
    try:
        predict(trainer(), module, DataLoader(Stream(), batch_size=3))
    except Unsayable as unsayable:
        raise Untested(str(unsayable)) from unsayable
    assert same([batch for _, batch in module.evaluated], [*DataLoader(Stream(), batch_size=1)])


@pytest.mark.claim("structure.data-is-torch")
def test_the_users_objects_are_used_themselves(device, trainer):
    used = []

    class Watched(Pairs):
        def __getitem__(self, index):
            used.append((self, index))
            return super().__getitem__(index)

    data = Watched(4)
    fit(trainer(max_epochs=2), Seen(), train=DataLoader(data, batch_size=2, sampler=[3, 1, 0]))
    assert used == [(data, index) for index in (3, 1, 0, 3, 1, 0)]


@pytest.mark.claim("structure.data-is-torch")
def test_tensor_data_sets_need_no_class_of_ones_own(device, trainer):
    module = Seen()
    fit(trainer(), module, train=DataLoader(TensorDataset(*regression_tensors()), batch_size=2))
    assert same(module.trained, list(DataLoader(Pairs(), batch_size=2)))
