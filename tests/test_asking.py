"""`python -m ledger`: what it answers from a registry and records, without importing torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ledger.__main__ import main
from ledger.record import render
from ledger.unrecorded import _verdict

CLAIMS = """
    ["moves"]
    en = "It moves."
    zh = "它会移动。"
    devices = ["cpu", "sim"]
    eras = [
        { versions = "<2.0", expect = "holds" },
        { versions = ">=2.0", expect = "refuted", correction = "moves.not", note = "Of late.", note_zh = "最近。" },
    ]

    ["moves.not"]
    en = "It stays."
    zh = "它不动。"
    devices = ["cpu", "sim"]
    eras = [
        { versions = "<2.0", expect = "refuted", correction = "moves" },
        { versions = ">=2.0", expect = "holds" },
    ]
"""
OLD_FIT = [
    "callback.setup",
    *["module.training_step(batch_idx=0)", "module.training_step_end"] * 2,
    "callback.teardown",
]
NEW_FIT = ["callback.setup", *["module.training_step(batch_idx=0)"] * 2, "callback.teardown"]


def record(lightning: str, moves: str, stays: str, fit: list[str], arguments: dict[str, str]) -> dict:
    def on_both(verdict: str) -> dict:
        return {device: {"verdict": verdict, "expected": verdict, "cases": 1} for device in ("cpu", "sim")}

    return {
        "schema": 1,
        "subject": {"lightning": lightning, "torch": "1.13.1", "python": "3.9"},
        "devices": {"cpu": "available", "sim": "available"},
        "claims": {
            "moves": {**on_both(moves), "observed": {"Trainer arguments": arguments}},
            "moves.not": on_both(stays),
        },
        "traces": {"fit": {"cpu": fit}},
    }


RECORDS = {
    "pl1.8": record("1.8.6", "holds", "refuted", OLD_FIT, {"gpus": "None", "max_epochs": "1000"}),
    "pl1.9": record("1.9.5", "holds", "refuted", OLD_FIT, {"gpus": "None", "max_epochs": "1000"}),
    "pl2.0": record("2.0.9", "refuted", "holds", NEW_FIT, {"devices": "'auto'", "max_epochs": "None"}),
}


@pytest.fixture
def ask(make_registry, tmp_path, capsys):
    """Ask these records; returns the exit code and what was said, on both streams."""
    make_registry(CLAIMS)
    folder = tmp_path / "records"
    folder.mkdir()
    for name, content in RECORDS.items():
        (folder / f"{name}.json").write_text(render(content), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--specs", str(tmp_path / "specs"), "--records", str(folder)])
        said = capsys.readouterr()
        return code, said.out + said.err

    run.folder = folder
    return run


HEADINGS = {
    "en": ("devices:", "true instead:", "Of late.", "It moves.", "It stays."),
    "zh": ("设备:", "实际情况:", "最近。", "它会移动。", "它不动。"),
}


@pytest.mark.parametrize("language", HEADINGS)
def test_one_claim_over_all_subjects(ask, language):
    devices, instead, note, moves, stays = HEADINGS[language]
    code, said = ask("show", "moves", "--lang", language)
    assert code == 0
    assert [line.split() for line in said.splitlines()] == [
        ["moves"],
        moves.split(),
        [devices, "cpu,", "sim"],
        ["<2.0:", "holds"],
        [">=2.0:", "refuted", *f"({note})".split()],
        [*instead.split(), *stays.split(), "(moves.not)"],
        ["Lightning", "torch", "cpu", "sim"],
        ["1.8.6", "1.13.1", "holds", "holds"],
        ["1.9.5", "1.13.1", "holds", "holds"],
        ["2.0.9", "1.13.1", "refuted", "refuted"],
    ]


def test_one_claim_as_json(ask):
    code, said = ask("show", "moves", "--json")
    found = json.loads(said)
    assert (code, found["id"], found["en"]) == (0, "moves", "It moves.")
    assert [era["versions"] for era in found["eras"]] == ["<2.0", ">=2.0"]
    assert [row["sim"] for row in found["subjects"]] == ["holds", "holds", "refuted"]


def test_what_an_upgrade_changes(ask):
    code, said = ask("compare", "1.9", "2.0")
    assert code == 0
    assert said.splitlines() == [
        "from Lightning 1.9.5 (torch 1.13.1) to Lightning 2.0.9 (torch 1.13.1)",
        "",
        "claims that change: 1",
        "  moves: holds -> refuted on cpu, sim",
        "    It moves.",
        "    true instead: It stays. (moves.not)",
        "",
        "order of events in 'fit':",
        "  @@",
        "    callback.setup",
        "    module.training_step(batch_idx=0)",
        "  - module.training_step_end",
        "    module.training_step(batch_idx=0)",
        "  - module.training_step_end",
        "    callback.teardown",
        "",
        "arguments of the Trainer:",
        "  + devices='auto'",
        "  - gpus=None",
        "  ~ max_epochs: 1000 -> None",
    ]


def test_what_an_upgrade_changes_in_chinese(ask):
    said = ask("compare", "1.9", "2.0", "--lang", "zh")[1].splitlines()
    assert said[:8] == [
        "从 Lightning 1.9.5 (torch 1.13.1) 到 Lightning 2.0.9 (torch 1.13.1)",
        "",
        "判定改变的论断：1",
        "  moves: holds -> refuted 于 cpu, sim",
        "    它会移动。",
        "    实际情况: 它不动。 (moves.not)",
        "",
        "'fit' 中事件的次序：",
    ]
    assert said[-4:] == ["Trainer 的参数：", "  + devices='auto'", "  - gpus=None", "  ~ max_epochs: 1000 -> None"]


def test_an_upgrade_that_changes_nothing(ask):
    assert ask("compare", "1.8.6", "1.9")[1].splitlines()[2:] == ["claims that change: 0"]


NO_RECORD = (
    "Lightning {} has no record of its own: its verdicts are what the eras say, and {}."
    " Nothing is known of its traces and its Trainer's arguments."
)


def test_releases_without_a_record_are_answered_by_their_eras(ask):
    (ask.folder / "sweep").mkdir()
    (ask.folder / "sweep" / "cpu.json").write_text('{"1.9.3": 2}', encoding="utf-8")
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
        "  moves: holds -> refuted on cpu, sim",
        "    It moves.",
        "    true instead: It stays. (moves.not)",
    ]
    found = json.loads(ask("compare", "1.9.3", "2.0.9", "--json")[1])
    assert (found["old"]["lightning"], found["old"]["recorded"]) == ("1.9.3", False)
    assert "recorded" not in found["new"]
    assert ask("list", "--on", "1.9.3", "--holds")[1].splitlines()[2:] == ["  moves: holds on cpu, sim"]


def test_what_a_device_was_not_asked_stays_so_on_another_release(ask):
    newer = record("2.0.9", "refuted", "holds", NEW_FIT, {})
    newer["claims"]["moves"]["sim"] = {"verdict": "untested", "reason": "not there"}
    (ask.folder / "pl2.0.json").write_text(render(newer), encoding="utf-8")
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
    (ask.folder / "sweep").mkdir()
    (ask.folder / "sweep" / "cpu.json").write_text(content, encoding="utf-8")
    code, said = ask("list", "--on", "1.9.3")
    assert code == 1
    assert "write it anew with `python -m ledger sweep`" in said
    assert ask("list", "--on", "1.9.5")[0] == 0


def test_the_list_and_those_of_one_verdict(ask):
    assert ask("list") == (0, "moves: It moves.\nmoves.not: It stays.\n")
    on_newest = "Lightning 2.0.9 (torch 1.13.1):\n  moves: refuted on cpu, sim\n"
    assert ask("list", "--refuted") == (0, on_newest)
    on_older = "Lightning 1.8.6 (torch 1.13.1):\n  moves: holds on cpu, sim\n"
    assert ask("list", "--holds", "--on", "1.8") == (0, on_older)


def test_a_trace_is_told_by_epoch_and_batch(ask):
    code, said = ask("trace", "fit", "--on", "2.0")
    assert (code, said.splitlines()) == (0, ["fit on cpu, Lightning 2.0.9 (torch 1.13.1)", *NEW_FIT])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "move"], "error: unknown claim id 'move'; did you mean 'moves'?"),
        (["list", "--on", "1.6"], "error: no record of Lightning 1.6; did you mean '1.8.6'? (recorded: 1.8.6, 1.9.5,"),
        (["compare", "1.9", "two"], "error: 'two' is no version; write one such as 1.9, 1.9.5 or installed"),
        (["trace", "fitt"], "no trace 'fitt'; did you mean 'fit'? (recorded: fit)"),
        (["trace", "fit", "--device", "sim"], "'fit' was not recorded on sim; cpu was"),
        (["bisect", "moves", "--between", "2.0", "1.9"], "no edge is expected from 2.0.9.post0 to 1.9.5"),
        (["bisect", "moves", "--between", "1.4", "1.12"], "error: Lightning 1.12 is no stable release; did you mean"),
    ],
)
def test_a_question_that_has_no_answer(ask, arguments, message):
    code, said = ask(*arguments)
    assert code == 1
    assert message in said


def test_records_as_they_should_be(ask):
    assert ask("check", *map(str, ask.folder.iterdir())) == (0, "2 claims, 3 records: nothing drifted\n")


def test_an_edge_that_no_record_confirms_and_one_that_is(ask):
    code, said = ask("check")
    assert code == 1
    assert said.count("no record confirms its edge on 2.0.0") == 2
    assert said.endswith("\nto confirm edges: `python -m ledger edges`\n")
    assert "1.9.5" not in said
    (ask.folder / "edges").mkdir()
    first = render({**RECORDS["pl2.0"], "subject": {**RECORDS["pl2.0"]["subject"], "lightning": "2.0.0"}})
    (ask.folder / "edges" / "2.0.0.json").write_text(first, encoding="utf-8")
    assert ask("check") == (0, "2 claims, 3 records: nothing drifted\n")


@pytest.mark.parametrize("verdict", ["refuted", "holds"])
def test_releases_beside_an_edge_are_run_and_records_of_others_dropped(ask, monkeypatch, verdict):
    def run_release(root, release, file, *options):
        found = record(release, verdict, "holds", NEW_FIT, {})
        file.write_text(render(found), encoding="utf-8")

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
    drifted = json.loads(json.dumps(RECORDS["pl2.0"]))
    drifted["claims"]["moves"]["cpu"]["verdict"] = "holds"
    del drifted["claims"]["moves.not"]
    fresh = tmp_path / "pl2.0.json"
    fresh.write_text(render(drifted), encoding="utf-8")
    code, said = ask("check", str(fresh))
    assert code == 1
    assert f"{fresh}: moves [cpu]: expected refuted, recorded holds" in said
    assert f"{fresh}: not recorded: moves.not; record again" in said
    assert f"{fresh}: moves: not as committed in {ask.folder / 'pl2.0.json'}" in said


@pytest.fixture
def with_gpu(ask):
    """Ask these records, of which two were measured on a GPU as well; the claims are about it too."""
    specs = ask.folder.parent / "specs" / "part" / "claims.toml"
    specs.write_text(specs.read_text(encoding="utf-8").replace('["cpu", "sim"]', '["cpu", "cuda"]'), encoding="utf-8")
    (ask.folder / "cuda").mkdir()
    for name, content in RECORDS.items():
        absent = {"verdict": "untested", "reason": "no GPU"}
        content = json.loads(json.dumps(content).replace('"sim"', '"cuda"'))
        on_gpu = {"devices": {"cuda": "available"}, "subject": {**content["subject"], "torch": "2.11.0"}}
        on_gpu["claims"] = {id: {"cuda": entry["cuda"]} for id, entry in content["claims"].items()}
        on_gpu["traces"] = {"fit": {"cuda": content["traces"]["fit"]["cpu"]}}
        for entry in content["claims"].values():
            entry["cuda"] = absent
        content["devices"]["cuda"] = "no GPU"
        (ask.folder / f"{name}.json").write_text(render(content), encoding="utf-8")
        if name != "pl1.8":
            (ask.folder / "cuda" / f"{name}.json").write_text(render({**content, **on_gpu}), encoding="utf-8")
    return ask


def test_what_a_gpu_was_measured_to_do_is_told_with_its_torch(with_gpu):
    code, said = with_gpu("show", "moves")
    assert code == 0
    assert [line.split() for line in said.splitlines()[-5:]] == [
        ["Lightning", "torch", "cpu", "cuda"],
        ["1.8.6", "1.13.1", "holds", "untested"],
        ["1.9.5", "1.13.1", "holds", "holds"],
        ["2.0.9", "1.13.1", "refuted", "refuted"],
        ["on", "cuda", "with", "torch", "2.11.0", "and", "Python", "3.9:", "Lightning", "1.9.5,", "2.0.9"],
    ]


def test_of_a_claim_that_is_not_about_a_gpu_none_is_told(with_gpu):
    specs = with_gpu.folder.parent / "specs" / "part" / "claims.toml"
    specs.write_text(specs.read_text(encoding="utf-8").replace('["cpu", "cuda"]', '["cpu"]'), encoding="utf-8")
    assert with_gpu("show", "moves")[1].splitlines()[-1].split() == ["2.0.9", "1.13.1", "refuted"]


def test_what_only_one_of_two_releases_was_asked_on_a_gpu_is_no_change(with_gpu):
    assert "claims that change: 0\n" in with_gpu("compare", "1.8", "1.9")[1]
    said = with_gpu("compare", "1.9", "2.0")[1]
    assert said.startswith(
        "from Lightning 1.9.5 (torch 1.13.1; 2.11.0 on cuda) to Lightning 2.0.9 (torch 1.13.1; 2.11.0"
    )
    assert "  moves: holds -> refuted on cpu, cuda\n" in said


def test_a_trace_of_a_gpu_is_told(with_gpu):
    asked = ("trace", "fit", "--on", "2.0", "--device", "cuda")
    assert with_gpu(*asked)[1].startswith("fit on cuda, Lightning 2.0.9 ")
    assert with_gpu(*asked, "--lang", "zh")[1].startswith("cuda 上的 fit，Lightning 2.0.9 ")


def test_records_of_a_gpu_are_checked_too(with_gpu):
    (with_gpu.folder / "pl2.0.json").rename(with_gpu.folder / "pl2.1.json")
    newer = with_gpu.folder / "cuda" / "pl1.9.json"
    newer.write_text(newer.read_text(encoding="utf-8").replace('"holds"', '"refuted"'), encoding="utf-8")
    said = with_gpu("check")[1]
    assert f"{newer}: moves [cuda]: expected holds, recorded refuted" in said
    alone = with_gpu.folder / "cuda" / "pl2.0.json"
    assert f"{alone}: no record beside the folder has its name and Lightning; record again on a GPU" in said


def test_no_records_at_all(ask):
    for file in ask.folder.iterdir():
        file.unlink()
    code, said = ask("list", "--holds")
    assert (code, said) == (1, f"error: {ask.folder}: no records; write them with `tox -m ledger`\n")


def test_asking_imports_no_torch(ask, root):
    script = (
        "import sys, ledger.__main__, ledger.edges; print(sorted({'torch', 'pytorch_lightning'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
