"""A batch is on the module's device when a step receives it, whatever it is made of, with no `.cpu()` or `.cuda()`."""

from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_sequence
from torch.utils.data import DataLoader

from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.modules import Evaluated
from ledger.plugin.outcomes import Untested

STAGES = ("train", "validate in fit", "validate", "test", "predict")
Pair = namedtuple("Pair", ["inputs", "label"])


class Movable:
    """No tensor and no collection, but it can be told `to(device)`."""

    def __init__(self, inner):
        self.inner = inner

    def to(self, device):
        return Movable(self.inner.to(device))


class Unmovable:
    """Holds a tensor, and has no `to`."""

    def __init__(self, inner):
        self.inner = inner


@dataclass
class Sample:
    inputs: torch.Tensor
    rest: list
    name: str = "sample"


def numbers(*shape):
    return torch.arange(1.0, 1 + int(np.prod(shape))).reshape(shape) / 3


def tensors():
    """Batches that are tensors, or collections of nothing else."""
    return [
        numbers(2, 4),
        numbers(4, 2).t(),
        torch.empty(0, 4),
        (numbers(2, 4), torch.tensor([1, 0])),
        [torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]), numbers(2).double(), numbers(2).half()],
        [torch.tensor([-1, 2**40]), torch.tensor([True, False]), torch.tensor([7], dtype=torch.uint8)],
        {"inputs": numbers(2, 4), 3: torch.tensor(0.1)},
        OrderedDict(second=numbers(1), first=numbers(2)),
        Pair(numbers(2, 4), torch.tensor([1, 0])),
        {"a": [numbers(1), (numbers(2), {"b": Pair(numbers(3), [numbers(4)])})], "c": (), "d": {}, "e": []},
        pack_sequence([numbers(2, 4), numbers(3, 4)], enforce_sorted=False),
        [Movable(numbers(2)), {"one": Movable(numbers(3))}, numbers(2)],
    ]


def no_tensors():
    """Batches that hold what cannot be moved: each beside a tensor that can, and one all by itself."""
    things = ["a name", 7, 0.5, True, None, np.arange(3), torch.float32, torch.device("cpu"), len, frozenset("ab")]
    return [{"tensor": numbers(2), "other": thing, "others": (numbers(1), [thing])} for thing in things] + ["text"]


def hidden_tensors():
    """Batches in which a tensor stands where Lightning does not look."""
    tensor = numbers(2)
    return [[numbers(2), hiding] for hiding in ({tensor}, Unmovable(tensor), lambda: tensor)]


class Receives(Evaluated):
    """Keeps every batch its steps receive, with the index of its dataloader; learns from its own weights."""

    def __init__(self):
        super().__init__()
        self.received = []

    def receive(self, batch, dataloader_idx=0):
        self.received.append((dataloader_idx, batch))
        return sum(parameter.sum() for parameter in self.parameters())

    def training_step(self, batch, batch_idx):
        return self.receive(batch)

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        return self.receive(batch, dataloader_idx)

    test_step = validation_step
    predict_step = validation_step


def loader(batches):
    """Hands out the batches as they are."""
    return DataLoader(batches, batch_size=None, collate_fn=lambda batch: batch)


def received(stage, trainer, loaders):
    """What the steps of one entry point receive, each time with the index of the dataloader.

    The grad mode is put back: early releases leave it off when a step fails.
    """
    module = Receives()
    try:
        with torch.set_grad_enabled(True):
            run(stage, trainer, module, loaders)
    except Unsayable as unsayable:
        raise Untested(str(unsayable)) from None
    return module.received


def run(stage, trainer, module, loaders):
    if stage == "train":
        fit(trainer(), module, train=loaders)
    elif stage == "validate in fit":
        fit(trainer(limit_train_batches=1, num_sanity_val_steps=0), module, train=loader([{}]), val=loaders)
        module.received.remove((0, {}))
    else:
        {"validate": validate, "test": test, "predict": predict}[stage](trainer(), module, loaders)


