"""`python -m benchmarks [SUBJECT …]`: the Trainer beside the loop by hand on every subject; writes records/benchmarks.

Subjects are named as their tox environments and records are: pl1.4, pl2.0-torch1.13. One is measured after another.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "records"


def measure(subject: str) -> bool:
    """Run the benchmarks in the tox environment of the subject; an older record stays where they fail."""
    file = RECORDS / "benchmarks" / f"{subject}.json"
    benchmarks = ["python", "-m", "pytest", "-q", "benchmarks/loop_bench.py", f"--ratios={file}"]
    command = ["tox", "exec", "-q", "-e", subject, "--", *benchmarks]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main(subjects: list[str]) -> int:
    if shutil.which("tox") is None:
        print("error: tox is not installed, and subjects are run by it; python -m pip install tox", file=sys.stderr)
        return 1
    known = sorted(file.stem for file in RECORDS.glob("pl*.json"))
    unknown = [subject for subject in subjects if subject not in known]
    if unknown:
        print(f"error: {unknown[0]}: no such subject (known: {', '.join(known)})", file=sys.stderr)
        return 1
    (RECORDS / "benchmarks").mkdir(exist_ok=True)
    failed = [subject for subject in subjects or known if not measure(subject)]
    if failed:
        print(f"error: not measured: {', '.join(failed)}; what went wrong stands above", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
