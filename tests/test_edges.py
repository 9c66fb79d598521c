"""Bisection: two adjacent releases are found in at most log2(n) + 1 runs, whatever side the search compares with."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from packaging.version import Version

from ledger.__main__ import main
from ledger.ask import Subject
from ledger.edges import (
    RELEASES,
    Probe,
    changed_in,
    edges,
    first_releases,
    flips,
    known_release,
    search,
    stable_releases,
    unconfirmed,
)
from ledger.errors import LedgerError
from ledger.record import render
from ledger.unrecorded import load_swept, write_swept

CLAIM = """
    ["it"]
    en = "it"
    zh = "它"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]
"""


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("size", [2, 3, 17, 138])
def test_every_edge_is_found(size, forward):
    releases = [f"1.0.{number}" for number in range(size)]
    for edge in range(1, size):

        def probe(release, edge=edge):
            old = releases.index(release) < edge
            return Probe(release, old == forward, "old" if old else "new")

        found = search(releases, forward, probe, ("old", "new"))
        assert (found.last.release, found.first.release) == (releases[edge - 1], releases[edge])
        assert (found.last.said, found.first.said) == ("old", "new")
        assert found.runs <= math.log2(size) + 1


CHANGES = """
    ["it"]
    en = "it"
    zh = "它"
    devices = ["cpu"]
    eras = [
        { versions = "<1.2", expect = "untested", reason = "not there", reason_zh = "没有" },
        { versions = ">=1.2,<1.3.1", expect = "holds" },
        { versions = ">=1.3.1,<1.4", expect = "holds", note = "of late", note_zh = "最近" },
        { versions = ">=1.4", expect = "untested", reason = "gone", reason_zh = "没有了" },
    ]
"""


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("1.0.8", "1.4.0", ["1.2.0", "1.4.0"]),
        ("1.4.9", "1.2.0", ["1.4.0"]),
        ("1.2.0", "1.3.8", []),
        ("1.2.0", "1.2.0", []),
    ],
)
def test_the_verdict_changes_after_the_older_of_two_and_not_where_only_the_note_does(make_registry, one, other, found):
    claim = make_registry(CHANGES).claim("it")
    assert changed_in(claim, stable_releases(RELEASES), Version(one), Version(other)) == found


def test_a_minor_line_names_its_last_release():
    releases = stable_releases(RELEASES)
    assert (releases[0], len(releases)) == ("1.0.0", len(set(releases)))
    assert known_release(releases, "1.3") == "1.3.8"
    assert known_release(releases, "1.8.0") == "1.8.0"
    assert known_release(releases, "1.5.10.post0") == "1.5.10.post0"
    with pytest.raises(LedgerError, match=r"Lightning 1\.3\.9 is no stable release; did you mean '1\.5\.9'\?"):
        known_release(releases, "1.3.9")


def test_the_flips_of_a_claim_are_between_neighbouring_records(make_registry):
    claim = make_registry(CLAIM).claim("it")

    def subject(lightning: str, verdict: str) -> Subject:
        entry = {"verdict": verdict}
        record = {"subject": {"lightning": lightning, "torch": "2.0"}, "claims": {"it": {"cpu": entry}}}
        return Subject(record, Path("pl.json"))

    verdicts = {"1.0.8": "holds", "1.1.8": "refuted", "1.2.10": "refuted", "1.3.8": "holds"}
    assert flips([subject(*pair) for pair in verdicts.items()], claim) == [("1.0.8", "1.1.8"), ("1.2.10", "1.3.8")]


FLIPPING = """
    ["it"]
    en = "it"
    zh = "它"
    devices = ["cpu", "cuda"]
    eras = [
        { versions = "<1.1", expect = "untested", reason = "no such thing", reason_zh = "没有" },
        { versions = ">=1.1,<1.3.8", expect = "holds" },
        { versions = ">=1.3.8", expect = "refuted", correction = "not it" },
    ]

    ["not it"]
    en = "not it"
    zh = "不是它"
    devices = ["cpu", "cuda"]
    eras = [{ expect = "holds" }]
