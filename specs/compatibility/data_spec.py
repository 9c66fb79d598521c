"""Every tool of torch.utils.data gives training_step the batches it gives a loop written by hand, in the same order."""

from collections import namedtuple
from functools import partial

import pytest
import torch
from torch.utils import data
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from fixtures.data import regression_tensors
from fixtures.dialects import fit, make_trainer
from fixtures.loops import to_device
from fixtures.modules import Regression
from fixtures.parity import same
from fixtures.state import SEED

pytestmark = pytest.mark.usefixtures("as_before")

EPOCHS = 2
NUMBERS = torch.arange(8.0)
WEIGHTS = [0.1, 0.9, 0.5, 0.2, 0.7, 0.3, 0.8, 0.4]
Pair = namedtuple("Pair", "one other")


class Seen(Regression):
    """Keeps every batch that training_step gets, on the CPU, and the type of device it was on."""

    def __init__(self):
        super().__init__()
        self.batches, self.devices = [], []

    def training_step(self, batch, batch_idx):
        self.batches.append(to_device(batch, "cpu"))
        self.devices.append({tensor.device.type for tensor in tensors(batch)})
        return self.net(torch.ones(1, 4, device=self.device)).sum()


class Squares(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"index": index, "square": NUMBERS[index] ** 2}


class Numbers(Dataset):
    def __len__(self):
        return len(NUMBERS)

    def __getitem__(self, index):
        return NUMBERS[index]


class Backwards(data.Sampler):
    def __init__(self):
        pass

    def __len__(self):
        return 8

    def __iter__(self):
        return iter(range(7, -1, -1))


class Counting(IterableDataset):
    """A stream that the worker processes, if any, share."""

    def __iter__(self):
        worker = data.get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        return iter(NUMBERS[first::step])


def generator():
    return torch.Generator().manual_seed(3)


def numbers():
    return TensorDataset(NUMBERS)


def tensors(batch):
    if isinstance(batch, torch.Tensor):
        return [batch]
    parts = batch.values() if isinstance(batch, dict) else batch if isinstance(batch, (list, tuple)) else []
    return [tensor for part in parts for tensor in tensors(part)]


def pairs(samples):
    """A collate_fn that gives a tuple with names."""
    values = torch.stack([value for (value,) in samples])
    return Pair(values, -values)


def sampled(sampler, **options):
    return DataLoader(numbers(), batch_size=3, sampler=sampler, **options)


TOOLS = {
    "Dataset": lambda: DataLoader(Squares(), batch_size=3),
    "IterableDataset": lambda: DataLoader(Counting(), batch_size=3),
    "TensorDataset": lambda: DataLoader(TensorDataset(*regression_tensors()), batch_size=3),
    "ConcatDataset": lambda: DataLoader(data.ConcatDataset([numbers(), numbers()]), batch_size=3),
    "ChainDataset": lambda: DataLoader(data.ChainDataset([Counting(), Counting()]), batch_size=3),
    "StackDataset": lambda: DataLoader(data.StackDataset(a=numbers(), b=Squares()), batch_size=3),
    "Subset": lambda: DataLoader(data.Subset(numbers(), [5, 1, 4]), batch_size=2),
    "random_split": lambda: DataLoader(data.random_split(numbers(), [5, 3], generator())[0], batch_size=2),
    "Sampler": lambda: sampled(Backwards()),
    "SequentialSampler": lambda: sampled(data.SequentialSampler(numbers())),
    "RandomSampler": lambda: sampled(data.RandomSampler(numbers(), replacement=True, num_samples=10)),
    "SubsetRandomSampler": lambda: sampled(data.SubsetRandomSampler([0, 3, 6])),
    "WeightedRandomSampler": lambda: sampled(data.WeightedRandomSampler(WEIGHTS, 6, generator=generator())),
    "DistributedSampler": lambda: sampled(data.DistributedSampler(numbers(), num_replicas=2, rank=1)),
    "BatchSampler": lambda: DataLoader(
        numbers(), batch_sampler=data.BatchSampler(data.RandomSampler(numbers()), batch_size=3, drop_last=True)
    ),
    "default_collate": lambda: DataLoader(numbers(), batch_size=3, collate_fn=data.default_collate),
    "default_convert": lambda: DataLoader(Squares(), batch_size=None, collate_fn=data.default_convert),
    "shuffle": lambda: DataLoader(numbers(), batch_size=3, shuffle=True),
    "shuffle, with a generator": lambda: DataLoader(numbers(), batch_size=3, shuffle=True, generator=generator()),
    "drop_last": lambda: DataLoader(numbers(), batch_size=3, drop_last=True),
    "pin_memory": lambda: DataLoader(numbers(), batch_size=3, pin_memory=True),
    "collate_fn": lambda: DataLoader(numbers(), batch_size=3, collate_fn=pairs),
    "batch_size=None": lambda: DataLoader(TensorDataset(*regression_tensors()), batch_size=None),
    "batch_sampler": lambda: DataLoader(numbers(), batch_sampler=[[0, 1, 2], [7], [3, 4]]),
}
OPTIONS = [
    "shuffle",
    "shuffle, with a generator",
    "drop_last",
    "pin_memory",
    "collate_fn",
    "batch_size=None",
    "batch_sampler",
]
NO_TOOLS = {
    "DataLoader": "in every case",
    "get_worker_info": "used by Counting",
    "argument_validation": "of data pipes, which torch gives up",
    "functional_datapipe": "of data pipes",
    "guaranteed_datapipes_determinism": "of data pipes",
    "non_deterministic": "of data pipes",
    "runtime_validation": "of data pipes",
    "runtime_validation_disabled": "of data pipes",
    "DataChunk": "of data pipes",
    "DataLoader2": "of data pipes",
    "communication": "of data pipes",
    "collate": "a module",
    "_DatasetKind": "private",
    "DFIterDataPipe": "of data pipes",
    "IterDataPipe": "of data pipes",
    "MapDataPipe": "of data pipes",
}


