"""The registry for a question: of each `claims.toml` only the claims that are asked for are parsed and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from ledger.registry import Claim, Registry, load_claim, load_registry, tomllib

TABLE = re.compile(r"^(?=\[)", re.MULTILINE)
CLAIM = re.compile(r'\["([^"\\]+)"\]\n')
ORDER = re.compile(r"\[section\]\n(?:part = \d+\n)?order = (\d+)\n")


class AskedClaims(Mapping[str, Claim]):
    """The claims of the folder `specs`; one that cannot be found or parsed alone is looked up in the whole registry."""

    def __init__(self, specs: Path):
        """Raise ValueError where a file is not laid out table by table, as these files are."""
        self.specs = specs
        self._asked: dict[str, Claim] = {}
        self._tables: dict[str, tuple[Path, str]] = {}
        texts = {file: file.read_text(encoding="utf-8") for file in specs.glob("*/claims.toml")}
        for file in sorted(texts, key=lambda file: _order(texts[file])):
            for table in TABLE.split(texts[file]):
                self._add(file, table)

    def _add(self, file: Path, table: str) -> None:
        found = CLAIM.match(table)
        if found and found[1] not in self._tables:
            self._tables[found[1]] = file, table
        elif found or (table.strip() and not table.startswith(("[section]\n", "[[sentence]]\n"))):
            raise ValueError(f"{file}: {table.splitlines()[0]}")

    def __getitem__(self, id: str) -> Claim:
        if id not in self._asked:
            self._asked[id] = self._parsed(id) if id in self._tables else self._whole[id]
        return self._asked[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def _parsed(self, id: str) -> Claim:
        file, table = self._tables[id]
        try:
            return load_claim(id, tomllib.loads(table)[id], file)
        except tomllib.TOMLDecodeError:
            return self._whole[id]

    @cached_property
    def _whole(self) -> Mapping[str, Claim]:
        return load_registry(self.specs).claims


def open_registry(specs: Path) -> Registry:
    """The claims of `load_registry(specs)`, without the sections."""
    try:
        claims = AskedClaims(specs)
    except (OSError, ValueError):
        return load_registry(specs)
    return Registry(specs, (), claims) if claims else load_registry(specs)


def _order(text: str) -> int:
    found = ORDER.search(text)
    if found is None:
        raise ValueError(text.partition("\n")[0])
    return int(found[1])
