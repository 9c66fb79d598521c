"""What the tutorial says to a Trainer in words that are gone, and what is said instead."""

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import fit
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.passes import Passes, batches
from fixtures.steps import by_hand, everything_said

pytestmark = pytest.mark.usefixtures("no_bar_thread")


def rows(made):
    """The names of the layers in the summary that a fit of `net`, of three layers, prints."""
    with everything_said() as said:
        fit(made, Regression(), train=batches(1))
    table = [line.split("|")[1].strip() for text in said for line in text.splitlines() if line.count("|") > 2]
    return [name for name in table if name != "Name"]


@pytest.mark.claim("trainer.weights-summary")
@pytest.mark.parametrize(
    ("word", "names"), [("top", ["net"]), ("full", ["net", "net.0", "net.1", "net.2"]), (None, [])]
)
def test_the_summary_is_as_weights_summary_says(told, word, names):
    assert rows(told(weights_summary=word)) == names


@pytest.mark.claim("trainer.weights-summary.model-summary")
@pytest.mark.parametrize(("depth", "names"), [({}, ["net"]), ({"max_depth": -1}, ["net", "net.0", "net.1", "net.2"])])
def test_the_summary_is_as_deep_as_its_callback(trainer, depth, names):
    assert rows(trainer(callbacks=[pl.callbacks.ModelSummary(**depth)])) == names


@pytest.mark.claim("trainer.weights-summary.model-summary")
def test_the_summary_can_be_turned_off(trainer):
    assert rows(trainer(enable_model_summary=False)) == []


class Asked(Passes):
    """Writes down in its passes also that it is asked for its loader, as T."""

    def train_dataloader(self):
        self.passes += "T"
        return batches(1)


@pytest.mark.claim("trainer.reload-dataloaders")
def test_the_loader_is_asked_for_in_every_epoch(told):
    module, made = Asked(), told(reload_dataloaders_every_epoch=True, max_epochs=3)
    fit(made, module)
    assert (module.passes.count("T"), module.passes.count("t")) == (3, 3)


@pytest.mark.claim("trainer.automatic-optimization-flag")
def test_the_trainer_is_told_that_the_module_optimizes(device, told):
    class Manual(Regression):
        def training_step(self, batch, batch_idx):
            if batch_idx == 1:
                optimizer = self.optimizers()
                optimizer.zero_grad()
                self.loss(batch).backward()
                optimizer.step()

    module, made = Manual(), told(automatic_optimization=False)
    fit(made, module, train=regression_loader())
    assert same_weights(weights(module.net), by_hand(device, [*regression_loader()][1:2])[0])


class Tuned(Regression):
    """Notes the learning rate of every batch, and learns from one."""

    def __init__(self):
        super().__init__()
        self.lr, self.rates = 0.5, []

    def train_dataloader(self):
        return batches(128)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    def training_step(self, batch, batch_idx):
        self.rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return self.loss(regression_tensors(8))


def assert_rate_was_found(made, module, find):
    """The rate is one of those that were tried, the weights are as before, and a fit with `made` has that rate."""
    find()
    assert module.lr in module.rates
    assert (module.lr != 0.5, len({*module.rates}) > 50) == (True, True)
    assert same_weights(weights(module.net), weights(network()))
    module.rates.clear()
    fit(made, module)
    assert module.rates == [module.lr] * 128


@pytest.mark.claim("trainer.auto-lr-find")
def test_tune_finds_a_learning_rate(told):
    module, made = Tuned(), told(auto_lr_find=True)
    assert_rate_was_found(told(), module, lambda: made.tune(module))


@pytest.mark.claim("trainer.auto-lr-find.tuner")
def test_a_tuner_finds_a_learning_rate(trainer):
    module, made = Tuned(), trainer()
    assert not hasattr(made, "tune")
    assert_rate_was_found(trainer(), module, lambda: pl.tuner.Tuner(made).lr_find(module))
