"""`python -m ledger.reach` on small coverage data about a package that only has Lightning's name."""

import subprocess
import sys
from pathlib import Path

import pytest
from coverage import CoverageData

from ledger.reach import SPECS, claims_of_specs, main, ranges, spec_of

LOOP = """\
def run(steps):
    for step in range(steps):
        if step:
            print(
                step,
            )
    return steps


def stop():
    return None
"""
SPEC = """\
import pytest


@pytest.mark.parametrize("text", ["a::b|c"])
@pytest.mark.claim("loop.runs")
def test_runs(text): ...


@pytest.mark.claim("loop.stops")
def test_stops(): ...


def helper(): ...
"""
IMPORTED = [(-1, 1), (1, 10), (10, -1)]
RAN = [(-1, 2), (2, 3), (3, 2), (3, 4), (4, 5), (5, 4), (4, 2), (2, 7), (7, -1)]
STOPPED = [(-10, 11), (11, -10)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a package, a spec file and room for data; the current one, as with an environment inside of it."""
    for name, text in {
        "lib/pytorch_lightning/__init__.py": "",
        "lib/pytorch_lightning/loops/fit.py": LOOP,
        "lib/pytorch_lightning/tuner/tune.py": "x = 1\n",
        "lib/numpy/loops/fit.py": LOOP,
        "specs/loops/loop_spec.py": SPEC,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(folder: Path, hits: dict) -> None:
    """Write data in which each context took these branches of loops/fit.py, of Lightning and of another package."""
    data = CoverageData(str(folder / ".coverage"))
    files = [str(folder / "lib" / package / "loops/fit.py") for package in ("pytorch_lightning", "numpy")]
    for context, arcs in hits.items():
        data.set_context(context)
        data.add_arcs(dict.fromkeys(files, arcs))
    data.touch_files([str(folder / f"lib/pytorch_lightning/{name}.py") for name in ("__init__", "tuner/tune")])
    data.write()


RUN = {
    "": IMPORTED,
    "specs/loops/loop_spec.py::test_runs[a::b|c]|setup": [],
    "specs/loops/loop_spec.py::test_runs[a::b|c]|run": RAN,
    "specs/loops/loop_spec.py::test_stops|run": STOPPED,
}


def test_the_table_tells_what_cases_reach_from_what_an_import_reaches(folder, capsys):
    record(folder, RUN)
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "                        statements  reached        in cases        branches  cases",
        "pytorch_lightning                0        0     –         0     –         –      0",
        "pytorch_lightning.loops          7        7 100 %         5  71 %     100 %      2",
        "pytorch_lightning.tuner          1        0   0 %         0   0 %         –      0",
        "all                              8        7  88 %         5  62 %     100 %      2",
        "reached: by a case or at import; in cases, branches: while a case ran",
    ]


def test_a_claim_reaches_the_lines_that_its_own_cases_reach(folder, capsys):
    record(folder, RUN)
    assert main(["--specs", "specs", "--claim", "loop.runs"]) == 0
    assert capsys.readouterr().out == "loop.runs: 1 case reaches 1 file\n  pytorch_lightning/loops/fit.py: 2-7\n"
    assert main(["--specs", "specs", "--claim", "loop.stops"]) == 0
    assert capsys.readouterr().out == "loop.stops: 1 case reaches 1 file\n  pytorch_lightning/loops/fit.py: 11\n"


@pytest.mark.parametrize(
    ("hits", "options", "message"),
    [
        (None, [], ".coverage: no coverage data there; run tox -e coverage"),
        ({"": IMPORTED}, [], ".coverage: no case reaches anything; run tox -e coverage"),
        (RUN, ["--claim", "loop.run"], "loop.run: no spec is marked with this claim; did you mean 'loop.runs'?"),
        ({"specs/loops/loop_spec.py::test_stops|run": STOPPED}, ["--claim", "loop.runs"], "loop.runs: no case of this"),
        (RUN, ["specs/loops/loop_spec.py"], "Couldn't use data file"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(folder, capsys, hits, options, message):
    if hits is not None:
        record(folder, hits)
    assert main(["--specs", "specs", *options]) == 1
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith(f"error: {message}")


def test_the_data_file_is_the_one_that_coverage_wrote(folder, capsys, monkeypatch):
    record(folder, RUN)
    (folder / ".coverage").rename(folder / "elsewhere")
    monkeypatch.setenv("COVERAGE_FILE", "elsewhere")
    assert main([]) == 0
    assert "pytorch_lightning.loops" in capsys.readouterr().out


def test_contexts_are_those_that_pytest_cov_gives(folder, capsys, monkeypatch):
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = claim\npython_files = *_spec.py\npythonpath = lib\n")
    spec = SPEC.replace("(text): ...", "(text):\n    from pytorch_lightning.loops.fit import run\n\n    run(2)")
    (folder / "specs/loops/loop_spec.py").write_text(spec)
    command = "-m pytest -q -p no:xdist -p no:benchmark --cov=pytorch_lightning --cov-context=test --cov-report="
    subprocess.run([sys.executable, *command.split()], check=True, stdout=subprocess.PIPE)
    assert main(["--specs", "specs", "--claim", "loop.runs"]) == 0
    assert "\n  pytorch_lightning/loops/fit.py: 1-10\n" in capsys.readouterr().out


def test_a_spec_is_found_by_its_case_and_its_claim_by_its_marker(folder):
    assert claims_of_specs(folder / "specs") == {
        ("specs/loops/loop_spec.py", "test_runs"): "loop.runs",
        ("specs/loops/loop_spec.py", "test_stops"): "loop.stops",
    }
    assert spec_of("specs/loops/loop_spec.py::test_runs[a::b|c]") == ("specs/loops/loop_spec.py", "test_runs")


def test_every_spec_of_this_project_is_marked_in_a_way_that_is_found():
    claims = claims_of_specs(SPECS)
    assert claims[("specs/smoke/harness_spec.py", "test_fit_moves_the_weights")] == "smoke.fit-changes-weights"
    marks = sum(file.read_text(encoding="utf-8").count("pytest.mark.claim(") for file in SPECS.rglob("*_spec.py"))
    assert len(claims) == marks


@pytest.mark.parametrize(
    ("reached", "text"),
    [([], ""), ([3], "3"), ([3, 9], "3-9"), ([1, 9, 12], "1, 9-12"), ([1, 3, 9, 12], "1-12")],
)
def test_a_range_ends_where_a_statement_was_not_reached(reached, text):
    assert ranges(reached, [1, 3, 9, 12]) == text


def test_neither_torch_nor_lightning_is_imported():
    code = (
        "import sys, ledger.reach; print(sorted({'torch', 'pytorch_lightning', 'pytest', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=SPECS.parent, stdout=subprocess.PIPE, text=True, check=True)
    assert run.stdout == "[]\n"
