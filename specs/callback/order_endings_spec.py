"""Which hooks of a callback are called where an exception or Ctrl-C ends training in its second batch."""

import pytest

from fixtures.runs import DeliberateError

ENDING = ("on_train_end", "on_fit_end", "teardown")


@pytest.fixture
def failed(recorded):
    """What follows the hook of the callback in which the exception was raised."""
    return after_the_last_batch_start(recorded("fit-failed"))


@pytest.fixture
def interrupted(recorded):
    """What follows the hook of the callback during which Ctrl-C was pressed."""
    return after_the_last_batch_start(recorded("fit-interrupted"))


def after_the_last_batch_start(trace):
    assert trace.count("callback.on_train_batch_start") == 2, "training went on"
    first = trace.index("callback.on_train_batch_start")
    return trace[trace.index("callback.on_train_batch_start", first + 1) + 1 :]


def everyone(*hooks):
    return [f"*.{hook}" for hook in hooks]


@pytest.mark.claim("callback.order-on_exception-before-raise")
def test_on_exception_then_fit_raises(failed):
    assert failed.names("callback", "run") == ["callback.on_exception", "run.raised"]
    assert str(failed.first("run.raised")) == "run.raised(exception='DeliberateError')"
    assert type(failed.first("callback.on_exception").arguments["exception"]) is DeliberateError


@pytest.mark.claim("callback.order-no-on_train_end-after-exception")
def test_no_train_end_after_an_exception(failed):
    assert failed.names("*.on_train_end", "run.raised") == ["run.raised"]


@pytest.mark.claim("callback.order-on_train_end-after-exception")
def test_train_end_after_an_exception(failed):
    assert failed.names("callback", "run") == ["callback.on_train_end", "run.raised"]


@pytest.mark.claim("callback.order-no-teardown-after-exception")
def test_neither_fit_end_nor_teardown_after_an_exception(failed):
    assert failed.names(*everyone("on_fit_end", "teardown"), "run.raised") == ["run.raised"]


@pytest.mark.claim("callback.order-on_keyboard_interrupt-before-on_train_end")
def test_keyboard_interrupt_then_train_end(interrupted):
    events = interrupted.names("callback.on_keyboard_interrupt", "*.on_train_end")
    assert events == ["callback.on_keyboard_interrupt", "callback.on_train_end", "module.on_train_end"]


@pytest.mark.claim("callback.order-no-on_train_end-after-interrupt")
def test_no_train_end_after_an_interrupt(interrupted):
    informed = interrupted.names("callback.on_keyboard_interrupt", "callback.on_exception")
    assert interrupted.names("callback.on_keyboard_interrupt", "callback.on_exception", "*.on_train_end") == informed
    assert informed != []


@pytest.mark.claim("callback.order-on_keyboard_interrupt-before-teardown")
def test_keyboard_interrupt_then_fit_end_and_teardown(interrupted):
    events = interrupted.names(*(f"callback.{hook}" for hook in ("on_keyboard_interrupt", "on_fit_end", "teardown")))
    assert events == ["callback.on_keyboard_interrupt", "callback.on_fit_end", "callback.teardown"]


@pytest.mark.claim("callback.order-no-teardown-after-interrupt")
def test_neither_fit_end_nor_teardown_after_an_interrupt(interrupted):
    assert interrupted.names(*everyone(*ENDING), "callback.on_exception") == ["callback.on_exception"]


@pytest.mark.claim("callback.order-on_keyboard_interrupt-before-on_exception")
def test_keyboard_interrupt_then_on_exception(interrupted):
    assert interrupted.names("callback") == ["callback.on_keyboard_interrupt", "callback.on_exception"]


@pytest.mark.claim("callback.order-on_keyboard_interrupt-before-on_exception.exception-alone")
def test_on_exception_alone_after_an_interrupt(interrupted):
    assert interrupted.names("callback") == ["callback.on_exception"]
    assert type(interrupted.first("callback.on_exception").arguments["exception"]) is KeyboardInterrupt


@pytest.mark.claim("callback.interrupt-returns")
def test_fit_returns_after_an_interrupt(interrupted):
    assert interrupted.count("run.raised") == 0


@pytest.mark.claim("callback.interrupt-returns.exits")
def test_an_interrupt_exits(interrupted):
    raised = interrupted.names("callback.on_exception", "run.raised")
    assert raised == ["callback.on_exception", "run.raised"]
    assert interrupted.first("run.raised").arguments == {"exception": "SystemExit"}
