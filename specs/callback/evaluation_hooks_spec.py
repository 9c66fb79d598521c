"""The hooks of validation, of the sanity check and of test that take trainer and module: when, and how often."""

from functools import partial

import pytest

from fixtures.evaluation_callbacks import VALIDATIONS, run_tested, run_validated
from fixtures.runs import EPOCHS, HELD_OUT

IN_FIT = 1 + EPOCHS
"""Validations of the run "fit": the sanity check, and one after each epoch."""
INSIDE = 2
"""Validations of the run "fit-inside", both in its only epoch, and no sanity check."""


@pytest.fixture
def validated(trainer):
    """Fit one epoch, after a sanity check, with a callback of this hook."""
    return partial(run_validated, trainer)


@pytest.fixture
def tested(trainer):
    """Test with a callback of this hook."""
    return partial(run_tested, trainer)


def assert_called_with_trainer_and_module(run, times):
    assert run.calls == times * [(run.trainer, run.module)]
    assert run.warnings == []


def assert_each_validation_is(recorded, *events):
    """The events, in this order, are those of each validation, and there are none of them in a test."""
    assert recorded("fit").names(*events) == IN_FIT * expected(*events)
    assert recorded("fit-inside").names(*events) == INSIDE * expected(*events)
    assert recorded("test").names(*events) == []


def assert_the_test_is(recorded, *events):
    assert recorded("test").names(*events) == expected(*events)
    assert recorded("fit").names(*events) == []


def expected(*events):
    """The events of one evaluation: once each, except for those of steps and batches, which come with every batch."""
    return [event for event in events for _ in range(HELD_OUT if "_step" in event or "_batch_" in event else 1)]


@pytest.mark.claim("callback.hook-on_validation_start")
def test_on_validation_start_takes_trainer_and_module(validated):
    def on_validation_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(validated(on_validation_start), VALIDATIONS)


@pytest.mark.claim("callback.hook-on_validation_start")
def test_on_validation_start_comes_before_the_epoch_and_the_steps_of_each_validation(recorded):
    first, then = "callback.on_validation_start", "callback.on_validation_epoch_start"
    assert_each_validation_is(recorded, first, then, "module.validation_step")


@pytest.mark.claim("callback.hook-on_validation_epoch_start")
def test_on_validation_epoch_start_takes_trainer_and_module(validated):
    def on_validation_epoch_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(validated(on_validation_epoch_start), VALIDATIONS)


@pytest.mark.claim("callback.hook-on_validation_epoch_start")
def test_on_validation_epoch_start_comes_between_start_and_the_first_batch(recorded):
    first, then = "callback.on_validation_start", "callback.on_validation_epoch_start"
    assert_each_validation_is(recorded, first, then, "callback.on_validation_batch_start")


@pytest.mark.claim("callback.hook-on_validation_epoch_end")
def test_on_validation_epoch_end_takes_trainer_and_module(validated):
    def on_validation_epoch_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(validated(on_validation_epoch_end), VALIDATIONS)


@pytest.mark.claim("callback.hook-on_validation_epoch_end")
def test_on_validation_epoch_end_comes_between_the_last_batch_and_end(recorded):
    last, then = "callback.on_validation_epoch_end", "callback.on_validation_end"
    assert_each_validation_is(recorded, "callback.on_validation_batch_end", last, then)


@pytest.mark.claim("callback.hook-on_validation_end")
def test_on_validation_end_takes_trainer_and_module(validated):
    def on_validation_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(validated(on_validation_end), VALIDATIONS)


@pytest.mark.claim("callback.hook-on_validation_end")
def test_on_validation_end_comes_after_the_steps_and_the_epoch_of_each_validation(recorded):
    last, then = "callback.on_validation_epoch_end", "callback.on_validation_end"
    assert_each_validation_is(recorded, "module.validation_step", last, then)


START_AND_END = ("callback.on_validation_start", "callback.on_validation_end")


