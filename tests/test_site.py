"""The site's generator: what it reads from sources and records, how it packs traces, and the summary of a job."""

from __future__ import annotations

import json

import pytest

from ledger.__main__ import main
from ledger.ask import load_subjects
from ledger.ratios import Ratio, ratios_record
from ledger.record import render
from ledger.site.data import as_script, data_script, outlined
from ledger.site.highlight import highlight
from ledger.site.sources import find_sabotages, find_specs
from ledger.site.traces import alphabet, pack_traces
from ledger.site.words import WORDS

CLAIMS = """
    ["moves.not"]
    en = "It stays </script> put."
    zh = "它不动。"
    devices = ["cpu", "sim"]
    eras = [
        { versions = "<2.0", expect = "refuted", correction = "moves" },
        { versions = ">=2.0", expect = "holds" },
    ]

    ["other"]
    en = "Other."
    zh = "其他。"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]

    ["moves"]
    en = "It moves."
    zh = "它会移动。"
    devices = ["cpu", "sim"]
    hooks = ["callback.setup"]
    eras = [
        { versions = "<2.0", expect = "holds", note = "Slowly.", note_zh = "缓慢地。" },
        { versions = ">=2.0", expect = "refuted", correction = "moves.not" },
    ]
"""
SPEC = '''
import pytest

class Base: pass

def used(): return Base

def unused(): pass

@pytest.mark.claim("moves")
@pytest.mark.parametrize("it", [1])
def test_it(it):
    """It does."""
    assert used()

@pytest.mark.claim("moves")
def test_again(): assert 1 < 2
'''
SABOTAGE = '''
from fixtures.sabotage import sabotage

@sabotage("moves", "other")
def stuck(patch):
    """Nothing moves any more."""
'''


def record(lightning: str, moves: str, fit: list[str], torch: str = "1.13.1") -> dict:
    opposite = {"holds": "refuted", "refuted": "holds"}[moves]
    return {
        "schema": 1,
        "subject": {"lightning": lightning, "torch": torch, "python": "3.9"},
        "devices": {"cpu": "available", "sim": "available", "cuda": "no GPU"},
        "claims": {
            "moves": {
                device: {"verdict": moves, "expected": moves, "cases": 1, "reason": f"on {device}"}
                for device in ("cpu", "sim")
            }
            | {"observed": {"speed": [lightning[0], "m/s"], "Trainer arguments": {"gpus": "None"}}},
            "moves.not": {device: {"verdict": opposite, "expected": opposite, "cases": 1} for device in ("cpu", "sim")},
            "other": {"cpu": {"verdict": "untested", "reason": "not | today\n<b>"}},
        },
        "traces": {"fit": {"cpu": fit, "sim": fit}, "test": {"cpu": fit[:1]}},
    }


OLD, NEW = ["callback.setup", "module.step", "module.step"], ["module.step", "callback.setup"]
RECORDS = {
    "pl1.9-torch1.13": record("1.9.5", "holds", OLD),
    "pl1.9": record("1.9.5", "holds", OLD, torch="2.13.0"),
    "pl2.0": record("2.0.9", "refuted", NEW, torch="2.13.0"),
}


@pytest.fixture
def registry(make_registry):
    return make_registry(CLAIMS)


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "records"
    (folder / "edges").mkdir(parents=True)
    for name, content in RECORDS.items():
        (folder / f"{name}.json").write_text(render(content), encoding="utf-8")
    return folder


@pytest.fixture
def data(registry, records):
    """What the script assigns first, read back."""

    def read() -> dict:
        text = data_script(registry, load_subjects(records), load_subjects(records, edges=True))
        found = json.loads(text.removeprefix("window.LEDGER="))
        rows = [dict(zip(found["keys"], row)) for row in found["claims"]]
        found["claims"] = [{key: value for key, value in row.items() if value or key == "section"} for row in rows]
        for claim in found["claims"]:
            claim.update({key: found["values"][claim[key]] for key in found["packed"] if key in claim})
        return found

    return read


def test_the_functions_of_a_claim_are_found_with_what_they_lean_on(tmp_path):
    folder = tmp_path / "specs" / "part"
    folder.mkdir(parents=True)
    (folder / "it_spec.py").write_text(SPEC, encoding="utf-8")
    first, second = find_specs(tmp_path / "specs")["moves"]
    assert (first.file, first.line, first.name, first.says) == ("specs/part/it_spec.py", 12, "test_it", "It does.")
    assert first.code.splitlines()[0] == '@pytest.mark.parametrize("it", [1])'
    assert first.helpers == ("class Base: pass", "def used(): return Base")
    assert (second.name, second.helpers) == ("test_again", ())


