"""`python -m ledger.reach`: which lines of the installed Lightning the specs reach.

It asks the data file of a run under coverage with one context a case, as `tox -e coverage` makes it. A case counts with
its set-up and tear-down; where cases share a trace, its lines count for the case that recorded it.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from coverage import Coverage, CoverageException

from ledger.errors import LedgerError, suggest

PACKAGES = ("pytorch_lightning", "lightning_fabric")
SPECS = Path(__file__).parent.parent / "specs"
REMEDY = "run tox -e coverage, or pytest with --cov=pytorch_lightning --cov-branch --cov-context=test"
WHO_WHERE = """
    select file.path, context.context
    from (select file_id, context_id from arc union select file_id, context_id from line_bits) as hit
    join file on file.id = hit.file_id join context on context.id = hit.context_id
"""


@dataclass
class Row:
    """One line of the table: a sub-package, how much of it is reached, and the cases that reach it."""

    statements: int = 0
    reached: int = 0
    in_cases: int = 0
    branches: int = 0
    taken: int = 0
    cases: set[str] = field(default_factory=set)

    def __add__(self, other: Row) -> Row:
        return Row(
            self.statements + other.statements,
            self.reached + other.reached,
            self.in_cases + other.in_cases,
            self.branches + other.branches,
            self.taken + other.taken,
            self.cases | other.cases,
        )


class Reach:
    """The data file of one run: every measured file of Lightning, and the cases that reach it."""

    def __init__(self, path: Path):
        if not path.is_file():
            raise LedgerError(f"{path}: no coverage data there; {REMEDY}")
        self.coverage = Coverage(data_file=str(path), config_file=False)
        self.coverage.load()
        with closing(sqlite3.connect(path)) as database:
            hits = database.execute(WHO_WHERE).fetchall()
        self.cases: dict[str, set[str]] = defaultdict(set)
        for file, context in hits:
            if context:
                self.cases[file].add(context.rpartition("|")[0])
        if not self.cases:
            raise LedgerError(f"{path}: no case reaches anything; {REMEDY}")

    def files(self, contexts: Sequence[str] = (), paths: Sequence[str] = ()) -> dict[str, dict]:
        """coverage's own account of each file, counting only `contexts` (regular expressions) where there are any."""
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            self.coverage.json_report(
                outfile=report, contexts=list(contexts) or None, include=list(paths) or None, ignore_errors=True
            )
            found = json.loads(Path(report).read_text(encoding="utf-8"))["files"]
        return {os.path.abspath(path): file for path, file in found.items()}

    def rows(self) -> dict[str, Row]:
        """The table: a row for each sub-package, in the order of their names."""
        rows: dict[str, Row] = defaultdict(Row)
        in_cases = self.files([r"\|"], sorted(self.cases))
        for path, file in self.files().items():
            parts = module_parts(path)
            if parts:
                whole, part = (Counter(found["summary"]) for found in (file, in_cases.get(path, {"summary": {}})))
                counts = whole["num_statements"], whole["covered_lines"], part["covered_lines"]
                row = Row(*counts, whole["num_branches"], part["covered_branches"], self.cases.get(path, set()))
                rows[".".join(parts[: 2 if len(parts) > 2 else 1])] += row
        return dict(sorted(rows.items()))


def module_parts(path: str) -> tuple[str, ...]:
    """The file's path from Lightning's package on, or nothing for a file of another package."""
    parts = Path(path).parts
    starts = [index for index, part in enumerate(parts) if part in PACKAGES]
    return parts[starts[-1] :] if starts else ()


def claims_of_specs(specs: Path) -> dict[tuple[str, str], str]:
    """The claim of each spec, by file and function as node ids name them, read from the source without running it."""
    return {
        (file.relative_to(specs.parent).as_posix(), function.name): id
        for file in sorted(specs.rglob("*_spec.py"))
        for function in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(function, ast.FunctionDef)
        for id in _marked(function)
    }


def _marked(function: ast.FunctionDef) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.claim":
            yield ast.literal_eval(mark.args[0])


def spec_of(case: str) -> tuple[str, str]:
    """File and function of a case's node id."""
    file, *_, function = case.split("[", 1)[0].split("::")
    return file, function


def table(rows: dict[str, Row]) -> list[str]:
    width = max(len(name) for name in rows)
    columns = ("statements", "reached", "", "in cases", "", "branches", "cases")
    lines = ["{:{w}} {:>10} {:>8} {:>5} {:>9} {:>5} {:>9} {:>6}".format("", *columns, w=width)]
    for name, row in {**rows, "all": sum(rows.values(), Row())}.items():
        lines.append(
            f"{name:{width}} {row.statements:>10} {row.reached:>8} {percent(row.reached, row.statements):>5} "
            f"{row.in_cases:>9} {percent(row.in_cases, row.statements):>5} {percent(row.taken, row.branches):>9} "
            f"{len(row.cases):>6}"
        )
    return [*lines, "reached: by a case or at import; in cases, branches: while a case ran"]


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def of_claim(reach: Reach, id: str, specs: Path) -> list[str]:
    """Each file of Lightning that the claim's cases reach, with its lines; lines run only at import are left out."""
    claims = claims_of_specs(specs)
    if id not in claims.values():
        raise LedgerError(f"{id}: no spec is marked with this claim{suggest(id, set(claims.values()))}")
    found = {path: {case for case in cases if claims.get(spec_of(case)) == id} for path, cases in reach.cases.items()}
    found = {path: cases for path, cases in found.items() if cases and module_parts(path)}
    if not found:
        raise LedgerError(f"{id}: no case of this claim reaches Lightning in this run; {REMEDY}")
    functions = {spec_of(case) for cases in found.values() for case in cases}
    contexts = [rf"^{re.escape(file)}::(.*::)?{re.escape(function)}(\[.*)?\|" for file, function in functions]
    files = reach.files(contexts, sorted(found))
    cases = set().union(*found.values())
    who = "1 case reaches" if len(cases) == 1 else f"{len(cases)} cases reach"
    lines = [f"{id}: {who} {len(found)} file" + "s" * (len(found) > 1)]
    for path, file in sorted(files.items()):
        reached = file["executed_lines"]
        lines.append(f"  {'/'.join(module_parts(path))}: {ranges(reached, reached + file['missing_lines'])}")
    return lines


def ranges(reached: Sequence[int], statements: Sequence[int]) -> str:
    """`reached` as ranges such as "3-9, 12", each ending where a statement follows that was not reached."""
    hit = set(reached)
    runs: list[list[int]] = []
    previous = None
    for line in sorted(statements):
        if line in hit and previous in hit:
            runs[-1][1] = line
        elif line in hit:
            runs.append([line, line])
        previous = line
    return ", ".join(f"{first}-{last}" if first != last else f"{first}" for first, last in runs)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ledger.reach", description="What of Lightning the specs reach.")
    parser.add_argument("data", nargs="?", type=Path, default=Path(os.environ.get("COVERAGE_FILE", ".coverage")))
    parser.add_argument("--claim", metavar="ID", help="the files and lines that the cases of this claim reach")
    parser.add_argument("--specs", type=Path, default=SPECS, help="the folder that holds the specs")
    options = parser.parse_args(arguments)
    try:
        reach = Reach(options.data)
        lines = of_claim(reach, options.claim, options.specs) if options.claim else table(reach.rows())
    except (LedgerError, CoverageException) as error:
        print(f"error: {error}" if isinstance(error, LedgerError) else f"error: {error}; {REMEDY}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
