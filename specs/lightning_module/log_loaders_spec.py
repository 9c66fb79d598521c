"""How self.log names what it is given while several dataloaders are evaluated."""

import inspect

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.data import regression_loader
from fixtures.dialects import test
from fixtures.modules import Evaluated
from ledger.plugin.outcomes import Untested


class Loaders(Evaluated):
    """Logs 1 and 2 in the batches of the first loader, 11 and 12 in those of the second."""

    def __init__(self, name="x", **options):
        super().__init__()
        self.name, self.options = name, options

    def test_step(self, batch, batch_idx, dataloader_idx=0):
        value = torch.tensor(1.0 + batch_idx + 10 * dataloader_idx, device=self.device)
        self.log(self.name.format(dataloader_idx), value, **self.options)


def without_index(name):
    if "add_dataloader_idx" not in inspect.signature(pl.LightningModule.log).parameters:
        raise Untested("self.log takes no add_dataloader_idx")
    return Loaders(name, add_dataloader_idx=False)


def found_in(trainer, module):
    run = trainer()
    with torch.enable_grad():  # some releases leave it off where an evaluation fails
        test(run, module, [regression_loader(4), regression_loader(4)])
    return {name: float(value) for name, value in run.callback_metrics.items()}


@pytest.mark.claim("module.log-loaders")
def test_the_name_says_from_which_loader_a_value_comes(trainer):
    assert found_in(trainer, Loaders()) == {"x/dataloader_idx_0": 1.5, "x/dataloader_idx_1": 11.5}


@pytest.mark.claim("module.log-loaders.error")
def test_the_end_of_the_test_is_an_error(trainer):
    with pytest.raises(AttributeError) as raised:
        found_in(trainer, Loaders())
    assert str(raised.value) == "'dict' object has no attribute 'get_epoch_log_metrics'"


@pytest.mark.claim("module.log-loaders-without-index")
def test_the_index_can_be_left_out(trainer):
    assert found_in(trainer, without_index("of {}")) == {"of 0": 1.5, "of 1": 11.5}


@pytest.mark.claim("module.log-loaders-own-names")
def test_without_the_index_names_have_to_differ(trainer):
    with pytest.raises(MisconfigurationException) as refused:
        found_in(trainer, without_index("x"))
    assert str(refused.value).startswith("You called `self.log(x, ...)` twice in `test_step`")


@pytest.mark.claim("module.log-loaders-own-names.one-name")
def test_without_the_index_one_name_has_something_of_both(trainer):
    assert set(found_in(trainer, without_index("x"))) == {"x"}


@pytest.mark.claim("module.log-loaders-reserved")
def test_a_name_with_an_index_of_ones_own_is_refused(trainer):
    with pytest.raises(MisconfigurationException) as refused:
        found_in(trainer, Loaders("x/dataloader_idx_{}"))
    assert "should not contain information about" in str(refused.value)
