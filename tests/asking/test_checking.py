"""`check` and `edges`: records that are as the eras say, and those that are not."""

from __future__ import annotations

from copy import deepcopy

import pytest

from ledger.record import render


def test_records_as_they_should_be(ask):
    assert ask("check", *map(str, ask.folder.iterdir())) == (0, "2 claims, 3 records: nothing drifted\n")


def test_an_edge_that_no_record_confirms_and_one_that_is(ask):
    code, said = ask("check")
    assert code == 1
    assert said.count("no record confirms its edge on 2.0.0") == 2
    assert said.endswith("\nto confirm edges: `python -m ledger edges`\n")
    assert "1.9.5" not in said
    newer = ask.records["pl2.0"]
    ask.write("edges/2.0.0", {**newer, "subject": {**newer["subject"], "lightning": "2.0.0"}})
    assert ask("check") == (0, "2 claims, 3 records: nothing drifted\n")


@pytest.mark.parametrize("verdict", ["refuted", "holds"])
def test_releases_beside_an_edge_are_run_and_records_of_others_dropped(ask, monkeypatch, verdict):
    def run_release(root, release, file, *options):
        ask.write(f"edges/{release}", ask.record(release, verdict, "holds", [], {}))

    monkeypatch.setattr("ledger.running.run_release", run_release)
    folder = ask.folder / "edges"
    folder.mkdir()
    (folder / "1.3.0.json").write_text("{}", encoding="utf-8")
    code, said = ask("edges")
    assert [file.name for file in folder.iterdir()] == ["2.0.0.json"]
    confirmed = "1 releases at the edges of eras: each is as the registry says" in said
    assert (code, confirmed) == {"refuted": (0, True), "holds": (1, False)}[verdict]
    assert ("moves: no record confirms its edge on 2.0.0" in said) is not confirmed


def test_a_record_that_drifted_and_one_that_lacks_a_claim(ask, tmp_path):
    drifted = deepcopy(ask.records["pl2.0"])
    drifted["claims"]["moves"]["cpu"]["verdict"] = "holds"
    del drifted["claims"]["moves.not"]
    fresh = tmp_path / "pl2.0.json"
    fresh.write_text(render(drifted), encoding="utf-8")
    code, said = ask("check", str(fresh))
    assert code == 1
    assert f"{fresh}: moves [cpu]: expected refuted, recorded holds" in said
    assert f"{fresh}: not recorded: moves.not; record again" in said
    assert f"{fresh}: moves: not as committed in {ask.folder / 'pl2.0.json'}" in said
