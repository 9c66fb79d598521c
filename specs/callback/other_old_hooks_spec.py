"""Hooks of 1.0 that are gone, on_init_*, on_batch_* and on_epoch_*: first called, then an error, now ignored."""

from functools import partial

import pytest

from fixtures.runs import BATCHES, EPOCHS
from fixtures.users_callbacks import run_with


@pytest.fixture
def run_of(trainer):
    """Fit two epochs of four batches with a callback of these hooks."""
    return partial(run_with, trainer)


def on_init_start(self, trainer):
    self.calls.append((trainer, set(vars(trainer))))


def on_init_end(self, trainer):
    self.calls.append((trainer, set(vars(trainer))))


def on_batch_start(self, trainer, pl_module):
    self.calls.append((trainer, pl_module, len(pl_module.losses)))


def on_batch_end(self, trainer, pl_module):
    self.calls.append((trainer, pl_module, len(pl_module.losses)))


def on_epoch_start(self, trainer, pl_module):
    self.calls.append((trainer, pl_module, len(pl_module.losses)))


def on_epoch_end(self, trainer, pl_module):
    self.calls.append((trainer, pl_module, len(pl_module.losses)))


def assert_the_constructor_calls(run_of, hook, observe):
    """Called once, with the Trainer alone, before the constructor returns, and not again."""
    run = run_of(hook)
    assert [trainer for trainer, _ in run.calls] == [run.trainer]
    assert run.at_first == run.calls
    observe("warnings about the hook", run.warnings)


def assert_enclose_the_constructor(run_of, trace):
    """The trainer has more attributes at on_init_end than at on_init_start; nothing else is called before them."""
    calls = run_of(on_init_start, on_init_end).calls
    assert len(calls) == 2
    assert calls[0][1] < calls[1][1]
    assert trace.names()[:2] == ["callback.on_init_start", "callback.on_init_end"]


def assert_called_with_trainer_and_module(run_of, hook, steps_before, observe):
    """Called with trainer and module, after so many steps of training each time."""
    run = run_of(hook)
    assert run.calls == [(run.trainer, run.module, steps) for steps in steps_before]
    observe("warnings about the hook", run.warnings)


def assert_fit_refuses(run_of, hook, message):
    """With the hook fit ends with this error before the first step; without it, it runs."""
    assert len(run_of().module.losses) == EPOCHS * BATCHES
    steps = []

    def on_train_start(self, trainer, pl_module):
        steps.append(trainer.global_step)

    with pytest.raises(RuntimeError) as error:
        run_of(hook, on_train_start)
    assert str(error.value) == message
    assert steps == []


def assert_silently_ignored(run_of, hook):
    """Training runs through without the hook being called, and without a warning that names it."""
    run = run_of(hook)
    assert len(run.module.losses) == EPOCHS * BATCHES
    assert run.calls == []
    assert run.warnings == []


def assert_ignored_beside(run_of, hook, replacement, steps_before):
    """As above, while the hook that took its place is called at the same moments."""
    assert_silently_ignored(run_of, hook)
    moments = []

    def called(self, trainer, pl_module, *rest):
        moments.append(len(pl_module.losses))

    called.__name__ = replacement
    assert run_of(hook, called).calls == []
    assert moments == steps_before


@pytest.mark.claim("callback.hook-on_init_start")
def test_the_constructor_calls_on_init_start(run_of, observe):
    assert_the_constructor_calls(run_of, on_init_start, observe)


@pytest.mark.claim("callback.hook-on_init_start")
def test_on_init_start_comes_first_with_a_trainer_that_is_not_complete(run_of, recorded):
    assert_enclose_the_constructor(run_of, recorded("fit"))


@pytest.mark.claim("callback.hook-on_init_end")
def test_the_constructor_calls_on_init_end(run_of, observe):
    assert_the_constructor_calls(run_of, on_init_end, observe)


@pytest.mark.claim("callback.hook-on_init_end")
def test_on_init_end_comes_after_on_init_start_with_a_trainer_that_knows_more(run_of, recorded):
    assert_enclose_the_constructor(run_of, recorded("fit"))


OF_INIT = "The `{}` callback hook was deprecated in v1.6 and is no longer supported as of v1.8."
OF_OTHERS = "The `Callback.{}` hook was removed in v1.8. Please use `Callback.{}` instead."


@pytest.mark.claim("callback.hook-on_init_start.removed")
def test_fit_refuses_on_init_start(run_of):
    assert_fit_refuses(run_of, on_init_start, OF_INIT.format("on_init_start"))


@pytest.mark.claim("callback.hook-on_init_end.removed")
def test_fit_refuses_on_init_end(run_of):
    assert_fit_refuses(run_of, on_init_end, OF_INIT.format("on_init_end"))


@pytest.mark.claim("callback.hook-on_init_start.ignored")
def test_on_init_start_is_silently_ignored(run_of):
    assert_silently_ignored(run_of, on_init_start)


@pytest.mark.claim("callback.hook-on_init_end.ignored")
def test_on_init_end_is_silently_ignored(run_of):
    assert_silently_ignored(run_of, on_init_end)


BEFORE_EACH_BATCH = list(range(EPOCHS * BATCHES))
AFTER_EACH_BATCH = [steps + 1 for steps in BEFORE_EACH_BATCH]
BEFORE_EACH_EPOCH = [epoch * BATCHES for epoch in range(EPOCHS)]
AFTER_EACH_EPOCH = [steps + BATCHES for steps in BEFORE_EACH_EPOCH]


