"""What the committed records answer: one claim over all subjects, two subjects side by side."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from ledger.errors import LedgerError, suggest
from ledger.record import open_record
from ledger.registry import DEVICES, Registry

TRAINER_ARGUMENTS = "Trainer arguments"


@dataclass(frozen=True)
class Subject:
    """One record with its subject, ordered by Lightning's version, then torch's."""

    record: Mapping[str, Any]
    file: Path

    @cached_property
    def lightning(self) -> Version:
        return Version(self.record["subject"]["lightning"])

    @cached_property
    def torch(self) -> Version:
        return Version(self.record["subject"]["torch"])

    def __str__(self) -> str:
        return f"Lightning {self.lightning} (torch {self.torch})"

    def verdict(self, id: str, device: str) -> str:
        """The recorded verdict, or "unknown" where the record says nothing of this claim on this device."""
        return self.record["claims"].get(id, {}).get(device, {}).get("verdict", "unknown")

    def verdicts(self, id: str) -> dict[str, str]:
        """The recorded verdict of each device on which the record says something of this claim."""
        entry = self.record["claims"].get(id, {})
        return {device: entry[device]["verdict"] for device in DEVICES if device in entry}

    def observed(self, name: str) -> Any:
        """The value of an observation of this name, whichever claim made it; None where there is none."""
        for entry in self.record["claims"].values():
            if name in entry.get("observed", {}):
                return entry["observed"][name]
        return None


def load_subjects(folder: Path, edges: bool = False) -> list[Subject]:
    """Every record of the folder, oldest Lightning first; raises LedgerError where there is none.

    With `edges`, also those partial ones in its subfolder that hold only claims with an edge at their release.
    """
    files = sorted(folder.glob("*.json")) + (sorted(folder.glob("edges/*.json")) if edges else [])
    subjects = [Subject(open_record(file), file) for file in files]
    if not subjects:
        raise LedgerError(f"{folder}: no records; write them with `tox -m ledger`")
    return sorted(subjects, key=lambda subject: (subject.lightning, subject.torch))


def find_subject(subjects: list[Subject], text: str) -> Subject:
    """The subject of a version such as 1.9, 1.9.5 or `installed`; the newest torch where there are several."""
    if text == "installed":
        text = _installed()
    try:
        wanted = Version(text).release
    except InvalidVersion as error:
        raise LedgerError(f"{text!r} is no version; write one such as 1.9, 1.9.5 or installed") from error
    found = [subject for subject in subjects if subject.lightning.release[: len(wanted)] == wanted]
    if not found:
        known = [str(subject.lightning) for subject in subjects]
        raise LedgerError(f"no record of Lightning {text}{suggest(text, known)} (recorded: {', '.join(known)})")
    return found[-1]


def _installed() -> str:
    from importlib import metadata

    try:
        return ".".join(map(str, Version(metadata.version("pytorch-lightning")).release))
    except metadata.PackageNotFoundError:
        raise LedgerError("pytorch-lightning is not installed in this Python; name a version instead") from None


def history(subjects: list[Subject], id: str) -> list[dict[str, Any]]:
    """One row a subject: its versions, and the claim's verdict on each device."""
    return [
        {"lightning": str(s.lightning), "torch": str(s.torch)} | {d: s.verdict(id, d) for d in DEVICES}
        for s in subjects
    ]


def compare(registry: Registry, old: Subject, new: Subject) -> dict[str, Any]:
    """What changes from `old` to `new`: flipped verdicts with what is true instead, hook orders, Trainer arguments."""
    return {
        "old": dict(old.record["subject"]),
        "new": dict(new.record["subject"]),
        "claims": _without_mirrors([flip for id in registry.claims for flip in _flips(registry, id, old, new)]),
        "traces": _trace_changes(old.record["traces"], new.record["traces"]),
        "arguments": argument_changes(old.observed(TRAINER_ARGUMENTS), new.observed(TRAINER_ARGUMENTS)),
    }


def _flips(registry: Registry, id: str, old: Subject, new: Subject) -> list[dict[str, Any]]:
    before, after = old.verdicts(id), new.verdicts(id)
    changed = {d: (before[d], after[d]) for d in before if before[d] != after.get(d, before[d])}
    if not changed:
        return []
    correction = registry.claims[id].era(str(new.lightning)).correction
    return [{"id": id, "verdicts": {d: list(pair) for d, pair in changed.items()}, "correction": correction}]


def _without_mirrors(flips: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what is told anyway, as the correction of a claim that is listed."""
    corrections = {flip["correction"] for flip in flips}
    return [flip for flip in flips if flip["id"] not in corrections]


def _trace_changes(old: dict, new: dict) -> dict[str, list[str]]:
    """What differs of each run that both subjects traced on the same device."""
    changes = {}
    for run in sorted(set(old) & set(new)):
        device = next((device for device in DEVICES if device in old[run] and device in new[run]), None)
        if device and old[run][device] != new[run][device]:
            changes[run] = order_changes(old[run][device], new[run][device])
    return changes


def order_changes(old: list[str], new: list[str], context: int = 2) -> list[str]:
    """A unified diff of two traces in which a change that every batch or epoch repeats is shown once."""
    places: dict[tuple[str, ...], list[list[str]]] = {}
    for opcodes in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_grouped_opcodes(context):
        hunk = [line for opcode in opcodes for line in _changed(opcode, old, new)]
        places.setdefault(tuple(re.sub(r"\d+", "#", line) for line in hunk), []).append(hunk)
    lines = []
    for first, *others in places.values():
        lines += [f"@@ and in {len(others)} more places @@" if others else "@@", *first]
    return lines


def _changed(opcode: tuple, old: list[str], new: list[str]) -> list[str]:
    tag, old_start, old_stop, new_start, new_stop = opcode
    if tag == "equal":
        return [f"  {event}" for event in old[old_start:old_stop]]
    removed = [f"- {event}" for event in old[old_start:old_stop]]
    return removed + [f"+ {event}" for event in new[new_start:new_stop]]


def argument_changes(old: dict[str, str] | None, new: dict[str, str] | None) -> dict[str, Any]:
    """Which arguments (name: default) came, went, or changed their default."""
    if old is None or new is None:
        return {}
    return {
        "added": {name: new[name] for name in sorted(set(new) - set(old))},
        "removed": {name: old[name] for name in sorted(set(old) - set(new))},
        "changed": {name: [old[name], new[name]] for name in sorted(set(old) & set(new)) if old[name] != new[name]},
    }
