"""What specs about steps are written with."""

from __future__ import annotations

import logging
import warnings

import torch

from fixtures.devices import device
from fixtures.steps import SEQUENCE, Recurrence, by_hand, everything_said, sequence_loader


def test_everything_said_is_kept_and_nothing_else():
    logger = logging.getLogger("pytorch_lightning")
    handlers, level = [*logger.handlers], logger.level
    logger.setLevel(logging.INFO)
    with everything_said() as said:
        warnings.warn("a warning", stacklevel=1)
        logger.info("a message")
        logging.getLogger("elsewhere").error("not Lightning's")
    logger.setLevel(level)
    assert sorted(said) == ["a message", "a warning"]
    assert logger.handlers == handlers


def test_the_recurrence_carries_its_hidden_state():
    net, (sequences,) = Recurrence(), next(iter(sequence_loader()))
    assert sequences.shape == (2, SEQUENCE, 2)
    _, whole = net(sequences)
    _, half = net(sequences[:, :3])
    _, both = net(sequences[:, 3:], half)
    assert torch.equal(both, whole)
    assert not torch.equal(net(sequences[:, 3:])[1], whole)
    assert not whole.requires_grad


def test_the_loop_by_hand_starts_afresh_each_time():
    first, history = by_hand(device("cpu"), epochs=2)
    second, _ = by_hand(device("cpu"), epochs=2)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert len(history.losses) == 8