@pytest.mark.claim("callback.validation-start-is-first-validation-only")
def test_validation_starts_and_ends_once_in_a_fit(recorded):
    assert recorded("fit").names(*START_AND_END) == [*START_AND_END]


@pytest.mark.claim("callback.validation-start-is-first-validation-only.every-validation")
def test_every_validation_starts_and_ends_the_sanity_check_included(recorded):
    assert recorded("fit").names(*START_AND_END) == IN_FIT * [*START_AND_END]
    assert recorded("fit-inside").names(*START_AND_END) == INSIDE * [*START_AND_END]


@pytest.mark.claim("callback.hook-on_sanity_check_start")
def test_on_sanity_check_start_takes_trainer_and_module(validated):
    def on_sanity_check_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(validated(on_sanity_check_start), 1)


def assert_surround_the_first_validation(recorded):
    """Once in a fit, around the sanity check's validation and before training starts; not where there is no check."""
    start, end = "callback.on_sanity_check_start", "callback.on_sanity_check_end"
    names = (start, *START_AND_END, end, "callback.on_train_start")
    assert recorded("fit").names(*names) == [*names, *EPOCHS * START_AND_END]
    assert recorded("fit-inside").names(start, end) == []
    assert recorded("test").names(start, end) == []


@pytest.mark.claim("callback.hook-on_sanity_check_start")
def test_on_sanity_check_start_comes_before_the_first_validation_which_comes_before_training(recorded):
    assert_surround_the_first_validation(recorded)


@pytest.mark.claim("callback.hook-on_sanity_check_end")
def test_on_sanity_check_end_takes_trainer_and_module(validated):
    def on_sanity_check_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(validated(on_sanity_check_end), 1)


@pytest.mark.claim("callback.hook-on_sanity_check_end")
def test_on_sanity_check_end_comes_after_the_first_validation_and_before_training(recorded):
    assert_surround_the_first_validation(recorded)


@pytest.mark.claim("callback.hook-on_test_start")
def test_on_test_start_takes_trainer_and_module(tested):
    def on_test_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(tested(on_test_start), 1)


@pytest.mark.claim("callback.hook-on_test_start")
def test_on_test_start_comes_before_the_epoch_and_the_steps_of_the_test(recorded):
    assert_the_test_is(recorded, "callback.on_test_start", "callback.on_test_epoch_start", "module.test_step")


@pytest.mark.claim("callback.hook-on_test_epoch_start")
def test_on_test_epoch_start_takes_trainer_and_module(tested):
    def on_test_epoch_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(tested(on_test_epoch_start), 1)


@pytest.mark.claim("callback.hook-on_test_epoch_start")
def test_on_test_epoch_start_comes_between_start_and_the_first_batch(recorded):
    first, then = "callback.on_test_start", "callback.on_test_epoch_start"
    assert_the_test_is(recorded, first, then, "callback.on_test_batch_start")


@pytest.mark.claim("callback.hook-on_test_epoch_end")
def test_on_test_epoch_end_takes_trainer_and_module(tested):
    def on_test_epoch_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(tested(on_test_epoch_end), 1)


@pytest.mark.claim("callback.hook-on_test_epoch_end")
def test_on_test_epoch_end_comes_between_the_last_batch_and_end(recorded):
    last, then = "callback.on_test_epoch_end", "callback.on_test_end"
    assert_the_test_is(recorded, "callback.on_test_batch_end", last, then)


@pytest.mark.claim("callback.hook-on_test_end")
def test_on_test_end_takes_trainer_and_module(tested):
    def on_test_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))

    assert_called_with_trainer_and_module(tested(on_test_end), 1)


@pytest.mark.claim("callback.hook-on_test_end")
def test_on_test_end_comes_after_the_steps_and_the_epoch_of_the_test(recorded):
    assert_the_test_is(recorded, "module.test_step", "callback.on_test_epoch_end", "callback.on_test_end")
