"""Whole, partial, repeated and parallel runs of a small project, and the records they write."""

from __future__ import annotations

import json

import pytest

CLAIMS = """
    ["a.holds"]
    en = "A."
    zh = "甲。"
    devices = ["cpu", "cuda", "sim"]
    eras = [{ expect = "holds" }]

    ["b.drifts"]
    en = "B."
    zh = "乙。"
    devices = ["cpu"]
    eras = [{ expect = "refuted", correction = "a.holds" }]

    ["c.refuted"]
    en = "C."
    zh = "丙。"
    devices = ["cpu"]
    eras = [{ expect = "refuted", correction = "a.holds" }]
"""
SPEC = """
    @pytest.mark.claim("a.holds")
    @pytest.mark.parametrize("n", [1, 2])
    def test_a(device, n, observe):
        observe(f"a{n}", n)
        assert n

    @pytest.mark.claim("b.drifts")
    def test_b():
        assert B

    @pytest.mark.claim("c.refuted")
    def test_c():
        assert not 1
"""
PARTIAL = "A partial run: only what ran was judged."


@pytest.fixture
def written(project):
    """The small project with a claim that drifts by holding, or, where `b` is "0", with none."""

    def write(b="1", claims=CLAIMS, spec=SPEC):
        project.claims(claims)
        project.spec(spec.replace("assert B", f"assert {b}"))
        return project

    return write


@pytest.mark.parametrize(
    ("arguments", "totals", "code"),
    [
        ([], ["cpu: 2 holds, 1 refuted", "cuda: 1 untested", "sim: 1 holds"], 1),
        (["--device=cpu,sim"], ["cpu: 2 holds, 1 refuted", "sim: 1 holds"], 1),
        (["specs/part/it_spec.py::test_b"], ["cpu: 1 holds"], 1),
        (["specs/part/it_spec.py::test_c"], ["cpu: 1 untested"], 0),
        (["specs/part/it_spec.py::test_a[cpu-1]"], ["cpu: 1 holds"], 0),
        (["-k", "test_a or test_c", "--device=cpu"], ["cpu: 1 holds, 1 refuted"], 0),
        (["-k", "test_a and 1"], ["cpu: 1 holds", "cuda: 1 untested", "sim: 1 holds"], 0),
        (["-k", "nothing"], [], 5),
        (["--claim", "c.refuted", "--device=cpu"], ["cpu: 1 holds, 1 refuted"], 0),
    ],
)
def test_what_ran_is_judged(written, arguments, totals, code):
    result = written().run(*arguments)
    lines = result.text.splitlines()
    assert [line for line in lines if line.startswith(("cpu: ", "cuda: ", "sim: "))] == totals
    assert result.ret == code
    assert (PARTIAL in lines) == (bool(totals) and arguments not in ([], ["--device=cpu,sim"]))


def test_a_claim_of_which_not_every_case_ran_is_named(written):
    text = written().run("-k", "test_a and 1", "--device=cpu").text
    assert f"{PARTIAL}\n  a.holds [cpu]: 1 of 2 cases ran\n" in text


def test_a_run_that_stops_at_the_first_failure_says_that_it_is_partial(written):
    project = written(spec=SPEC.replace("assert n\n", "assert n == 2\n"))
    result = project.run("-x", "--device=cpu")
    assert result.ret == 1
    assert f"{PARTIAL}\n  a.holds [cpu]: 1 of 2 cases ran\n" in result.text
    assert "✗ refuted on cpu" in result.text


def test_collecting_only_judges_nothing(written):
    result = written().run("--collect-only", "-q")
    assert result.ret == 0
    assert "holds" not in result.text.replace("a.holds", "")


@pytest.mark.parametrize("folder", ["specs", "specs/part", "elsewhere"])
def test_a_run_may_start_in_another_folder(written, project, monkeypatch, folder):
    written("0")
    (project.path / folder).mkdir(exist_ok=True)
    monkeypatch.chdir(project.path / folder)
    result = project.run("--record=record.json", str(project.path / "specs"))
    assert result.ret == 0
    assert sorted(project.read(f"{folder}/record.json")["claims"]) == ["a.holds", "b.drifts", "c.refuted"]
    assert PARTIAL not in result.text


