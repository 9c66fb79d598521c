"""Two processes that train one model together on the CPU: what each of them does, and what they have in common."""

import pytest
import torch
from torch import nn
from torch.utils.data.distributed import DistributedSampler

from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import fit
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.processes import together

EACH = 2
"""Batches, of two samples, that each of the two processes sees in an epoch."""


@pytest.fixture
def processes(recorded):
    """The traces of the two processes, by rank."""
    trace = recorded("fit-together")
    assert [dict(given) for given in trace.arguments("run.process")] == [{"rank": 0}, {"rank": 1}]
    second = trace.index("run.process", 1)
    return trace[1:second], trace[second + 1 :]


@pytest.mark.claim("module.prepare-data-in-one-process")
def test_the_second_process_differs_only_by_not_preparing_the_data(processes):
    first, second = processes
    prepared = ["datamodule.prepare_data", "module.prepare_data"]
    assert [name for name in first.names() if name in prepared] == prepared
    assert second.lines() == [str(line) for line in first.lines() if line not in prepared]


@pytest.mark.claim("module.prepare-data-in-one-process.in-each")
def test_each_process_prepares_the_data(processes):
    first, second = processes
    assert {"datamodule.prepare_data", "module.prepare_data"} <= {*first.names()}
    assert second.lines() == first.lines()


@pytest.mark.claim("trainer.ddp-cpu")
def test_each_process_is_given_half_of_the_batches(processes):
    for trace in processes:
        assert [given["batch_idx"] for given in trace.arguments("module.training_step")] == [*range(EACH)]
        assert [given["batch_idx"] for given in trace.arguments("module.validation_step")] == [0]


class Sharing(Regression):
    """Keeps the inputs that it has been given."""

    def __init__(self):
        super().__init__()
        self.inputs = []

    def training_step(self, batch, batch_idx):
        self.inputs += batch[0].tolist()
        return super().training_step(batch, batch_idx)


@pytest.fixture
def shared(trainer, tmp_path):
    """What both processes have seen, by rank, of an epoch over eight samples; each saves a checkpoint at its end."""

    def work():
        module = Sharing()
        runner = trainer(devices=2, strategy="ddp")
        fit(runner, module, train=regression_loader(8))
        runner.save_checkpoint(tmp_path / f"{runner.global_rank}.ckpt")
        return module.inputs, weights(module), runner.global_rank

    return together(work)


@pytest.mark.claim("trainer.ddp-cpu")
def test_no_sample_is_seen_by_both(shared):
    first, second = (result[0] for result in shared)
    assert len(first) == len(second) == 2 * EACH
    assert sorted(first + second) == sorted(regression_tensors()[0].tolist())


@pytest.mark.claim("trainer.ddp-shuffles")
def test_training_draws_as_a_distributed_sampler_that_shuffles(shared):
    inputs = regression_tensors()[0].tolist()
    for rank, (seen, *_) in enumerate(shared):
        sampler = DistributedSampler(inputs, num_replicas=2, rank=rank, shuffle=True)
        assert seen == [inputs[index] for index in sampler]


@pytest.mark.claim("trainer.ddp-cpu")
def test_all_have_the_weights_that_the_mean_of_their_gradients_gives(shared):
    (first, one, _), (second, other, _) = shared
    assert same_weights(one, other)
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for batches in _steps(first, second):
        optimizer.zero_grad()
        for inputs, targets in batches:
            (nn.functional.mse_loss(net(inputs), targets) / 2).backward()
        optimizer.step()
    assert same_weights(one, {f"net.{name}": value for name, value in weights(net).items()})


def _steps(first, second):
    """The batches of both processes for each step, made from the inputs that they saw."""
    targets = {tuple(inputs): target for inputs, target in zip(*(part.tolist() for part in regression_tensors()))}
    for start in range(0, len(first), 2):
        seen = [inputs[start : start + 2] for inputs in (first, second)]
        yield [(torch.tensor(one), torch.tensor([targets[tuple(row)] for row in one])) for one in seen]


@pytest.mark.claim("trainer.ddp-cpu")
def test_only_the_first_process_saves(shared, tmp_path):
    assert [rank for *_, rank in shared] == [0, 1]
    assert [path.name for path in tmp_path.glob("*.ckpt")] == ["0.ckpt"]
