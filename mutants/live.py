"""The functions of the imported Lightning, and how one gets other code without being imported anew."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType

Key = tuple[str, int, str]


def key_of(code: CodeType) -> Key:
    return code.co_filename, code.co_firstlineno, code.co_name


class Live:
    """Every function that exists in this process and comes from a file that is wanted, by where its code stands."""

    def __init__(self, wanted: Callable[[str], bool]):
        self.functions: dict[Key, list[FunctionType]] = defaultdict(list)
        gc.unfreeze()  # what is frozen is not among the objects below
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and wanted(found.__code__.co_filename):
                self.functions[key_of(found.__code__)].append(found)
        gc.collect()
        gc.freeze()

    def replacements(self, module: CodeType) -> list[tuple[FunctionType, CodeType]]:
        """Each function whose code is other than in this mutated module, with its new code.

        Empty where the change is none, or cannot be made in place: a function that closes over other names.
        """
        found = [
            (function, code)
            for code in _nested(module)
            for function in self.functions.get(key_of(code), ())
            if function.__code__ != code and function.__name__ != "<lambda>"
        ]
        fits = all(function.__code__.co_freevars == code.co_freevars for function, code in found)
        return found if fits else []


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)