def differences(sent, got, device):
    """Where `got` is not what was `sent`, moved to the device: the same types, order and bits; else the very object."""
    if type(got) is not type(sent) and not (torch.is_tensor(got) and torch.is_tensor(sent)):
        return [f"{sent!r} -> {got!r}"]
    if isinstance(sent, torch.Tensor):
        return [] if is_moved(sent, got, device) else [f"{sent!r} on {sent.device} -> {got!r} on {got.device}"]
    if isinstance(sent, PackedSequence):
        lengths = differences(sent.batch_sizes, got.batch_sizes, torch.device("cpu"))
        return lengths + differences([sent.data, *sent[2:]], [got.data, *got[2:]], device)
    if isinstance(sent, Mapping):
        sent, got = [*sent, *sent.values()], [*got, *got.values()]
    elif is_dataclass(sent):
        sent, got = ([getattr(one, field.name) for field in fields(sent)] for one in (sent, got))
    elif isinstance(sent, Movable):
        sent, got = [sent.inner], [got.inner]
    if not isinstance(sent, (list, tuple)):
        return [] if got is sent else [f"{sent!r} -> another {got!r}"]
    lost = [] if len(sent) == len(got) else [f"{len(sent)} -> {len(got)} items"]
    return lost + [difference for pair in zip(sent, got) for difference in differences(*pair, device)]


def is_moved(sent, got, device):
    return (got.device, got.dtype, got.shape) == (device, sent.dtype, sent.shape) and bits(got) == bits(sent)


def bits(tensor):
    return tensor.cpu().contiguous().numpy().tobytes()


@pytest.mark.claim("compat.batch-moves-itself")
@pytest.mark.parametrize("stage", STAGES)
def test_tensors_arrive_on_the_device(device, trainer, stage):
    batches = tensors()
    arrived = received(stage, trainer, loader(batches))
    assert differences([(0, batch) for batch in batches], arrived, device.torch_device) == []


@pytest.mark.claim("compat.batch-moves-itself")
@pytest.mark.parametrize("stage", STAGES)
def test_what_is_no_tensor_arrives_as_it_is(device, trainer, stage):
    batches = no_tensors()
    arrived = received(stage, trainer, loader(batches))
    assert differences([(0, batch) for batch in batches], arrived, device.torch_device) == []


@pytest.mark.claim("compat.batch-moves-itself")
@pytest.mark.parametrize("stage", STAGES[1:])
def test_batches_of_every_dataloader_arrive_on_the_device(device, trainer, stage):
    one, other = [numbers(2), {"inputs": numbers(3)}], [(numbers(4), "name"), numbers(5)]
    arrived = received(stage, trainer, [loader(one), loader(other)])
    assert differences([*((0, b) for b in one), *((1, b) for b in other)], arrived, device.torch_device) == []


@pytest.mark.claim("compat.batches-of-several-loaders-move")
def test_training_batches_of_several_dataloaders_arrive_on_the_device_together(device, trainer):
    one, other = [numbers(2), numbers(3)], [(numbers(4), "name"), (numbers(5), "other")]
    arrived = received("train", trainer, {"one": loader(one), "other": loader(other)})
    expected = [(0, {"one": first, "other": second}) for first, second in zip(one, other)]
    assert differences(expected, arrived, device.torch_device) == []


@pytest.mark.claim("compat.batch-without-length-moves-itself")
@pytest.mark.parametrize("stage", ["train", "test"])
def test_an_object_of_ones_own_arrives_on_the_device(device, trainer, stage):
    batches = [Movable(numbers(2, 4))]
    arrived = received(stage, trainer, loader(batches))
    assert differences([(0, batch) for batch in batches], arrived, device.torch_device) == []


@pytest.mark.claim("compat.batch-needs-a-length")
def test_training_on_a_batch_without_a_length_is_an_error(device, trainer):
    with pytest.raises(TypeError) as raised:
        received("train", trainer, loader([Movable(numbers(2, 4))]))
    assert str(raised.value) == "object of type 'Movable' has no len()"


@pytest.mark.claim("compat.dataclass-batch-moves-itself")
@pytest.mark.parametrize("stage", ["train", "test"])
def test_the_fields_of_a_dataclass_arrive_on_the_device(device, trainer, stage):
    batches = [Sample(numbers(2), [numbers(1), "text"]), {"one": Sample(numbers(3), [], "named")}]
    arrived = received(stage, trainer, loader(batches))
    assert differences([(0, batch) for batch in batches], arrived, device.torch_device) == []


@pytest.mark.claim("compat.dataclass-batch-stays")
def test_a_dataclass_arrives_as_it_is(device, trainer):
    batch = [Sample(numbers(2), [numbers(1)]), numbers(2)]
    [(_, [sample, tensor])] = received("train", trainer, loader([batch]))
    assert sample is batch[0]
    assert tensor.device == device.torch_device


@pytest.mark.claim("compat.hidden-tensors-stay")
@pytest.mark.parametrize("stage", ["train", "test"])
def test_tensors_in_sets_and_in_objects_without_to_stay(device, trainer, stage):
    batches = hidden_tensors()
    arrived = received(stage, trainer, loader(batches))
    assert differences([(0, batch) for batch in batches], arrived, device.torch_device) == []
