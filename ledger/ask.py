"""What the committed records answer: one claim over all subjects, two subjects side by side."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from packaging.version import InvalidVersion, Version

from ledger.errors import LedgerError, suggest
from ledger.record import open_record
from ledger.registry import DEVICES, Registry

TRAINER_ARGUMENTS = "Trainer arguments"
T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """One record with its subject, ordered by Lightning's version, then torch's.

    `gpu` is the same Lightning on a machine with a GPU, where it has another torch: what it measured stands in for the
    devices that this record lacks.
    """

    record: Mapping[str, Any]
    file: Path
    gpu: Subject | None = None

    @cached_property
    def lightning(self) -> Version:
        return Version(self.record["subject"]["lightning"])

    @cached_property
    def torch(self) -> Version:
        return Version(self.record["subject"]["torch"])

    def __str__(self) -> str:
        elsewhere = "".join(f"; {subject.torch} on {device}" for device, subject in self.elsewhere.items())
        return f"Lightning {self.lightning} (torch {self.torch}{elsewhere})"

    @cached_property
    def absent(self) -> dict[str, str]:
        """Why there is no measurement on a device, neither here nor with the GPU."""
        states = self.record["devices"].items()
        return {name: why for name, why in states if why != "available" and name not in self.elsewhere}

    @cached_property
    def elsewhere(self) -> dict[str, Subject]:
        """The devices that were measured with another torch."""
        if self.gpu is None:
            return {}
        here, there = dict(self.record["devices"]), dict(self.gpu.record["devices"])
        wanted = [name for name in DEVICES if here.get(name) != "available" and there.get(name) == "available"]
        return dict.fromkeys(wanted, self.gpu)

    def versions(self) -> dict[str, Any]:
        """Lightning, torch and Python, and of the devices that were measured with others, those."""
        others = {device: dict(subject.record["subject"]) for device, subject in self.elsewhere.items()}
        return dict(self.record["subject"]) | ({"elsewhere": others} if others else {})

    def entry(self, id: str) -> dict[str, dict[str, Any]]:
        """What is recorded of this claim, by device."""
        own = self.record["claims"].get(id, {})
        return self._joined({name: own[name] for name in DEVICES if name in own}, lambda subject: subject.entry(id))

    def _joined(self, own: dict[str, T], ask: Callable[[Subject], dict[str, T]]) -> dict[str, T]:
        """What this record has by device, and for the devices measured elsewhere what is answered there."""
        there = {device: ask(subject) for device, subject in self.elsewhere.items()}
        return own | {device: found[device] for device, found in there.items() if device in found}

    def verdict(self, id: str, device: str) -> str:
        """The recorded verdict, or "unknown" where the record says nothing of this claim on this device."""
        return self.verdicts(id).get(device, "unknown")

    def verdicts(self, id: str) -> dict[str, str]:
        """The recorded verdict of each device on which the record says something of this claim."""
        return {device: value["verdict"] for device, value in self.entry(id).items()}

    def traces(self, run: str) -> dict[str, list[str]]:
        """The events of the run of this name, by device."""
        return self._joined(dict(self.record["traces"].get(run, {})), lambda subject: subject.traces(run))

    def observed(self, name: str) -> Any:
        """The value of an observation of this name, whichever claim made it; None where there is none."""
        for entry in self.record["claims"].values():
            if name in entry.get("observed", {}):
                return entry["observed"][name]
        return None


def load_subjects(folder: Path, edges: bool = False) -> list[Subject]:
    """Every record of the folder, oldest Lightning first; raises LedgerError where there is none.

    What its subfolder `cuda` has under the same name, of the same Lightning, is the subject's `gpu`. With `edges`, also
    those partial records in its subfolder `edges` that hold only claims with an edge at their release.
    """
    files = sorted(folder.glob("*.json")) + (sorted(folder.glob("edges/*.json")) if edges else [])
    subjects = [Subject(open_record(file), file) for file in files]
    if not subjects:
        raise LedgerError(f"{folder}: no records; write them with `tox -m ledger`")
    with_gpu = {file.name: Subject(open_record(file), file) for file in folder.glob("cuda/*.json")}
    for place, subject in enumerate(subjects):
        gpu = with_gpu.get(subject.file.name) if subject.file.parent == folder else None
        if gpu and gpu.lightning == subject.lightning:
            subjects[place] = Subject(subject.record, subject.file, gpu)
    return sorted(subjects, key=lambda subject: (subject.lightning, subject.torch))


def find_subject(subjects: list[Subject], text: str) -> Subject:
    """The subject of a version such as 1.9, 1.9.5 or `installed`; the newest torch where there are several."""
    text = named(text)
    try:
        wanted = Version(text).release
    except InvalidVersion as error:
        raise LedgerError(f"{text!r} is no version; write one such as 1.9, 1.9.5 or installed") from error
    found = [subject for subject in subjects if subject.lightning.release[: len(wanted)] == wanted]
    if not found:
        known = [str(subject.lightning) for subject in subjects]
        raise LedgerError(f"no record of Lightning {text}{suggest(text, known)} (recorded: {', '.join(known)})")
    return found[-1]


def named(text: str) -> str:
    """The version that is meant: `installed` is the one of the Lightning in this Python."""
    return _installed() if text == "installed" else text


def _installed() -> str:
    from importlib import metadata

    try:
        return ".".join(map(str, Version(metadata.version("pytorch-lightning")).release))
    except metadata.PackageNotFoundError:
        raise LedgerError("pytorch-lightning is not installed in this Python; name a version instead") from None


def history(subjects: list[Subject], id: str) -> list[dict[str, Any]]:
    """One row a subject: its versions, the claim's verdicts, and the devices that were measured with another torch."""
    return [s.versions() | {device: s.verdict(id, device) for device in DEVICES} for s in subjects]


def compare(registry: Registry, old: Subject, new: Subject) -> dict[str, Any]:
    """What changes from `old` to `new`: flipped verdicts with what is true instead, hook orders, Trainer arguments."""
    return {
        "old": old.versions(),
        "new": new.versions(),
        "claims": _without_mirrors([flip for id in registry.claims for flip in _flips(registry, id, old, new)]),
        "traces": _trace_changes(old, new),
        "arguments": argument_changes(old.observed(TRAINER_ARGUMENTS), new.observed(TRAINER_ARGUMENTS)),
    }


def _flips(registry: Registry, id: str, old: Subject, new: Subject) -> list[dict[str, Any]]:
    before, after = old.verdicts(id), new.verdicts(id)
    both = [device for device in before if device in after and device not in {**old.absent, **new.absent}]
    changed = {device: (before[device], after[device]) for device in both if before[device] != after[device]}
    if not changed:
        return []
    correction = registry.claims[id].era(str(new.lightning)).correction
    return [{"id": id, "verdicts": {d: list(pair) for d, pair in changed.items()}, "correction": correction}]


def _without_mirrors(flips: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what is told anyway, as the correction of a claim that is listed."""
    corrections = {flip["correction"] for flip in flips}
    return [flip for flip in flips if flip["id"] not in corrections]


def _trace_changes(old: Subject, new: Subject) -> dict[str, list[str]]:
    """What differs of each run that both subjects traced on the same device."""
    changes = {}
    for run in sorted(set(old.record["traces"]) & set(new.record["traces"])):
        before, after = old.traces(run), new.traces(run)
        device = next((device for device in DEVICES if device in before and device in after), None)
        if device and before[device] != after[device]:
            changes[run] = order_changes(before[device], after[device])
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
