"""A trace as text: its epochs and batches, also where a run breaks off."""

from ledger.ask import order_changes
from ledger.outline import outline

BATCH = ["callback.on_train_batch_start(batch_idx={0})", "module.on_train_batch_start(batch_idx={0})", "optimizer.step"]
BATCH_END = ["callback.on_train_batch_end(batch_idx={0})", "module.on_train_batch_end(batch_idx={0})"]


def batch(number: int, *, ends: bool = True) -> list[str]:
    return [event.format(number) for event in BATCH + (BATCH_END if ends else [])]


def test_a_heading_for_each_epoch_batch_and_validation():
    events = [
        "callback.on_fit_start",
        "callback.on_train_epoch_start",
        *batch(0),
        *batch(1),
        "callback.on_validation_epoch_start",
        "callback.on_validation_epoch_end",
        "callback.on_train_epoch_end",
        "callback.on_train_epoch_start",
        *batch(0),
        "callback.on_train_epoch_end",
        "callback.on_fit_end",
    ]
    lines = outline(events)
    assert [line for line in lines if "──" in line] == [
        "── epoch 0",
        "  ── train batch 0",
        "  ── train batch 1",
        "  ── validation",
        "── epoch 1",
        "  ── train batch 0",
    ]
    assert lines[:8] == [
        "callback.on_fit_start",
        "── epoch 0",
        "  callback.on_train_epoch_start",
        "  ── train batch 0",
        "    callback.on_train_batch_start(batch_idx=0)",
        "    module.on_train_batch_start(batch_idx=0)",
        "    optimizer.step",
        "    callback.on_train_batch_end(batch_idx=0)",
    ]
    assert lines[-2:] == ["  callback.on_train_epoch_end", "callback.on_fit_end"]


def test_a_batch_that_never_ends_is_closed_by_the_next():
    assert [line for line in outline([*batch(0, ends=False), *batch(1)]) if "──" in line] == [
        "── train batch 0",
        "── train batch 1",
    ]


def test_nothing_is_left_out_and_nesting_is_kept():
    events = [*batch(0), "  module.forward", "run.raised(exception='SystemExit')"]
    assert [line.strip() for line in outline(events) if "──" not in line] == [event.strip() for event in events]
    assert outline(["module.training_step", "  module.forward"]) == ["module.training_step", "  module.forward"]


def test_a_change_that_every_batch_repeats_is_shown_once():
    def run(after: list[str]) -> list[str]:
        batches = [[f"start(batch_idx={n})", "step", *after, "forward", f"end(batch_idx={n})"] for n in range(9)]
        return [event for events in batches for event in [*events, "log", "log", "log"]]

    assert order_changes(run([]), run(["step_end"])) == [
        "@@ and in 8 more places @@",
        "  start(batch_idx=0)",
        "  step",
        "+ step_end",
        "  forward",
        "  end(batch_idx=0)",
    ]
