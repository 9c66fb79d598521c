"""`python -m mutants --sample 300 --seed 1`: how many small changes to the installed Lightning the specs notice."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ledger.errors import LedgerError
from mutants.drawing import Mutant, enumerated, shuffled
from mutants.reach import PARTS, RUN, measured, reached
from mutants.report import Report, again, load_judged
from mutants.server import Server, Trial


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        judged = load_judged()
        mutants = _drawn(options, console)
        if options.again:
            mutants = again(mutants, options.again, judged)
        trials, seconds = _tried(options, mutants, console)
    except LedgerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report = Report(trials, judged, seconds)
    print("\n".join([*report.survivors(), "", *report.lines()]))
    if options.json:
        text = json.dumps(report.as_json(), indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--sample", metavar="N", type=int, default=300, help="so many mutants, drawn (default: 300)")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="which sample (default: 1)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="so many at a time (default: 1)")
    parser.add_argument("--only", metavar="PART", help="parts of Lightning: loops,core/module.py")
    parser.add_argument("--fresh", action="store_true", help="measure anew which cases reach which lines")
    parser.add_argument(
        "--again", metavar="FILE", type=Path, nargs="+", default=[], help="try those that survived according to --json"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what became of each mutant to this file")
    return parser.parse_args(arguments)


def _drawn(options: argparse.Namespace, console: Console) -> list[Mutant]:
    data = measured(console, options.fresh)
    parts = options.only.split(",") if options.only else PARTS
    mutants = enumerated(reached(data, parts))
    if not mutants:
        raise LedgerError(f"--only {options.only}: no case reaches such a part; name one as in {', '.join(PARTS)}")
    return shuffled(mutants, options.seed)


def _tried(options: argparse.Namespace, mutants: list[Mutant], console: Console) -> tuple[list[Trial], float]:
    """Try the sample; an interrupt ends it early, and what was tried until then is reported."""
    trials: list[Trial] = []
    times = [monotonic()]

    def drive(server: Server) -> None:
        with console.status("running every case as it is, once"):
            normal = server.measure()
        if normal.red:
            console.print(f"{len(normal.red)} cases fail without any mutant, and are left out: {min(normal.red)}, …")
        times[0] = monotonic()
        columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
        with Progress(*columns, console=console, auto_refresh=False) as progress:
            task = progress.add_task("", total=min(options.sample, len(mutants)))
            for trial in server.trials(mutants, options.sample, options.jobs):
                trials.append(trial)
                if not trial.ended.by:
                    mutant = trial.mutant
                    said = f"survived: {mutant.module}:{mutant.line}  {mutant.before}  →  {trial.after}"
                    console.print(said, soft_wrap=True, markup=False, highlight=False)
                killed = sum(bool(trial.ended.by) for trial in trials)
                progress.update(task, advance=1, description=f"{killed} killed", refresh=True)
                times[1:] = [monotonic()]

    server = Server(drive)
    code = pytest.main(["-qq", "-s", *RUN], plugins=[server])
    if server.session is None or not trials:
        raise LedgerError(f"no mutant was tried: pytest ended with {code!r}; does `python -m pytest specs` work?")
    return trials, times[-1] - times[0]


if __name__ == "__main__":
    sys.exit(main())
