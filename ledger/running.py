"""The commands of `python -m ledger` that run releases, each in an environment of its own."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from ledger.ask import load_subjects
from ledger.commands import Answer, drift
from ledger.edges import (
    RELEASES,
    Edge,
    Probe,
    edge_releases,
    first_releases,
    flips,
    known_release,
    lacking,
    run_claim,
    run_release,
    search,
    stable_releases,
    unconfirmed,
)
from ledger.errors import LedgerError
from ledger.record import open_record
from ledger.registry import Claim, Registry
from ledger.unrecorded import load_swept, write_swept

ROOT = RELEASES.parent.parent


def bisect(registry: Registry, options: Namespace) -> Answer:
    """The exact releases at which one claim's verdict changes, found by running it on releases in between."""
    from rich.console import Console
    from rich.progress import Progress

    claim, releases = registry.claim(options.id), stable_releases(RELEASES)
    spans = [options.between] if options.between else flips(load_subjects(options.records), claim)
    if not spans:
        raise LedgerError(f"{claim.id}: its recorded verdict never changes; name two versions with --between A B")
    edges = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for span in spans:
            edges.append(_edge(claim, releases, span, progress))
    return [asdict(edge) for edge in edges], [line for edge in edges for line in _edge_lines(claim, edge)]


def _edge(claim: Claim, releases: list[str], span: Sequence[str], progress: Any) -> Edge:
    older, newer = (known_release(releases, text) for text in span)
    eras = claim.era(older), claim.era(newer)
    if releases.index(older) >= releases.index(newer) or eras[0] == eras[1]:
        raise LedgerError(f"{claim.id}: no edge is expected from {older} to {newer}; name an older and a newer version")
    forward = eras[0].expect != "untested"
    between = releases[releases.index(older) : releases.index(newer) + 1]
    task = progress.add_task(claim.id, total=max(1, (len(between) - 2).bit_length()))

    def probe(release: str) -> Probe:
        progress.update(task, description=f"{claim.id} on {release}")
        found = run_claim(ROOT, claim, release, older if forward else newer)
        progress.advance(task)
        return found

    return search(between, forward, probe, (f"{eras[0].expect} (recorded)", f"{eras[1].expect} (recorded)"))


def _edge_lines(claim: Claim, edge: Edge) -> list[str]:
    return [
        f"{claim.id} changes from {edge.last.release} to {edge.first.release}",
        f"  {edge.last.release}: {edge.last.said}",
        f"  {edge.first.release}: {edge.first.said}",
        f"  ({edge.runs} runs for {edge.releases} releases)",
    ]


def edges(registry: Registry, options: Namespace) -> Answer:
    """Run, on each release at an edge without a whole record, what changes there; writes `records/edges`.

    With `--missing` only on those where an edge is not confirmed yet.
    """
    releases, folder = stable_releases(RELEASES), options.records / "edges"
    whole = {str(subject.lightning) for subject in load_subjects(options.records)}
    wanted = [release for release in edge_releases(registry, releases) if release not in whole]
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        if file.stem not in wanted:
            file.unlink()
    if options.missing:
        sides = lacking(registry, load_subjects(options.records, edges=True), releases)
        missing = set(chain.from_iterable(sides.values()))
        wanted = [release for release in wanted if release in missing]
    failed = _run(wanted, folder, "--edges", "--device=cpu,sim")
    problems = failed + unconfirmed(registry, load_subjects(options.records, edges=True), releases)
    if problems:
        raise LedgerError("\n".join(problems))
    return wanted, [f"{len(wanted)} releases at the edges of eras: each is as the registry says"]


def sweep(registry: Registry, options: Namespace) -> Answer:
    """Run every claim on the CPU, on the first release of each minor line or those named; some claims on all.

    An era is measured at its edges and on the last release of each line: what changed and changed back between those is
    found here. Raises LedgerError with every verdict that is not as its era expects; of the releases that have none it
    is noted in `records/sweep` how many claims were run, where all were.
    """
    from tempfile import TemporaryDirectory

    releases, ids = stable_releases(RELEASES), [registry.claim(id).id for id in options.claim.split(",") if id]
    wanted = [known_release(releases, text) for text in options.releases]
    wanted = wanted or (releases if ids else first_releases(releases))
    before = load_swept(options.records)
    swept = dict(before)
    with TemporaryDirectory() as folder:
        problems = _run(wanted, Path(folder), "--device=cpu", *([f"--claim={','.join(ids)}"] if ids else []))
        for file in (Path(folder, f"{release}.json") for release in wanted):
            record = open_record(file) if file.exists() else None
            drifted = drift(registry, record) if record else []
            problems += [f"Lightning {file.stem}: {problem}" for problem in drifted]
            if drifted or not ids:
                swept.pop(file.stem, None)
            if record and not drifted and not ids:
                swept[file.stem] = len(record["claims"])
    if swept != before:
        write_swept(options.records, swept)
    if problems:
        raise LedgerError("\n".join(problems))
    return wanted, [f"{len(wanted)} releases: each is as the registry says"]


def _run(releases: Sequence[str], folder: Path, *options: str) -> list[str]:
    """Run pytest with these options on every release, side by side; each writes its record into the folder.

    Returns a message for each that could not be run.
    """
    from concurrent.futures import ThreadPoolExecutor

    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = progress.add_task("releases", total=len(releases))
        jobs = []
        for release in releases:
            file = folder / f"{release}.json"
            file.unlink(missing_ok=True)
            jobs.append(pool.submit(run_release, ROOT, release, file, *options))
            jobs[-1].add_done_callback(lambda job: progress.advance(task))
    return [str(error) for job in jobs if (error := job.exception())]
