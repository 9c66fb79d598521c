"""What the page of the benchmark records shows: a plot of each comparison over the releases, and all values as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from packaging.version import Version

from ledger.ratios import Benchmark, Ratio

HEIGHT, TOP, BOTTOM = 230, 14, 24
"""Pixels of a plot, above its highest line and below its lowest; its width is that of the page, so x is in percent."""
_STEPS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


@dataclass(frozen=True)
class Point:
    """One release: the place of its median, the ends of the bar of its middle half, and what it says in words."""

    x: float
    y: float
    upper: float
    lower: float
    says: str


@dataclass(frozen=True)
class Series:
    """The releases measured with one torch, from left to right, and the stretches between neighbours."""

    torch: str
    points: tuple[Point, ...]

    @property
    def stretches(self) -> list[tuple[Point, Point]]:
        return list(zip(self.points, self.points[1:]))


@dataclass(frozen=True)
class Plot:
    """One comparison; `ticks` are (y, ratio), `lines` (x, minor line), `extremes` the least and greatest median."""

    name: str
    anchor: str
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[tuple[float, str], ...]
    series: tuple[Series, ...]
    extremes: tuple[str, ...]


def performance(benchmarks: Sequence[Benchmark]) -> dict[str, Any]:
    """The context of the template: plots, the table's rows, the versions of torch in a legend's order, the machines."""
    names = list(dict.fromkeys(ratio.name for one in benchmarks for ratio in one.ratios))
    return {
        "plots": [_plot(name, benchmarks) for name in names],
        "rows": [(one, [_cell(_of(one, name)) for name in names]) for one in benchmarks],
        "torches": _torches(benchmarks),
        "machines": list(dict.fromkeys(one.machine for one in benchmarks)),
        "height": HEIGHT,
        "base": HEIGHT - BOTTOM,
    }


def _torches(benchmarks: Sequence[Benchmark]) -> list[str]:
    return [str(torch) for torch in sorted({one.torch for one in benchmarks})]


def _minor(version: Version) -> str:
    return "{}.{}".format(*version.release)


def _of(benchmark: Benchmark, name: str) -> Ratio | None:
    return next((ratio for ratio in benchmark.ratios if ratio.name == name), None)


def _plot(name: str, benchmarks: Sequence[Benchmark]) -> Plot:
    found = [(one, ratio) for one in benchmarks if (ratio := _of(one, name))]
    lines = list(dict.fromkeys(_minor(one.lightning) for one in benchmarks))
    x = {line: round(100 * (place + 1.8) / (len(lines) + 2.2), 2) for place, line in enumerate(lines)}
    marks = _marks(max(ratio.quartiles[1] for _, ratio in found))

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / marks[-1] * (HEIGHT - TOP - BOTTOM), 1)

    def point(one: Benchmark, ratio: Ratio) -> Point:
        says = f"Lightning {one.lightning}, torch {one.torch}: {ratio.ratio:.2f} × ({_range(ratio)})"
        return Point(x[_minor(one.lightning)], y(ratio.ratio), y(ratio.quartiles[1]), y(ratio.quartiles[0]), says)

    series = [
        Series(torch, tuple(point(one, ratio) for one, ratio in found if str(one.torch) == torch))
        for torch in _torches(benchmarks)
    ]
    return Plot(
        name,
        re.sub(r"\W+", "-", name),
        tuple((y(mark), f"{mark:g}") for mark in marks),
        tuple((x[line], line) for line in lines),
        tuple(series),
        tuple(_extremes(found)),
    )


def _marks(highest: float) -> list[float]:
    """Round numbers from 0 to at least the highest, not more than seven."""
    step = next((step for step in _STEPS if highest <= 6 * step), highest / 6)
    return [round(step * n, 6) for n in range(ceil(highest / step) + 1)]


def _extremes(found: Sequence[tuple[Benchmark, Ratio]]) -> Iterator[str]:
    for choose in (min, max):
        one, ratio = choose(found, key=lambda pair: pair[1].ratio)
        yield from (f"{ratio.ratio:.2f}", str(one.lightning), str(one.torch))


def _range(ratio: Ratio) -> str:
    return "{:.2f}–{:.2f}".format(*ratio.quartiles)


def _cell(ratio: Ratio | None) -> dict[str, str] | None:
    """The ratio, its middle half, and the seconds of both in the unit that suits the greater."""
    if ratio is None:
        return None
    pair = ratio.seconds, ratio.yardstick_seconds
    size, unit = next((one for one in _UNITS if max(pair) >= one[0]), _UNITS[-1])
    seconds = " / ".join(f"{float(f'{value / size:.3g}'):g}" for value in pair)
    return {"ratio": f"{ratio.ratio:.2f} ×", "range": _range(ratio), "seconds": f"{seconds} {unit}"}
