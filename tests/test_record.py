"""Records: the same bytes from the same run, written whole or not at all, and never over more than the run measured."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.record import (
    build_record,
    check_writable,
    keep_measured,
    lost_by_overwriting,
    open_record,
    read_record,
    render,
    write_record,
)
from ledger.verdicts import ASSERTION, PASSED, UNTESTED, Case, judge

CLAIMS = """
    ["b.refuted"]
    en = "b"
    zh = "二"
    devices = ["cpu", "sim"]
    eras = [{ expect = "refuted", correction = "a.holds" }]

    ["a.holds"]
    en = "a"
    zh = "一"
    devices = ["cpu", "sim"]
    eras = [{ expect = "holds" }]
"""
SUBJECT = {"torch": "2.13.0", "python": "3.11", "lightning": "2.6.6"}
STATES = {"sim": "no such device", "cpu": "available"}


@pytest.fixture
def registry(make_registry):
    return make_registry(CLAIMS)


def case(claim: str, device: str, outcome: str, number: int = 0, **observed) -> Case:
    return Case(f"spec.py::test_{claim}[{device}-{number}]", claim, device, outcome, "seen", observed=observed)


ALL = [
    case("a.holds", "cpu", PASSED, 0, optimizers=13),
    case("a.holds", "cpu", PASSED, 1, names=["甲", "é"]),
    case("a.holds", "cpu", UNTESTED, 2),
    case("a.holds", "sim", UNTESTED),
    case("b.refuted", "cpu", ASSERTION),
    case("b.refuted", "sim", UNTESTED),
]


def record_of(registry, cases=ALL):
    return build_record(SUBJECT, STATES, judge(registry, cases, "2.6.6", {}), {"fit": {"cpu": ["setup", "teardown"]}})


EXPECTED = """\
{
 "claims": {
  "a.holds": {
   "cpu": {
    "cases": 2,
    "expected": "holds",
    "verdict": "holds"
   },
   "observed": {
    "names": [
     "甲",
     "é"
    ],
    "optimizers": 13
   },
   "sim": {
    "reason": "seen",
    "verdict": "untested"
   }
  },
  "b.refuted": {
   "cpu": {
    "cases": 1,
    "expected": "refuted",
    "verdict": "refuted"
   },
   "sim": {
    "reason": "seen",
    "verdict": "untested"
   }
  }
 },
 "devices": {
  "cpu": "available",
  "sim": "no such device"
 },
 "schema": 1,
 "subject": {
  "lightning": "2.6.6",
  "python": "3.11",
  "torch": "2.13.0"
 },
 "traces": {
  "fit": {
   "cpu": [
    "setup",
    "teardown"
   ]
  }
 }
}
"""


def test_a_record_is_this_text(registry):
    assert render(record_of(registry)) == EXPECTED


def test_the_order_in_which_cases_finished_leaves_no_sign(registry):
    assert render(record_of(registry, ALL[::-1])) == EXPECTED


def test_what_is_written_is_read_again(registry, tmp_path):
    path = tmp_path / "record.json"
    write_record(record_of(registry), path)
    assert path.read_text(encoding="utf-8") == EXPECTED
    assert read_record(path) == json.loads(EXPECTED)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["record.json", "specs"]


def test_a_record_is_readable_as_any_file_is(registry, tmp_path):
    (tmp_path / "other").touch()
    write_record(record_of(registry), tmp_path / "record.json")
    assert (tmp_path / "record.json").stat().st_mode == (tmp_path / "other").stat().st_mode


def no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("owner", "name"), [(Path, "write_text"), (os, "replace")])
@pytest.mark.parametrize("older", [None, "an older record"])
def test_a_failing_write_leaves_everything_as_it_was(registry, tmp_path, monkeypatch, owner, name, older):
    path, record = tmp_path / "record.json", record_of(registry)
    if older:
        path.write_text(older, encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(owner, name, no_space)
    with pytest.raises(LedgerError) as caught:
        write_record(record, path)
    assert str(caught.value) == (
        f"--record {path}: cannot be written: No space left on device; an older record is unchanged"
    )
    assert sorted(tmp_path.iterdir()) == before
    assert not older or path.read_text(encoding="utf-8") == older


def test_a_value_that_is_no_json_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("an older record", encoding="utf-8")
    with pytest.raises(TypeError):
        write_record({"schema": {1, 2}}, path)
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]
    assert path.read_text(encoding="utf-8") == "an older record"


def test_a_writable_path_is_accepted_and_not_touched(tmp_path):
    check_writable(tmp_path / "record.json")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_place_for_a_record(tmp_path):
    with pytest.raises(LedgerError) as caught:
        check_writable(tmp_path)
    assert str(caught.value) == f"--record {tmp_path}: is a folder; name a file in it"


def test_the_folder_of_a_record_must_exist(tmp_path):
    path = tmp_path / "records" / "record.json"
    with pytest.raises(LedgerError) as caught:
        check_writable(path)
    assert str(caught.value) == f"--record {path}: the folder {path.parent} does not exist; make it first"


@pytest.mark.parametrize("denied", ["folder", "file"])
def test_permission_is_asked_before_the_run(tmp_path, monkeypatch, denied):
    path = tmp_path / "record.json"
    path.touch()
    locked = {"folder": tmp_path, "file": path}[denied]
    monkeypatch.setattr(os, "access", lambda asked, mode: asked != locked)
    with pytest.raises(LedgerError) as caught:
        check_writable(path)
    assert str(caught.value) == f"--record {path}: no permission to write there; name another file"


ANEW = "write it anew with pytest --record"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", f"not a record: Expecting value: line 1 column 1 (char 0); {ANEW}"),
        ("[1, 2]", f"not a record of schema 1; {ANEW}"),
        ("{}", f"not a record of schema 1; {ANEW}"),
        (
            '{"schema": 2, "subject": {}, "devices": {}, "claims": {}, "traces": {}}',
            f"not a record of schema 1; {ANEW}",
        ),
        ('{"schema": 1, "subject": {}}', f"not a record of schema 1; {ANEW}"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, text, message):
    path = tmp_path / "record.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError) as caught:
        read_record(path)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("cases", "collected", "lost"),
    [
        (ALL, {}, []),
        (ALL[:4], {}, ["b.refuted [cpu]", "b.refuted [sim]"]),
        ([case for case in ALL if case.device == "cpu"], {}, ["b.refuted [sim]", "a.holds [sim]"]),
        (ALL, {("a.holds", "cpu"): 3}, []),
        (ALL, {("a.holds", "cpu"): 4}, ["a.holds [cpu]"]),
    ],
)
def test_a_partial_run_knows_what_it_would_wipe_out(registry, tmp_path, cases, collected, lost):
    path = tmp_path / "record.json"
    write_record(record_of(registry), path)
    assert (
        lost_by_overwriting(judge(registry, cases, "2.6.6", collected), registry.claims.values(), read_record(path))
        == lost
    )


def test_nothing_is_lost_where_nothing_was_recorded(registry):
    assert lost_by_overwriting([], registry.claims.values(), {"claims": {}}) == []


def test_a_claim_that_the_registry_no_longer_has_is_no_loss(registry, tmp_path):
    path, record = tmp_path / "record.json", record_of(registry)
    record["claims"]["renamed"] = record["claims"]["a.holds"]
    write_record(record, path)
    assert lost_by_overwriting(judge(registry, ALL, "2.6.6", {}), registry.claims.values(), read_record(path)) == []


def test_what_a_machine_with_the_device_measured_is_kept(registry):
    measured = {"verdict": "holds", "expected": "holds", "cases": 2}
    older = record_of(registry)
    older["devices"], older["claims"]["a.holds"]["sim"] = {"cpu": "available", "sim": "available"}, measured
    older["traces"]["fit"]["sim"] = ["setup"]
    fresh = record_of(registry)
    kept = keep_measured({**fresh, "devices": dict(STATES)}, older)
    assert kept["devices"] == {"cpu": "available", "sim": "available"}
    assert (kept["claims"]["a.holds"]["sim"], kept["traces"]["fit"]["sim"]) == (measured, ["setup"])
    assert kept["claims"]["a.holds"]["cpu"] == record_of(registry)["claims"]["a.holds"]["cpu"]


def test_nothing_is_kept_of_another_subject(registry):
    older = record_of(registry)
    older["subject"], older["devices"] = {**SUBJECT, "lightning": "2.5.0"}, {"cpu": "available", "sim": "available"}
    assert keep_measured(record_of(registry), older) == record_of(registry)


@pytest.mark.parametrize("few", [0, 1, 16], ids="{} parsed one by one".format)
def test_a_record_opened_is_the_record_read(registry, tmp_path, monkeypatch, few):
    monkeypatch.setattr("ledger.record.Members.FEW", few)
    file = tmp_path / "record.json"
    write_record(record_of(registry), file)
    opened, read = open_record(file), read_record(file)
    assert opened["claims"]["a.holds"]["observed"] == {"optimizers": 13, "names": ["甲", "é"]}
    assert [opened["claims"].get(id) for id in ("b.refuted", "b", "cpu", "fit")] == [
        read["claims"]["b.refuted"],
        *[None] * 3,
    ]
    assert {key: value if key == "schema" else dict(value) for key, value in opened.items()} == read


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1}', render({"schema": 2, "claims": {"a": {}}})])
def test_what_is_no_record_cannot_be_opened_either(tmp_path, text):
    file = tmp_path / "record.json"
    file.write_text(text)
    with pytest.raises(LedgerError, match="record.json: not a record.*write it anew with pytest --record"):
        open_record(file)


def test_a_record_written_by_another_hand_opens_and_a_damaged_member_is_named(registry, tmp_path):
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record_of(registry)))
    assert open_record(file) == record_of(registry)
    file.write_text(render(record_of(registry)).replace('"a.holds": {', '"a.holds": {{'))
    with pytest.raises(LedgerError, match="record.json: not a record"):
        open_record(file)["claims"]["a.holds"]
