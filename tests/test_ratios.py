"""Benchmark records: what is kept of a measurement, which mistakes in a file are told, and what the page shows."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace

import pytest

from ledger.errors import LedgerError
from ledger.ratios import Ratio, load_benchmarks, ratios_record, read_benchmark
from ledger.record import render
from ledger.site.performance import performance
from ledger.site.words import WORDS

STEP = Ratio("step", "by hand", 2.3456, (2.0, 2.7512), 299, 0.00012345, 0.0000567)
SUBJECT = {"lightning": "1.9.5", "torch": "2.13.0", "python": "3.11"}


@pytest.fixture
def write(tmp_path):
    """Write a benchmark record of one subject, with some of its ratios or its parts replaced."""

    def to(name: str = "pl1.9", *ratios: Ratio, lightning="1.9.5", torch="2.13.0", **parts):
        record = ratios_record({**SUBJECT, "lightning": lightning, "torch": torch}, ratios or [STEP])
        file = tmp_path / f"{name}.json"
        file.write_text(render({**record, **parts}), encoding="utf-8")
        return file

    return to


def test_a_record_holds_the_subject_the_machine_and_rounded_ratios():
    record = ratios_record(SUBJECT, [STEP])
    assert sorted(record) == ["comparisons", "machine", "schema", "subject"]
    assert sorted(record["machine"]) == ["cores", "processor"]
    assert record["comparisons"] == [
        {
            "name": "step",
            "yardstick": "by hand",
            "ratio": 2.35,
            "quartiles": [2.0, 2.75],
            "rounds": 299,
            "seconds": 0.000123,
            "yardstick_seconds": 5.67e-05,
        }
    ]


def test_what_is_written_can_be_read(write):
    one = read_benchmark(write())
    assert (str(one.lightning), str(one.torch), one.python) == ("1.9.5", "2.13.0", "3.11")
    assert one.ratios == (Ratio("step", "by hand", 2.35, (2.0, 2.75), 299, 0.000123, 5.67e-05),)


def test_records_come_oldest_lightning_first_and_none_is_no_mistake(write, tmp_path):
    assert load_benchmarks(tmp_path / "none") == []
    for name, lightning, torch in [("a", "2.0.9", "2.13.0"), ("b", "1.10.0", "2.13.0"), ("c", "2.0.9", "1.13.1")]:
        write(name, lightning=lightning, torch=torch)
    found = [(str(one.lightning), str(one.torch)) for one in load_benchmarks(tmp_path)]
    assert found == [("1.10.0", "2.13.0"), ("2.0.9", "1.13.1"), ("2.0.9", "2.13.0")]


def test_two_records_of_one_subject_are_a_mistake(write, tmp_path):
    first, second = write("a"), write("b")
    with pytest.raises(LedgerError, match=re.escape(f"{second}: the same subject as {first}; delete one of the two")):
        load_benchmarks(tmp_path)


REMEDY = "; measure it anew with `python -m benchmarks`"
COMPARISON = ratios_record(SUBJECT, [STEP])["comparisons"][0]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"schema": 2}, "not a benchmark record of schema 1"),
        ({"subject": {"lightning": "2.0"}}, "subject: not an object with lightning, torch, python"),
        ({"subject": {**SUBJECT, "torch": "new"}}, "subject: torch is 'new', not a version"),
        ({"machine": {"cores": 0, "processor": "x"}}, "machine: cores is 0, not a positive whole number"),
        ({"machine": None}, "machine: not an object with cores, processor"),
        ({"comparisons": []}, "comparisons: not a list of at least one"),
        ({"comparisons": [COMPARISON, {}]}, "comparisons[1]: not an object with name, yardstick, ratio, quartiles"),
        ({"comparisons": [{**COMPARISON, "ratio": "2"}]}, "comparisons[0]: ratio is '2', not a positive number"),
        ({"comparisons": [{**COMPARISON, "ratio": True}]}, "comparisons[0]: ratio is True, not a positive number"),
        (
            {"comparisons": [{**COMPARISON, "quartiles": [3, 2]}]},
            "comparisons[0]: quartiles is [3, 2], not two positive numbers, the smaller first",
        ),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place_and_the_remedy(write, parts, says):
    file = write(**parts)
    with pytest.raises(LedgerError) as caught:
        read_benchmark(file)
    assert str(caught.value).startswith(f"{file}: {says}")
    assert str(caught.value).endswith(REMEDY)


def test_a_file_that_is_no_json_or_not_there_is_told(tmp_path):
    file = tmp_path / "pl1.9.json"
    with pytest.raises(LedgerError, match="cannot be read: No such file"):
        read_benchmark(file)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(LedgerError, match=f"not a benchmark record: .*{REMEDY}"):
        read_benchmark(file)


def test_a_plot_has_a_mark_a_release_and_a_line_of_marks_a_torch(write, tmp_path):
    write("a", lightning="1.8.6", torch="1.13.1")
    write("b", replace(STEP, ratio=6.1, quartiles=(5.9, 6.2)), lightning="2.0.9", torch="1.13.1")
    write("c", lightning="2.0.9")
    shown = performance(load_benchmarks(tmp_path))
    (plot,) = shown["plots"]
    old, new = plot.series
    assert (old.torch, new.torch, shown["torches"]) == ("1.13.1", "2.13.0", ["1.13.1", "2.13.0"])
    assert [point.says for point in old.points] == [
        "Lightning 1.8.6, torch 1.13.1: 2.35 × (2.00–2.75)",
        "Lightning 2.0.9, torch 1.13.1: 6.10 × (5.90–6.20)",
    ]
    assert old.points[1].x == new.points[0].x > old.points[0].x
    assert old.points[1].upper < old.points[1].y < old.points[1].lower < old.points[0].upper
    assert [(line[1]) for line in plot.lines] == ["1.8", "2.0"]
    assert [mark for _, mark in plot.ticks] == ["0", "2", "4", "6", "8"]
    assert plot.extremes == ("2.35", "1.8.6", "1.13.1", "6.10", "2.0.9", "1.13.1")


def test_the_table_has_a_row_a_subject_and_says_what_was_not_measured(write, tmp_path):
    write("a", lightning="1.8.6")
    write("b", STEP, replace(STEP, name="fit", seconds=0.25), lightning="2.0.9")
    rows = performance(load_benchmarks(tmp_path))["rows"]
    step = {"ratio": "2.35 ×", "range": "2.00–2.75", "seconds": "123 / 56.7 µs"}
    fit = {**step, "seconds": "250 / 0.0567 ms"}
    assert [(str(one.lightning), cells) for one, cells in rows] == [("1.8.6", [step, None]), ("2.0.9", [step, fit])]


def test_what_is_committed_can_be_read_and_is_named_in_both_languages(root):
    benchmarks = load_benchmarks(root / "records" / "benchmarks")
    names = {ratio.name for one in benchmarks for ratio in one.ratios}
    assert names <= set(WORDS["en"])
    recorded = {json.dumps(json.loads(f.read_text())["subject"]) for f in (root / "records").glob("*.json")}
    measured = {json.dumps(json.loads(f.read_text())["subject"]) for f in (root / "records/benchmarks").glob("*.json")}
    assert measured <= recorded


@pytest.fixture
def bench(pytester, root):
    """Run a benchmark file with the plugin of benchmarks/, without timing anything."""
    pytester.makeconftest((root / "benchmarks" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider")

    def run(body: str, *options: str):
        pytester.makepyfile(body)
        return pytester.runpytest_inprocess(*options)

    return run


BOTH = """
    def test_it(report, benchmark):
        benchmark(int)
        report("step", "by hand", [2.0, 4.0, 6.0], [1.0, 1.0, 1.0])
        report("suite", "import", [9.0], [1.0], asked="at most 3")
"""


def test_only_what_measures_lightning_is_written(bench, pytester):
    assert bench(BOTH, "--ratios=it.json").ret == 0
    (ratio,) = read_benchmark(pytester.path / "it.json").ratios
    assert ratio == Ratio("step", "by hand", 4.0, (3.0, 5.0), 3, 4.0, 1.0)


def test_a_run_that_fails_leaves_an_older_record(bench, pytester):
    (pytester.path / "it.json").write_text("older")
    assert bench(BOTH + "\n        assert False", "--ratios=it.json").ret == 1
    assert (pytester.path / "it.json").read_text() == "older"


def test_a_file_that_cannot_be_written_is_told_before_anything_runs(bench, pytester):
    result = bench(BOTH, "--ratios=none/it.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    where = pytester.path / "none"
    says = f"ERROR: --ratios {where}/it.json: the folder {where} does not exist; make it first"
    assert says in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_measuring_names_the_subjects_it_knows(root, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmarks_main", root / "benchmarks" / "__main__.py")
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    monkeypatch.setattr(main.shutil, "which", lambda name: name)
    assert main.main(["pl9"]) == 1
    assert capsys.readouterr().err.startswith("error: pl9: no such subject (known: pl1.0, pl1.1, ")
