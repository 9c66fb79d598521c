"""The exact release at which a claim's verdict changes, found by running that one claim on releases in between.

Releases are installed and run by tox, each in an environment of its own that later searches use again.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.version import InvalidVersion, Version

from ledger.ask import Subject
from ledger.eras import base_version
from ledger.errors import LedgerError, suggest
from ledger.record import read_record
from ledger.registry import Claim, Registry

RELEASES = Path(__file__).parent / "releases.txt"
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


def edges(claim: Claim, releases: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of adjacent stable releases between which one era of the claim ends and the next begins."""
    if len(claim.eras) == 1:
        return []
    versions = _base_versions(tuple(releases))
    found = []
    for era in claim.eras:
        first = bisect_left(versions, era.lower) if era.lower else 0
        if 0 < first < len(versions) and era.contains(versions[first]):
            found.append((releases[first - 1], releases[first]))
    return found


def changed_in(claim: Claim, releases: Sequence[str], one: Version, other: Version) -> list[str]:
    """The releases from one version to the other, the older left out, with which the expected verdict changes."""
    older, newer = sorted((one, other))
    return [
        first
        for last, first in edges(claim, releases)
        if older < Version(first) <= newer and claim.era(last).expect != claim.era(first).expect
    ]


@cache
def _base_versions(releases: tuple[str, ...]) -> list[Version]:
    return [base_version(release) for release in releases]


def edge_releases(registry: Registry, releases: Sequence[str]) -> list[str]:
    """Every release beside an edge of some claim's eras, oldest first."""
    sides = {release for claim in registry.claims.values() for pair in edges(claim, releases) for release in pair}
    return [release for release in releases if release in sides]


def first_releases(releases: Sequence[str]) -> list[str]:
    """The oldest release of each minor line that has several."""
    lines: dict[tuple[int, ...], list[str]] = {}
    for release in releases:
        lines.setdefault(Version(release).release[:2], []).append(release)
    return [line[0] for line in lines.values() if len(line) > 1]


def lacking(registry: Registry, subjects: Sequence[Subject], releases: Sequence[str]) -> dict[str, list[str]]:
    """By claim, the releases beside an edge of its eras that no record confirms on the devices of a search."""
    recorded = defaultdict(list)
    for subject in subjects:
        recorded[str(subject.lightning)].append(subject)
    found = {}
    for claim in registry.claims.values():
        sides = dict.fromkeys(release for pair in edges(claim, releases) for release in pair)
        found[claim.id] = [s for s in sides if not any(_as_expected(claim, subject) for subject in recorded[s])]
    return {id: sides for id, sides in found.items() if sides}


def unconfirmed(registry: Registry, subjects: Sequence[Subject], releases: Sequence[str]) -> list[str]:
    """One message for each claim of which an edge is lacking."""
    return sorted(
        f"{registry.claims[id].file}: {id}: no record confirms its edge on {', '.join(sides)}"
        for id, sides in lacking(registry, subjects, releases).items()
    )


def _as_expected(claim: Claim, subject: Subject) -> bool:
    expected, said = claim.era(str(subject.lightning)).expect, subject.verdicts(claim.id)
    return all(said.get(device) in (expected, "untested") for device in DEVICES if device in claim.devices)


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
    import tempfile

    devices = [device for device in DEVICES if device in claim.devices]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "record.json")
        run_release(root, release, file, f"--claim={claim.id}", f"--era-of={era_of}", f"--device={','.join(devices)}")
        entry = read_record(file)["claims"][claim.id]
    expected = claim.era(era_of).expect
    same = all(entry[device]["verdict"] == expected for device in devices)
    return Probe(release, same, "; ".join(_said(device, entry[device], same) for device in devices))


def _said(device: str, entry: dict, same: bool) -> str:
    reason = "" if same or not entry.get("reason") else f" ({entry['reason'].splitlines()[0]})"
    return f"{entry['verdict']} on {device}{reason}"


def run_release(root: Path, release: str, record: Path, *options: str) -> None:
    """Run pytest with `options` on this release, in an environment of its own; it writes `record`, or LedgerError."""
    import shutil
    import subprocess

    tox = shutil.which("tox")
    if tox is None:
        raise LedgerError("tox is not installed, and releases are run by it; python -m pip install tox")
    place = root / ".tox" / "releases" / release
    command = [tox, "run", "-q", "--workdir", str(place), "-e", environment(release), "--", f"--record={record}"]
    variables = {**os.environ, "LIGHTNING": release}
    done = subprocess.run([*command, *options], cwd=root, env=variables, capture_output=True, text=True, check=False)
    if not record.exists():
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise LedgerError(f"Lightning {release} could not be installed or run:\n{last}")


def environment(release: str) -> str:
    """The environment of the release's line; up to 1.8.3 Lightning refuses the schedulers of torch 2."""
    version = Version(release)
    line = "pl{}.{}".format(*version.release)
    return f"{line}-torch1.13" if Version("1.8") <= version < Version("1.8.4") else line
