"""A hand-written torch loop, rewritten as LightningModule and Trainer, leaves every weight the same to the last bit."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR, StepLR

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.loops import to_device
from fixtures.modules import Evaluated, network, weights
from fixtures.parity import by_hand, different
from fixtures.state import SEED

sgd = partial(torch.optim.SGD, lr=0.1)


class Refactored(Evaluated):
    """The loop's parts, each in its method."""

    def __init__(self, net, optimizer=sgd, scheduler=None, interval="epoch"):
        super().__init__(net, optimizer)
        self.scheduler, self.interval = scheduler, interval

    def configure_optimizers(self):
        optimizer = super().configure_optimizers()
        if self.scheduler is None:
            return optimizer
        return [optimizer], [{"scheduler": self.scheduler(optimizer), "interval": self.interval}]


def batches(**options):
    """Three batches, the last one smaller."""
    return regression_loader(size=8, batch_size=3, **options)


def run(module, trainer, train, val=None):
    """Train with the random numbers that `by_hand` starts from; the weights and buffers of the net."""
    torch.manual_seed(SEED)
    fit(trainer, module, train=train, val=val)
    return weights(module.net)


OPTIMIZERS = {
    "SGD": sgd,
    "momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": partial(torch.optim.Adam, lr=0.05),
    "AdamW": partial(torch.optim.AdamW, lr=0.05, weight_decay=0.1),
}


@pytest.mark.claim("structure.refactor-preserves-results")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, device, trainer):
    net = network()
    by_hand(net, batches(), OPTIMIZERS[name], device, epochs=3)
    refactored = run(Refactored(network(), OPTIMIZERS[name]), trainer(max_epochs=3), batches())
    assert different(refactored, weights(net)) == []
    assert different(refactored, weights(network())) == [*refactored]


@pytest.mark.claim("structure.refactor-preserves-results")
@pytest.mark.parametrize(
    ("scheduler", "interval"),
    [(partial(StepLR, step_size=2, gamma=0.5), "epoch"), (partial(ExponentialLR, gamma=0.8), "step")],
    ids=["epoch", "step"],
)
def test_schedulers(scheduler, interval, device, trainer):
    net = network()
    by_hand(net, batches(), sgd, device, epochs=4, scheduler=scheduler, interval=interval)
    refactored = run(Refactored(network(), sgd, scheduler, interval), trainer(max_epochs=4), batches())
    assert different(refactored, weights(net)) == []


@pytest.mark.claim("structure.refactor-preserves-results")
@pytest.mark.parametrize("accumulate", [2, 3, 4])
def test_accumulation_with_an_incomplete_last_group(accumulate, device, trainer):
    five = partial(regression_loader, size=10, batch_size=2)
    net = network()
    by_hand(net, five(), OPTIMIZERS["Adam"], device, epochs=2, accumulate=accumulate)
    accumulating = trainer(max_epochs=2, accumulate_grad_batches=accumulate)
    assert different(run(Refactored(network(), OPTIMIZERS["Adam"]), accumulating, five()), weights(net)) == []


CLIPPED = [0.05, 0.1, 0.3]


def clipped(clip, device, trainer):
    """The weights by hand and with Lightning, clipped by norm."""
    net = network(hidden=8)
    by_hand(net, batches(), sgd, device, epochs=3, clip=clip)
    return weights(net), run(Refactored(network(hidden=8)), trainer(max_epochs=3, gradient_clip_val=clip), batches())


@pytest.mark.claim("structure.refactor-preserves-results.clipping-by-norm")
@pytest.mark.parametrize("clip", CLIPPED)
def test_clipping_by_norm(clip, device, trainer):
    by_hand, refactored = clipped(clip, device, trainer)
    assert different(refactored, by_hand) == []


@pytest.mark.claim("structure.refactor-preserves-results.clipping-by-norm.rounded")
@pytest.mark.parametrize("clip", CLIPPED)
def test_clipping_by_norm_up_to_rounding(clip, device, trainer):
    by_hand, refactored = clipped(clip, device, trainer)
    assert all(torch.allclose(refactored[name], by_hand[name], rtol=1e-5, atol=1e-7) for name in by_hand)


@pytest.mark.claim("structure.refactor-preserves-results.clipping-by-value")
def test_clipping_by_value(device, trainer):
    net = network().to(device.torch_device)
    optimizer = sgd(net.parameters())
    for batch in [*batches(), *batches()]:
        inputs, targets = to_device(batch, device.torch_device)
        optimizer.zero_grad()
        nn.functional.mse_loss(net(inputs), targets).backward()
        nn.utils.clip_grad_value_(net.parameters(), 0.02)
        optimizer.step()
    clipping = trainer(max_epochs=2, gradient_clip_val=0.02, gradient_clip_algorithm="value")
    assert different(run(Refactored(network()), clipping, batches()), weights(net)) == []