def test_the_last_failed_are_repeated_also_where_they_drifted_by_holding(written):
    project = written()
    assert project.run().ret == 1
    again = project.run("--lf", "-v")
    assert [line.split()[0] for line in again.text.splitlines() if line.startswith("specs/part/it_spec.py::")] == [
        "specs/part/it_spec.py::test_b"
    ]
    assert "  ✓ b.drifts [cpu]" in again.text
    assert again.ret == 1


def test_nothing_is_repeated_of_a_green_run(written):
    project = written("0")
    assert project.run().ret == 0
    assert "run-last-failure: no previously failed tests" in project.run("--lf").text


def test_a_parallel_run_writes_the_same_record(written):
    project = written()
    codes = [int(project.run(f"--record={n}.json", "-n", n).ret) for n in ("0", "2")]
    records = [(project.path / f"{n}.json").read_text(encoding="utf-8") for n in ("0", "2")]
    assert codes == [1, 1]
    assert records[0] == records[1]
    record = json.loads(records[0])
    assert record["devices"] == {"cpu": "available", "cuda": "no GPU here", "sim": "available"}
    assert record["traces"] == {"fit": {"cpu": ["setup", "teardown"]}}
    assert record["claims"]["a.holds"]["observed"] == {"a1": 1, "a2": 2}


def test_a_worker_tells_of_a_warning_without_a_class_that_would_have_to_be_imported(written):
    spec = SPEC.replace("assert not 1", "import warnings; warnings.warn(Own('old')); assert 1")
    project = written("0", spec=spec + '    class Own(DeprecationWarning): __module__ = "only.there"\n')
    result = project.run("-n", "2")
    assert "INTERNALERROR" not in result.text
    assert "DeprecationWarning: old\n" in result.text


def test_a_case_that_takes_its_worker_down_is_broken_and_named(written):
    spec = SPEC.replace("assert not 1", "import os; os._exit(3)")
    project = written("0", spec=spec)
    result = project.run("-n", "2", "--record=record.json", "--device=cpu")
    assert result.ret == 1
    verdicts = {id: claim["cpu"]["verdict"] for id, claim in project.read()["claims"].items()}
    assert verdicts == {"a.holds": "holds", "b.drifts": "refuted", "c.refuted": "broken"}
    culprit = result.text.split("Drifted or broken: 1")[1]
    assert "  ! c.refuted [cpu]\n" in culprit
    assert "    case: specs/part/it_spec.py::test_c\n      worker 'gw" in culprit
    assert "' crashed while running 'specs/part/it_spec.py::test_c'\n" in culprit
    assert "    run just this: pytest specs/part/it_spec.py::test_c\n" in culprit


def test_a_record_is_the_same_whenever_it_is_written(written):
    project = written()
    project.run("--record=one.json")
    project.run("--record=other.json", "-p", "no:cacheprovider")
    assert (project.path / "one.json").read_bytes() == (project.path / "other.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "count", "first"),
    [
        (["-k", "test_a"], 2, "b.drifts [cpu]"),
        (["--device=cpu"], 2, "a.holds [cuda]"),
        (["-k", "test_b or test_c or 1"], 3, "a.holds [cpu]"),
    ],
)
def test_a_partial_run_does_not_overwrite_a_fuller_record(written, arguments, count, first):
    project = written("0")
    assert project.run("--record=record.json").ret == 0
    before = (project.path / "record.json").read_bytes()
    result = project.run("--record=record.json", *arguments)
    assert result.ret == 1
    assert (project.path / "record.json").read_bytes() == before
    words = " ".join(result.text.split("Drifted or broken: 1")[1].split())
    assert (
        f"--record {project.path / 'record.json'}: not written: that file holds {count} verdicts which this partial "
        f"run did not reach (such as {first}); name another file, or run all specs on all devices"
    ) in words