def test_a_sabotage_is_found_for_each_claim_it_names(tmp_path):
    folder = tmp_path / "specs" / "part"
    folder.mkdir(parents=True)
    (folder / "it_sabotage.py").write_text(SABOTAGE, encoding="utf-8")
    found = find_sabotages(tmp_path / "specs")
    assert {id: [(one.name, one.says) for one in functions] for id, functions in found.items()} == {
        "moves": [("stuck", "Nothing moves any more.")],
        "other": [("stuck", "Nothing moves any more.")],
    }


def test_code_is_escaped_and_tagged_sparingly():
    assert highlight("def f(a):\n    return a < 'b'  # c\n").splitlines() == [
        "<b>def</b> <u>f</u>(a):",
        "\t<b>return</b> a &lt; <i>'b'</i>  <small># c</small>",
    ]


def test_characters_of_traces_are_distinct_and_need_no_escape():
    characters = alphabet(500)
    assert len(set(characters)) == 500
    assert all(character.isprintable() for character in characters)
    assert json.dumps("".join(characters), ensure_ascii=False) == f'"{"".join(characters)}"'


def test_each_distinct_trace_is_packed_once_and_can_be_unpacked(records):
    packed = pack_traces(load_subjects(records))
    assert packed["runs"] == {"fit": {"cpu": [0, 0, 1], "sim": [0, 0, 1]}, "test": {"cpu": [2, 2, 3]}}
    names = dict(zip(alphabet(len(packed["events"])), packed["events"]))
    assert [[names[character] for character in text] for text in packed["texts"]] == [OLD, NEW, OLD[:1], NEW[:1]]


def test_corrections_stand_behind_their_claim_and_say_so(registry, data):
    assert [claim.id for claim in outlined(registry.sections[0], registry)] == ["other", "moves", "moves.not"]
    assert [(claim["id"], claim.get("parent")) for claim in data()["claims"]] == [
        ("other", None),
        ("moves", None),
        ("moves.not", "moves"),
    ]


def test_verdicts_are_a_letter_a_subject_and_each_subject_knows_its_era(data):
    subjects, claim = data()["subjects"], data()["claims"][1]
    assert [(one["line"], one["control"], one["key"]) for one in subjects] == [
        ("1.9", True, "1.9.5-torch1.13.1"),
        ("1.9", False, "1.9.5"),
        ("2.0", False, "2.0.9"),
    ]
    assert claim["verdicts"] == {"cpu": "hhr", "sim": "hhr"}
    assert claim["judged"] == "001"
    assert claim["eras"] == [["h", "2.0", 0, 0, "Slowly.", "缓慢地。"], ["r", 0, "moves.not"]]


def test_an_edge_is_confirmed_by_records_of_both_releases(data, records):
    assert data()["claims"][1]["edges"] == [["1.9.5", "2.0.0", False]]
    partial = {**record("2.0.0", "refuted", NEW), "traces": {}}
    (records / "edges" / "2.0.0.json").write_text(render(partial), encoding="utf-8")
    assert data()["claims"][1]["edges"] == [["1.9.5", "2.0.0", True]]
    assert len(data()["subjects"]) == len(RECORDS)


def test_arguments_and_absent_devices_are_told(data):
    assert data()["arguments"] == {"gpus": [["None", 3]]}
    assert data()["subjects"][0]["absent"] == {"cuda": "no GPU"}


def test_nothing_in_the_data_ends_a_script():
    assert as_script({"a": "</script>\u2028"}) == '{"a":"<\\/script>\\u2028"}'


def test_both_languages_say_everything_with_the_same_values():
    for key, english in WORDS["en"].items():
        chinese = WORDS["zh"][key]
        assert {n for n in "012" if f"{{{n}}}" in english} == {n for n in "012" if f"{{{n}}}" in chinese}, key


