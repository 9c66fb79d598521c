"""The terminal document, word for word, in both languages and at two widths."""

from __future__ import annotations

import re
import shlex

import pytest

from ledger.document import Run, command, outline, render_document
from ledger.verdicts import ASSERTION, BROKEN, PASSED, UNTESTED, Case, judge

CLAIMS = """
    [section]
    order = 1
    part = 0
    en = "First steps"
    zh = "第一步"

    [[sentence]]
    number = 1
    says = "Something."

    ["fit.one-line"]
    en = "One line trains a model."
    zh = "一行代码即可训练模型。"
    devices = ["cpu", "sim"]
    sentences = [1]
    eras = [{ expect = "holds" }]

    ["fit.always"]
    en = "It always trains."
    zh = "总会训练。"
    devices = ["cpu"]
    sentences = [1]
    eras = [{ expect = "refuted", correction = "fit.always.now" }]

    ["fit.always.now"]
    en = "It trains when asked."
    zh = "要求时才训练。"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]

    ["fit.drifts"]
    en = "Nothing has changed."
    zh = "一切照旧。"
    devices = ["cpu"]
    sentences = [1]
    eras = [{ expect = "refuted", correction = "fit.always.now" }]

    ["fit.breaks"]
    en = "It runs."
    zh = "它能运行。"
    devices = ["cpu"]
    sentences = [1]
    eras = [{ expect = "holds" }]
"""
STATES = {"cpu": "available", "sim": "no such device"}


def case(claim, device, outcome, seen="", name="test_it"):
    return Case(f"specs/part/fit_spec.py::{name}[{device}]", claim, device, outcome, seen)


GREEN = [
    case("fit.one-line", "cpu", PASSED),
    case("fit.one-line", "sim", UNTESTED, "no such device"),
    case("fit.always", "cpu", ASSERTION, "assert 1 == 2"),
    case("fit.always.now", "cpu", PASSED),
]
RED = [
    *GREEN,
    case("fit.drifts", "cpu", PASSED, name="test_drift"),
    case("fit.breaks", "cpu", BROKEN, "KeyError: 'x'", name="test_break"),
]


@pytest.fixture
def make_run(make_registry):
    def make(cases, collected=None, problems=(), partial=False):
        registry = make_registry(CLAIMS)
        subject = {"lightning": "2.6.6", "torch": "2.13.0", "python": "3.11"}
        verdicts = judge(registry, cases, "2.6.6", collected or {})
        return Run(registry, subject, STATES, verdicts, list(problems), partial)

    return make


def test_green(make_run):
    assert (
        render_document(make_run(GREEN), width=80)
        == """\
════════ What PyTorch Lightning 2.6.6 does (torch 2.13.0, Python 3.11) ═════════
device cpu: available
device sim: no such device

Part 0: First steps
  fit.one-line  ✓ holds on cpu  – untested on sim
    One line trains a model.
  fit.always  ✗ refuted on cpu
    It always trains.
    true instead: It trains when asked. (fit.always.now)
  fit.always.now  ✓ holds on cpu
    It trains when asked.

cpu: 2 holds, 1 refuted
sim: 1 untested
"""
    )


COLLECTED = {("fit.breaks", "cpu"): 3}
PROBLEM = "--require-device cuda: torch.cuda.is_available() is False"


def test_what_drifted_or_broke_comes_last_in_a_narrow_terminal(make_run):
    assert (
        render_document(make_run(RED, COLLECTED, [PROBLEM], partial=True), width=40)
        == """\
What PyTorch Lightning 2.6.6 does (torch
2.13.0, Python 3.11)
════════════════════════════════════════
device cpu: available
device sim: no such device

Part 0: First steps
  fit.one-line  ✓ holds on cpu  –
  untested on sim
    One line trains a model.
  fit.always  ✗ refuted on cpu
    It always trains.
    true instead: It trains when asked.
    (fit.always.now)
  fit.always.now  ✓ holds on cpu
    It trains when asked.
  fit.drifts  ✓ holds on cpu
    Nothing has changed.
  fit.breaks  ! broken on cpu
    It runs.

cpu: 3 holds, 1 refuted, 1 broken
sim: 1 untested
A partial run: only what ran was judged.
  fit.breaks [cpu]: 1 of 3 cases ran

═════════ Drifted or broken: 3 ═════════
  ✓ fit.drifts [cpu]
    Nothing has changed.
    expected: refuted; seen: holds
    case:
    specs/part/fit_spec.py::test_drift[c
    pu]
      run just this: pytest 'specs/part/fit_spec.py::test_drift[cpu]'
  ! fit.breaks [cpu]
    It runs.
    expected: holds; seen: broken
    case:
    specs/part/fit_spec.py::test_break[c
    pu]
      KeyError: 'x'
      run just this: pytest 'specs/part/fit_spec.py::test_break[cpu]'
  --require-device cuda:
  torch.cuda.is_available() is False
"""
    )


