"""`python -m ledger`: ask the registry without running anything. Imports neither torch nor Lightning."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.eras import base_version
from ledger.errors import LedgerError
from ledger.record import read_record
from ledger.registry import Claim, Registry, load_registry, unaccounted_sentences

SPECS = Path(__file__).parent.parent / "specs"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m ledger", description="What is claimed about PyTorch Lightning.")
    top.add_argument("--specs", type=Path, default=SPECS, help="the folder that holds the specs")
    top.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the wording (default: en)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="one claim: wording, devices, eras and correction")
    show.add_argument("id")
    list_ = commands.add_parser("list", help="the ids and wordings of all claims")
    list_.add_argument("--on", metavar="VERSION", help="with the verdict expected of this Lightning version")
    check = commands.add_parser("check", help="validate the registry, and records against its eras")
    check.add_argument("records", nargs="*", type=Path, metavar="RECORD")
    return top


def show(registry: Registry, claim: Claim, language: str) -> list[str]:
    lines = [claim.id, f"  {claim.wording(language)}", f"  devices: {', '.join(claim.devices)}"]
    for era in claim.eras:
        lines.append(f"  {era}: {era.expect}" + (f" ({era.reason or era.note})" if era.reason or era.note else ""))
        if era.correction:
            lines.append(f"    true instead: {registry.claims[era.correction].wording(language)} ({era.correction})")
    return lines


def list_claims(registry: Registry, version: str | None, language: str) -> list[str]:
    if version is not None:
        base_version(version)
    return [
        f"{claim.id}" + (f" [{claim.era(version).expect}]" if version else "") + f": {claim.wording(language)}"
        for claim in registry.claims.values()
    ]


def check(registry: Registry, records: Sequence[Path]) -> list[str]:
    """Every problem found: sentences not accounted for, and verdicts of records that are not what the eras expect."""
    problems = unaccounted_sentences(registry)
    for path in records:
        record = read_record(path)
        lightning = record["subject"]["lightning"]
        for id, entry in record["claims"].items():
            if id not in registry.claims:
                problems.append(f"{path}: {id}: the registry has no such claim; record again")
                continue
            expected = registry.claims[id].era(lightning).expect
            for device in registry.claims[id].devices:
                verdict = entry.get(device, {}).get("verdict", "untested")
                if verdict not in ("untested", expected):
                    problems.append(f"{path}: {id} [{device}]: expected {expected}, recorded {verdict}")
    return problems


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        registry = load_registry(options.specs)
        if options.command == "show":
            lines = show(registry, registry.claim(options.id), options.lang)
        elif options.command == "list":
            lines = list_claims(registry, options.on, options.lang)
        else:
            problems = check(registry, options.records)
            if problems:
                raise LedgerError("\n".join(problems))
            lines = [f"{len(registry.claims)} claims, {len(options.records)} records: nothing drifted"]
    except LedgerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
