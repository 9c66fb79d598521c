"""Mutants: what is changed and what is left alone, the sample, the change in place, and forks that try them."""

import ast
import json
import os
import sys
import textwrap
from pathlib import Path

import pytest
from coverage import CoverageData

from ledger.errors import LedgerError
from mutants.cases import Ended
from mutants.drawing import Mutant, enumerated, shuffled
from mutants.live import Live
from mutants.operators import mutated, sites
from mutants.reach import module_name, reached
from mutants.report import Judged, Report, again, identity, load_judged
from mutants.server import Server, Trial


def changes(body: str) -> list[tuple[str, str]]:
    """Each kind of change of a function with this body, and how the statement then reads."""
    source = "def f():\n" + textwrap.indent(textwrap.dedent(body), "    ")
    found = list(sites(ast.parse(source)))
    return [(site.kind, mutated(source, number, "f.py")[0]) for number, site in enumerate(found)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("while a: b = c", [("negated", "while not a:")]),
        (
            "x = 2 if a else b",
            [("negated", "x = 2 if not a else b"), *(("constant", f"x = {n} if a else b") for n in (3, 1))],
        ),
        ("x = [a for a in b if a]", [("negated", "x = [a for a in b if not a]")]),
        ("if a == b: pass", [("comparison", "if a != b:")]),
        ("if a < b: x = y", [("negated", "if not a < b:"), ("comparison", "if a <= b:")]),
        ("if not a: x = y", [("not dropped", "if a:")]),
        ("x = a and b", [("and/or", "x = a or b")]),
        ("x = -1", [("constant", "x = -2"), ("constant", "x = -0")]),
        ("x = True", [("constant", "x = False")]),
        ("return x", [("returns None", "return None")]),
        ("a()", [("call dropped", "pass")]),
        ("a()\nb()", [("call dropped", "pass"), ("calls swapped", "b(); a()"), ("call dropped", "pass")]),
        ("a()\na()", [("call dropped", "pass"), ("call dropped", "pass")]),
        ("with a: b()", [("call dropped", "pass")]),
    ],
)
def test_a_statement_can_be_changed_in_these_ways(body, expected):
    assert changes(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        '"""Says 1."""',
        "x: Literal[1] = y",
        "raise Error(1)",
        "assert a == 1",
        "rank_zero_warn(a == 1)",
        "log.info(1)",
        "if a: rank_zero_warn(b)",
        "x = f'{a + 1}'",
        "return None",
        "def g(n=1) -> Literal[1]: pass",
    ],
)
def test_what_a_user_is_told_and_what_is_not_code_is_left_alone(body):
    assert changes(body) == []


def test_only_functions_are_changed():
    source = "x = 1\nclass A:\n    y = True\n    def f(self):\n        return 1\n"
    assert [(site.function, site.line, site.kind) for site in sites(ast.parse(source))] == [
        ("A.f", 5, "returns None"),
        ("A.f", 5, "constant"),
        ("A.f", 5, "constant"),
    ]


LOOP = """\
def decorated(function):
    def inner(*args):
        if args:
            return function(*args)
        return 0
    return inner


class Loop(list):
    def run(self, steps):
        super().append(steps)
        return steps + 1


@decorated
def done(steps):
    return steps > 2
"""


@pytest.fixture
def loop(tmp_path):
    """A file of a package that only has Lightning's name, and its module."""
    file = tmp_path / "pytorch_lightning" / "loops" / "loop.py"
    file.parent.mkdir(parents=True)
    file.write_text(LOOP)
    module: dict = {}
    exec(compile(LOOP, str(file), "exec"), module)
    return file, module


def replace(file: Path, line: int, kind: str) -> int:
    """Make the one change of that kind in that line; return how many functions were given other code."""
    [number] = [n for n, site in enumerate(sites(ast.parse(LOOP))) if (site.line, site.kind) == (line, kind)]
    found = Live(lambda name: name == str(file)).replacements(mutated(LOOP, number, str(file))[1])
    for function, code in found:
        function.__code__ = code
    return len(found)


