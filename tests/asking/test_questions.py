"""`python -m ledger`: what it answers from a registry and records, without importing torch."""

from __future__ import annotations

import json

import pytest

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
        "  moves: holds -> refuted on cpu, sim (changed in 2.0.0)",
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
        "  moves: holds -> refuted 于 cpu, sim（于 2.0.0 改变）",
        "    它会移动。",
        "    实际情况: 它不动。 (moves.not)",
        "",
        "'fit' 中事件的次序：",
    ]
    assert said[-4:] == ["Trainer 的参数：", "  + devices='auto'", "  - gpus=None", "  ~ max_epochs: 1000 -> None"]


def test_what_an_upgrade_changes_as_json(ask):
    (flip,) = json.loads(ask("compare", "1.9", "2.0", "--json")[1])["claims"]
    verdicts = {"cpu": ["holds", "refuted"], "sim": ["holds", "refuted"]}
    assert flip == {"id": "moves", "verdicts": verdicts, "correction": "moves.not", "changed_in": ["2.0.0"]}


def test_an_upgrade_that_changes_nothing(ask):
    assert ask("compare", "1.8.6", "1.9")[1].splitlines()[2:] == ["claims that change: 0"]


def test_the_list_and_those_of_one_verdict(ask):
    assert ask("list") == (0, "moves: It moves.\nmoves.not: It stays.\n")
    on_newest = "Lightning 2.0.9 (torch 1.13.1):\n  moves: refuted on cpu, sim\n"
    assert ask("list", "--refuted") == (0, on_newest)
    on_older = "Lightning 1.8.6 (torch 1.13.1):\n  moves: holds on cpu, sim\n"
    assert ask("list", "--holds", "--on", "1.8") == (0, on_older)


def test_a_trace_is_told_by_epoch_and_batch(ask):
    fit = ask.records["pl2.0"]["traces"]["fit"]["cpu"]
    code, said = ask("trace", "fit", "--on", "2.0")
    assert (code, said.splitlines()) == (0, ["fit on cpu, Lightning 2.0.9 (torch 1.13.1)", *fit])


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


def test_no_records_at_all(ask):
    for file in ask.folder.iterdir():
        file.unlink()
    code, said = ask("list", "--holds")
    assert (code, said) == (1, f"error: {ask.folder}: no records; write them with `tox -m ledger`\n")
