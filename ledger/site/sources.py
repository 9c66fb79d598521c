"""Which functions specify a claim and which sabotage it, read from the files below `specs/` without running them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Function:
    """A function of a spec or a sabotage as it stands in its file; `helpers` are those of the same file it leans on."""

    file: str
    line: int
    name: str
    says: str
    code: str
    helpers: tuple[str, ...] = ()


def find_specs(root: Path) -> dict[str, list[Function]]:
    """The functions marked `@pytest.mark.claim("id")` below the folder `root`, by id."""
    return _find(root, "*/*_spec.py", "pytest.mark.claim")


def find_sabotages(root: Path) -> dict[str, list[Function]]:
    """The functions marked `@sabotage("id", …)` below the folder `root`, by id."""
    return _find(root, "*/*sabotage.py", "sabotage")


def _find(root: Path, pattern: str, decorator: str) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = defaultdict(list)
    for path in sorted(root.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        definitions = {node.name: node for node in ast.parse(text).body if isinstance(node, _DEFINITIONS)}
        lines, file = text.splitlines(), path.relative_to(root.parent).as_posix()
        marked = {name: ids for name, node in definitions.items() if (ids := list(_ids(node, decorator)))}
        for name, ids in marked.items():
            node = definitions[name]
            helpers = [_code(lines, definitions[other]) for other in _needs(name, definitions, set(marked))]
            says = (ast.get_docstring(node) or "").strip()
            function = Function(file, node.lineno, name, says, _code(lines, node), tuple(helpers))
            for id in ids:
                found[id].append(function)
    return found


_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
_Definition = ast.FunctionDef | ast.ClassDef


def _ids(node: _Definition, decorator: str) -> Iterator[str]:
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func) == decorator:
            yield from (str(argument.value) for argument in call.args if isinstance(argument, ast.Constant))


def _needs(name: str, definitions: dict[str, _Definition], marked: set[str]) -> list[str]:
    """The definitions of the file that this one uses, and those that they use, in the order of the file."""
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        for node in ast.walk(definitions[waiting.pop()]):
            used = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else ""
            if used in definitions and used not in needed | marked:
                needed.add(used)
                waiting.append(used)
    return [other for other in definitions if other in needed]


def _code(lines: list[str], node: _Definition) -> str:
    """The definition without the line that marks its claim: the page is that claim's."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(line for line in lines[first - 1 : node.end_lineno] if not _MARKER.fullmatch(line))


_MARKER = re.compile(r'@pytest\.mark\.claim\("[^"]+"\)')