def test_functions_that_exist_get_other_code(loop):
    file, module = loop
    made, bound = module["Loop"](), module["done"]
    assert (bound(2), bound()) == (False, 0)
    assert replace(file, 17, "comparison") == 1
    assert (bound(2), bound()) == (True, 0)
    assert replace(file, 11, "call dropped") == 2  # the other function is as it was
    assert (made.run(5), list(made), bound(2)) == (6, [], False)
    assert replace(file, 3, "negated") == 3  # the decorator, the function it made, and the method, as it was
    assert (made.run(5), list(made), bound(2)) == (6, [5], 0)


def cover(folder: Path, file: Path, hits: dict[str, list[int]]) -> Path:
    data = CoverageData(str(folder / "coverage"))
    for context, lines in hits.items():
        data.set_context(context)
        data.add_lines({str(file): lines})
    data.write()
    return folder / "coverage"


def test_a_mutant_knows_the_cases_that_reach_its_line(loop, tmp_path):
    data = cover(tmp_path, loop[0], {"": [1, 9], "a_spec.py::a|run": [11, 12], "a_spec.py::b[x|y]|setup": [12]})
    lines = reached(data)[loop[0]]
    assert lines == {11: ("a_spec.py::a",), 12: ("a_spec.py::a", "a_spec.py::b[x|y]")}
    found = enumerated({loop[0]: lines})
    assert {(mutant.line, mutant.cases) for mutant in found} == set(lines.items())
    assert {mutant.module for mutant in found} == {"loops/loop.py"}
    assert reached(data, ["loops/loop.py"]) == {loop[0]: lines}
    assert reached(data, ["loop", "trainer"]) == {}


def test_a_seed_draws_the_same_sample(loop):
    found = enumerated({loop[0]: dict.fromkeys(range(1, 18), ("a_spec.py::a",))})
    assert shuffled(found, 1) == shuffled(found, 1) != shuffled(found, 2)
    assert sorted(map(repr, shuffled(found, 1))) == sorted(map(repr, found))
    assert module_name(Path("/lib/lightning_fabric/loops/loop.py")) == ""


CLAIM = """
    ["loop.runs"]
    en = "It runs."
    zh = "它运行。"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]
"""
SPEC = """
    from pytorch_lightning.loops import loop

    @pytest.mark.claim("loop.runs")
    def test_counts():
        assert loop.count(3) == 3

    @pytest.mark.claim("loop.runs")
    def test_calls():
        called = []
        loop.call(called)
        assert called == [1]
"""
COUNT = """\
def count(steps):
    done = 0
    while done < steps:
        done = done + 1
    return done


def call(called):
    called.append(1)
    called.sort()
"""


@pytest.fixture
def tried(project, monkeypatch):
    """What becomes of every mutant of a small loop: {(line, kind, what it reads then): how it ended}."""
    file = project.path / "pytorch_lightning" / "loops" / "loop.py"
    file.parent.mkdir(parents=True)
    for name in ("__init__.py", "loops/__init__.py"):
        (project.path / "pytorch_lightning" / name).touch()
    file.write_text(COUNT)
    project.claims(CLAIM)
    project.spec(SPEC)
    monkeypatch.setattr("mutants.server.CASE_SECONDS", 0.5)
    monkeypatch.syspath_prepend(project.path)
    for name in [name for name in sys.modules if name.split(".")[0] == "pytorch_lightning"]:
        monkeypatch.delitem(sys.modules, name)
    node = "specs/part/it_spec.py::test_{}".format
    lines = {number: (node("counts" if number < 6 else "calls"),) for number in range(1, 11)}
    trials = []
    before = {*os.listdir(), ".benchmarks", ".pytest_cache", "__pycache__"}

    def drive(server):
        assert server.measure().red == set()
        trials.extend(server.trials(enumerated({file: lines}), 100, 2))

    project.pytester.inline_run("-qq", "-s", plugins=[Server(drive)])
    for name in [name for name in sys.modules if name.startswith("pytorch_lightning")]:
        del sys.modules[name]
    assert set(os.listdir()) <= before
    return {(trial.mutant.line, trial.mutant.kind, trial.after): trial.ended.by for trial in trials}


