"""Two claims, the records of three releases, and a way to ask them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.record import render

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


class Ask:
    """Asks the records in `folder`; calling it returns the exit code and what was said, on both streams."""

    records = RECORDS
    record = staticmethod(record)

    def __init__(self, specs: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
        self.specs, self.folder, self._capsys = specs, folder, capsys
        folder.mkdir()
        for name, content in RECORDS.items():
            self.write(name, content)

    def __call__(self, *arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--specs", str(self.specs), "--records", str(self.folder)])
        said = self._capsys.readouterr()
        return code, said.out + said.err

    def write(self, name: str, content: dict) -> Path:
        """Write a record into `folder`, or into a folder within it that the name gives."""
        file = self.folder / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(render(content), encoding="utf-8")
        return file


@pytest.fixture
def ask(make_registry, tmp_path, capsys):
    make_registry(CLAIMS)
    return Ask(tmp_path / "specs", tmp_path / "records", capsys)
