"""The hooks of callbacks for checkpoints and for Ctrl-C, written as in Lightning 1.0, and what replaced them."""

from functools import partial

import pytest

from fixtures.state_callbacks import STATE, Keeping, Noting, Run, interrupted_with, states_in


@pytest.fixture
def run_of(trainer):
    """A fit of one epoch with this callback, and the hooks of it that warnings may name."""
    return partial(Run, trainer)


@pytest.fixture
def resumed(trainer, tmp_path):
    """Fit and save with a callback of this class, then resume with another; the calls of both, and the second run."""

    def resume(kind):
        path = tmp_path / "resumed.ckpt"
        first = Run(trainer, kind(), "on_load_checkpoint").fit()
        first.save(path)
        second = Run(trainer, kind(), "on_load_checkpoint", epochs=2).fit(path)
        assert first.callback.calls == ["on_train_start"]
        return second

    return resume


@pytest.fixture
def interrupted(trainer):
    """Fit with a callback of these hooks until Ctrl-C ends it, before the second batch."""
    return partial(interrupted_with, trainer)


def assert_called_for_every_checkpoint(recorded):
    """Once for the one checkpoint that a ModelCheckpoint saves, and not where nothing is saved."""
    assert recorded("fit-callbacks").count("callback.on_save_checkpoint") == 1
    assert recorded("fit").count("callback.on_save_checkpoint") == 0


class ReturnsItsState(Noting):
    def on_save_checkpoint(self, trainer, pl_module):
        self.calls.append((trainer, pl_module))
        return STATE


class ReturnsItsStateGivenTheCheckpoint(Noting):
    def on_save_checkpoint(self, trainer, pl_module, checkpoint):
        self.calls.append((trainer, pl_module))
        checkpoint["of the callback"] = len(self.calls)
        return STATE


class HasAStateDict(Noting):
    def state_dict(self):
        self.calls.append("state_dict")
        return STATE


def assert_keeps_its_state(run, tmp_path):
    """Each of two checkpoints holds the state, and trainer and module were handed over for each of them."""
    run.fit()
    for number in (1, 2):
        checkpoint = run.save(tmp_path / f"{number}.ckpt")
        assert states_in(checkpoint) == [STATE]
        assert run.callback.calls == ["on_train_start"] + number * [(run.trainer, run.module)]


@pytest.mark.claim("callback.hook-on_save_checkpoint")
def test_on_save_checkpoint_takes_trainer_and_module_and_returns_the_state_to_keep(run_of, tmp_path, observe):
    run = run_of(ReturnsItsState(), "on_save_checkpoint")
    assert_keeps_its_state(run, tmp_path)
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_save_checkpoint")
def test_on_save_checkpoint_is_called_for_every_checkpoint(recorded):
    assert_called_for_every_checkpoint(recorded)


@pytest.mark.claim("callback.hook-on_save_checkpoint.with-checkpoint")
def test_on_save_checkpoint_takes_the_checkpoint_too_and_returns_the_state_to_keep(run_of, tmp_path, observe):
    run = run_of(ReturnsItsStateGivenTheCheckpoint(), "on_save_checkpoint")
    assert_keeps_its_state(run, tmp_path)
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_save_checkpoint.with-checkpoint")
def test_on_save_checkpoint_with_the_checkpoint_is_called_for_every_checkpoint(recorded):
    assert_called_for_every_checkpoint(recorded)


@pytest.mark.claim("callback.hook-on_save_checkpoint.return-value-ignored")
def test_what_on_save_checkpoint_returns_is_lost_and_what_it_puts_into_the_checkpoint_is_kept(run_of, tmp_path):
    run = run_of(ReturnsItsStateGivenTheCheckpoint(), "on_save_checkpoint").fit()
    checkpoint = run.save(tmp_path / "saved.ckpt")
    assert run.callback.calls == ["on_train_start", (run.trainer, run.module)]
    assert states_in(checkpoint) == []
    assert checkpoint.get("of the callback") == 2
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_save_checkpoint.state-dict")
def test_the_state_to_keep_is_what_state_dict_returns(run_of, tmp_path):
    run = run_of(HasAStateDict(), "state_dict").fit()
    assert states_in(run.save(tmp_path / "saved.ckpt")) == [STATE]
    assert run.callback.calls == ["on_train_start", "state_dict"]
    assert run.warnings == []


