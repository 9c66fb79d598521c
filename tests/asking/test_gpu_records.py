"""What was measured on a GPU, with a torch of its own, is told beside what was measured without one."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def with_gpu(ask):
    """Ask these records, of which two were measured on a GPU as well; the claims are about it too."""
    specs = ask.specs / "part" / "claims.toml"
    specs.write_text(specs.read_text(encoding="utf-8").replace('["cpu", "sim"]', '["cpu", "cuda"]'), encoding="utf-8")
    for name, content in ask.records.items():
        absent = {"verdict": "untested", "reason": "no GPU"}
        content = json.loads(json.dumps(content).replace('"sim"', '"cuda"'))
        on_gpu = {"devices": {"cuda": "available"}, "subject": {**content["subject"], "torch": "2.11.0"}}
        on_gpu["claims"] = {id: {"cuda": entry["cuda"]} for id, entry in content["claims"].items()}
        on_gpu["traces"] = {"fit": {"cuda": content["traces"]["fit"]["cpu"]}}
        for entry in content["claims"].values():
            entry["cuda"] = absent
        content["devices"]["cuda"] = "no GPU"
        ask.write(name, content)
        if name != "pl1.8":
            ask.write(f"cuda/{name}", {**content, **on_gpu})
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
    specs = with_gpu.specs / "part" / "claims.toml"
    specs.write_text(specs.read_text(encoding="utf-8").replace('["cpu", "cuda"]', '["cpu"]'), encoding="utf-8")
    assert with_gpu("show", "moves")[1].splitlines()[-1].split() == ["2.0.9", "1.13.1", "refuted"]


def test_what_only_one_of_two_releases_was_asked_on_a_gpu_is_no_change(with_gpu):
    assert "claims that change: 0\n" in with_gpu("compare", "1.8", "1.9")[1]
    said = with_gpu("compare", "1.9", "2.0")[1]
    assert said.startswith(
        "from Lightning 1.9.5 (torch 1.13.1; 2.11.0 on cuda) to Lightning 2.0.9 (torch 1.13.1; 2.11.0"
    )
    assert "  moves: holds -> refuted on cpu, cuda (changed in 2.0.0)\n" in said


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
