"""What the suite itself costs over importing Lightning, and what asking the ledger costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.registry import load_registry

ROOT = Path(__file__).parent.parent


def python(*arguments: str) -> Callable[[], None]:
    """Run Python at the repository's root in a process that knows nothing of this pytest; it must succeed."""

    def run() -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        ended = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, text=True, capture_output=True)
        assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]

    return run


def over_import(alternate, name: str, folders: Sequence[str], **options) -> None:
    run = python("-m", "pytest", *folders, "--device", "cpu,sim", "-q")
    alternate(name, run, "importing Lightning", python("-c", "import pytorch_lightning"), **options)


def test_part_0_over_import_floor(alternate):
    sections = [section for section in load_registry(ROOT / "specs").sections if section.part == 0]
    folders = [str(section.folder) for section in sections]
    over_import(alternate, "part 0 on cpu and sim", folders, rounds=3, asked="at most 3 ×, better 2 ×")


def test_suite_over_import_floor(alternate):
    over_import(alternate, "all specs on cpu and sim", ["specs"], rounds=1)


def test_ledger_help(alternate):
    alternate(
        "python -m ledger --help",
        python("-m", "ledger", "--help"),
        "starting Python",
        python("-c", "pass"),
        rounds=20,
        asked="at most 300 ms",
    )