class TakesItsState(Keeping):
    def on_load_checkpoint(self, callback_state):
        self.calls.append(callback_state)


class TakesItsStateAfterTrainerAndModule(Keeping):
    def on_load_checkpoint(self, trainer, pl_module, callback_state):
        self.calls.append((trainer, pl_module, callback_state))


class TakesTheCheckpoint(Keeping):
    def on_load_checkpoint(self, trainer, pl_module, checkpoint):
        self.calls.append((trainer, pl_module, sorted(checkpoint), states_in(checkpoint)))


class LoadsItsState(Keeping):
    def load_state_dict(self, state_dict):
        self.calls.append(state_dict)


@pytest.mark.claim("callback.hook-on_load_checkpoint")
def test_on_load_checkpoint_takes_the_state_alone_before_training_starts(resumed, observe):
    run = resumed(TakesItsState)
    assert run.callback.calls == [STATE, "on_train_start"]
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_load_checkpoint.with-trainer-and-module")
def test_on_load_checkpoint_takes_trainer_and_module_before_the_state(resumed, observe):
    run = resumed(TakesItsStateAfterTrainerAndModule)
    assert run.callback.calls == [(run.trainer, run.module, STATE), "on_train_start"]
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_load_checkpoint.whole-checkpoint")
def test_on_load_checkpoint_takes_the_whole_checkpoint_before_training_starts(resumed):
    run = resumed(TakesTheCheckpoint)
    (trainer, module, keys, states), then = run.callback.calls
    assert (trainer, module, states, then) == (run.trainer, run.module, [STATE], "on_train_start")
    assert {"callbacks", "optimizer_states", "state_dict"} <= set(keys)
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_load_checkpoint.whole-checkpoint")
def test_on_load_checkpoint_is_called_even_where_the_callback_left_no_state(recorded):
    calls = recorded("fit-resumed").names("callback.on_load_checkpoint", "callback.on_train_start")
    assert calls == ["callback.on_load_checkpoint", "callback.on_train_start"]


@pytest.mark.claim("callback.hook-on_load_checkpoint.load-state-dict")
def test_load_state_dict_takes_the_state_alone_before_training_starts(resumed):
    run = resumed(LoadsItsState)
    assert run.callback.calls == [STATE, "on_train_start"]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_keyboard_interrupt")
def test_on_keyboard_interrupt_takes_trainer_and_module(interrupted, observe):
    def on_keyboard_interrupt(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, trainer.global_step))

    run = interrupted(on_keyboard_interrupt)
    assert run.callback.calls == [(run.trainer, run.module, 1)]
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_keyboard_interrupt")
def test_on_keyboard_interrupt_is_called_on_ctrl_c_and_on_nothing_else(recorded):
    step, hook = "module.training_step", "callback.on_keyboard_interrupt"
    assert recorded("fit-interrupted").names(step, hook) == [step, hook]
    assert recorded("fit-failed").count(hook) == 0
    assert recorded("fit").count(hook) == 0


@pytest.mark.claim("callback.hook-on_keyboard_interrupt.on-exception")
def test_on_exception_takes_the_keyboard_interrupt(interrupted, observe):
    def on_exception(self, trainer, pl_module, exception):
        self.calls.append((trainer, pl_module, type(exception), trainer.global_step))

    run = interrupted(on_exception)
    assert run.callback.calls == [(run.trainer, run.module, KeyboardInterrupt, 1)]
    assert run.warnings == []
    observe("fit ends with", run.ended_by)


@pytest.mark.claim("callback.hook-on_keyboard_interrupt.on-exception")
def test_on_exception_is_called_once_on_ctrl_c(recorded):
    step, hook = "module.training_step", "callback.on_exception"
    assert recorded("fit-interrupted").names(step, hook) == [step, hook]
    assert recorded("fit").count(hook) == 0


@pytest.mark.claim("callback.hook-on_keyboard_interrupt.silently-ignored")
def test_on_keyboard_interrupt_is_silently_ignored(interrupted):
    def on_keyboard_interrupt(self, trainer, pl_module):
        self.calls.append("on_keyboard_interrupt")

    def on_exception(self, trainer, pl_module, exception):
        self.calls.append("on_exception")

    run = interrupted(on_keyboard_interrupt, on_exception)
    assert run.callback.calls == ["on_exception"]
    assert run.warnings == []
