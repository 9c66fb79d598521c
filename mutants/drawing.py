"""The mutants: all that can be made in lines that cases reach, and a sample of them that is the same for a seed."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

from mutants.operators import mutated, sites
from mutants.reach import Lines, module_name


@dataclass(frozen=True)
class Mutant:
    """One change of the file `path`; `ordinal` is its number among all changes of that file."""

    path: Path
    ordinal: int
    kind: str
    function: str
    line: int
    before: str
    cases: tuple[str, ...] = field(repr=False)

    @property
    def module(self) -> str:
        return module_name(self.path)

    def made(self) -> tuple[str, CodeType]:
        """The statement as it reads then, and the compiled module."""
        return mutated(self.path.read_text(encoding="utf-8"), self.ordinal, str(self.path))


def enumerated(reached: dict[Path, Lines]) -> list[Mutant]:
    """Every mutant of these lines, in the order of files and lines."""
    return [mutant for path, lines in sorted(reached.items()) for mutant in _of_file(path, lines)]


def _of_file(path: Path, lines: Lines) -> Iterator[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for ordinal, site in enumerate(sites(tree)):
        cases = lines.get(site.line) or lines.get(site.statement, ())
        if cases:
            yield Mutant(path, ordinal, site.kind, site.function, site.line, site.before, cases)


def shuffled(mutants: list[Mutant], seed: int) -> list[Mutant]:
    """All of them in the order of drawing: the first N that can be made are the sample."""
    return random.Random(seed).sample(mutants, len(mutants))
