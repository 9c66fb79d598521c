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
from fixtures.dialects import fit, predict, test, validate
from fixtures.loops import to_device
from fixtures.modules import Regression
from fixtures.parity import same


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
    "shuffled": lambda: DataLoader(Pairs(), batch_size=2, shuffle=True, generator=generator()),
    "sampler": lambda: DataLoader(Pairs(), batch_size=2, sampler=SubsetRandomSampler([5, 1, 4], generator())),
    "weighted sampler": lambda: DataLoader(
        Pairs(), batch_size=3, sampler=WeightedRandomSampler([1.0, 2, 3, 4, 5, 6, 7, 8], 9, generator=generator())
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


@pytest.mark.claim("structure.data-is-torch")
@pytest.mark.parametrize("dataset", [Pairs, Stream])
def test_worker_processes_deliver_the_batches_of_a_plain_loop(dataset, device, trainer):
    module = Seen()
    fit(trainer(), module, train=DataLoader(dataset(), batch_size=2, num_workers=2))
    assert same(module.trained, list(DataLoader(dataset(), batch_size=2, num_workers=2)))
    assert len(module.trained) == 4


@pytest.mark.claim("structure.data-is-torch")
@pytest.mark.parametrize("collection", [list, dict])
def test_several_training_loaders_arrive_side_by_side(collection, device, trainer):
    loaders = {"one": DataLoader(Pairs(), batch_size=2), "other": DataLoader(Pairs(), batch_size=2, collate_fn=as_dict)}
    expected = list(zip(*loaders.values()))
    if collection is dict:
        expected = [dict(zip(loaders, batches)) for batches in expected]
    module = Seen()
    fit(trainer(), module, train=loaders if collection is dict else list(loaders.values()))
    assert same([list(b) if isinstance(b, list) else b for b in module.trained], [list(b) if isinstance(b, tuple) else b for b in expected])
    assert len(module.trained) == 4


def run_fit(trainer, module, loaders):
    fit(trainer(num_sanity_val_steps=0), module, train=regression_loader(), val=loaders)


def run_validate(trainer, module, loaders):
    validate(trainer(), module, loaders)


def run_test(trainer, module, loaders):
    test(trainer(), module, loaders)


def run_predict(trainer, module, loaders):
    predict(trainer(), module, loaders)


@pytest.mark.claim("structure.data-is-torch")
@pytest.mark.parametrize("run", [run_fit, run_validate, run_test, run_predict])
def test_several_evaluation_loaders_arrive_one_after_another(run, device, trainer):
    module, loaders = Seen(), [DataLoader(Pairs(), batch_size=4), DataLoader(Stream(), batch_size=3)]
    run(trainer, module, loaders)
    assert same(module.evaluated, [(index, batch) for index, loader in enumerate(loaders) for batch in loader])
    assert len(module.evaluated) == 5


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
