"""`python -m mutants.bystanders`: which claims besides its own notice each sabotage.

Under each sabotage, in a fork of one process, the quickest case of every claim runs on the CPU. A claim notices where
that case comes out another way than normally. The matrix is written as JSON; what stands out is printed: claims that
notice nothing but their own sabotages, claims that notice most of all, and sabotages that hardly anyone notices.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.progress import track

from fixtures.sabotage import Sabotage, load_sabotages
from ledger.errors import LedgerError
from ledger.plugin.binding import claim_id
from ledger.plugin.options import SETTINGS
from ledger.record import check_writable, write_record
from ledger.verdicts import UNTESTED
from mutants.cases import Ended, noticing
from mutants.reach import ROOT
from mutants.server import Server, Task

RUN = ["--device=cpu", "specs"]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    console = Console(stderr=True)
    matrix: dict[str, dict[str, Any]] = {}

    def drive(server: Server) -> None:
        with console.status("running every case as it is, once"):
            server.measure()
        sabotages = _drawn(server, options.sample, options.seed)
        items = quickest(server)
        tasks = (Task(one, _work(server, one, items), server.limit(items)) for one in sabotages)
        ended = server.each(tasks, options.jobs)
        for sabotage, noticed, _ in track(ended, "sabotages", len(sabotages), console=console):
            matrix[f"{sabotage.claim} {sabotage.name}"] = _row(sabotage, noticed)

    try:
        if options.json:
            check_writable(options.json, "--json")
        code = pytest.main(["-qq", "-s", *RUN], plugins=[Server(drive)])
        if not matrix:
            raise LedgerError(f"no sabotage was tried: pytest ended with {code!r}; does `python -m pytest specs` work?")
        if options.json:
            write_record(matrix, options.json, "--json")
    except LedgerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(summary(matrix)))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutants.bystanders", description=__doc__)
    parser.add_argument("--sample", metavar="N", type=int, default=0, help="so many sabotages, drawn (default: all)")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="which sample (default: 1)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="so many at a time (default: 1)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the matrix to this file")
    return parser.parse_args(arguments)


def _drawn(server: Server, sample: int, seed: int) -> list[Sabotage]:
    """The sabotages of the claims that hold on the installed release; each once, under the first of its claims."""
    settings = server.session.config.stash[SETTINGS]
    claims = settings.registry.claims
    found: dict[Callable, Sabotage] = {}
    for id, sabotages in sorted(load_sabotages(ROOT / "specs").items()):
        for one in sabotages if claims[id].era(settings.era).expect == "holds" else ():
            found.setdefault(one.apply, one)
    all_of_them = list(found.values())
    return random.Random(seed).sample(all_of_them, min(sample or len(all_of_them), len(all_of_them)))


def quickest(server: Server) -> list[pytest.Item]:
    """Of each claim its quickest green case that is not untested, the quickest of all first."""
    normal = server.normal
    ran = {node for node, outcome in normal.outcomes.items() if outcome != UNTESTED}
    claims: dict[str, pytest.Item] = {}
    for node in sorted(ran - normal.red, key=normal.seconds.__getitem__):
        item = server.items[node]
        claims.setdefault(claim_id(list(item.iter_markers("claim"))) or "", item)
    return list(claims.values())


def _work(server: Server, sabotage: Sabotage, items: Sequence[pytest.Item]):
    def work() -> list[str]:
        sabotage.apply(pytest.MonkeyPatch())
        return noticing(server.session, items, server.normal)

    return work


def _row(sabotage: Sabotage, noticed: list[str] | Ended) -> dict[str, Any]:
    """What is kept of a sabotage; where the fork ended early, no claim is known to have noticed."""
    if isinstance(noticed, Ended):
        return {"says": sabotage.says, "ended": noticed.by, "noticed": []}
    return {"says": sabotage.says, "noticed": sorted(noticed)}


def summary(matrix: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What stands out, as lines of text."""
    tried = {name: set(row["noticed"]) for name, row in matrix.items() if "ended" not in row}
    counts = Counter(claim for noticed in tried.values() for claim in noticed)
    lonely = [name for name, noticed in tried.items() if noticed <= {name.split()[0]}]
    own = {name.split()[0] for name in tried}
    yield f"{len(tried)} sabotages tried; {len(matrix) - len(tried)} ended before all claims could be asked"
    yield f"{len(lonely)} are noticed by no claim but their own: {_some(lonely)}"
    yield f"claims that notice nothing, not even a sabotage of their own: {_some(sorted(own - set(counts)))}"
    often = [f"{claim} ({count})" for claim, count in counts.most_common() if count > len(tried) / 2]
    yield f"claims that notice more than half of all: {_some(often)}"
    median = sorted(map(len, tried.values()))[len(tried) // 2] if tried else 0
    yield f"a sabotage is noticed by {median} claims (median)"


def _some(names: Iterable[str], shown: int = 12) -> str:
    names = list(names)
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return (", ".join(names[:shown]) + rest) or "none"


if __name__ == "__main__":
    sys.exit(main())
