"""`python tests/orders.py --runs 20`: the whole suite again and again, in random order and two processes; the record
must be the same every time. With `--load N` so many other processes keep the machine busy meanwhile.

What follows `--` goes to pytest, as in `-- specs/callback --device cpu`.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[1]
BUSY = "while True: pass"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="orders-") as folder, _busy(options.load):
        expected = _record(Path(folder), "in order", ["-n", "2", "-p", "no:randomly"], options.pytest)
        if not expected.startswith(b"{"):
            sys.stdout.buffer.write(expected)
            print("the run in order is red; mend it first")
            return 1
        return _in_random_order(options, Path(folder), expected)


def _in_random_order(options: argparse.Namespace, folder: Path, expected: bytes) -> int:
    """Run with each seed; how many gave the expected record is told also where the runs are stopped early."""
    tried = different = 0
    try:
        for seed in range(options.seed, options.seed + options.runs):
            seen = _record(folder, f"seed {seed}", ["-n", "2", f"--randomly-seed={seed}"], options.pytest)
            tried += 1
            if seen != expected:
                different += 1
                kept = ROOT / f"record-seed-{seed}.json"
                kept.write_bytes(seen)
                print(f"seed {seed}: another record, kept as {kept.name}", flush=True)
    finally:
        print(f"{tried - different} of {tried} runs in random order gave the record of the run in order")
    return 1 if different else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/orders.py", description=__doc__)
    parser.add_argument("--runs", metavar="N", type=int, default=20, help="so many runs (default: 20)")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="the first one's order (default: 1)")
    parser.add_argument("--load", metavar="N", type=int, default=0, help="keep so many processes busy (default: none)")
    parser.add_argument("pytest", nargs="*", help="what to tell pytest")
    return parser.parse_args(arguments)


def _record(folder: Path, says: str, order: list[str], more: list[str]) -> bytes:
    """Run the suite and return the record it wrote, or what pytest printed where it ended red or wrote none."""
    file = folder / "record.json"
    file.unlink(missing_ok=True)
    start = monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *order, f"--record={file}", *more]
    run = subprocess.run(command, cwd=ROOT, capture_output=True)
    print(f"{says}: {monotonic() - start:.0f} s, {run.stdout.decode().strip().splitlines()[-1]}", flush=True)
    if run.returncode:
        return run.stdout + run.stderr
    return file.read_bytes()


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
