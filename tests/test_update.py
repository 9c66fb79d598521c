"""`--update`: a run of some claims replaces what a record says of them, and leaves the rest of it as it is."""

from __future__ import annotations

import json

import pytest

CLAIMS = """
    ["a.holds"]
    en = "A."
    zh = "甲。"
    devices = ["cpu", "cuda"]
    eras = [{ expect = "holds" }]

    ["b.holds"]
    en = "B."
    zh = "乙。"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]
"""
SPEC = """
    @pytest.mark.claim("a.holds")
    @pytest.mark.parametrize("n", [1, 2])
    def test_a(device, n):
        assert n

    @pytest.mark.claim("b.holds")
    def test_b(observe):
        observe("seen", SEEN)
        assert 1
"""
NEW = """
    ["c.refuted"]
    en = "C."
    zh = "丙。"
    devices = ["cpu"]
    eras = [{ expect = "refuted", correction = "b.holds" }]
"""
NEW_SPEC = """
    @pytest.mark.claim("c.refuted")
    def test_c():
        assert not 1
"""


@pytest.fixture
def recorded(project):
    """The small project, whose two claims are in record.json."""
    project.claims(CLAIMS)
    project.spec(SPEC.replace("SEEN", "1"))
    assert project.run("--record=record.json").ret == 0
    return project


def edit(project, **changes) -> bytes:
    """Change members of the record; its bytes are returned."""
    text = json.dumps({**project.read(), **changes})
    (project.path / "record.json").write_text(text, encoding="utf-8")
    return text.encode()


def words(result) -> str:
    return " ".join(result.text.split())


@pytest.mark.parametrize("processes", ["0", "2"])
def test_new_claims_are_added_as_a_whole_run_would(recorded, processes):
    recorded.claims(CLAIMS + NEW)
    recorded.spec(SPEC.replace("SEEN", "2") + NEW_SPEC)
    assert recorded.run("--claim=c.refuted", "--record=record.json", "--update", f"-n={processes}").ret == 0
    added = (recorded.path / "record.json").read_bytes()
    assert recorded.read()["claims"]["b.holds"]["observed"] == {"seen": 2}
    assert recorded.run("--record=whole.json").ret == 0
    assert added == (recorded.path / "whole.json").read_bytes()


def test_claims_that_are_gone_go_from_the_record(recorded):
    record = recorded.read()
    edit(recorded, claims={**record["claims"], "renamed": record["claims"]["b.holds"]})
    assert recorded.run("--claim=b.holds", "--record=record.json", "--update").ret == 0
    assert recorded.read() == record


def test_the_traces_of_other_claims_stay(recorded):
    edit(recorded, traces={"fit": {"cpu": ["old"]}, "predict": {"cpu": ["start"]}})
    assert recorded.run("--claim=b.holds", "--record=record.json", "--update").ret == 0
    assert recorded.read()["traces"] == {"fit": {"cpu": ["setup", "teardown"]}, "predict": {"cpu": ["start"]}}


@pytest.mark.parametrize(
    ("arguments", "count", "first"),
    [(["-k", "test_a and 1"], 2, "a.holds [cpu]"), (["--claim=a.holds", "--device=cpu"], 1, "a.holds [cuda]")],
)
def test_a_claim_that_ran_in_part_is_not_updated(recorded, arguments, count, first):
    before = (recorded.path / "record.json").read_bytes()
    result = recorded.run("--record=record.json", "--update", *arguments)
    assert result.ret == 1
    assert (
        f"not written: that file holds {count} verdicts which this partial run did not reach (such as {first}); name "
        "another file, or run all cases of these claims on all devices"
    ) in words(result)
    assert (recorded.path / "record.json").read_bytes() == before


def test_a_device_that_was_there_or_not_is_not_mixed_with_the_other(recorded):
    before = edit(recorded, devices={"cpu": "available", "cuda": "no driver", "sim": "available"})
    result = recorded.run("--claim=b.holds", "--record=record.json", "--update")
    assert result.ret == 1
    assert "--update: cuda is not as it was when that record was written; run all specs" in words(result)
    assert (recorded.path / "record.json").read_bytes() == before


def test_a_record_of_another_release_is_refused_before_anything_runs(recorded):
    before = edit(recorded, subject={"lightning": "2.5.6", "torch": "2.13.0", "python": "3.11"})
    result = recorded.run("--claim=b.holds", "--record=record.json", "--update")
    assert result.ret == 4
    assert (
        f"--update {recorded.path / 'record.json'}: is of Lightning 2.5.6, torch 2.13.0, Python 3.11, which is not "
        "installed here; name the record of this subject"
    ) in words(result)
    assert (recorded.path / "record.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--update"], "--update: of which record? Name it with --record=FILE"),
        (["--update", "--record=none.json"], "none.json: cannot be read: No such file or directory"),
    ],
)
def test_there_has_to_be_a_record(recorded, arguments, message):
    result = recorded.run(*arguments)
    assert result.ret == 4
    assert message in words(result)
