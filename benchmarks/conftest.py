"""Two things timed in turn, A B A B, so that a machine that slows down slows both; what is reported is their ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import pytest


@dataclass(frozen=True)
class Comparison:
    """The seconds that one thing and its yardstick took, round by round; `asked` is what this project asks of it."""

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

    def __str__(self) -> str:
        return (
            f"{self.name:42} {duration(median(self.seconds)):>8} = {median(self.ratios):5.2f} × {self.yardstick} "
            f"({duration(median(self.yardstick_seconds))})" + (f"; asked: {self.asked}" if self.asked else "")
        )


COMPARISONS: pytest.StashKey[list[Comparison]] = pytest.StashKey()


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

    def run(name: str, function: Callable, yardstick: str, other: Callable, rounds: int, asked: str = "") -> None:
        seconds: list[float] = []
        yardstick_seconds: list[float] = []
        other()
        function()
        benchmark.pedantic(
            lambda: seconds.append(timed(function)),
            setup=lambda: yardstick_seconds.append(timed(other)),
            rounds=rounds,
        )
        report(name, yardstick, seconds, yardstick_seconds, asked)

    return run


def timed(function: Callable) -> float:
    start = perf_counter()
    function()
    return perf_counter() - start


def pytest_terminal_summary(terminalreporter, config):
    comparisons = config.stash.get(COMPARISONS, [])
    if comparisons:
        terminalreporter.section("ratios: medians over rounds in turn")
        terminalreporter.write("\n".join(map(str, comparisons)) + "\n")
