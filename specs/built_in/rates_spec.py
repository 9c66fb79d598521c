"""Callbacks about learning rates: which StochasticWeightAveraging sets, and which a LearningRateMonitor finds."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.loggers import Remembering
from fixtures.modules import Regression
from fixtures.overrides import with_optimizer_idx
from fixtures.runs import Scheduled
from fixtures.scores import built_in


class Descending(Regression):
    """Notes its learning rate at the start of every epoch."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def on_train_epoch_start(self):
        self.rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])


@pytest.mark.claim("built-in.swa-rates")
@pytest.mark.parametrize("strategy", ["linear", "cos"])
def test_the_learning_rate_goes_to_swa_lrs_as_with_the_schedule_of_torch(trainer, strategy):
    module = Descending()
    options = {"swa_lrs": 0.05, "annealing_epochs": 4, "annealing_strategy": strategy}
    averaging = built_in("StochasticWeightAveraging", swa_epoch_start=1, **options)
    fit(trainer(callbacks=[averaging], max_epochs=6), module, train=regression_loader(2))
    optimizer = torch.optim.SGD(module.parameters(), lr=module.rates[0])
    schedule = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=4, anneal_strategy=strategy)
    by_hand = []
    for _ in range(5):
        optimizer.step()
        schedule.step()
        by_hand.append(optimizer.param_groups[0]["lr"])
    assert module.rates == module.rates[:1] + by_hand
    assert (module.rates[0], module.rates[-2:]) == (0.1, [0.05] * 2)


@with_optimizer_idx
class Rates(Regression):
    """Two optimizers of the same class, that are not used; the second has two groups of parameters."""

    automatic_optimization = False

    def training_step(self, batch, batch_idx):
        self.loss(batch)

    def configure_optimizers(self):
        first, last = self.net[0], self.net[2]
        groups = [{"params": [last.weight]}, {"params": [last.bias], "lr": 0.5}]
        optimizers = [torch.optim.SGD(first.parameters(), lr=0.25), torch.optim.SGD(groups, lr=0.75)]
        return optimizers, [torch.optim.lr_scheduler.StepLR(optimizer, step_size=9) for optimizer in optimizers]


def monitored(trainer, module, **options):
    """The learning rates that a LearningRateMonitor found in two epochs of two batches, and sent to the logger."""
    monitor = built_in("LearningRateMonitor", **options)
    logger = Remembering()
    automatic = getattr(module, "automatic_optimization", True)
    options = {"max_epochs": 2, "log_every_n_steps": 1, "automatic_optimization": automatic}
    made = trainer(callbacks=[monitor], logger=logger, **options)
    fit(made, module, train=regression_loader(4))
    sent = {name: [metrics[name] for _, metrics in logger.values if name in metrics] for name in monitor.lrs}
    assert sent == monitor.lrs
    return monitor.lrs


class ScheduledByStep(Scheduled):
    """A learning rate that halves every step."""

    def configure_optimizers(self):
        [optimizer], [scheduler] = super().configure_optimizers()
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]


EVERY_STEP = [0.1, 0.05, 0.025, 0.0125]


@pytest.mark.claim("built-in.learning-rates")
@pytest.mark.parametrize(
    ("interval", "by_epoch", "by_step"),
    [
        (None, [0.1, 0.05], EVERY_STEP),
        ("epoch", [0.1, 0.05], [0.1, 0.025]),
        ("step", [0.1, 0.1, 0.05, 0.05], EVERY_STEP),
    ],
)
def test_the_learning_rate_of_every_epoch_or_step_is_found(trainer, interval, by_epoch, by_step):
    modules = Scheduled(), ScheduledByStep()
    found = [monitored(trainer, module, logging_interval=interval) for module in modules]
    assert found == [{"lr-Adam": by_epoch}, {"lr-Adam": by_step}]


@pytest.mark.claim("built-in.learning-rates-names")
def test_names_tell_optimizers_of_one_class_and_their_groups_apart(trainer):
    found = monitored(trainer, Rates(), logging_interval="epoch")
    assert found == {"lr-SGD": [0.25] * 2, "lr-SGD-1/pg1": [0.75] * 2, "lr-SGD-1/pg2": [0.5] * 2}


@pytest.mark.claim("built-in.learning-rates-logger")
def test_without_a_logger_a_monitor_is_an_error(trainer):
    with pytest.raises(Exception, match="LearningRateMonitor") as raised:
        fit(trainer(callbacks=[built_in("LearningRateMonitor")]), Scheduled(), train=regression_loader(2))
    message = "Cannot use LearningRateMonitor callback with Trainer that has no logger."
    assert str(raised.value).replace("`", "") == message


def rate_in_metrics(trainer):
    """What is in callback_metrics of the learning rate after two epochs, of which the second has half the rate."""
    options = {"logger": Remembering(), "max_epochs": 2, "log_every_n_steps": 1}
    made = trainer(callbacks=[built_in("LearningRateMonitor")], **options)
    fit(made, Scheduled(), train=regression_loader(4))
    return {name: value.item() for name, value in made.callback_metrics.items() if name.startswith("lr-")}


@pytest.mark.claim("built-in.learning-rates-metrics")
def test_the_learning_rate_is_a_metric(trainer):
    assert rate_in_metrics(trainer) == {"lr-Adam": torch.tensor(0.05).item()}


@pytest.mark.claim("built-in.learning-rates-metrics.logger-only")
def test_the_learning_rate_is_no_metric(trainer):
    assert rate_in_metrics(trainer) == {}