def test_chinese(make_run):
    assert (
        render_document(make_run(RED, COLLECTED, [PROBLEM], partial=True), "zh", width=80)
        == """\
═══════ PyTorch Lightning 2.6.6 的实际行为（torch 2.13.0，Python 3.11） ════════
设备 cpu：available
设备 sim：no such device

第 0 部分：第一步
  fit.one-line  ✓ holds 于 cpu  – untested 于 sim
    一行代码即可训练模型。
  fit.always  ✗ refuted 于 cpu
    总会训练。
    实际情况: 要求时才训练。 (fit.always.now)
  fit.always.now  ✓ holds 于 cpu
    要求时才训练。
  fit.drifts  ✓ holds 于 cpu
    一切照旧。
  fit.breaks  ! broken 于 cpu
    它能运行。

cpu: 3 holds, 1 refuted, 1 broken
sim: 1 untested
只运行了一部分：仅对已运行的内容作出判定。
  fit.breaks [cpu]: 3 个用例中运行了 1 个

════════════════════════════════ 偏离或损坏: 3 ═════════════════════════════════
  ✓ fit.drifts [cpu]
    一切照旧。
    预期: refuted; 所见: holds
    用例: specs/part/fit_spec.py::test_drift[cpu]
      只运行这一个: pytest 'specs/part/fit_spec.py::test_drift[cpu]'
  ! fit.breaks [cpu]
    它能运行。
    预期: holds; 所见: broken
    用例: specs/part/fit_spec.py::test_break[cpu]
      KeyError: 'x'
      只运行这一个: pytest 'specs/part/fit_spec.py::test_break[cpu]'
  --require-device cuda: torch.cuda.is_available() is False
"""
    )


def test_chinese_in_a_narrow_terminal(make_run):
    assert (
        render_document(make_run(GREEN), "zh", width=40)
        == """\
PyTorch Lightning 2.6.6
的实际行为（torch 2.13.0，Python 3.11）
════════════════════════════════════════
设备 cpu：available
设备 sim：no such device

第 0 部分：第一步
  fit.one-line  ✓ holds 于 cpu  –
  untested 于 sim
    一行代码即可训练模型。
  fit.always  ✗ refuted 于 cpu
    总会训练。
    实际情况: 要求时才训练。
    (fit.always.now)
  fit.always.now  ✓ holds 于 cpu
    要求时才训练。

cpu: 2 holds, 1 refuted
sim: 1 untested
"""
    )


def test_only_an_untested_reason_that_is_not_the_devices_own_is_told(make_run):
    found = render_document(make_run([case("fit.one-line", "cpu", UNTESTED, "needs scikit-learn")]), width=80)
    assert (
        found.split("First steps\n")[1]
        == """\
  fit.one-line  – untested on cpu
    One line trains a model.
    why: needs scikit-learn

cpu: 1 untested
"""
    )


def test_a_correction_that_fails_is_told_as_the_reason(make_run):
    cases = [case("fit.always", "cpu", ASSERTION, "assert 1 == 2"), case("fit.always.now", "cpu", ASSERTION, "no")]
    found = render_document(make_run(cases), width=100).split("Drifted or broken: 2")[1]
    lines = [line.strip() for line in found.splitlines()]
    assert "why: the spec fails, but so does its correction fit.always.now (refuted: no)" in lines
    assert lines.index("! fit.always [cpu]") < lines.index("✗ fit.always.now [cpu]")


ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def test_colours_are_added_where_asked_for_and_change_no_word(make_run, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, coloured = (render_document(make_run(RED), colour=colour, width=80) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;31m! fit.breaks [cpu]\x1b[0m" in coloured
    assert ESCAPE.sub("", coloured) == plain


@pytest.mark.parametrize(("columns", "width"), [("20", 40), ("40", 40), ("100", 100), ("300", 120)])
def test_the_width_is_the_terminals_between_40_and_120(make_run, monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    rule = next(line for line in render_document(make_run(RED)).splitlines() if "Drifted" in line)
    assert len(rule) == width


@pytest.mark.parametrize("node", ["specs/part/a_spec.py::test[cpu]", "a.py::test[it's; rm -r $HOME]", "a.py::test"])
def test_the_command_can_be_pasted_into_a_shell(node):
    assert shlex.split(command(Case(node, "a", "cpu", PASSED))) == ["pytest", node]


def test_a_correction_stands_below_the_claim_it_corrects(make_run):
    registry = make_run(GREEN).registry
    ids = [claim.id for claim in outline(registry.sections[0], registry)]
    assert ids == ["fit.one-line", "fit.always", "fit.always.now", "fit.drifts", "fit.breaks"]
