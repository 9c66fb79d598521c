"""Every case draws the same random numbers, and what it draws changes nothing for what comes after."""

from __future__ import annotations

import random

import numpy as np
import torch

from fixtures.state import SEED, restore_random, seed_everything


def drawn() -> tuple:
    return random.random(), np.random.random(), torch.rand(1).item()


def test_every_case_draws_the_same_numbers():
    seed_everything()
    first = drawn()
    assert drawn() != first
    seed_everything()
    assert drawn() == first
    random.seed(SEED)
    assert random.random() == first[0]


def test_the_random_state_is_put_back():
    outer = seed_everything()
    expected = drawn()
    restore_random(outer)
    torch.manual_seed(SEED), np.random.seed(SEED), random.seed(SEED)
    before = seed_everything()
    drawn()
    restore_random(before)
    assert drawn() == expected
    restore_random(outer)
