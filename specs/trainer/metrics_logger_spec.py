"""What a logger is sent of the values that are logged, and at which steps."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, test
from fixtures.loggers import Remembering
from fixtures.modules import Evaluated


class Logs(Evaluated):
    """In every training batch logs how many there were, and of each batch of evaluation its number in the epoch."""

    def __init__(self, train=None, val=None):
        super().__init__()
        self.batches, self.options = 0, (train, val)

    def training_step(self, batch, batch_idx):
        self.batches += 1
        self.say("x", self.batches, self.options[0])
        return self.loss(batch)

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        self.say("y", batch_idx + 11 + 100 * dataloader_idx, self.options[1])

    test_step = validation_step

    def say(self, name, value, options):
        if options is not None:
            self.log(name, torch.tensor(float(value), device=self.device), **options)


STEP = {"on_step": True, "on_epoch": False}
EPOCH = {"on_step": False, "on_epoch": True}
BOTH = {"on_step": True, "on_epoch": True}


class Apart(Logs):
    """Logs the value of a training batch twice, for the step and for the epoch, each under a name of its own."""

    def say(self, name, value, options):
        if name == "x":
            super().say("x_step", value, STEP)
            super().say("x_epoch", value, EPOCH)
        else:
            super().say(name, value, options)


def sent(trainer, module, epochs=2, batches=3, val=None, **options):
    """The logger after so many epochs of so many batches."""
    logger = Remembering()
    run = trainer(logger=logger, max_epochs=epochs, **{"num_sanity_val_steps": 0, "log_every_n_steps": 1, **options})
    fit(run, module, train=regression_loader(2 * batches), val=val)
    return logger


@pytest.mark.claim("trainer.metrics-sent")
def test_a_logger_receives_the_values_of_every_nth_step(trainer):
    logger = sent(trainer, Logs(STEP), log_every_n_steps=2)
    assert logger.values == [(1, {"x": 2.0}), (3, {"x": 4.0}), (5, {"x": 6.0})]


@pytest.mark.claim("trainer.metrics-sent")
def test_it_receives_those_of_an_epoch_at_its_last_step(trainer):
    logger = sent(trainer, Logs(EPOCH), log_every_n_steps=2)
    assert logger.values == [(2, {"x": 2.0}), (5, {"x": 5.0})]


def epochs_sent(trainer):
    """The number of the epoch beside a step, validation and the end of the epoch, of two epochs."""
    logger = sent(trainer, Logs(BOTH, {}), batches=1, val=regression_loader(2))
    return [metrics.get("epoch") for _, metrics in logger.received]


@pytest.mark.claim("trainer.metrics-sent-epoch")
def test_the_number_of_the_epoch_is_added(trainer):
    assert epochs_sent(trainer) == [0, 0, 0, 1, 1, 1]


@pytest.mark.claim("trainer.metrics-sent-epoch.next")
def test_the_number_of_the_next_epoch_is_added_at_the_end_of_an_epoch(trainer):
    assert epochs_sent(trainer) == [0, 0, 1, 1, 1, 2]


@pytest.mark.claim("trainer.metrics-sent-epoch.not-to-validation")
def test_the_number_of_the_epoch_is_not_added_to_validation(trainer):
    assert epochs_sent(trainer) == [0, None, 0, 1, None, 1]


@pytest.mark.claim("trainer.metrics-sent-epoch.not-to-steps")
def test_the_number_of_the_epoch_is_not_added_to_a_step(trainer):
    logger = sent(trainer, Logs(STEP), batches=1)
    assert logger.received == [(0, {"x": 1.0}), (1, {"x": 2.0})]


def at_the_end(*values):
    """Two steps, and at the second these."""
    return [(0, {"x_step": 1.0}), (1, {"x_step": 2.0}), *[(1, value) for value in values]]


@pytest.mark.claim("trainer.metrics-sent-validation")
def test_validation_comes_between_the_steps_and_the_end_of_the_epoch(trainer):
    logger = sent(trainer, Apart(None, {}), epochs=1, batches=2, val=regression_loader(2))
    assert logger.values == at_the_end({"y": 11.0}, {"x_epoch": 1.5})


@pytest.mark.claim("trainer.metrics-sent-validation.last")
def test_validation_comes_after_the_end_of_the_epoch(trainer):
    logger = sent(trainer, Apart(None, {}), epochs=1, batches=2, val=regression_loader(2))
    assert logger.values == at_the_end({"x_epoch": 1.5}, {"y": 11.0})


@pytest.mark.claim("trainer.metrics-sent-validation-steps")
def test_each_batch_of_validation_has_a_step_that_goes_on_from_epoch_to_epoch(trainer):
    logger = sent(trainer, Logs(None, BOTH), val=regression_loader(4), num_sanity_val_steps=2, log_every_n_steps=50)
    assert logger.received == [
        (0, {"y_step": 11.0}),
        (1, {"y_step": 12.0}),
        (2, {"y_epoch": 11.5, "epoch": 0}),
        (2, {"y_step": 11.0}),
        (3, {"y_step": 12.0}),
        (5, {"y_epoch": 11.5, "epoch": 1}),
    ]


@pytest.mark.claim("trainer.metrics-sent-validation-steps.of-the-epoch")
def test_the_steps_of_a_validation_begin_anew_under_another_name(trainer):
    logger = sent(trainer, Logs(None, STEP), val=regression_loader(4))
    assert logger.received == [
        *[(0, {"y/epoch_0": 11.0}), (1, {"y/epoch_0": 12.0})],
        *[(0, {"y/epoch_1": 11.0}), (1, {"y/epoch_1": 12.0})],
    ]


def sent_of_loaders(trainer):
    """What a logger receives of each batch in a test with two loaders."""
    logger = Remembering()
    with torch.enable_grad():  # some releases leave it off where an evaluation fails
        test(trainer(logger=logger), Logs(None, STEP), [regression_loader(4), regression_loader(4)])
    return logger.received


FIRST, SECOND = (f"y/dataloader_idx_{number}" for number in range(2))


@pytest.mark.claim("trainer.metrics-sent-loaders")
def test_each_loader_has_steps_of_its_own(trainer):
    assert sent_of_loaders(trainer) == [
        *[(0, {FIRST: 11.0}), (1, {FIRST: 12.0})],
        *[(0, {SECOND: 111.0}), (1, {SECOND: 112.0})],
    ]


@pytest.mark.claim("trainer.metrics-sent-loaders.counted-on")
def test_the_second_loader_goes_on_with_the_steps_of_the_first(trainer):
    assert sent_of_loaders(trainer) == [
        *[(0, {FIRST: 11.0}), (1, {FIRST: 12.0})],
        *[(2, {SECOND: 111.0}), (3, {SECOND: 112.0})],
    ]


@pytest.mark.claim("trainer.metrics-sent-loaders.carried")
def test_the_last_value_of_the_first_loader_is_sent_on_with_those_of_the_second(trainer):
    found = [sorted(metrics.values()) for _, metrics in sent_of_loaders(trainer)]
    assert found == [[11.0], [12.0], [12.0, 111.0], [12.0, 112.0]]


@pytest.mark.claim("trainer.metrics-sent-once-a-group")
def test_batches_of_a_group_are_one_step(trainer):
    logger = sent(trainer, Logs(STEP), epochs=1, batches=5, accumulate_grad_batches=2)
    assert logger.values == [(0, {"x": 2.0}), (1, {"x": 4.0}), (2, {"x": 5.0})]


@pytest.mark.claim("trainer.metrics-sent-once-a-group.each-batch")
def test_every_batch_of_a_group_is_sent(trainer):
    logger = sent(trainer, Logs(STEP), epochs=1, batches=5, accumulate_grad_batches=2)
    assert [metrics["x"] for _, metrics in logger.received] == [1.0, 2.0, 3.0, 4.0, 5.0]


class OwnAxis(Logs):
    """Logs another value under the name given, beside x."""

    def __init__(self, name):
        super().__init__(STEP)
        self.own = name

    def training_step(self, batch, batch_idx):
        self.log(self.own, torch.tensor(70.0 + batch_idx, device=self.device))
        return super().training_step(batch, batch_idx)


@pytest.mark.claim("trainer.metrics-sent-own-step")
def test_a_value_named_step_is_the_step(trainer):
    assert sent(trainer, OwnAxis("step"), epochs=1, batches=2).received == [(70, {"x": 1.0}), (71, {"x": 2.0})]


@pytest.mark.claim("trainer.metrics-sent-own-epoch")
def test_a_value_named_epoch_stays(trainer):
    assert sent(trainer, OwnAxis("epoch"), epochs=1, batches=2).received == [
        (0, {"epoch": 70.0, "x": 1.0}),
        (1, {"epoch": 71.0, "x": 2.0}),
    ]


@pytest.mark.claim("trainer.metrics-sent-own-epoch.number")
def test_a_value_named_epoch_is_lost(trainer):
    assert sent(trainer, OwnAxis("epoch"), epochs=1, batches=2).received == [
        (0, {"epoch": 0, "x": 1.0}),
        (1, {"epoch": 0, "x": 2.0}),
    ]


class InTheFirstEpoch(Apart):
    def say(self, name, value, options):
        if self.current_epoch == 0:
            super().say(name, value, options)


@pytest.mark.claim("trainer.metrics-sent-once")
def test_a_name_that_is_not_logged_again_is_not_sent_again(trainer):
    logger = sent(trainer, InTheFirstEpoch(), batches=1)
    assert logger.values == [(0, {"x_step": 1.0}), (0, {"x_epoch": 1.0})]


@pytest.mark.claim("trainer.metrics-sent-once.again")
def test_a_name_that_is_not_logged_again_is_sent_again(trainer):
    logger = sent(trainer, InTheFirstEpoch(), batches=1)
    assert logger.values == [(step, {name: 1.0}) for step in range(2) for name in ("x_step", "x_epoch")]
