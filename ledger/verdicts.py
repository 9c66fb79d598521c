"""The double entry: from the outcomes of cases to the verdict on each claim and device.

A claim holds when every case that ran passed. It is refuted when a case failed by an assertion of its spec, or by the
exception its era names, and — where the era expects that — its correction holds on the same device. A case that could
not run leaves the claim untested. Everything else is broken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ledger.eras import Era
from ledger.registry import Claim, Registry

PASSED, ASSERTION, ERROR, UNTESTED, BROKEN = "passed", "assertion", "error", "untested", "broken"


@dataclass
class Case:
    """One pytest item after its run. `outcome` is one of the five names above; `seen` is what a person should read."""

    node: str
    claim: str
    device: str
    outcome: str
    seen: str = ""
    exceptions: tuple[str, ...] = ()
    observed: dict[str, Any] = field(default_factory=dict)
    sabotage: str = ""


@dataclass
class Verdict:
    """What one claim came to on one device."""

    claim: Claim
    device: str
    verdict: str
    expected: str
    cases: list[Case]
    reason: str = ""
    missing: int = 0

    @property
    def drifted(self) -> bool:
        return self.verdict in ("holds", "refuted") and self.verdict != self.expected

    @property
    def red(self) -> bool:
        return self.drifted or self.verdict == "broken"

    @property
    def culprits(self) -> list[Case]:
        """The cases a person should look at first: broken ones, else those that failed."""
        broken = [case for case in self.cases if case.outcome in (BROKEN, ERROR)]
        return broken or [case for case in self.cases if case.outcome == ASSERTION]


def refutes(case: Case, era: Era) -> bool:
    """True where the case failed in a way that counts against the claim: by an assertion or the era's own exception."""
    return case.outcome == ASSERTION or (case.outcome == ERROR and era.raises in case.exceptions)


def judge(registry: Registry, cases: Iterable[Case], lightning: str, collected: dict[tuple[str, str], int]):
    """Return the verdicts, in the registry's order, of every claim and device that has at least one case.

    `collected` counts the cases that exist of each (claim, device); fewer in `cases` means a partial run, in which
    no failure is no sign that a claim holds which should be refuted.
    """
    grouped: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        grouped[case.claim, case.device].append(case)
    alone = {key: _judge_alone(registry.claims[key[0]].era(lightning), found) for key, found in grouped.items()}
    verdicts = []
    for claim in registry.claims.values():
        for device in claim.devices:
            if (claim.id, device) in grouped:
                found = sorted(grouped[claim.id, device], key=lambda case: case.node)
                verdict, reason = _with_correction(claim, device, alone, lightning)
                expected = claim.era(lightning).expect
                missing = max(0, collected.get((claim.id, device), 0) - len(found))
                if missing and (verdict, expected) == ("holds", "refuted"):
                    verdict, reason = "untested", f"nothing failed, but {missing} cases were not part of this run"
                verdicts.append(Verdict(claim, device, verdict, expected, found, reason, missing))
    return verdicts


def _judge_alone(era: Era, cases: list[Case]) -> tuple[str, str]:
    if era.expect == "untested":
        return "untested", era.reason or ""
    broken = [case for case in cases if case.outcome == BROKEN or (case.outcome == ERROR and not refutes(case, era))]
    if broken:
        return "broken", broken[0].seen
    failed = [case for case in cases if refutes(case, era)]
    if failed:
        return "refuted", failed[0].seen
    untested = [case for case in cases if case.outcome == UNTESTED]
    if len(untested) == len(cases):
        return "untested", untested[0].seen
    differing = _contradicting_observations(cases)
    return ("broken", f"two cases observed different values of {differing!r}") if differing else ("holds", "")


def _contradicting_observations(cases: list[Case]) -> str:
    values: dict[str, Any] = {}
    for case in cases:
        for name, value in case.observed.items():
            if values.setdefault(name, value) != value:
                return name
    return ""


def _with_correction(claim: Claim, device: str, alone: dict, lightning: str) -> tuple[str, str]:
    verdict, reason = alone[claim.id, device]
    correction = claim.era(lightning).correction
    if verdict != "refuted" or correction is None:
        return verdict, reason
    if (correction, device) not in alone:
        return "untested", f"failed as expected, but its correction {correction} was not part of this run"
    other, why = alone[correction, device]
    if other == "holds":
        return verdict, reason
    if other == "untested":
        return "untested", f"failed as expected, but its correction {correction} is untested: {why}"
    return "broken", f"the spec fails, but so does its correction {correction} ({other}: {why})"