def test_a_partial_run_may_write_a_record_of_its_own_again_and_again(written):
    project = written()
    for _ in range(2):
        assert project.run("--record=record.json", "-k", "test_a", "--device=cpu").ret == 0
    assert list(project.read()["claims"]) == ["a.holds"]


def test_what_is_no_record_is_not_overwritten(written):
    project = written("0")
    (project.path / "record.json").write_text("notes", encoding="utf-8")
    result = project.run("--record=record.json")
    assert result.ret == 1
    assert "not a record: Expecting value" in " ".join(result.text.split())
    assert (project.path / "record.json").read_text(encoding="utf-8") == "notes"


def test_the_release_that_is_installed_decides_on_the_era(written):
    eras = (
        '[{ versions = "<2.0", expect = "refuted", correction = "a.holds" }, { versions = ">=2.0", expect = "holds" }]'
    )
    project = written(claims=CLAIMS.replace('[{ expect = "refuted", correction = "a.holds" }]', eras, 1))
    found = {}
    for version in ("1.9.5", "2.0.0rc1", "2.6.6+cpu"):
        project.install("pytorch-lightning", version)
        found[version] = int(project.run(f"--record={version}.json").ret)
    assert found == {"1.9.5": 1, "2.0.0rc1": 0, "2.6.6+cpu": 0}
    assert project.read("2.6.6+cpu.json")["subject"]["lightning"] == "2.6.6"
    assert project.read("2.6.6+cpu.json")["subject"]["torch"] == "2.13.0"


def test_the_header_names_the_subject_the_devices_and_what_changes_the_run(written, monkeypatch):
    monkeypatch.setenv("PL_GLOBAL_SEED", "3")
    lines = written().run("--device=cpu,cuda", "--lang=zh").text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("subject: "))
    assert lines[start].startswith("subject: PyTorch Lightning 2.6.6, torch 2.13.0, Python 3.")
    assert lines[start + 1 : start + 4] == [
        "device cpu: available",
        "device cuda: no GPU here",
        "options: --device=cpu,cuda --lang=zh",
    ]
    assert "PL_GLOBAL_SEED=3" in lines[start + 4].split()
    assert "  a.holds  ✓ holds 于 cpu  – untested 于 cuda" in lines


def test_colours_are_those_of_the_terminal(written):
    project = written("0")
    assert "\x1b[" not in project.run("--color=no").text
    assert "\x1b[1ma.holds\x1b[0m" in project.run("--color=yes").text


CHANGING = """
    ["a.holds"]
    en = "A."
    zh = "甲。"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]

    ["b.until"]
    en = "B."
    zh = "乙。"
    devices = ["cpu"]
    eras = [
        { versions = "<2.6.5", expect = "holds" },
        { versions = ">=2.6.5", expect = "refuted", correction = "a.holds" },
    ]
"""
CHANGING_SPEC = """
    @pytest.mark.claim("a.holds")
    def test_a(observe):
        assert 1

    @pytest.mark.claim("b.until")
    def test_b():
        assert not 1
"""


@pytest.mark.parametrize(("era", "code"), [("2.6.6", 0), ("2.6.4", 1)])
def test_what_another_release_is_expected_to_do(written, era, code):
    result = written(claims=CHANGING, spec=CHANGING_SPEC).run("--claim=b.until", f"--era-of={era}", "--record=r.json")
    assert result.ret == code
    assert ("expected: holds; seen: refuted" in result.text) == bool(code)


@pytest.mark.parametrize(
    ("installed", "claims"), [("2.6.4", ["b.until"]), ("2.6.5", ["a.holds", "b.until"]), ("2.6.6", None)]
)
def test_what_changes_at_a_release(written, installed, claims):
    project = written(claims=CHANGING, spec=CHANGING_SPEC)
    project.install("pytorch-lightning", installed)
    result = project.run("--edges", "--record=r.json")
    assert (result.ret == pytest.ExitCode.USAGE_ERROR) == (claims is None)
    assert claims is None or sorted(project.read("r.json")["claims"]) == claims
