"""The record: verdicts and observations of one subject, one deterministic JSON file (schema 1)."""

from __future__ import annotations

import json
import os
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from functools import cached_property
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError
from ledger.registry import Claim, Registry
from ledger.verdicts import UNTESTED, Verdict

SCHEMA = 1
KEYS = {"schema", "subject", "devices", "claims", "traces"}


def build_record(subject: dict[str, str], devices: dict[str, str], verdicts: Iterable[Verdict], traces: dict) -> dict:
    """Return the record as a plain dictionary; it holds no times and no machine names, so a rerun gives the same."""
    claims: dict[str, dict[str, Any]] = {}
    for verdict in verdicts:
        entry = claims.setdefault(verdict.claim.id, {})
        entry[verdict.device] = _entry(verdict)
        for case in verdict.cases:
            if case.observed:
                entry.setdefault("observed", {}).update(case.observed)
    return {"schema": SCHEMA, "subject": subject, "devices": devices, "claims": claims, "traces": traces}


def keep_measured(record: dict, older: dict) -> dict:
    """The record with what `older`, of the same subject, measured on devices that were absent this time.

    So a run on a machine without a GPU does not wipe out what one with a GPU found.
    """
    if older["subject"] != record["subject"]:
        return record
    absent = [name for name, state in record["devices"].items() if state != "available"]
    for device in (name for name in absent if older["devices"].get(name) == "available"):
        record["devices"][device] = "available"
        for id, entry in record["claims"].items():
            if device in entry and device in older["claims"].get(id, {}):
                entry[device] = older["claims"][id][device]
        for run, events in older["traces"].items():
            if device in events:
                record["traces"].setdefault(run, {})[device] = events[device]
    return record


def keep_other_claims(record: dict, older: dict, registry: Registry) -> dict:
    """The record of a run of some claims, with what `older` says of those that did not run and are still there.

    Raises LedgerError where a device that one of the two measured on was absent in the other.
    """
    if older["devices"] != record["devices"]:
        differ = sorted(device for device, state in record["devices"].items() if older["devices"].get(device) != state)
        raise LedgerError(f"--update: {', '.join(differ)} is not as it was when that record was written; run all specs")
    others = {id: entry for id, entry in older["claims"].items() if id in registry.claims}
    claims, traces = {**others, **record["claims"]}, {**older["traces"], **record["traces"]}
    return {**record, "claims": claims, "traces": traces}


def check_updatable(path: Path, subject: dict[str, str]) -> None:
    """Raise LedgerError, before anything runs, where `path` holds no record of this subject to add claims to."""
    older = read_record(path)["subject"]
    if older != subject:
        was = "Lightning {lightning}, torch {torch}, Python {python}".format(**older)
        raise LedgerError(f"--update {path}: is of {was}, which is not installed here; name the record of this subject")


def _entry(verdict: Verdict) -> dict[str, Any]:
    if verdict.verdict == "untested":
        return {"verdict": "untested", "reason": verdict.reason}
    ran = sum(case.outcome != UNTESTED for case in verdict.cases)
    why = {"reason": verdict.reason} if verdict.red and verdict.reason else {}
    return {"verdict": verdict.verdict, "expected": verdict.expected, "cases": ran, **why}


def render(record: dict) -> str:
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_record(path: Path) -> dict:
    """Read one record; raise LedgerError where it is missing, no JSON, or of another schema."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _no_record(path, error) from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA or KEYS - set(record):
        raise LedgerError(f"{path}: not a record of schema {SCHEMA}; write it anew with pytest --record")
    return record


class Members(Mapping):
    """The members of one object of a record as `render` writes it; the first FEW asked for are parsed one by one."""

    FEW = 16

    def __init__(self, path: Path, text: str, key: str):
        self.path, self.text, self.asked = path, text, 0
        opening = f'\n "{key}": {{'
        self.start = text.index(f"{opening}\n") + len(opening) - 1
        self.stop = text.index("\n }", self.start)

    def __getitem__(self, name: str) -> Any:
        self.asked += 1
        if self.asked > self.FEW:
            return self._whole[name]
        key = f"\n  {json.dumps(name, ensure_ascii=False)}: "
        found = self.text.find(key, self.start, self.stop)
        if found < 0:
            raise KeyError(name)
        return self._parsed(found + len(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def items(self) -> ItemsView:
        return self._whole.items()

    def values(self) -> ValuesView:
        return self._whole.values()

    @cached_property
    def _whole(self) -> dict[str, Any]:
        return self._parsed(self.start)

    def _parsed(self, position: int) -> Any:
        try:
            return json.JSONDecoder().raw_decode(self.text, position)[0]
        except ValueError as error:
            raise _no_record(self.path, error) from error


def _no_record(path: Path, error: ValueError) -> LedgerError:
    return LedgerError(f"{path}: not a record: {error}; write it anew with pytest --record")


def open_record(path: Path) -> Mapping[str, Any]:
    """Read one record like `read_record`, but parse of its claims and traces only what is asked for.

    A file that was not written by `write_record` is read as a whole.
    """
    try:
        text = path.read_text(encoding="utf-8")
        parts = {key: Members(path, text, key) for key in sorted(KEYS - {"schema"})}
        if f'\n "schema": {SCHEMA},\n' not in text:
            return read_record(path)
    except (OSError, ValueError):
        return read_record(path)
    return {"schema": SCHEMA, **parts}


def check_writable(path: Path, option: str = "--record") -> None:
    """Raise LedgerError, before anything runs, where the record that `option` names could not be written to `path`."""
    if path.is_dir():
        raise LedgerError(f"{option} {path}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise LedgerError(f"{option} {path}: the folder {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise LedgerError(f"{option} {path}: no permission to write there; name another file")


def write_record(record: dict, path: Path, option: str = "--record") -> None:
    """Write the whole record or nothing: into a temporary folder beside `path`, then renamed over it."""
    import tempfile

    text = render(record)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".record-") as folder:
            file = Path(folder, path.name)
            file.write_text(text, encoding="utf-8")
            os.replace(file, path)
    except OSError as error:
        raise LedgerError(
            f"{option} {path}: cannot be written: {error.strerror}; an older record is unchanged"
        ) from error


def lost_by_overwriting(verdicts: Iterable[Verdict], claims: Iterable[Claim], older: dict) -> list[str]:
    """What the record `older` has of these claims and this run lacks, as "id [device]": it must not be wiped out."""
    whole = {(verdict.claim.id, verdict.device) for verdict in verdicts if not verdict.missing}
    asked = [(claim.id, device) for claim in claims for device in claim.devices]
    return [
        f"{id} [{device}]"
        for id, device in asked
        if device in older["claims"].get(id, {}) and (id, device) not in whole
    ]