"""


def recorded(lightning: str, verdict: str) -> Subject:
    entry = {"cpu": {"verdict": verdict}}
    record = {"subject": {"lightning": lightning, "torch": "2.0"}, "claims": {"it": entry}}
    return Subject(record, Path(f"{lightning}.json"))


def test_the_edges_of_eras_are_adjacent_releases(make_registry):
    claim = make_registry(FLIPPING).claim("it")
    assert edges(claim, stable_releases(RELEASES)) == [("1.0.8", "1.1.0"), ("1.3.7.post0", "1.3.8")]


def test_both_sides_of_every_edge_are_confirmed_by_a_record(make_registry):
    registry, releases = make_registry(FLIPPING), stable_releases(RELEASES)
    sides = {"1.0.8": "untested", "1.1.0": "holds", "1.3.7.post0": "holds", "1.3.8": "refuted"}
    subjects = [recorded(*side) for side in sides.items()]
    assert unconfirmed(registry, subjects, releases) == []
    where = registry.claim("it").file
    assert unconfirmed(registry, subjects[1:], releases) == [f"{where}: it: no record confirms its edge on 1.0.8"]
    assert unconfirmed(registry, [], releases) == [
        f"{where}: it: no record confirms its edge on 1.0.8, 1.1.0, 1.3.7.post0, 1.3.8"
    ]
    wrong = [*subjects[:3], recorded("1.3.8", "holds")]
    assert unconfirmed(registry, wrong, releases) == [f"{where}: it: no record confirms its edge on 1.3.8"]


@pytest.mark.parametrize(
    ("options", "asked"), [([], ["1.0.8", "1.1.0", "1.3.7.post0"]), (["--missing"], ["1.3.7.post0"])]
)
def test_edges_are_run_where_no_whole_record_is_or_only_where_none_is(
    make_registry, tmp_path, monkeypatch, options, asked
):
    for file, verdict in {"1.3.8": "refuted", "edges/1.0.8": "untested", "edges/1.1.0": "holds"}.items():
        record = {**recorded(Path(file).name, verdict).record, "schema": 1, "devices": {}, "traces": {}}
        path = tmp_path / "records" / f"{file}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(record), encoding="utf-8")
    found: list[str] = []
    monkeypatch.setattr("ledger.running.run_release", lambda root, release, *more: found.append(release))
    where = ["--specs", str(make_registry(FLIPPING).root), "--records", str(tmp_path / "records")]
    assert main(["edges", *options, *where]) == 1
    assert sorted(found) == asked


def sweeping(make_registry, tmp_path, monkeypatch, *releases, verdicts, claim=None):
    """Sweep these releases, of which `verdicts` tells what a run there records; returns the exit code."""
    only = [f"--claim={claim}"] if claim else []

    def run_release(root, release, file, *options):
        if release not in verdicts:
            raise LedgerError(f"Lightning {release} could not be installed or run:\nno such wheel")
        assert options == ("--device=cpu", *only)
        record = {**recorded(release, verdicts[release]).record, "schema": 1, "devices": {}, "traces": {}}
        file.write_text(render(record), encoding="utf-8")

    monkeypatch.setattr("ledger.running.run_release", run_release)
    return main(["sweep", *only, *releases, "--specs", str(make_registry(FLIPPING).root), "--records", str(tmp_path)])


def test_a_sweep_tells_what_is_not_as_its_era_expects(make_registry, tmp_path, monkeypatch, capsys):
    verdicts = {"1.1.0": "holds", "1.1.8": "refuted", "1.3.8": "refuted"}
    assert sweeping(make_registry, tmp_path, monkeypatch, *verdicts, "1.2", verdicts=verdicts) == 1
    assert capsys.readouterr().err.strip().splitlines() == [
        "error: Lightning 1.2.10 could not be installed or run:",
        "no such wheel",
        "Lightning 1.1.8: it [cpu]: expected holds, recorded refuted",
    ]
    assert list(tmp_path.glob("*.json")) == []
    assert load_swept(tmp_path) == {"1.1.0": 1, "1.3.8": 1}


def test_a_sweep_adds_to_those_before_and_takes_back_what_drifted(make_registry, tmp_path, monkeypatch):
    write_swept(tmp_path, {"1.10.0": 1, "1.9.0": 1, "1.1.8": 1})
    assert list(load_swept(tmp_path)) == ["1.1.8", "1.9.0", "1.10.0"]
    assert sweeping(make_registry, tmp_path, monkeypatch, "1.1.8", verdicts={"1.1.8": "refuted"}) == 1
    assert sweeping(make_registry, tmp_path, monkeypatch, "1.2.0", verdicts={"1.2.0": "holds"}) == 0
    assert load_swept(tmp_path) == {"1.2.0": 1, "1.9.0": 1, "1.10.0": 1}


def test_a_sweep_of_one_claim_is_of_every_release(make_registry, tmp_path, monkeypatch, capsys):
    write_swept(tmp_path, {"1.1.0": 1, "1.1.8": 1})
    eras = make_registry(FLIPPING).claim("it")
    verdicts = {release: eras.era(release).expect for release in stable_releases(RELEASES)} | {"1.1.8": "refuted"}
    assert sweeping(make_registry, tmp_path, monkeypatch, verdicts=verdicts, claim="it") == 1
    assert capsys.readouterr().err.strip() == "error: Lightning 1.1.8: it [cpu]: expected holds, recorded refuted"
    assert load_swept(tmp_path) == {"1.1.0": 1}
    assert sweeping(make_registry, tmp_path / "new", monkeypatch, "1.1.0", verdicts=verdicts, claim="it") == 0
    assert not (tmp_path / "new").exists()
    assert sweeping(make_registry, tmp_path, monkeypatch, verdicts={}, claim="at") == 1
    assert "unknown claim id 'at'; did you mean 'it'?" in capsys.readouterr().err


def test_a_sweep_is_of_the_first_releases_unless_others_are_named(make_registry, tmp_path, monkeypatch, capsys):
    releases = ["1.0.0", "1.0.8", "1.1.0", "2.4.0", "2.5.0", "2.5.0.post0"]
    assert first_releases(releases) == ["1.0.0", "2.5.0"]
    assert (
        sweeping(make_registry, tmp_path, monkeypatch, "1.1", "1.3.8", verdicts={"1.1.8": "holds", "1.3.8": "refuted"})
        == 0
    )
    assert capsys.readouterr().out == "2 releases: each is as the registry says\n"
