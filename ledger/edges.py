"""The exact release at which a claim's verdict changes, found by running that one claim on releases in between.

Releases are installed and run by tox, each in an environment of its own that later searches use again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from ledger.ask import Subject
from ledger.errors import LedgerError, suggest
from ledger.record import read_record
from ledger.registry import Claim

DEVICES = ("cpu", "sim")
"""The devices that a search runs on: those that every machine has."""


@dataclass(frozen=True)
class Probe:
    """What the claim came to on one release; `same` is whether that is what the search compares with."""

    release: str
    same: bool
    said: str


@dataclass(frozen=True)
class Edge:
    """Two adjacent releases, `last` of the older behaviour and `first` of the newer, and how many runs that took."""

    last: Probe
    first: Probe
    runs: int
    releases: int


def stable_releases(file: Path) -> list[str]:
    """Every stable release of Lightning since 1.0, oldest first, one a line in `file`."""
    return sorted(file.read_text(encoding="utf-8").split(), key=Version)


def known_release(releases: Sequence[str], text: str) -> str:
    """The release that `text` names; of a minor line such as 1.4 its last patch release."""
    try:
        wanted = Version(text).release
    except InvalidVersion as error:
        raise LedgerError(f"{text!r} is no version; write one such as 1.9 or 1.9.5") from error
    exact = [release for release in releases if release == text]
    found = exact or [release for release in releases if Version(release).release[: len(wanted)] == wanted]
    if not found:
        raise LedgerError(f"Lightning {text} is no stable release{suggest(text, releases)}")
    return found[-1]


def flips(subjects: Sequence[Subject], claim: Claim) -> list[tuple[str, str]]:
    """The pairs of neighbouring recorded releases between which the claim's verdict changes on a device of a search."""
    devices = [device for device in DEVICES if device in claim.devices]
    newest_torch = {str(subject.lightning): subject for subject in subjects}
    recorded = [subject for subject in newest_torch.values() if "unknown" not in _verdicts(subject, claim, devices)]
    return [
        (str(older.lightning), str(newer.lightning))
        for older, newer in zip(recorded, recorded[1:])
        if _verdicts(older, claim, devices) != _verdicts(newer, claim, devices)
    ]


def _verdicts(subject: Subject, claim: Claim, devices: Sequence[str]) -> list[str]:
    return [subject.verdict(claim.id, device) for device in devices]


def search(releases: Sequence[str], forward: bool, probe: Callable[[str], Probe], said: tuple[str, str]) -> Edge:
    """Halve `releases` until two adjacent ones differ; the outer two are known, and `said` is what is known of them.

    A probe is `same` where the release behaves as the oldest (`forward`), or as the newest.
    """
    low, high, runs = 0, len(releases) - 1, 0
    found = {low: Probe(releases[low], forward, said[0]), high: Probe(releases[high], not forward, said[1])}
    while high - low > 1:
        middle = (low + high) // 2
        found[middle] = probe(releases[middle])
        runs += 1
        if found[middle].same == forward:
            low = middle
        else:
            high = middle
    return Edge(found[low], found[high], runs, len(releases))


def run_claim(root: Path, claim: Claim, release: str, era_of: str) -> Probe:
    """Run the claim on `release` through tox, expecting what is expected of the release `era_of`."""
    tox = shutil.which("tox")
    if tox is None:
        raise LedgerError("tox is not installed, and releases are run by it; python -m pip install tox")
    major, minor = Version(release).release[:2]
    devices = [device for device in DEVICES if device in claim.devices]
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.json")
        options = [f"--record={record}", f"--claim={claim.id}", f"--era-of={era_of}", f"--device={','.join(devices)}"]
        place = root / ".tox" / "releases" / release
        command = [tox, "run", "-q", "--workdir", str(place), "-e", f"pl{major}.{minor}", "--", *options]
        environment = {**os.environ, "LIGHTNING": release}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        if not record.exists():
            last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
            raise LedgerError(f"Lightning {release} could not be installed or run:\n{last}")
        entry = read_record(record)["claims"][claim.id]
    expected = claim.era(era_of).expect
    same = all(entry[device]["verdict"] == expected for device in devices)
    return Probe(release, same, "; ".join(_said(device, entry[device], same) for device in devices))


def _said(device: str, entry: dict, same: bool) -> str:
    reason = "" if same or not entry.get("reason") else f" ({entry['reason'].splitlines()[0]})"
    return f"{entry['verdict']} on {device}{reason}"
