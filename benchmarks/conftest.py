"""Two things timed in turn, A B A B, so that a machine that slows down slows both; what is reported is their ratio.

`--ratios FILE` writes those that compare Lightning with a yardstick to a benchmark record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import pytest

from ledger.errors import LedgerError
from ledger.plugin.options import subject
from ledger.ratios import Ratio, ratios_record
from ledger.record import check_writable, write_record


@dataclass(frozen=True)
class Comparison:
    """The seconds that one thing and its yardstick took, round by round.

    `asked` is what this project asks of itself; such a comparison is no measurement of Lightning.
    """

    name: str
    yardstick: str
    seconds: Sequence[float]
    yardstick_seconds: Sequence[float]
    asked: str = ""

    @property
    def ratios(self) -> list[float]:
        return [one / other for one, other in zip(self.seconds, self.yardstick_seconds)]

    def numbers(self) -> dict[str, object]:
        return {
            "yardstick": self.yardstick,
            "ratio": median(self.ratios),
            "seconds": median(self.seconds),
            "yardstick_seconds": median(self.yardstick_seconds),
            "rounds": len(self.ratios),
            "asked": self.asked,
        }

    def ratio(self) -> Ratio:
        lower, _, upper = quantiles(self.ratios, n=4, method="inclusive") if len(self.ratios) > 1 else self.ratios * 3
        medians = median(self.seconds), median(self.yardstick_seconds)
        return Ratio(self.name, self.yardstick, median(self.ratios), (lower, upper), len(self.ratios), *medians)

    def __str__(self) -> str:
        return (
            f"{self.name:42} {duration(median(self.seconds)):>8} = {median(self.ratios):5.2f} × {self.yardstick} "
            f"({duration(median(self.yardstick_seconds))})" + (f"; asked: {self.asked}" if self.asked else "")
        )


COMPARISONS: pytest.StashKey[list[Comparison]] = pytest.StashKey()
PROBLEM: pytest.StashKey[str] = pytest.StashKey()


def duration(seconds: float) -> str:
    factor, unit = (1, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * factor:.3g} {unit}"


@pytest.fixture
def report(benchmark, request):
    """Keep a comparison in the benchmark's extra_info, and for the table at the end: `report(name, yardstick, …)`."""

    def keep(*fields, **more) -> None:
        comparison = Comparison(*fields, **more)
        benchmark.extra_info.update(comparison.numbers())
        request.config.stash.setdefault(COMPARISONS, []).append(comparison)

    return keep


@pytest.fixture
def alternate(benchmark, report):
    """Run a yardstick and what it measures in turn, once untimed and then for so many rounds, and report."""

    def run(
        name: str, function: Callable, yardstick: str, other: Callable, *, rounds: int, asked="", clock=perf_counter
    ):
        seconds: list[float] = []
        yardstick_seconds: list[float] = []
        other()
        function()
        benchmark.pedantic(
            lambda: seconds.append(timed(function, clock)),
            setup=lambda: yardstick_seconds.append(timed(other, clock)),
            rounds=rounds,
        )
        report(name, yardstick, seconds, yardstick_seconds, asked)

    return run


def timed(function: Callable, clock: Callable[[], float]) -> float:
    start = clock()
    function()
    return clock() - start


def pytest_addoption(parser):
    parser.addoption("--ratios", metavar="FILE", help="write what was measured of Lightning to this benchmark record")


def ratios_file(config) -> Path | None:
    return Path(config.invocation_params.dir, config.option.ratios) if config.option.ratios else None


def pytest_configure(config):
    file = ratios_file(config)
    if file:
        try:
            check_writable(file, "--ratios")
        except LedgerError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_sessionfinish(session, exitstatus):
    """Only a whole run that passed is recorded; otherwise an older record stays as it was."""
    file, comparisons = ratios_file(session.config), session.config.stash.get(COMPARISONS, [])
    measured = [comparison.ratio() for comparison in comparisons if not comparison.asked]
    if file and measured and exitstatus == pytest.ExitCode.OK:
        try:
            write_record(ratios_record(subject(), measured), file, "--ratios")
        except LedgerError as error:
            session.config.stash[PROBLEM] = str(error)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if PROBLEM in config.stash:
        terminalreporter.write_line(f"ERROR: {config.stash[PROBLEM]}", red=True)
    comparisons = config.stash.get(COMPARISONS, [])
    if comparisons:
        terminalreporter.section("ratios: medians over rounds in turn")
        terminalreporter.write("\n".join(map(str, comparisons)) + "\n")