@pytest.mark.claim("callback.hook-on_batch_start")
def test_on_batch_start_comes_before_each_batch_of_training(run_of, recorded, observe):
    assert_called_with_trainer_and_module(run_of, on_batch_start, BEFORE_EACH_BATCH, observe)
    assert recorded("fit").count("callback.on_batch_start") == EPOCHS * BATCHES
    assert "callback.on_batch_start" not in recorded("test")


@pytest.mark.claim("callback.hook-on_batch_end")
def test_on_batch_end_comes_after_each_batch_of_training(run_of, recorded, observe):
    assert_called_with_trainer_and_module(run_of, on_batch_end, AFTER_EACH_BATCH, observe)
    names = ("optimizer.step", "callback.on_batch_end")
    assert recorded("fit").names(*names) == EPOCHS * BATCHES * [*names]
    assert "callback.on_batch_end" not in recorded("test")


@pytest.mark.claim("callback.hook-on_batch_start.removed")
def test_fit_refuses_on_batch_start(run_of):
    assert_fit_refuses(run_of, on_batch_start, OF_OTHERS.format("on_batch_start", "on_train_batch_start"))


@pytest.mark.claim("callback.hook-on_batch_end.removed")
def test_fit_refuses_on_batch_end(run_of):
    assert_fit_refuses(run_of, on_batch_end, OF_OTHERS.format("on_batch_end", "on_train_batch_end"))


@pytest.mark.claim("callback.hook-on_batch_start.ignored")
def test_on_batch_start_is_silently_ignored(run_of):
    assert_ignored_beside(run_of, on_batch_start, "on_train_batch_start", BEFORE_EACH_BATCH)


@pytest.mark.claim("callback.hook-on_batch_end.ignored")
def test_on_batch_end_is_silently_ignored(run_of):
    assert_ignored_beside(run_of, on_batch_end, "on_train_batch_end", AFTER_EACH_BATCH)


@pytest.mark.claim("callback.hook-on_epoch_start")
def test_on_epoch_start_comes_before_each_epoch_of_training(run_of, recorded, observe):
    assert_called_with_trainer_and_module(run_of, on_epoch_start, BEFORE_EACH_EPOCH, observe)
    names = ("callback.on_epoch_start", "callback.on_train_epoch_start")
    assert recorded("fit").names(*names) == EPOCHS * [*names]
    assert "callback.on_epoch_start" not in recorded("test")


@pytest.mark.claim("callback.hook-on_epoch_end")
def test_on_epoch_end_comes_after_each_epoch_of_training(run_of, recorded, observe):
    assert_called_with_trainer_and_module(run_of, on_epoch_end, AFTER_EACH_EPOCH, observe)
    assert recorded("fit").count("callback.on_epoch_end") == EPOCHS
    assert "callback.on_epoch_end" not in recorded("test")


OF_FIT = ["validation", *EPOCHS * ["train", "validation"]]
"""The epochs that start in a fit, the sanity check's first; those of validation lie within those of training."""
KINDS = ("train", "validation", "test")


@pytest.mark.claim("callback.hook-on_epoch_start.of-every-kind")
def test_on_epoch_start_comes_before_the_epochs_of_validating_and_testing_too(run_of, recorded, observe):
    steps = [0, *[steps for start in BEFORE_EACH_EPOCH for steps in (start, start + BATCHES)]]
    assert_called_with_trainer_and_module(run_of, on_epoch_start, steps, observe)
    names = ["callback.on_epoch_start", *[f"callback.on_{kind}_epoch_start" for kind in KINDS]]
    fitted = [name for kind in OF_FIT for name in ("callback.on_epoch_start", f"callback.on_{kind}_epoch_start")]
    assert recorded("fit").names(*names) == fitted
    assert recorded("test").names(*names) == ["callback.on_epoch_start", "callback.on_test_epoch_start"]


@pytest.mark.claim("callback.hook-on_epoch_end.of-every-kind")
def test_on_epoch_end_comes_after_the_epochs_of_validating_and_testing_too(run_of, recorded, observe):
    steps = [0, *[steps for end in AFTER_EACH_EPOCH for steps in (end, end)]]
    assert_called_with_trainer_and_module(run_of, on_epoch_end, steps, observe)
    ends = recorded("fit").names("callback.on_epoch_end", *[f"callback.on_{kind}_epoch_end" for kind in KINDS])
    assert ends[1::2] == ["callback.on_epoch_end"] * len(OF_FIT)
    assert sorted(ends[::2]) == sorted(f"callback.on_{kind}_epoch_end" for kind in OF_FIT)
    names = ["callback.on_test_epoch_end", "callback.on_epoch_end"]
    assert recorded("test").names(*names) == names


@pytest.mark.claim("callback.hook-on_epoch_start.removed")
def test_fit_refuses_on_epoch_start(run_of):
    replacement = "on_<train/validation/test>_epoch_start"
    assert_fit_refuses(run_of, on_epoch_start, OF_OTHERS.format("on_epoch_start", replacement))


@pytest.mark.claim("callback.hook-on_epoch_end.removed")
def test_fit_refuses_on_epoch_end(run_of):
    replacement = "on_<train/validation/test>_epoch_end"
    assert_fit_refuses(run_of, on_epoch_end, OF_OTHERS.format("on_epoch_end", replacement))


@pytest.mark.claim("callback.hook-on_epoch_start.ignored")
def test_on_epoch_start_is_silently_ignored(run_of):
    assert_ignored_beside(run_of, on_epoch_start, "on_train_epoch_start", BEFORE_EACH_EPOCH)


@pytest.mark.claim("callback.hook-on_epoch_end.ignored")
def test_on_epoch_end_is_silently_ignored(run_of):
    assert_ignored_beside(run_of, on_epoch_end, "on_train_epoch_end", AFTER_EACH_EPOCH)
