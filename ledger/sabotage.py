"""The score of a sabotaged run: which sabotages their claims' specs refuted, which survived, which claims have none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.registry import Registry
from ledger.verdicts import ASSERTION, ERROR, PASSED, Case


@dataclass(frozen=True)
class Trial:
    """All cases of one claim under one sabotage. Only an assertion of the spec counts as a refutation."""

    claim: str
    sabotage: str
    cases: tuple[Case, ...]

    @property
    def ran(self) -> bool:
        return any(case.outcome in (PASSED, ASSERTION, ERROR, "broken") for case in self.cases)

    @property
    def refuted(self) -> bool:
        return any(case.outcome == ASSERTION for case in self.cases)


def trials(cases: Iterable[Case]) -> list[Trial]:
    """Group sabotaged cases by claim and sabotage, leaving out those of which nothing could run."""
    grouped: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        grouped.setdefault((case.claim, case.sabotage), []).append(case)
    found = (Trial(*key, tuple(sorted(of, key=lambda case: case.node))) for key, of in sorted(grouped.items()))
    return [trial for trial in found if trial.ran]


def claims_without(registry: Registry, lightning: str, devices: Iterable[str], sabotaged: Iterable[str]) -> list[str]:
    """The ids of claims that are expected to hold on this Lightning and these devices and have no sabotage."""
    known, selected = set(sabotaged), set(devices)
    claims = (claim for claim in registry.claims.values() if selected.intersection(claim.devices))
    holding = (claim.id for claim in claims if claim.era(lightning).expect == "holds")
    return [id for id in holding if id not in known and not id.startswith("smoke.never")]
