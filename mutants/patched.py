"""What a sabotage replaces: the lines of Lightning that it keeps from running, and so the cases that may notice it."""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from fixtures.sabotage import Sabotage
from mutants.reach import Lines


class Replacing:
    """What a sabotage is handed instead of pytest's MonkeyPatch: it does the same, and keeps what is replaced.

    `unknown` tells that something is of which no case can be said to reach it or not.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.codes: list[CodeType] = []
        self.unknown = False

    def setattr(self, target: Any, name: Any, *value: Any, **options: Any) -> None:
        found = [*codes(inspect.getattr_static(target, name, None))] if value else []
        self.codes += found
        self.unknown |= not found
        self.patch.setattr(target, name, *value, **options)

    def __getattr__(self, name: str) -> Any:
        self.unknown = True
        return getattr(self.patch, name)


def codes(value: Any) -> Iterator[CodeType]:
    """The code that runs where the value is called or read: of a function, what wraps one, a property, or a class."""
    if isinstance(value, FunctionType):
        yield value.__code__
        yield from codes(getattr(value, "__wrapped__", None))
    elif isinstance(value, (staticmethod, classmethod)):
        yield from codes(value.__func__)
    elif isinstance(value, property):
        for part in (value.fget, value.fset):
            yield from codes(part)
    elif isinstance(value, functools.partial):
        yield from codes(value.func)
    elif isinstance(value, type):
        for part in vars(value).values():
            if not isinstance(part, type):
                yield from codes(part)


def replaced(sabotage: Sabotage) -> tuple[list[CodeType], bool]:
    """The code that the sabotage replaces, and whether it changes anything else too; what it does is put back."""
    with pytest.MonkeyPatch.context() as patch:
        replacing = Replacing(patch)
        sabotage.apply(replacing)  # type: ignore[arg-type]
    return replacing.codes, replacing.unknown


def own_lines(code: CodeType) -> set[int]:
    """The lines that run when it is called: not that of `def`, which runs on import, unless there is no other."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    lines = {line for _, line in dis.findlinestarts(code) if line}.union(*map(own_lines, inner))
    return lines - {code.co_firstlineno} or lines


def may_notice(sabotage: Sabotage, reached: Mapping[Path, Lines]) -> set[str] | None:
    """The node ids of the cases that run what the sabotage replaces; None where any case might."""
    found, unknown = replaced(sabotage)
    files = {code: reached.get(Path(code.co_filename)) for code in found}
    if unknown or any(lines is None for lines in files.values()):
        return None
    cases = [_cases(lines or {}, own_lines(code)) for code, lines in files.items()]
    return set().union(*cases) if all(cases) else None


def _cases(lines: Lines, wanted: Iterable[int]) -> set[str]:
    return {case for line in wanted for case in lines.get(line, ())}
