"""What is answered of a release that has no record of its own."""

from __future__ import annotations

import json

import pytest

from ledger.unrecorded import _verdict

NO_RECORD = (
    "Lightning {} has no record of its own: its verdicts are what the eras say, and {}."
    " Nothing is known of its traces and its Trainer's arguments."
)


def note_sweep(ask, content):
    (ask.folder / "sweep").mkdir()
    (ask.folder / "sweep" / "cpu.json").write_text(content, encoding="utf-8")


def test_releases_without_a_record_are_answered_by_their_eras(ask):
    note_sweep(ask, '{"1.9.3": 2}')
    code, said = ask("compare", "1.9.3", "2.0.4")
    assert (code, said.splitlines()[:3]) == (
        0,
        [
            "from Lightning 1.9.3 (torch 1.13.1) to Lightning 2.0.4 (torch 1.13.1)",
            NO_RECORD.format("1.9.3", "2 claims were run on it, on the CPU, and came out so"),
            NO_RECORD.format("2.0.4", "not all claims were run on it"),
        ],
    )
    assert said.splitlines()[4:] == [
        "claims that change: 1",
        "  moves: holds -> refuted on cpu, sim (changed in 2.0.0)",
        "    It moves.",
        "    true instead: It stays. (moves.not)",
    ]
    found = json.loads(ask("compare", "1.9.3", "2.0.9", "--json")[1])
    assert (found["old"]["lightning"], found["old"]["recorded"]) == ("1.9.3", False)
    assert "recorded" not in found["new"]
    assert ask("list", "--on", "1.9.3", "--holds")[1].splitlines()[2:] == ["  moves: holds on cpu, sim"]


def test_what_a_device_was_not_asked_stays_so_on_another_release(ask):
    newer = ask.record("2.0.9", "refuted", "holds", [], {})
    newer["claims"]["moves"]["sim"] = {"verdict": "untested", "reason": "not there"}
    ask.write("pl2.0", newer)
    assert ask("list", "--on", "2.0.4")[1].splitlines()[2] == "  moves: refuted on cpu; untested on sim"


@pytest.mark.parametrize(
    ("recorded", "there", "here", "device", "verdict"),
    [
        ("holds", "holds", "refuted", "available", "refuted"),
        ("untested", "holds", "refuted", "available", "untested"),
        ("untested", "holds", "holds", "available", "untested"),
        ("untested", "untested", "holds", "available", "holds"),
        ("untested", "untested", "holds", "no GPU", "untested"),
        ("refuted", "refuted", "untested", "available", "untested"),
    ],
)
def test_the_verdict_of_another_release_of_the_line(recorded, there, here, device, verdict):
    assert _verdict(recorded, there, here, device) == verdict


@pytest.mark.parametrize("content", ["{", "[]"])
def test_an_unreadable_note_of_a_sweep(ask, content):
    note_sweep(ask, content)
    code, said = ask("list", "--on", "1.9.3")
    assert code == 1
    assert "write it anew with `python -m ledger sweep`" in said
    assert ask("list", "--on", "1.9.5")[0] == 0