def test_each_mutant_is_tried_in_a_fork(tried):
    assert tried == {
        (2, "constant", "done = 1"): "",
        (2, "constant", "done = -1"): "",
        (3, "negated", "while not done < steps:"): "assertion",
        (3, "comparison", "while done <= steps:"): "assertion",
        (4, "constant", "done = done + 2"): "assertion",
        (4, "constant", "done = done + 0"): "time",
        (5, "returns None", "return None"): "assertion",
        (9, "call dropped", "pass"): "assertion",
        (9, "calls swapped", "called.sort(); called.append(1)"): "",
        (9, "constant", "called.append(2)"): "assertion",
        (9, "constant", "called.append(0)"): "assertion",
        (10, "call dropped", "pass"): "",
    }


def trial(line: int, by: str) -> Trial:
    mutant = Mutant(Path("/x/pytorch_lightning/loops/a.py"), line, "negated", "A.f", line, f"if a{line}:", ("c",))
    return Trial(mutant, f"if not a{line}:", Ended(by, "c", "seen", 1), 1.0)


def test_the_report_counts_and_lists_what_survived():
    judged = {("loops/a.py", "A.f", "if a4:", "if not a4:"): Judged("equivalent", "a4 is never read")}
    report = Report([trial(1, "assertion"), trial(2, "time"), trial(3, ""), trial(4, "")], judged, 60.0)
    table = report.lines()
    assert table[1].split() == ["loops/a.py", "1", "0", "1", "1", "1", "0", "0", "67", "%"]
    assert table[-2:] == [
        "killed: of all but those equivalent and invisible; of all, 50 %",
        "2 kills in 60 s: 2 a minute",
    ]
    assert report.survivors() == [
        *("loops/a.py:3 A.f: negated, 1 cases", "  - if a3:", "  + if not a3:"),
        *("loops/a.py:4 A.f: negated, 1 cases", "  - if a4:", "  + if not a4:", "  equivalent: a4 is never read"),
    ]
    assert json.loads(json.dumps(report.as_json()))["modules"] == {
        "loops/a.py": {"by assertion": 1, "equivalent": 1, "survived": 1, "timed out": 1}
    }


def test_those_that_survived_are_tried_again_but_for_those_that_nobody_can_see(tmp_path):
    source = tmp_path / "pytorch_lightning" / "loops" / "a.py"
    source.parent.mkdir(parents=True)
    source.write_text("def f(a):\n    if a > 1:\n        return 1\n    return a + 2\n")
    mutants = enumerated({source: dict.fromkeys(range(1, 5), ("c",))})
    trials = [Trial(mutant, mutant.made()[0], Ended("", "c", "", 1), 1.0) for mutant in mutants]
    unseen, killed, *left = trials
    killed.ended.by = "assertion"
    file = tmp_path / "mutants.json"
    file.write_text(json.dumps(Report(trials, {}, 1.0).as_json()))
    judged = {identity(unseen): Judged("invisible", "it is"), identity(left[0]): Judged("elsewhere", "on a GPU")}
    assert again(mutants, [file], judged) == [trial.mutant for trial in left]
    with pytest.raises(LedgerError, match=r"--again .*none\.json: cannot be read .*; name a file that --json wrote"):
        again(mutants, [tmp_path / "none.json"], {})


def test_every_mutant_that_was_looked_at_has_a_reason(tmp_path):
    assert all(judged.reason for judged in load_judged().values())
    file = tmp_path / "equivalent.toml"
    file.write_text('[[mutant]]\nmodule = "a.py"\nfunction = "f"\nbefore = "a()"\nafter = "pass"\nwhy = "equivalent"\n')
    with pytest.raises(LedgerError, match=r"a\.py f a\(\) pass: needs module, function, before, after, a reason"):
        load_judged(file)
