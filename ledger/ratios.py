"""Benchmark records: how much longer than a yardstick something takes on one subject, one JSON file each (schema 1).

They are measurements. Another run, and more so another machine, gives other numbers, so nothing compares them byte for
byte as it does records of verdicts; they stand in a folder of their own.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from ledger.errors import LedgerError

SCHEMA = 1
REMEDY = "measure it anew with `python -m benchmarks`"


@dataclass(frozen=True)
class Ratio:
    """The median of the rounds' ratios and their middle half; `seconds` are medians too."""

    name: str
    yardstick: str
    ratio: float
    quartiles: tuple[float, float]
    rounds: int
    seconds: float
    yardstick_seconds: float


@dataclass(frozen=True)
class Benchmark:
    """What was measured on one subject, and on what machine: its processor, and its number of cores."""

    lightning: Version
    torch: Version
    python: str
    machine: tuple[str, int]
    ratios: tuple[Ratio, ...]


def ratios_record(subject: dict[str, str], ratios: Sequence[Ratio]) -> dict[str, Any]:
    """The record of these ratios as measured on this machine, rounded to what a reader needs."""
    comparisons = [
        {
            **asdict(one),
            "ratio": round(one.ratio, 2),
            "quartiles": [round(edge, 2) for edge in one.quartiles],
            "seconds": float(f"{one.seconds:.3g}"),
            "yardstick_seconds": float(f"{one.yardstick_seconds:.3g}"),
        }
        for one in ratios
    ]
    machine = {"cores": os.cpu_count() or 1, "processor": _processor()}
    return {"schema": SCHEMA, "subject": subject, "machine": machine, "comparisons": comparisons}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def load_benchmarks(folder: Path) -> list[Benchmark]:
    """Every benchmark record of the folder, oldest Lightning first; none where there is no such folder."""
    found: dict[tuple[Version, Version], tuple[Path, Benchmark]] = {}
    for file in sorted(folder.glob("*.json")):
        one = read_benchmark(file)
        known = found.setdefault((one.lightning, one.torch), (file, one))[0]
        if known != file:
            raise LedgerError(f"{file}: the same subject as {known}; delete one of the two")
    return [found[subject][1] for subject in sorted(found)]


def read_benchmark(file: Path) -> Benchmark:
    """Read one; raise LedgerError, with the file, the place and the remedy, where it is not what it should be."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LedgerError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise LedgerError(f"{file}: not a benchmark record: {error}; {REMEDY}") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise LedgerError(f"{file}: not a benchmark record of schema {SCHEMA}; {REMEDY}")
    subject = _checked(file, "subject", record.get("subject"), _SUBJECT)
    machine = _checked(file, "machine", record.get("machine"), _MACHINE)
    comparisons = record.get("comparisons")
    if not isinstance(comparisons, list) or not comparisons:
        raise LedgerError(f"{file}: comparisons: not a list of at least one; {REMEDY}")
    fields = [_checked(file, f"comparisons[{n}]", one, _COMPARISON) for n, one in enumerate(comparisons)]
    ratios = tuple(Ratio(**{**one, "quartiles": tuple(one["quartiles"])}) for one in fields)
    versions = Version(subject["lightning"]), Version(subject["torch"])
    return Benchmark(*versions, subject["python"], (machine["processor"], machine["cores"]), ratios)


def _checked(file: Path, place: str, value: Any, fields: Mapping[str, tuple[Callable[[Any], bool], str]]) -> dict:
    if not isinstance(value, dict) or set(value) != set(fields):
        raise LedgerError(f"{file}: {place}: not an object with {', '.join(fields)}; {REMEDY}")
    for name, (fits, says) in fields.items():
        if not fits(value[name]):
            raise LedgerError(f"{file}: {place}: {name} is {value[name]!r}, not {says}; {REMEDY}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")


def _is_count(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]


def _is_version(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(Version(value))
    except InvalidVersion:
        return False


_TEXT = (lambda value: isinstance(value, str) and value != "", "a text")
_NUMBER = (_is_number, "a positive number")
_COUNT = (_is_count, "a positive whole number")
_VERSION = (_is_version, "a version")
_SUBJECT = {"lightning": _VERSION, "torch": _VERSION, "python": _VERSION}
_MACHINE = {"cores": _COUNT, "processor": _TEXT}
_COMPARISON = {
    "name": _TEXT,
    "yardstick": _TEXT,
    "ratio": _NUMBER,
    "quartiles": (_is_range, "two positive numbers, the smaller first"),
    "rounds": _COUNT,
    "seconds": _NUMBER,
    "yardstick_seconds": _NUMBER,
}