@pytest.fixture
def run(registry, records, tmp_path, capsys):
    def call(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--specs", str(tmp_path / "specs"), "--records", str(records)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def test_the_site_has_a_page_for_every_claim_and_no_older_one(run, tmp_path):
    folder = tmp_path / "site"
    (folder / "claim").mkdir(parents=True)
    (folder / "claim" / "gone.html").write_text("")
    code, said = run("site", str(folder))
    assert (code, said.split()[:3]) == (0, [f"{folder}:", "7", "pages,"])
    assert sorted(file.name for file in (folder / "claim").iterdir()) == ["moves.html", "moves.not.html", "other.html"]
    page = (folder / "claim" / "moves.html").read_text(encoding="utf-8")
    assert "<td>1.9<td>1, m/s" in page
    assert "Trainer arguments" not in page


def test_a_page_of_benchmarks_is_there_where_there_are_records_of_them(run, records, tmp_path):
    folder = tmp_path / "site"
    (records / "benchmarks").mkdir()
    subject = RECORDS["pl2.0"]["subject"]
    ratio = Ratio("a <new> one", "by hand", 2.0, (1.0, 3.0), 3, 2.0, 1.0)
    (records / "benchmarks" / "pl2.0.json").write_text(render(ratios_record(subject, [ratio])), encoding="utf-8")
    assert run("site", str(folder))[0] == 0
    assert "a &lt;new&gt; one" in (folder / "performance.html").read_text(encoding="utf-8")
    assert '"performance":true' in (folder / "site.js").read_text(encoding="utf-8")
    (records / "benchmarks" / "pl2.0.json").write_text("{}", encoding="utf-8")
    code, said = run("site", str(folder))
    assert (code, "pl2.0.json: not a benchmark record of schema 1" in said) == (1, True)
    (records / "benchmarks" / "pl2.0.json").unlink()
    assert run("site", str(folder))[0] == 0
    assert not (folder / "performance.html").exists()
    assert '"performance":false' in (folder / "site.js").read_text(encoding="utf-8")


def test_what_many_claims_have_the_same_of_is_stored_once(registry, records):
    text = data_script(registry, load_subjects(records), load_subjects(records, edges=True))
    found = json.loads(text.removeprefix("window.LEDGER="))
    assert len(found["values"]) == len({json.dumps(value) for value in found["values"]})
    places = [found["keys"].index(key) for key in found["packed"]]
    assert {type(row[place]) for row in found["claims"] for place in places if place < len(row)} == {int}


def test_a_folder_that_cannot_be_written_is_a_message(run, tmp_path):
    (tmp_path / "file").write_text("")
    code, said = run("site", str(tmp_path / "file"))
    assert (code, said.splitlines()[0][:6]) == (1, "error:")
    assert "cannot be written there" in said


def test_the_summary_of_a_job_tells_first_what_drifted(run, records):
    code, said = run("report", "--github", str(records / "pl1.9.json"))
    assert (code, said.splitlines()[:3]) == (
        0,
        ["## Lightning 1.9.5 (torch 2.13.0, Python 3.9)", "", "Nothing drifted, nothing broke."],
    )
    drifted = {**RECORDS["pl2.0"], "claims": {**RECORDS["pl1.9"]["claims"], "new": {"cpu": {"verdict": "holds"}}}}
    (records / "pl2.0.json").write_text(render(drifted), encoding="utf-8")
    lines = run("report", str(records / "pl2.0.json"))[1].splitlines()
    assert lines[2:10] == [
        "**5 drifted or broke.**",
        "",
        "| claim | device | expected | seen | why |",
        "| --- | --- | --- | --- | --- |",
        "| `moves` | cpu | refuted | ✓ holds | on cpu |",
        "| `moves` | sim | refuted | ✓ holds | on sim |",
        "| `moves.not` | cpu | holds | ✗ refuted | It stays &lt;/script> put. |",
        "| `moves.not` | sim | holds | ✗ refuted | It stays &lt;/script> put. |",
    ]
    assert lines[10] == "| `new` | | | | the registry has no such claim |"
    assert lines[12:] == [
        "| device | holds | refuted | untested | broken |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| cpu | 2 | 1 | 1 | 0 |",
        "| cuda | 0 | 0 | 0 | 0 |",
        "| sim | 1 | 1 | 0 | 0 |",
        "",
        "- cuda: no GPU",
        "",
    ]


def test_without_a_record_to_report_the_remedy_is_named(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, said = run("report", "--github")
    assert (code, said) == (1, "error: record.json: cannot be read: No such file or directory\n")