def seen_by_hand(loader, epochs=EPOCHS):
    torch.manual_seed(SEED)
    seen = []
    for epoch in range(epochs):
        if hasattr(loader.sampler, "set_epoch"):
            loader.sampler.set_epoch(epoch)
        seen += list(loader)
    return seen


def seen_by_step(loader, trainer, epochs=EPOCHS):
    module, running = Seen(), trainer(max_epochs=epochs)
    torch.manual_seed(SEED)
    fit(running, module, train=loader)
    return module


def assert_batches_of_a_plain_loop(tool, device_type, trainer):
    by_hand = seen_by_hand(TOOLS[tool]())
    module = seen_by_step(TOOLS[tool](), trainer)
    assert same(module.batches, by_hand)
    assert [type(batch) for batch in module.batches] == [type(batch) for batch in by_hand]
    assert module.devices == [{device_type}] * len(by_hand)


@pytest.mark.claim("compat.torch-data-in-lightning")
@pytest.mark.parametrize("tool", [tool for tool in TOOLS if hasattr(data, tool) or tool in OPTIONS])
def test_training_step_sees_the_batches_of_a_plain_loop(tool, tmp_path):
    assert_batches_of_a_plain_loop(tool, "cpu", partial(make_trainer, "cpu", default_root_dir=str(tmp_path)))


@pytest.mark.claim("compat.torch-data-in-lightning")
@pytest.mark.parametrize("tool", ["Dataset", "RandomSampler", "pin_memory", "collate_fn"])
def test_training_step_sees_these_batches_wherever_the_module_is(tool, device, trainer):
    assert_batches_of_a_plain_loop(tool, device.torch_device.type, trainer)


def single_numbers():
    return DataLoader(Numbers(), batch_size=None)


@pytest.mark.claim("compat.batch-of-one-number")
def test_a_batch_may_be_a_single_number(device, trainer):
    assert same(seen_by_step(single_numbers(), trainer).batches, [*NUMBERS] * EPOCHS)


@pytest.mark.claim("compat.batch-of-one-number.then")
def test_a_batch_needs_a_dimension(device, trainer):
    with pytest.raises((IndexError, TypeError)) as caught:
        seen_by_step(single_numbers(), trainer)
    assert str(caught.value) in ("len() of a 0-d tensor", "Dimension specified as 0 but tensor has no dimensions")


@pytest.mark.claim("compat.torch-data-in-lightning")
@pytest.mark.usefixtures("watched_children")
def test_training_step_sees_what_worker_processes_load(tmp_path):
    def loader():
        return DataLoader(Counting(), batch_size=3, num_workers=2, multiprocessing_context="fork")

    module = seen_by_step(loader(), partial(make_trainer, "cpu", default_root_dir=str(tmp_path)), epochs=1)
    assert same(module.batches, seen_by_hand(loader(), epochs=1))
    assert [batch.tolist() for batch in module.batches] == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0], [6.0], [7.0]]


@pytest.mark.claim("compat.torch-data-in-lightning")
def test_no_tool_of_torch_is_left_out(observe):
    offered = set(data.__all__) - set(NO_TOOLS)
    observe("tools of torch.utils.data", sorted(offered))
    assert offered - set(TOOLS) == set()
    assert len(offered) >= 14
