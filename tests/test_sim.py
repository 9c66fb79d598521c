"""The simulated device: the CPU's numbers bit for bit, and CUDA's errors where devices are mixed."""

from __future__ import annotations

import copy
import io
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from fixtures.sim import DEVICE, SimTensor


def generator(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pair():
    """The same numbers on the CPU and on the simulated device."""
    cpu = torch.randn(4, 3, generator=generator())
    return cpu, cpu.to(DEVICE)


def same(simulated: torch.Tensor, cpu: torch.Tensor) -> bool:
    return isinstance(simulated, SimTensor) and simulated.device == DEVICE and torch.equal(simulated.cpu(), cpu)


class Recurrent(nn.Module):
    """A cell, step after step: over a whole sequence torch takes another way on the CPU, which can round otherwise."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 2)

    def forward(self, inputs):
        state = None
        for step in inputs.reshape(2, 2, 3).unbind(1):
            state = self.cell(step, state)
        return state[0]


def networks() -> dict[str, nn.Module]:
    return {
        "linear": nn.Linear(3, 2),
        "deep": nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.LayerNorm(5), nn.Linear(5, 1), nn.Sigmoid()),
        "batch norm": nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)),
        "convolution": nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 2, 2), nn.MaxPool1d(2)),
        "dropout": nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5)),
        "recurrent": Recurrent(),
    }


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.1, amsgrad=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.1),
}


def train(module: nn.Module, inputs: torch.Tensor, optimizer: str) -> list[torch.Tensor]:
    """Three steps; return the losses, every gradient of the last step, and the state that results."""
    found = OPTIMIZERS[optimizer](module.parameters())
    losses = []
    torch.manual_seed(5)
    for _ in range(3):
        found.zero_grad()
        loss = module(inputs).square().mean()
        loss.backward()
        found.step()
        losses.append(loss.detach())
    return losses + [parameter.grad for parameter in module.parameters()] + list(module.state_dict().values())


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("name", list(networks()))
def test_training_gives_the_numbers_of_the_cpu_bit_for_bit(pair, name, optimizer):
    torch.manual_seed(1)
    on_cpu = networks()[name]
    simulated = copy.deepcopy(on_cpu).to(DEVICE)
    expected, found = train(on_cpu, pair[0], optimizer), train(simulated, pair[1], optimizer)
    assert len(expected) == len(found)
    assert all(same(one, other) for one, other in zip(found, expected))


def test_a_recurrent_network_takes_one_step_after_the_other_of_packed_sequences(pair):
    torch.manual_seed(1)
    network, cell = nn.LSTM(3, 2, batch_first=True).to(DEVICE), nn.LSTMCell(3, 2).to(DEVICE)
    cell.load_state_dict({name.replace("_l0", ""): value for name, value in network.state_dict().items()})
    sequences = pair[1].reshape(2, 2, 3)
    packed = pack_padded_sequence(sequences, torch.tensor([2, 1]), batch_first=True)
    outputs, lengths = pad_packed_sequence(network(packed)[0], batch_first=True)
    assert not isinstance(lengths, SimTensor)
    first = cell(sequences[:, 0])
    second = cell(sequences[:1, 1], tuple(part[:1] for part in first))
    expected = torch.stack([first[0], torch.cat([second[0], torch.zeros_like(second[0])])], dim=1)
    assert isinstance(outputs, SimTensor)
    assert torch.equal(outputs, expected)


def test_moving_makes_a_copy_and_leaves_the_original(pair):
    cpu, sim = pair
    assert same(sim, cpu)
    sim.add_(1)
    assert same(sim, cpu + 1)
    assert type(cpu) is torch.Tensor
    assert torch.equal(cpu, torch.randn(4, 3, generator=generator()))


def test_moving_to_where_a_tensor_is_gives_itself(pair):
    cpu, sim = pair
    assert sim.to(DEVICE) is sim
    assert cpu.to("cpu") is cpu


@pytest.mark.parametrize("back", [torch.Tensor.cpu, lambda t: t.to("cpu"), lambda t: t.to(torch.device("cpu"))])
def test_the_way_back_gives_a_plain_tensor(pair, back):
    cpu, sim = pair
    assert type(back(sim)) is torch.Tensor
    assert torch.equal(back(sim), cpu)
    back(sim).zero_()
    assert same(sim, cpu)


def test_a_dtype_changes_on_the_device(pair):
    cpu, sim = pair
    assert same(sim.double(), cpu.double())
    assert same(sim.to(torch.float16), cpu.half())
    module = nn.Linear(3, 2).to(DEVICE).double()
    assert {(p.dtype, p.device) for p in module.parameters()} == {(torch.float64, DEVICE)}


@pytest.mark.parametrize(
    "make",
    [
        lambda device: torch.zeros(2, 3, device=device),
        lambda device: torch.ones(2, dtype=torch.int64, device=device),
        lambda device: torch.full((2,), 7.0, device=device),
        lambda device: torch.arange(4, device=device),
        lambda device: torch.tensor([1.0, 2.0], device=device),
        lambda device: torch.zeros(2).to(device).new_ones(3),
        lambda device: torch.zeros_like(torch.ones(2).to(device)),
        lambda device: torch.randn(3, generator=generator()).to(device),
    ],
)
def test_tensors_are_made_on_the_device(make):
    before = SimTensor.made
    assert same(make(DEVICE), make("cpu"))
    assert SimTensor.made > before


def test_a_module_and_all_that_belongs_to_it_moves_there_and_back():
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = copy.deepcopy(module.state_dict())
    module.to(DEVICE)
    assert {value.device for value in module.state_dict().values()} == {DEVICE}
    assert all(parameter.is_leaf and parameter.requires_grad for parameter in module.parameters())
    module.cpu()
    assert {type(value) for value in module.state_dict().values()} == {torch.Tensor}
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_deep_copy_stays_on_the_device_and_shares_nothing():
    module = nn.Linear(3, 2).to(DEVICE)
    copied = copy.deepcopy(module)
    with torch.no_grad():
        copied.weight.zero_()
    assert copied.weight.device == DEVICE
    assert copied.weight.requires_grad
    assert torch.count_nonzero(module.weight.cpu()) == 6


def test_what_is_saved_there_is_loaded_with_default_arguments_and_goes_back_into_a_module_there():
    module, other = nn.Linear(3, 2).to(DEVICE), nn.Linear(3, 2).to(DEVICE)
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    loaded = torch.load(file)
    assert {name: value.device.type for name, value in loaded.items()} == {"weight": "cpu", "bias": "cpu"}
    other.load_state_dict(loaded)
    assert same(other.weight, module.weight.detach().cpu())


def test_numbers_are_read_as_from_any_device(pair):
    cpu, sim = pair
    assert sim.tolist() == cpu.tolist()
    assert [sim.sum().item(), float(sim.sum()), int(sim.numel())] == [cpu.sum().item(), float(cpu.sum()), 12]
    assert bool((sim == sim).all()) is True
    assert f"{sim.sum():.3f}" == f"{cpu.sum():.3f}"
    assert repr(torch.tensor([1.5]).to(DEVICE)) == "tensor([1.5000], device='lazy:0')"


@pytest.mark.parametrize("convert", [lambda tensor: tensor.numpy(), np.asarray, np.array])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_numpy_is_refused_as_on_cuda(pair, convert):
    message = "can't convert a sim tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
    with pytest.raises(TypeError, match=re.escape(message)):
        convert(pair[1])


MIXED = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: torch.sub(a, b),
    "compare": lambda a, b: a == b,
    "in place": lambda a, b: a.clone().add_(b),
    "matmul": lambda a, b: a @ b.T,
    "cat": lambda a, b: torch.cat([a, b]),
    "stack": lambda a, b: torch.stack([a, b]),
    "where": lambda a, b: torch.where(torch.tensor(True), a, b),
    "mse": nn.functional.mse_loss,
    "linear": lambda a, b: nn.functional.linear(a, b),
    "equal": torch.equal,
    "values at indices": lambda a, b: a.clone().index_put_((torch.tensor([0, 1]),), b[:2]),
}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", list(MIXED))
def test_mixing_devices_is_refused_in_cudas_words(pair, name, order):
    with pytest.raises(RuntimeError) as caught:
        MIXED[name](*pair[::order])
    assert str(caught.value).startswith(
        "Expected all tensors to be on the same device, but found at least two devices, lazy:0 and cpu! (when running"
    )


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (lambda: nn.Linear(3, 2), lambda: torch.ones(2, 3)),
        (lambda: nn.BatchNorm1d(3), lambda: torch.ones(2, 3)),
        (lambda: nn.LSTM(3, 2), lambda: torch.ones(2, 2, 3)),
        (lambda: nn.Embedding(5, 2), lambda: torch.tensor([1, 2])),
    ],
)
@pytest.mark.parametrize("moved", ["module", "inputs"])
def test_a_module_refuses_inputs_from_elsewhere(module, inputs, moved):
    made, given = module(), inputs()
    made, given = (made.to(DEVICE), given) if moved == "module" else (made, given.to(DEVICE))
    words = "Expected all tensors to be on the same device|Input and parameter tensors are not at the same device"
    with pytest.raises(RuntimeError, match=words):
        made(given)


def test_indices_on_the_device_are_refused_by_a_cpu_tensor(pair):
    message = "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
    with pytest.raises(RuntimeError, match=re.escape(message)):
        pair[0][torch.tensor([1, 0]).to(DEVICE)]


def assigned(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.clone()
    tensor[torch.tensor([0, 2])] = torch.tensor(5.0)
    tensor[1] = torch.zeros(3)
    return tensor


@pytest.mark.parametrize(
    "allowed",
    [
        lambda x: x * torch.tensor(2.0),
        lambda x: torch.tensor(2.0) - x,
        lambda x: x[torch.tensor([2, 0])],
        lambda x: x[torch.tensor([True, False, True, False])],
        assigned,
        lambda x: torch.zeros(4, 3).to(x.device).copy_(torch.ones(4, 3)),
        lambda x: nn.utils.clip_grad_norm_([nn.Parameter(x)], 1.0) + 0 * x.sum(),
    ],
)
def test_what_cuda_lets_through_is_let_through(pair, allowed):
    assert same(allowed(pair[1]), allowed(pair[0]))


def test_a_copy_may_cross_in_both_directions(pair):
    cpu, sim = pair
    target = torch.zeros(4, 3)
    assert target.copy_(sim) is target
    assert type(target) is torch.Tensor
    assert torch.equal(target, cpu)
    moved = torch.zeros(4, 3).to(DEVICE)
    assert moved.copy_(cpu) is moved
    assert same(moved, cpu)


def test_work_on_the_cpu_makes_nothing_on_the_device():
    before = SimTensor.made
    nn.Linear(3, 2)(torch.ones(1, 3)).sum().backward()
    assert SimTensor.made == before
    torch.ones(1).to(DEVICE)
    assert SimTensor.made > before
