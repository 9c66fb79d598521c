"""What the Trainer costs over the same loop written by hand: the whole of a small fit, and each step within a fit.

What counts is the time of the processor, as both wait for nothing: a machine busy with other things adds to neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import process_time

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from fixtures.data import regression_loader
from fixtures.dialects import fit, make_trainer, quiet
from fixtures.loops import train_by_hand
from fixtures.modules import Regression, network, same_weights, weights

STEPS = 300
sgd = partial(torch.optim.SGD, lr=0.01)
sizes = pytest.mark.parametrize(("hidden", "batch_size"), [(3, 2), (256, 64)], ids=["small", "large"])


@pytest.fixture(autouse=True)
def _one_thread():
    """On a busy machine torch's threads wait for each other, and that would be all that is seen."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def by_hand(net: nn.Module, batches: Iterable, epochs: int = 1) -> Iterator[None]:
    """The loop as one writes it without Lightning; yields after every step."""
    optimizer = sgd(net.parameters())
    net.train()
    for _ in range(epochs):
        for inputs, targets in batches:
            optimizer.zero_grad()
            nn.functional.mse_loss(net(inputs), targets).backward()
            optimizer.step()
            yield


def fit_by_hand(net: nn.Module, batches: Iterable, epochs: int) -> None:
    for _ in by_hand(net, batches, epochs):
        pass


def fit_by_trainer(net: nn.Module, batches: Iterable, epochs: int, folder: str) -> None:
    with quiet():
        trainer = make_trainer("cpu", max_epochs=epochs, default_root_dir=folder)
        fit(trainer, Regression(net, optimizer=sgd), train=batches)


def loader(batches: int, batch_size: int) -> DataLoader:
    return regression_loader(batches * batch_size, batch_size)


class StepByHand(pl.Callback):
    """Takes a step by hand before each of the Trainer's, and times both.

    A step of the Trainer is all that happens from here to the same place in the next batch.
    """

    def __init__(self, step: Callable[[], None]):
        self.step = step
        self.by_hand: list[float] = []
        self.by_trainer: list[float] = []
        self.resumed: float | None = None

    def on_train_batch_start(self, *args):
        start = process_time()
        if self.resumed is not None:
            self.by_trainer.append(start - self.resumed)
        self.step()
        self.resumed = process_time()
        self.by_hand.append(self.resumed - start)


@sizes
def test_step(hidden, batch_size, benchmark, report, tmp_path):
    net, net_by_hand, batches = network(hidden), network(hidden), loader(STEPS, batch_size)
    steps = StepByHand(partial(next, by_hand(net_by_hand, batches)))
    trainer = make_trainer("cpu", callbacks=[steps], default_root_dir=str(tmp_path))
    benchmark.pedantic(fit, (trainer, Regression(net, optimizer=sgd)), {"train": batches})
    report(f"step, {hidden} units, batch of {batch_size}", "by hand", steps.by_trainer, steps.by_hand)
    assert len(steps.by_hand) == trainer.global_step == STEPS
    assert same_weights(weights(net), weights(net_by_hand))


@sizes
def test_fit(hidden, batch_size, alternate, tmp_path):
    epochs, batches = 2, loader(32, batch_size)
    alternate(
        f"fit, {hidden} units, 64 batches of {batch_size}",
        lambda: fit_by_trainer(network(hidden), batches, epochs, str(tmp_path)),
        "by hand",
        lambda: fit_by_hand(network(hidden), batches, epochs),
        rounds=30,
        clock=process_time,
    )
    net, net_by_hand, yardstick = network(hidden), network(hidden), network(hidden)
    fit_by_trainer(net, batches, epochs, str(tmp_path))
    fit_by_hand(net_by_hand, batches, epochs)
    train_by_hand(yardstick, batches, sgd, epochs=epochs)
    assert not same_weights(weights(net), weights(network(hidden)))
    assert same_weights(weights(net), weights(net_by_hand))
    assert same_weights(weights(net), weights(yardstick))
