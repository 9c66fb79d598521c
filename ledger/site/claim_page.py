"""What the page of one claim shows of it, beyond what the script holds: observations, reasons, sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ledger.ask import TRAINER_ARGUMENTS, Subject
from ledger.registry import DEVICES, Claim, Registry
from ledger.site.data import as_script, minor
from ledger.site.highlight import highlight, tabbed
from ledger.site.sources import Function, find_sabotages, find_specs


@dataclass(frozen=True)
class Source:
    """A spec's function, highlighted; what it leans on, by its place in `ClaimPages.helpers`."""

    where: str
    code: str
    helpers: tuple[int, ...]


class ClaimPages:
    """Everything the claims' pages are made from, read once."""

    def __init__(self, registry: Registry, subjects: Sequence[Subject]):
        self.subjects = subjects
        self.specs, self.sabotages = find_specs(registry.root), find_sabotages(registry.root)
        self.helpers: dict[str, int] = {}

    def context(self, claim: Claim) -> dict[str, Any]:
        return {
            "claim": claim,
            "specs": [self._source(function) for function in self.specs.get(claim.id, [])],
            "sabotages": self.sabotages.get(claim.id, []),
            "observed": self._observed(claim),
            "reasons": self._reasons(claim),
        }

    def helpers_script(self) -> str:
        """All that specs lean on, once; after the contexts of all claims were made. The page itself highlights it."""
        return "window.HELPERS=" + as_script([tabbed(code) for code in self.helpers])

    def _source(self, function: Function) -> Source:
        places = tuple(self.helpers.setdefault(code, len(self.helpers)) for code in function.helpers)
        return Source(f"{function.file}:{function.line}", highlight(function.code), places)

    def _observed(self, claim: Claim) -> list[tuple[str, list[tuple[str, str]]]]:
        found = [(subject, subject.record["claims"].get(claim.id, {}).get("observed", {})) for subject in self.subjects]
        names = sorted({name for _, values in found for name in values} - {TRAINER_ARGUMENTS})
        return [(name, _spans((s, _text(values[name])) for s, values in found if name in values)) for name in names]

    def _reasons(self, claim: Claim) -> list[tuple[str, list[tuple[str, str]]]]:
        """The reasons recorded on each device, but for those told elsewhere: its absence, and what the era gives."""
        rows = []
        for device in DEVICES:
            told = _spans((s, reason) for s in self.subjects if (reason := self._own_reason(claim, s, device)))
            rows += [(device, told)] if told else []
        return rows

    def _own_reason(self, claim: Claim, subject: Subject, device: str) -> str:
        reason = subject.entry(claim.id).get(device, {}).get("reason", "")
        known = subject.record["devices"].get(device), claim.era(str(subject.lightning)).reason
        return "" if reason in known else reason


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spans(values: Iterable[tuple[Subject, str]]) -> list[tuple[str, str]]:
    """Neighbouring subjects of one value taken together, as ("1.0 – 1.4", value)."""
    spans = []
    for value, group in groupby(values, key=lambda pair: pair[1]):
        lines = list(dict.fromkeys(minor(subject) for subject, _ in group))
        spans.append((lines[0] if len(lines) == 1 else f"{lines[0]} – {lines[-1]}", value))
    return spans
