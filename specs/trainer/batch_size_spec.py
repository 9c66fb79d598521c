"""Finding the largest batch size that memory can take: what is tried, and what is left in the module."""

from itertools import groupby

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from fixtures.data import regression_tensors
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.modules import Regression, network, same_weights, weights

SAMPLES = 64


class Sized(Regression):
    """Loads batches of its own `batch_size`, notes their `sizes`, and has memory for so many samples at a time."""

    def __init__(self, memory):
        super().__init__()
        self.batch_size, self.memory, self.sizes = 2, memory, []

    def train_dataloader(self):
        return DataLoader(TensorDataset(*regression_tensors(SAMPLES)), batch_size=self.batch_size)

    def training_step(self, batch, batch_idx):
        self.sizes.append(len(batch[0]))
        if self.sizes[-1] > self.memory:
            torch.empty(2**50)
        return self.loss(batch)


@pytest.fixture
def tune(told):
    """`tune(module, mode)` as the release says it: with a word to the Trainer and its `tune`, or with a Tuner."""

    def tuned(module, mode):
        if hasattr(pl.Trainer, "tune"):
            told(auto_scale_batch_size=mode).tune(module)
        else:
            pl.tuner.Tuner(told()).scale_batch_size(module, mode=mode)

    return tuned


def tried(module):
    """The sizes of the batches so far, each with how many there were in a row; afterwards there are none."""
    runs = [(size, len([*run])) for size, run in groupby(module.sizes)]
    module.sizes.clear()
    return runs


def assert_doubled_to_what_fits(find, made):
    """Up to what memory takes, or the whole data set; the weights stay, and `made` then fits with that size."""
    small, ample = Sized(memory=16), Sized(memory=1000)
    find(small)
    find(ample)
    assert tried(small) == [(2, 3), (4, 3), (8, 3), (16, 3), (32, 1)]
    assert tried(ample) == [(2, 3), (4, 3), (8, 3), (16, 3), (32, 2), (64, 1)]
    assert (small.batch_size, ample.batch_size) == (16, 64)
    assert same_weights(weights(small.net), weights(network()))
    fit(made, small)
    assert tried(small) == [(16, 4)]


@pytest.mark.claim("trainer.auto-scale-batch-size")
@pytest.mark.parametrize("mode", [True, "power"])
def test_tune_doubles_the_batch_size(told, mode):
    assert_doubled_to_what_fits(lambda module: told(auto_scale_batch_size=mode).tune(module), told())


@pytest.mark.claim("trainer.auto-scale-batch-size.tuner")
def test_a_tuner_doubles_the_batch_size(told):
    assert "unexpected keyword argument 'auto_scale_batch_size'" in message(
        TypeError, lambda: told(auto_scale_batch_size=True)
    )
    assert_doubled_to_what_fits(lambda module: pl.tuner.Tuner(told()).scale_batch_size(module), told())


@pytest.mark.claim("trainer.auto-scale-batch-size.untried")
@pytest.mark.parametrize("mode", [True, "power", "binsearch"])
def test_tune_tries_only_the_first_size_and_leaves_that_of_the_data_set(told, mode):
    module = Sized(memory=16)
    told(auto_scale_batch_size=mode).tune(module)
    assert ({*module.sizes}, module.batch_size) == ({2}, SAMPLES)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        fit(told(), module)


@pytest.mark.claim("trainer.auto-scale-batch-size-binsearch")
def test_binsearch_narrows_down_to_the_largest_size(tune):
    module = Sized(memory=20)
    tune(module, "binsearch")
    assert tried(module) == [(2, 3), (4, 3), (8, 3), (16, 3), (32, 1), (24, 1), (20, 3), (22, 1), (21, 1)]
    assert module.batch_size == 20


@pytest.mark.claim("trainer.auto-scale-batch-size-binsearch.no-finer")
def test_binsearch_tries_the_size_that_failed_again_and_leaves_the_power_of_two(tune):
    module = Sized(memory=20)
    tune(module, "binsearch")
    assert tried(module) == [(2, 3), (4, 3), (8, 3), (16, 3), (32, 5)]
    assert module.batch_size == 16


@pytest.mark.claim("trainer.auto-scale-batch-size-binsearch.margin")
def test_binsearch_takes_a_margin_off_what_it_found(told):
    left = []
    for options in ({}, {"margin": 0.25}, {"margin": 0}):
        module = Sized(memory=20)
        pl.tuner.Tuner(told()).scale_batch_size(module, mode="binsearch", **options)
        assert tried(module)[-3:] == [(20, 3), (22, 1), (21, 1)]
        left.append(module.batch_size)
    assert left == [19, 15, 20]
