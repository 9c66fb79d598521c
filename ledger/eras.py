"""Eras: half-open ranges of Lightning versions, each with the one verdict that is expected there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ledger.errors import LedgerError

EXPECTATIONS = ("holds", "refuted", "untested")


@dataclass(frozen=True)
class Era:
    """`lower` is included, `upper` is not; None is unbounded. `raises` names the class of a refuting exception.

    `reason` says why the claim cannot be asked there, `note` what else is to be known; both also in Chinese (`_zh`).
    """

    lower: Version | None
    upper: Version | None
    expect: str
    correction: str | None = None
    raises: str | None = None
    reason: str | None = None
    reason_zh: str | None = None
    note: str | None = None
    note_zh: str | None = None

    def contains(self, version: Version) -> bool:
        above = self.lower is None or version >= self.lower
        return above and (self.upper is None or version < self.upper)

    def why(self, language: str) -> str:
        """The reason or the note; empty where there is neither."""
        return ((self.reason_zh or self.note_zh) if language == "zh" else (self.reason or self.note)) or ""

    def __str__(self) -> str:
        edges = [f">={self.lower}" if self.lower else "", f"<{self.upper}" if self.upper else ""]
        return ",".join(edge for edge in edges if edge) or "every version"


@cache
def base_version(text: str) -> Version:
    """The release a version belongs to: its local tag and pre-release marker dropped (2.7.0rc1 is judged as 2.7.0)."""
    try:
        return Version(Version(text).base_version)
    except InvalidVersion as error:
        raise LedgerError(f"{text!r} is no version; write one such as 2.6.6") from error


def parse_era(table: Any, where: str) -> Era:
    """Build an era from its TOML table; `where` (file and claim id) opens every error message."""
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise LedgerError(f'{where}: an era is a table of strings such as {{ expect = "holds" }}; found {table!r}')
    unknown = set(table) - {"versions", "expect", "correction", "raises", "reason", "reason_zh", "note", "note_zh"}
    if unknown:
        raise LedgerError(f"{where}: an era has no key {sorted(unknown)[0]!r}; remove it or correct its spelling")
    expect = table.get("expect")
    if expect not in EXPECTATIONS:
        raise LedgerError(f"{where}: an era expects {expect!r}; write one of {', '.join(EXPECTATIONS)}")
    if (expect == "refuted") != ("correction" in table):
        raise LedgerError(f"{where}: an era names a correction exactly when it expects 'refuted' (here: {expect!r})")
    if (expect == "untested") != ("reason" in table):
        raise LedgerError(f"{where}: an era gives a reason exactly when it expects 'untested' (here: {expect!r})")
    for key in ("reason", "note"):
        if (key in table) != (f"{key}_zh" in table):
            raise LedgerError(f"{where}: an era gives its {key} in English, {key!r}, and in Chinese, '{key}_zh'")
    if "raises" in table and expect != "refuted":
        raise LedgerError(f"{where}: only an era that expects 'refuted' may name an exception in `raises`")
    versions = table.get("versions", "")
    try:
        lower, upper = _edges(versions)
    except ValueError as error:
        raise LedgerError(f"{where}: versions = {versions!r}{error}") from error
    return Era(lower, upper, **{key: value for key, value in table.items() if key != "versions"})


@cache
def _edges(text: str) -> tuple[Version | None, Version | None]:
    try:
        specifiers = list(SpecifierSet(text))
    except InvalidSpecifier as error:
        raise ValueError(f" is no PEP 440 range ({error})") from error
    edges = {specifier.operator: Version(specifier.version) for specifier in specifiers}
    if set(edges) - {">=", "<"} or len(edges) != len(specifiers):
        raise ValueError("; write at most one '>=' and one '<', such as '>=1.5,<2.0'")
    return edges.get(">="), edges.get("<")


def check_cover(eras: Sequence[Era], where: str) -> None:
    """Raise LedgerError unless the eras, in order, cover every version exactly once."""
    if not eras:
        raise LedgerError(f'{where}: no eras; write at least eras = [{{ expect = "holds" }}]')
    for era in eras:
        if era.lower is not None and era.upper is not None and era.lower >= era.upper:
            raise LedgerError(f"{where}: the era {era} is empty; its lower edge must be below its upper edge")
    if eras[0].lower is not None or eras[-1].upper is not None:
        raise LedgerError(
            f"{where}: the first era must have no '>=' and the last no '<', so that every version is covered"
        )
    for earlier, later in zip(eras, eras[1:]):
        if earlier.upper is None or later.lower is None or earlier.upper > later.lower:
            raise LedgerError(f"{where}: the eras {earlier} and {later} overlap; let one end where the next begins")
        if earlier.upper < later.lower:
            raise LedgerError(f"{where}: gap between the eras {earlier} and {later}; let one end where the next begins")
