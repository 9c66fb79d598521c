"""The hooks around a run: the ends of fit, setup and teardown, written as in Lightning 1.0."""

from functools import partial

import pytest

from fixtures.dialects import test
from fixtures.runs import BATCHES, EPOCHS
from fixtures.users_callbacks import run_with


@pytest.fixture
def run_of(trainer):
    """Fit two epochs of four batches, or another entry point, with a callback of these hooks."""
    return partial(run_with, trainer)


def stages(trace, hook):
    """The stage of each call; equal to the plain strings also where it is an enum."""
    return [arguments["stage"] for arguments in trace.arguments(hook)]


@pytest.mark.claim("callback.hook-on_fit_start")
def test_on_fit_start_takes_trainer_and_module(run_of):
    def on_fit_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, trainer.global_step))

    run = run_of(on_fit_start)
    assert run.calls == [(run.trainer, run.module, 0)]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_fit_start")
def test_on_fit_start_comes_once_after_setup_and_before_the_sanity_check(recorded):
    names = ["callback.setup", "callback.on_fit_start", "callback.on_sanity_check_start", "callback.on_train_start"]
    assert recorded("fit").names(*names) == names


@pytest.mark.claim("callback.hook-on_fit_end")
def test_on_fit_end_takes_trainer_and_module(run_of):
    def on_fit_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, trainer.global_step))

    run = run_of(on_fit_end)
    assert run.calls == [(run.trainer, run.module, EPOCHS * BATCHES)]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_fit_end")
def test_on_fit_end_comes_once_after_the_end_of_training_and_before_teardown(recorded):
    names = ["callback.on_train_end", "callback.on_fit_end", "callback.teardown"]
    assert recorded("fit").names(*names) == names


FIT_HOOKS = ("callback.on_fit_start", "callback.on_fit_end")


@pytest.mark.claim("callback.fit-hooks-only-in-fit")
def test_a_test_calls_neither_hook_of_fit(recorded):
    assert recorded("test").names(*FIT_HOOKS) == []
    assert recorded("fit").names(*FIT_HOOKS) == [*FIT_HOOKS]


@pytest.mark.claim("callback.fit-hooks-only-in-fit.test-too")
def test_a_test_calls_both_hooks_of_fit_around_its_own(recorded):
    names = [FIT_HOOKS[0], "callback.on_test_start", "callback.on_test_end", FIT_HOOKS[1]]
    assert recorded("test").names(*names) == names


class Hooks:
    def setup(self, trainer, pl_module, stage):
        self.calls.append((trainer, pl_module, stage))

    def teardown(self, trainer, pl_module, stage):
        self.calls.append((trainer, pl_module, stage))


@pytest.mark.claim("callback.hook-setup")
def test_setup_takes_trainer_module_and_the_stage_of_fit(run_of):
    run = run_of(Hooks.setup)
    assert run.calls == [(run.trainer, run.module, "fit")]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-setup")
def test_setup_takes_trainer_module_and_the_stage_of_test(run_of):
    run = run_of(Hooks.setup, entry=test)
    assert run.calls == [(run.trainer, run.module, "test")]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-setup")
def test_setup_comes_once_when_the_data_is_prepared_and_before_the_run_starts(recorded):
    names = ["module.prepare_data", "callback.setup", "module.configure_optimizers", "callback.on_sanity_check_start"]
    assert recorded("fit").names(*names) == names
    names = ["module.prepare_data", "callback.setup", "callback.on_test_start"]
    assert recorded("test").names(*names) == names


@pytest.mark.claim("callback.hook-setup.without-module")
def test_setup_takes_no_module_in_a_fit(run_of):
    run, tested = run_of(Hooks.setup), run_of(Hooks.setup, entry=test)
    assert run.calls == [(run.trainer, None, "fit")]
    assert tested.calls == [(tested.trainer, tested.module, "test")]


@pytest.mark.claim("callback.hook-teardown")
def test_teardown_takes_trainer_module_and_the_stage_of_fit(run_of):
    run = run_of(Hooks.teardown)
    assert run.calls == [(run.trainer, run.module, "fit")]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-teardown")
def test_teardown_takes_trainer_module_and_the_stage_of_test(run_of):
    run = run_of(Hooks.teardown, entry=test)
    assert run.calls == [(run.trainer, run.module, "test")]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-teardown")
@pytest.mark.parametrize("run", ["fit", "test"])
def test_teardown_comes_once_and_is_the_last_a_callback_hears(recorded, run):
    trace = recorded(run)
    assert stages(trace, "callback.teardown") == [run]
    assert trace.names("callback")[-1] == "callback.teardown"


@pytest.mark.claim("callback.hook-teardown.twice-in-test")
def test_teardown_comes_twice_in_a_test_first_as_though_a_fit_had_ended(run_of, recorded):
    run = run_of(Hooks.teardown, entry=test)
    assert run.calls == [(run.trainer, run.module, "fit"), (run.trainer, run.module, "test")]
    assert run.warnings == []
    assert recorded("test").names("callback")[-3:] == ["callback.on_fit_end", *2 * ["callback.teardown"]]


@pytest.mark.claim("callback.hook-teardown.twice-in-test")
def test_teardown_comes_once_in_a_fit(run_of):
    run = run_of(Hooks.teardown)
    assert run.calls == [(run.trainer, run.module, "fit")]


@pytest.mark.claim("callback.stage-of-validate-and-predict")
@pytest.mark.parametrize("run", ["validate", "predict"])
def test_setup_and_teardown_frame_every_entry_point_and_name_it(recorded, run):
    trace = recorded(run)
    assert [stages(trace, f"callback.{hook}") for hook in ("setup", "teardown")] == [[run], [run]]
    assert trace.before("callback.setup", f"module.{'validation' if run == 'validate' else run}_step")
    assert trace.names("callback")[-1] == "callback.teardown"
