"""Which cases reach which line of Lightning: one run of all specs under coverage, with one context a case, kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from coverage import CoverageData
from rich.console import Console

from ledger.errors import LedgerError
from ledger.reach import module_parts

ROOT = Path(__file__).parent.parent
PARTS = ("trainer", "loops", "core", "callbacks", "strategies", "accelerators")
DEVICES = "cpu,sim"
RUN = [f"--device={DEVICES}", "specs"]
PACKAGES = ["--cov=pytorch_lightning", "--cov=lightning_fabric"]
UNDER_COVERAGE = ["-p", "mutants.apart", *PACKAGES, "--cov-context=test", "--cov-report="]

Lines = dict[int, tuple[str, ...]]
"""The node ids of the cases that reach a line, by its number."""


def data_file() -> Path:
    return Path(os.environ.get("COVERAGE_FILE", ROOT / ".coverage.mutants")).resolve()


def measured(console: Console, fresh: bool = False) -> Path:
    """The file that tells which cases reach which lines; measured where there is none, or anew where asked for."""
    data = data_file()
    if fresh or not data.is_file():
        with console.status("running every case under coverage, once"):
            measure(data)
    return data


def measure(data: Path) -> None:
    """Run every case once under coverage; what the cases come to is judged elsewhere."""
    command = [sys.executable, "-m", "pytest", "-qq", *UNDER_COVERAGE, *RUN]
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if not data.is_file():
        raise LedgerError(f"the run under coverage left no data:\n{ended.stdout[-2000:]}")


def reached(data: Path, parts: Iterable[str] | None = PARTS) -> dict[Path, Lines]:
    """The lines that cases reach, of each file in these parts of Lightning (`loops`, or `loops/fit_loop.py`), or of
    all files that were measured where `parts` is None."""
    coverage = CoverageData(str(data))
    coverage.read()
    found = {}
    for file in sorted(coverage.measured_files()):
        if parts is None or is_part(module_name(Path(file)), parts):
            by_line = coverage.contexts_by_lineno(file)
            lines = {line: _cases(contexts) for line, contexts in sorted(by_line.items())}
            found[Path(file)] = {line: cases for line, cases in lines.items() if cases}
    return {file: lines for file, lines in found.items() if lines}


def _cases(contexts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({context.rpartition("|")[0] for context in contexts if context}))


def module_name(path: Path) -> str:
    """The file as it is named in reports: "loops/fit_loop.py"; empty for a file that is not of pytorch_lightning."""
    package, *parts = module_parts(str(path)) or ("",)
    return "/".join(parts) if package == "pytorch_lightning" else ""


def is_part(name: str, parts: Iterable[str]) -> bool:
    return any(name == part or name.startswith(part.rstrip("/") + "/") for part in parts)