@pytest.mark.claim("structure.refactor-preserves-results")
def test_validation_in_between(device, trainer):
    """With batch norm, whose running statistics validation must neither use for training nor change."""
    net = network(norm=True)
    by_hand(net, batches(), sgd, device, epochs=3, validate=batches(seed=8))
    module = Refactored(network(norm=True))
    assert different(run(module, trainer(max_epochs=3), batches(), batches(seed=8)), weights(net)) == []


def shuffled(size):
    """Batches of two in an order drawn anew every epoch from the loader's own generator."""
    return regression_loader(size, batch_size=2, shuffle=True, generator=torch.Generator().manual_seed(5))


@pytest.mark.claim("structure.refactor-preserves-results")
def test_a_loader_shuffled_by_its_own_generator_and_an_incomplete_last_batch(device, trainer):
    net = network()
    by_hand(net, shuffled(7), sgd, device, epochs=3)
    assert different(run(Refactored(network()), trainer(max_epochs=3), shuffled(7)), weights(net)) == []


@pytest.mark.claim("structure.refactor-preserves-results.shuffling-by-a-generator")
def test_a_loader_shuffled_by_its_own_generator_and_a_full_last_batch(device, trainer):
    net = network()
    by_hand(net, shuffled(8), sgd, device, epochs=3)
    assert different(run(Refactored(network()), trainer(max_epochs=3), shuffled(8)), weights(net)) == []


class Counted:
    """A loader of which no more is asked than the batches it counts: its iterator never gets to its end."""

    def __init__(self, loader):
        self.loader = loader

    def __iter__(self):
        return (batch for _, batch in zip(range(len(self.loader)), self.loader))


@pytest.mark.claim("structure.refactor-preserves-results.shuffling-by-a-generator.counted")
def test_the_loader_is_shuffled_as_in_a_loop_that_counts_its_batches(device, trainer):
    """Torch's RandomSampler draws one permutation more when it is asked for more than it has."""
    net = network()
    by_hand(net, Counted(shuffled(8)), sgd, device, epochs=3)
    assert different(run(Refactored(network()), trainer(max_epochs=3), shuffled(8)), weights(net)) == []


@pytest.mark.claim("structure.refactor-preserves-results")
def test_a_loader_shuffled_by_the_global_generator(device, trainer):
    net = network()
    by_hand(net, batches(shuffle=True), sgd, device, epochs=3)
    assert different(run(Refactored(network()), trainer(max_epochs=3), batches(shuffle=True)), weights(net)) == []


@pytest.mark.claim("structure.refactor-preserves-results")
def test_dropout_draws_the_same_random_numbers(device, trainer):
    net = network(hidden=8, dropout=0.5)
    by_hand(net, batches(), sgd, device, epochs=3)
    refactored = run(Refactored(network(hidden=8, dropout=0.5)), trainer(max_epochs=3), batches())
    assert different(refactored, weights(net)) == []


def with_dropout_and_validation(device, trainer):
    """The names of the weights in which Lightning and the loop by hand differ."""
    net = network(hidden=8, dropout=0.5)
    by_hand(net, batches(), sgd, device, epochs=3, validate=batches(seed=8))
    module = Refactored(network(hidden=8, dropout=0.5))
    return different(run(module, trainer, batches(), batches(seed=8)), weights(net))


@pytest.mark.claim("structure.refactor-preserves-results.sanity-check-draws-nothing")
def test_dropout_with_validation_and_the_sanity_check(device, trainer):
    assert with_dropout_and_validation(device, trainer(max_epochs=3)) == []


@pytest.mark.claim("structure.refactor-preserves-results.without-sanity-check")
def test_dropout_with_validation_and_no_sanity_check(device, trainer):
    assert with_dropout_and_validation(device, trainer(max_epochs=3, num_sanity_val_steps=0)) == []


@pytest.mark.claim("structure.refactor-preserves-results")
def test_everything_at_once(device, trainer):
    make = partial(network, hidden=8, dropout=0.25, norm=True)
    scheduler, adamw = partial(StepLR, step_size=1, gamma=0.5), OPTIMIZERS["AdamW"]
    net = make()
    options = {"epochs": 3, "accumulate": 2, "validate": batches(seed=8), "scheduler": scheduler}
    by_hand(net, batches(), adamw, device, **options)
    settings = {"max_epochs": 3, "accumulate_grad_batches": 2, "num_sanity_val_steps": 0}
    module = Refactored(make(), adamw, scheduler)
    assert different(run(module, trainer(**settings), batches(), batches(seed=8)), weights(net)) == []
