"""Releases that have no record of their own: what their eras say, and which of them were run whole all the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from ledger.ask import Subject, find_subject, named
from ledger.edges import RELEASES, environment, stable_releases
from ledger.errors import LedgerError
from ledger.registry import DEVICES, Registry

ANEW = "remove it and write it anew with `python -m ledger sweep`"


@dataclass(frozen=True)
class Unrecorded(Subject):
    """What the eras say of a release, on the devices and of the claims that the record of its line has.

    Of its traces and its Trainer's arguments nothing is known.
    """

    def versions(self) -> dict[str, Any]:
        return {**super().versions(), "recorded": False}


def find_or_expect(registry: Registry, subjects: list[Subject], text: str) -> Subject:
    """`find_subject`, or of a stable release without a record what its eras say."""
    try:
        return find_subject(subjects, text)
    except LedgerError:
        release, line = named(text), _line(subjects, named(text))
        if line is None:
            raise
        return _expected(registry, line, release)


def _line(subjects: list[Subject], release: str) -> Subject | None:
    """The record of a stable release's line, with the torch that this release runs on."""
    if release not in stable_releases(RELEASES):
        return None
    wanted = Version(release).release[:2]
    line = [subject for subject in subjects if subject.lightning.release[:2] == wanted]
    return next((subject for subject in line if subject.file.stem == environment(release)), line[-1] if line else None)


def _expected(registry: Registry, line: Subject, release: str) -> Unrecorded:
    there, here = registry.expected(str(line.lightning)), registry.expected(release)
    claims: dict[str, dict[str, dict[str, str]]] = {}
    for id in here:
        own = {device: line.record["claims"].get(id, {}).get(device) for device in DEVICES}
        claims[id] = {
            device: {"verdict": _verdict(entry["verdict"], there[id], here[id], line.record["devices"].get(device))}
            for device, entry in own.items()
            if entry
        }
    subject = {**line.record["subject"], "lightning": release}
    record = {"subject": subject, "devices": line.record["devices"], "claims": claims, "traces": {}}
    return Unrecorded(record, line.file, _expected(registry, line.gpu, release) if line.gpu else None)


def _verdict(recorded: str, there: str, here: str, device: str | None) -> str:
    """What is expected `here`, unless it could not be asked on this device where `there` is expected either."""
    if there == here:
        return recorded
    if there == "untested":
        return here if device == "available" else "untested"
    return "untested" if recorded == "untested" else here


def swept_file(records: Path) -> Path:
    return records / "sweep" / "cpu.json"


def load_swept(records: Path) -> dict[str, int]:
    """By release how many claims were run on it, on the CPU, each of which came out as its eras say."""
    file = swept_file(records)
    try:
        swept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise LedgerError(f"{file}: cannot be read: {error}; {ANEW}") from error
    if not isinstance(swept, dict):
        raise LedgerError(f"{file}: does not give a number of claims for each release; {ANEW}")
    return swept


def write_swept(records: Path, swept: Mapping[str, int]) -> None:
    file = swept_file(records)
    file.parent.mkdir(parents=True, exist_ok=True)
    ordered = {release: swept[release] for release in sorted(swept, key=Version)}
    file.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
