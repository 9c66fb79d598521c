"""A trace answers questions about a run, and a failed assert shows the part of it that was asked about."""

from __future__ import annotations

import enum

import pytest
import torch

from fixtures.traces import Event, NeverOccurred, Trace


class Stage(str, enum.Enum):
    FIT = "fit"


def trace_of(*names: str) -> Trace:
    return Trace(Event(name) for name in names)


def test_event_text_keeps_only_what_is_the_same_everywhere():
    arguments = {
        "stage": Stage.FIT,
        "index": 3,
        "last": False,
        "metric": None,
        "loss": 0.25,
        "batch": torch.zeros(1),
        "model": object(),
        "path": "/somewhere/else",
        "device": "cpu",
    }
    assert str(Event("module.hook", arguments)) == (
        "module.hook(stage='fit', index=3, last=False, metric=None, device='cpu')"
    )
    assert str(Event("module.hook", {"batch": torch.zeros(1)})) == "module.hook"


def test_before_compares_first_occurrences():
    trace = trace_of("a", "b", "a", "c")
    assert trace.before("a", "b")
    assert trace.before("b", "c")
    assert not trace.before("b", "a")
    assert not trace.before("a", "a")
    assert not trace.before("a", "missing")
    assert not trace.before("missing", "a")


def test_count_matches_arguments():
    first = {"batch_idx": 0, "batch": torch.zeros(2)}
    trace = Trace([Event("step", first), Event("step", {"batch_idx": 1}), Event("end", {"batch_idx": 1})])
    assert trace.count("step") == 2
    assert trace.count("step", batch_idx=1) == 1
    assert trace.count("step", batch=first["batch"]) == 1
    assert trace.count("step", stage=None) == 0
    assert trace.count("missing") == 0
    assert [given["batch_idx"] for given in trace.arguments("step")] == [0, 1]


def test_between_goes_from_the_first_to_the_next():
    trace = trace_of("b", "a", "x", "a", "y", "b", "b")
    assert trace.between("a", "b") == ["x", "a", "y"]
    assert trace.between("a", "a") == ["x"]


def test_inside_is_what_a_call_set_off():
    depths = {"before": 0, "outer": 0, "inner": 1, "innermost": 2, "second": 1, "after": 0}
    trace = Trace(Event(name, depth=depth) for name, depth in depths.items())
    assert trace.inside("outer") == ["inner", "innermost", "second"]
    assert trace.inside("innermost") == []


def test_names_by_name_owner_and_pattern():
    trace = trace_of("callback.on_fit_start", "module.training_step", "module.training_step_end", "callbacks.other")
    assert trace.names() == [event.name for event in trace]
    assert trace.names("callback") == ["callback.on_fit_start"]
    assert trace.names("module.training_step") == ["module.training_step"]
    assert trace.names("*.training_step*", "callback.") == [
        "callback.on_fit_start",
        "module.training_step",
        "module.training_step_end",
    ]


def test_a_trace_is_a_sequence():
    trace = trace_of("a", "b", "a")
    assert (len(trace), trace[1].name, trace.index("a"), trace.index("a", 1), trace.first("b")) == (
        3,
        "b",
        0,
        2,
        trace[1],
    )
    assert trace[1:].names() == ["b", "a"]
    assert "b" in trace
    assert "c" not in trace
    assert trace.lines() == ["a", "b", "a"]


def test_an_event_that_never_occurred_names_the_nearest():
    trace = trace_of("callback.on_train_start", "module.setup")
    message = "callback.on_train_strat never occurred; nearest: callback.on_train_start"
    for question in (trace.first, trace.index, trace.inside, lambda name: trace.between("module.setup", name)):
        with pytest.raises(NeverOccurred) as caught:
            question("callback.on_train_strat")
        assert str(caught.value) == message
    with pytest.raises(NeverOccurred, match="^module.setup did not occur again from position 2 on$"):
        trace.between("module.setup", "module.setup")


def test_a_failed_order_shows_the_events_around_both():
    names = [f"event.{number}" for number in range(60)]
    order = trace_of(*names).before("event.40", "event.7")
    assert not order
    assert repr(order) == (
        "<4:event.4 5:event.5 6:event.6 7:event.7 8:event.8 9:event.9 10:event.10 …"
        " 37:event.37 38:event.38 39:event.39 40:event.40 41:event.41 42:event.42 43:event.43>"
    )
    assert repr(trace_of("event.1").before("event.2", "x")) == (
        "<event.2 never occurred; nearest: event.1; x never occurred; nearest: nothing alike>"
    )


def test_pytest_shows_a_failed_order_in_full(pytester):
    pytester.makepyfile(
        """
        from fixtures.traces import Event, Trace

        NAMES = [f"callback.on_a_hook_with_a_long_name_{number}" for number in range(9)]

        def test_order():
            assert Trace(map(Event, NAMES)).before(NAMES[5], NAMES[2])

        def test_typing_error():
            assert Trace(map(Event, NAMES)).before("callback.on_a_hook_with_a_long_nam", NAMES[2])
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    on = "callback.on_a_hook_with_a_long_name_"
    result.stdout.fnmatch_lines(
        [
            f"E *assert <1:{on}1 2:{on}2 3:{on}3 4:{on}4 5:{on}5>",
            f"E *assert <callback.on_a_hook_with_a_long_nam never occurred; nearest: {on}8, {on}7, {on}6>",
        ]
    )
