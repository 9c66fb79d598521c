"""What the suite itself costs over importing Lightning, and what asking the ledger costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def python(*arguments: str) -> Callable[[], None]:
    """Run Python at the repository's root in a process of its own; it must succeed."""

    def run() -> None:
        command = [sys.executable, *arguments]
        ended = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert ended.returncode == 0, ended.stdout[-4000:]

    return run


def test_suite_over_import_floor(alternate):
    alternate(
        "all specs on cpu and sim",
        python("-m", "pytest", "specs", "--device", "cpu,sim", "-q"),
        "importing Lightning",
        python("-c", "import pytorch_lightning"),
        rounds=3,
        asked="asked: at most 3 ×, better 2 ×",
    )


def test_ledger_help(alternate):
    alternate(
        "python -m ledger --help",
        python("-m", "ledger", "--help"),
        "starting Python",
        python("-c", "pass"),
        rounds=20,
        asked="asked: at most 0.3 s",
    )
