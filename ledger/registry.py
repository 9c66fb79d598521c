"""The registry: every `specs/*/claims.toml`, read and validated.

A folder's file has one `[section]` (title in both languages, its place in the document), the sentences of the tutorial
it answers for (`[[sentence]]`, in our own words), and one table a claim, keyed by the claim's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import Version

from ledger.eras import Era, base_version, check_cover, parse_era
from ledger.errors import LedgerError, suggest

try:
    import tomli as tomllib  # compiled, and four times as fast as the standard library's
except ModuleNotFoundError:
    import tomllib

DEVICES = ("cpu", "cuda", "sim")


@dataclass(frozen=True)
class Sentence:
    """One sentence of the tutorial, paraphrased; either claims refer to it or `not_a_claim` says why none does."""

    number: int
    says: str
    not_a_claim: str | None = None


@dataclass(frozen=True)
class Claim:
    """`hooks` are the hooks the claim is about, named as in a trace: "callback.on_fit_start", "module.setup"."""

    id: str
    en: str
    zh: str
    devices: tuple[str, ...]
    eras: tuple[Era, ...]
    sentences: tuple[int, ...]
    hooks: tuple[str, ...]
    file: Path

    def era(self, lightning: str) -> Era:
        """The era that judges this Lightning version (a version string such as "2.6.6")."""
        return self.eras[0] if len(self.eras) == 1 else self._era_of(base_version(lightning))

    def _era_of(self, version: Version) -> Era:
        for era in self.eras:
            if era.upper is None or version < era.upper:
                break
        return era

    def wording(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Section:
    folder: Path
    order: int
    part: int | None
    en: str
    zh: str
    sentences: tuple[Sentence, ...]
    claims: tuple[Claim, ...]

    def title(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Registry:
    root: Path
    sections: tuple[Section, ...]
    claims: Mapping[str, Claim] = field(default_factory=dict)
    corrected: dict[str, list[str]] = field(default_factory=dict)
    """Of each correction the ids of the claims that name it in one of their eras."""
    _expected: dict[str, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def expected(self, lightning: str) -> dict[str, str]:
        """Of each claim what is expected of this Lightning version."""
        if lightning not in self._expected:
            self._expected[lightning] = {id: claim.era(lightning).expect for id, claim in self.claims.items()}
        return self._expected[lightning]

    def claim(self, id: str) -> Claim:
        if id not in self.claims:
            raise LedgerError(f"unknown claim id {id!r}{suggest(id, self.claims)}")
        return self.claims[id]


def load_registry(specs: Path) -> Registry:
    """Read every `claims.toml` below the folder `specs`; raise LedgerError at the first thing that is wrong."""
    files = sorted(specs.glob("*/claims.toml"))
    if not files:
        raise LedgerError(f"{specs}: no */claims.toml found; point to the folder that holds the specs")
    sections = tuple(sorted((_load_section(file) for file in files), key=lambda section: section.order))
    claims: dict[str, Claim] = {}
    for section in sections:
        for claim in section.claims:
            if claim.id in claims:
                raise LedgerError(f"{claim.file}: {claim.id} is already defined in {claims[claim.id].file}; rename one")
            claims[claim.id] = claim
    corrected: dict[str, list[str]] = {}
    for claim in claims.values():
        for correction in dict.fromkeys(era.correction for era in claim.eras if era.correction):
            corrected.setdefault(correction, []).append(claim.id)
    registry = Registry(specs, sections, claims, corrected)
    _check_corrections(registry)
    return registry


def _load_section(file: Path) -> Section:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LedgerError(f"{file}: not valid TOML: {error}") from error
    header = document.pop("section", None)
    if not isinstance(header, dict) or set(header) - {"part"} != {"order", "en", "zh"}:
        raise LedgerError(f"{file}: [section] must give order, en and zh (and the tutorial's part, where it has one)")
    _check_types(header, f"{file}: [section]")
    listed = document.pop("sentence", [])
    if not isinstance(listed, list):
        raise LedgerError(f"{file}: sentences are written as [[sentence]], each with number and says")
    sentences = tuple(_sentence(table, file) for table in listed)
    claims = tuple(load_claim(id, table, file) for id, table in document.items())
    section = Section(file.parent, header["order"], header.get("part"), header["en"], header["zh"], sentences, claims)
    _check_sentences(section, file)
    return section


_NUMBERS, _WORDS = ("order", "part", "number"), ("says", "not_a_claim", "en", "zh")
_LISTS = {"devices": str, "sentences": int, "eras": dict, "hooks": str}
_NAMES = {str: "names", int: "numbers", dict: "tables"}


def _check_types(table: dict[str, Any], where: str) -> None:
    for key, value in table.items():
        if key in _NUMBERS and type(value) is not int:
            raise LedgerError(f"{where}: {key!r} must be a number; found {value!r}")
        if key in _WORDS and not (isinstance(value, str) and value.strip()):
            raise LedgerError(f"{where}: {key!r} must be a string, and not empty; found {value!r}")
        kind = _LISTS.get(key)
        if kind and not (isinstance(value, list) and value and all(type(item) is kind for item in value)):
            raise LedgerError(f"{where}: {key!r} must be a list of {_NAMES[kind]}, and not empty; found {value!r}")


def _sentence(table: Any, file: Path) -> Sentence:
    if not isinstance(table, dict) or set(table) - {"not_a_claim"} != {"number", "says"}:
        raise LedgerError(f"{file}: a [[sentence]] gives number and says, and not_a_claim where no claim refers to it")
    _check_types(table, f"{file}: [[sentence]] {table['number']}")
    return Sentence(**table)


def load_claim(id: str, table: Any, file: Path) -> Claim:
    """The claim of its TOML table; raise LedgerError where the table is wrong in itself."""
    where = f"{file}: {id}"
    if not isinstance(table, dict):
        raise LedgerError(
            f'{where}: not a table; a claim is written as ["{id}"] with en, zh, devices and eras below it'
        )
    required = {"en", "zh", "devices", "eras"}
    if required - set(table):
        raise LedgerError(f"{where}: {sorted(required - set(table))[0]!r} is missing")
    unknown = sorted(set(table) - required - {"sentences", "hooks"})
    if unknown:
        raise LedgerError(f"{where}: a claim has no key {unknown[0]!r}; remove it")
    _check_types(table, where)
    for device in table["devices"]:
        if device not in DEVICES:
            raise LedgerError(
                f"{where}: unknown device {device!r}{suggest(device, DEVICES)} (known: {', '.join(DEVICES)})"
            )
    eras = tuple(parse_era(era, where) for era in table["eras"])
    check_cover(eras, where)
    sentences, hooks = tuple(table.get("sentences", ())), tuple(table.get("hooks", ()))
    return Claim(id, table["en"].strip(), table["zh"].strip(), tuple(table["devices"]), eras, sentences, hooks, file)


def _check_sentences(section: Section, file: Path) -> None:
    numbers = [sentence.number for sentence in section.sentences]
    if numbers != list(range(1, len(numbers) + 1)):
        raise LedgerError(f"{file}: the sentences must be numbered 1, 2, 3 … in order; found {numbers}")
    referred = {number: claim.id for claim in section.claims for number in claim.sentences}
    for number, id in referred.items():
        if number not in numbers:
            raise LedgerError(f"{file}: {id} refers to sentence {number}, which the file does not list; add it")


def unaccounted_sentences(registry: Registry) -> list[str]:
    """One message for each sentence of the tutorial that has neither a claim nor a reason to be none, or has both."""
    return [
        f"{section.folder.name}/claims.toml: sentence {sentence.number} needs a claim that refers to it, or "
        "not_a_claim with the reason, and not both"
        for section in registry.sections
        for sentence in section.sentences
        if (sentence.not_a_claim is None) == all(sentence.number not in claim.sentences for claim in section.claims)
    ]


def _check_corrections(registry: Registry) -> None:
    own = {claim.file: section for section in registry.sections for claim in section.claims}
    for claim in registry.claims.values():
        where = f"{claim.file}: {claim.id}"
        for correction in {era.correction for era in claim.eras if era.correction}:
            if correction not in registry.claims:
                raise LedgerError(
                    f"{where}: its correction {correction!r} does not exist{suggest(correction, registry.claims)}"
                )
            missing = set(claim.devices) - set(registry.claims[correction].devices)
            if missing:
                raise LedgerError(f"{where}: its correction {correction!r} has no spec on {', '.join(sorted(missing))}")
        section = own[claim.file]
        listed = section.part is not None and section.sentences
        if listed and not claim.sentences and claim.id not in registry.corrected:
            raise LedgerError(
                f"{where}: no sentence and no claim leads to it; give `sentences` or make it a correction"
            )
