"""`python -m ledger`: ask the registry and the records, running nothing. Imports neither torch nor Lightning."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger import commands, running, site
from ledger.errors import LedgerError
from ledger.registry import DEVICES
from ledger.stored import open_registry

ROOT = Path(__file__).parent.parent


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m ledger", description="What PyTorch Lightning does, release by release."
    )
    subcommands = top.add_subparsers(required=True, metavar="COMMAND")
    common = _common_options()
    _add_questions(subcommands, common)
    _add_runs_and_reports(subcommands, common)
    return top


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--specs", type=Path, default=ROOT / "specs", help="the folder of the specs (default: this one's)"
    )
    common.add_argument("--records", type=Path, default=ROOT / "records", help="the folder of the records")
    common.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the wording (default: en)")
    common.add_argument("--json", action="store_true", help="print JSON instead of text")
    return common


def _add_questions(subcommands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """What the registry and the records answer at once."""
    show = subcommands.add_parser("show", parents=[common], help="one claim: wording, eras, verdicts, correction")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=commands.show)
    compare = subcommands.add_parser("compare", parents=[common], help="what an upgrade changes")
    compare.add_argument("old", metavar="A", help="a version: 1.9, 1.9.5 or installed")
    compare.add_argument("new", metavar="B")
    compare.set_defaults(run=commands.compare_two)
    listing = subcommands.add_parser("list", parents=[common], help="all claims, or those of one verdict")
    listing.add_argument("--on", metavar="VERSION", help="the verdicts recorded of this version (default: the newest)")
    listing.add_argument("--holds", action="store_true", help="only claims that hold")
    listing.add_argument("--refuted", action="store_true", help="only claims that are refuted")
    listing.set_defaults(run=commands.list_claims)
    trace = subcommands.add_parser("trace", parents=[common], help="everything that happened in one run, in order")
    trace.add_argument("run_name", metavar="RUN", help="a recorded run, such as fit, validate, test or predict")
    trace.add_argument("--on", metavar="VERSION", help="as recorded of this version (default: the newest)")
    trace.add_argument("--device", choices=DEVICES, help="as recorded on this device")
    trace.set_defaults(run=commands.trace)


def _add_runs_and_reports(subcommands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """What runs releases, and what is made of the records."""
    bisect = subcommands.add_parser("bisect", parents=[common], help="the exact releases at which a claim flips")
    bisect.add_argument("id", metavar="ID")
    bisect.add_argument("--between", nargs=2, metavar=("A", "B"), help="search from A to B (default: every flip)")
    bisect.set_defaults(run=running.bisect)
    edges = subcommands.add_parser("edges", parents=[common], help="run what changes at a release, on that release")
    edges.add_argument("--missing", action="store_true", help="only where no record confirms an edge yet")
    edges.set_defaults(run=running.edges)
    sweep = subcommands.add_parser("sweep", parents=[common], help="run every claim on releases between those recorded")
    sweep.add_argument("releases", nargs="*", metavar="VERSION", help="default: the first release of each minor line")
    sweep.add_argument(
        "--claim", default="", metavar="IDS", help="only these claims and their corrections; default: on every release"
    )
    sweep.set_defaults(run=running.sweep)
    check = subcommands.add_parser(
        "check", parents=[common], help="drift of records from eras and from those committed"
    )
    check.add_argument("files", nargs="*", type=Path, metavar="RECORD")
    check.set_defaults(run=commands.check)
    pages = subcommands.add_parser("site", parents=[common], help="write the ledger as a static site")
    pages.add_argument("folder", type=Path, metavar="DIR")
    pages.set_defaults(run=site.site)
    report = subcommands.add_parser("report", parents=[common], help="what fresh records say, what drifted first")
    report.add_argument("--github", action="store_true", help="as markdown for the summary of a workflow's job")
    report.add_argument("files", nargs="*", type=Path, metavar="RECORD", default=[Path("record.json")])
    report.set_defaults(run=site.report)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        found, lines = options.run(open_registry(options.specs), options)
    except LedgerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        print(json.dumps(found, indent=1, ensure_ascii=False) if options.json else "\n".join(lines), flush=True)
    except BrokenPipeError:  # who reads it, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    gc.disable()
    sys.exit(main())
