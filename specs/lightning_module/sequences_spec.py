"""Truncated back-propagation through time: who splits the sequences, and who carries the hidden state along."""

import pytest
import pytorch_lightning as pl
import torch

from fixtures.dialects import fit
from fixtures.modules import same_weights, weights
from fixtures.overrides import manual_backward
from fixtures.steps import SEQUENCE, Recurrence, everything_said, sequence_loader, split_in_time

LENGTH = 2
SPLITS = SEQUENCE // LENGTH


class Recurrent(pl.LightningModule):
    """Keeps what its training_step is given."""

    def __init__(self):
        super().__init__()
        self.net = Recurrence()
        self.given, self.returned = [], []

    def training_step(self, batch, batch_idx, hiddens=None):
        self.given.append((batch_idx, batch[0], hiddens))
        loss, hiddens = self.net(batch[0], hiddens)
        self.returned.append(hiddens)
        return {"loss": loss, "hiddens": hiddens}

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Demanding(Recurrent):
    """Cannot do without hiddens."""

    def training_step(self, batch, batch_idx, hiddens):
        return super().training_step(batch, batch_idx, hiddens)


class FirstStep(Recurrent):
    """Splits sequences in its own way: the first step alone, then the rest."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def tbptt_split_batch(self, batch, split_size):
        self.asked.append((batch[0], split_size))
        return [[batch[0][:, :1]], [batch[0][:, 1:]]]


class ByHand(Recurrent):
    """Splits its batches by itself."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, batch_idx):
        optimizer, hiddens = self.optimizers(), None
        for part in batch[0].split(LENGTH, dim=1):
            loss, hiddens = self.net(part, hiddens)
            optimizer.zero_grad()
            manual_backward(self, loss, optimizer)
            optimizer.step()


def without_lightning(device, lengths):
    """The weights after a hand-written loop over sequences split into these lengths."""
    net = Recurrence().to(device.torch_device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for (sequences,) in sequence_loader():
        hiddens = None
        for part in sequences.to(device.torch_device).split(lengths, dim=1):
            loss, hiddens = net(part, hiddens)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return weights(net)


def trained(module, trainer):
    """Fit the module, with truncated back-propagation through time switched on as far as the release has a switch."""
    chosen = trainer()
    split_in_time(chosen, module, LENGTH)
    fit(chosen, module, train=sequence_loader())
    return weights(module.net)


@pytest.mark.claim("module.training-step-hiddens")
def test_a_step_gets_the_hiddens_of_the_one_before(device, trainer):
    module = Demanding()
    trained(module, trainer)
    assert [index for index, _, _ in module.given] == [0] * SPLITS + [1] * SPLITS
    for number, (_, _, hiddens) in enumerate(module.given):
        first = number % SPLITS == 0
        assert hiddens is None if first else torch.equal(hiddens, module.returned[number - 1])


@pytest.mark.claim("module.training-step-hiddens")
def test_each_split_is_a_step_of_the_optimizer(device, trainer):
    module = Recurrent()
    assert same_weights(trained(module, trainer), without_lightning(device, LENGTH))
    assert [tuple(sequences.shape) for _, sequences, _ in module.given] == [(2, LENGTH, 2)] * SPLITS * 2


@pytest.mark.claim("module.training-step-hiddens.by-hand")
def test_the_wish_to_split_is_silently_ignored(device, trainer):
    module = Recurrent()
    with everything_said() as said:
        found = trained(module, trainer)
    assert [tuple(sequences.shape) for _, sequences, _ in module.given] == [(2, SEQUENCE, 2)] * 2
    assert [hiddens for _, _, hiddens in module.given] == [None] * 2
    assert same_weights(found, without_lightning(device, SEQUENCE))
    assert [line for line in said if "tbptt" in line or "bptt" in line or "hiddens" in line] == []


@pytest.mark.claim("module.training-step-hiddens.by-hand")
def test_a_step_that_demands_hiddens_is_an_error(device, trainer):
    with pytest.raises(TypeError) as refused:
        trained(Demanding(), trainer)
    assert str(refused.value).endswith("training_step() missing 1 required positional argument: 'hiddens'")


@pytest.mark.claim("module.training-step-hiddens.by-hand")
def test_splitting_by_hand_gives_the_same_numbers(device, trainer):
    module = ByHand()
    fit(trainer(automatic_optimization=False), module, train=sequence_loader())
    assert same_weights(weights(module.net), without_lightning(device, LENGTH))


@pytest.mark.claim("module.tbptt-split-batch")
def test_it_says_how_a_batch_is_split(device, trainer):
    module = FirstStep()
    found = trained(module, trainer)
    batches = [sequences for (sequences,) in sequence_loader()]
    assert [length for _, length in module.asked] == [LENGTH] * 2
    assert [sequences.tolist() for sequences, _ in module.asked] == [batch.tolist() for batch in batches]
    assert [tuple(sequences.shape) for _, sequences, _ in module.given] == [(2, 1, 2), (2, SEQUENCE - 1, 2)] * 2
    assert same_weights(found, without_lightning(device, [1, SEQUENCE - 1]))


@pytest.mark.claim("module.tbptt-split-batch.ignored")
def test_the_hook_is_silently_ignored(device, trainer):
    module = FirstStep()
    with everything_said() as said:
        found = trained(module, trainer)
    assert module.asked == []
    assert same_weights(found, without_lightning(device, SEQUENCE))
    assert [line for line in said if "tbptt" in line or "bptt" in line] == []
