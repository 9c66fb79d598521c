"""`python -m mutants.bystanders`: which claims besides its own notice each sabotage.

Under each sabotage, in a fork of one process, the quickest case of every claim that holds runs on the CPU, where it
reaches what the sabotage replaces. A claim notices where that case comes out another way than normally. The matrix is
kept as JSON, row by row, and an interrupted run goes on where it ended. What stands out is printed: claims that notice
nothing but their own sabotages, claims that notice most of all, and sabotages that hardly anyone notices.

The quickest case is often that of a refusal, which sees little. So `--closely FILE` asks every case of the claims that
notice none but their own sabotages in that matrix.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import track

from fixtures.sabotage import Sabotage, load_sabotages
from ledger.errors import LedgerError
from ledger.plugin.binding import claim_id
from ledger.plugin.options import SETTINGS
from ledger.record import check_writable
from ledger.verdicts import UNTESTED
from mutants.cases import Ended, noticing
from mutants.matrix import Matrix, Row, blind, read_matrix, summary
from mutants.patched import may_notice
from mutants.reach import ROOT, Lines, measured, reached
from mutants.server import Server, Task

RUN = ["--device=cpu", "specs"]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        if options.json:
            check_writable(options.json, "--json")
        if options.closely and options.json and options.closely.resolve() == options.json.resolve():
            raise LedgerError(f"--closely {options.closely}: is the file of --json too; name another one there")
        matrix = read_matrix(options.json) if options.json and options.json.exists() else Matrix()
        if not options.tell:
            _run(matrix, options, set(blind(read_matrix(options.closely))) if options.closely else None)
        elif not matrix.rows:
            raise LedgerError("--tell: there is no matrix yet; name its file with --json")
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
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the matrix in this file, and go on from it")
    parser.add_argument("--closely", metavar="FILE", type=Path, help="ask all cases of the claims that are blind there")
    parser.add_argument("--tell", action="store_true", help="run nothing: only tell what stands out in --json")
    return parser.parse_args(arguments)


def _run(matrix: Matrix, options: argparse.Namespace, closely: set[str] | None) -> None:
    """Fill the matrix with the rows that it lacks; it is written after each. `closely` are the claims to ask, if not
    all, and then of each all cases."""
    console = Console(stderr=True)

    def keep() -> None:
        if options.json:
            matrix.write(options.json)

    def drive(server: Server) -> None:
        with console.status("running every case as it is, once"):
            server.measure()
        drawn = _drawn(server, options.seed)
        claims = {id: cases for id, cases in green_cases(server).items() if closely is None or id in closely}
        items = [(id, item) for id, cases in claims.items() for item in (cases if closely else cases[:1])]
        matrix.of(server.session.config.stash[SETTINGS].era, claims, {_name(one): also for one, also in drawn.items()})
        sabotages = [one for one in [*drawn][: options.sample or None] if _name(one) not in matrix.rows]
        tasks = (_task(server, one, _asked({one.claim, *drawn[one]}, one, items, lines)) for one in sabotages)
        ended = server.each(tasks, options.jobs)
        for (sabotage, asked), noticed, _ in track(ended, "sabotages", len(sabotages), console=console):
            matrix.rows[_name(sabotage)] = _row(sabotage, asked, noticed, drawn[sabotage])
            keep()
        keep()

    lines = reached(measured(console), None)
    code = pytest.main(["-qq", "-s", *RUN], plugins=[Server(drive)])
    if not matrix.rows:
        raise LedgerError(f"no sabotage was tried: pytest ended with {code!r}; does `python -m pytest specs` work?")


def _drawn(server: Server, seed: int) -> dict[Sabotage, tuple[str, ...]]:
    """The sabotages of the claims that hold on the installed release, in random order; each once, as that of the first
    of its claims, with the others."""
    found: dict[Callable, Sabotage] = {}
    also: dict[Callable, tuple[str, ...]] = {}
    for id, sabotages in sorted(load_sabotages(ROOT / "specs").items()):
        for one in sabotages if _holds(server, id) else ():
            also[one.apply] = (*also[one.apply], id) if one.apply in found else ()
            found.setdefault(one.apply, one)
    drawn = random.Random(seed).sample([*found.values()], len(found))
    return {one: also[one.apply] for one in drawn}


def _name(sabotage: Sabotage) -> str:
    return f"{sabotage.claim} {sabotage.name}"


def _holds(server: Server, id: str) -> bool:
    settings = server.session.config.stash[SETTINGS]
    return settings.registry.claims[id].era(settings.era).expect == "holds"


def green_cases(server: Server) -> dict[str, list[pytest.Item]]:
    """Of each claim that holds its green cases that are not untested, the quickest first."""
    normal = server.normal
    ran = {node for node, outcome in normal.outcomes.items() if outcome != UNTESTED}
    claims: dict[str, list[pytest.Item]] = {}
    for node in sorted(ran - normal.red, key=normal.seconds.__getitem__):
        item = server.items[node]
        id = claim_id(list(item.iter_markers("claim"))) or ""
        if _holds(server, id):
            claims.setdefault(id, []).append(item)
    return claims


def _asked(
    own: set[str], sabotage: Sabotage, items: Iterable[tuple[str, pytest.Item]], lines: Mapping[Path, Lines]
) -> list[pytest.Item]:
    """The cases that reach what the sabotage replaces, or all where that cannot be told; those of its own claims
    always."""
    reaching = may_notice(sabotage, lines)
    return [item for id, item in items if reaching is None or item.nodeid in reaching or id in own]


def _task(server: Server, sabotage: Sabotage, items: Sequence[pytest.Item]) -> Task:
    def work() -> list[str]:
        sabotage.apply(pytest.MonkeyPatch())
        return noticing(server.session, items, server.normal)

    return Task((sabotage, len(items)), work, server.limit(items))


def _row(sabotage: Sabotage, asked: int, noticed: list[str] | Ended, also: tuple[str, ...]) -> Row:
    """What is kept of a sabotage; where the fork ended early, no claim is known to have noticed."""
    if isinstance(noticed, Ended):
        return Row(sabotage.says, asked, (), noticed.by, also)
    return Row(sabotage.says, asked, tuple(sorted(noticed)), also=also)


if __name__ == "__main__":
    sys.exit(main())
