"""In a fork: run cases that pytest has collected, and tell the first that fails.

Failing is what it is for pytest: a claim that is expected to hold has failed, or a case broke. Where none fails, the
verdicts are judged, so that a claim that is expected to be refuted and holds is seen as well.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from ledger.plugin.outcomes import PROPERTY
from ledger.plugin.session import RUN
from ledger.verdicts import ASSERTION


@dataclass
class Ended:
    """How the cases ended: `by` is "assertion", "error" or "time", or empty where all are as they should be."""

    by: str = ""
    case: str = ""
    seen: str = ""
    ran: int = 0


@dataclass
class Normal:
    """What cases do on the Lightning that is installed: how long each takes, what becomes of it, and which are red."""

    seconds: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    red: set[str] = field(default_factory=set)


class Failures:
    """A plugin that keeps the reports of failures."""

    def __init__(self) -> None:
        self.found: list = []

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed:
            self.found.append(report)


def run_cases(session, items: Sequence, limit: Callable) -> Ended:
    """Run until one fails. A case that takes longer than its limit ends the process, by SIGALRM."""
    failures = Failures()
    session.config.pluginmanager.register(failures)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for index, item in enumerate(items):
        signal.setitimer(signal.ITIMER_REAL, limit(item))
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=_following(items, index))
        if failures.found:
            return _failed(failures.found[0], index + 1)
    run = session.config.stash[RUN]
    run.judge()
    drifted = [verdict for verdict in run.verdicts if verdict.red]
    if drifted:
        seen = f"{drifted[0].claim.id} is {drifted[0].verdict}, expected {drifted[0].expected}"
        return Ended("assertion", drifted[0].cases[0].node, seen, len(items))
    return Ended(ran=len(items))


def noticing(session, items: Sequence, normal: Normal) -> list[str]:
    """Run all, to the end; the ids of the claims of which a case came out another way than normally."""
    for index, item in enumerate(items):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=_following(items, index))
    cases = session.config.stash[RUN].cases.values()
    return sorted({case.claim for case in cases if case.outcome != normal.outcomes[case.node]})


def run_normally(session, items: Sequence) -> tuple[Normal, list[str]]:
    """Run all, to the end; also name the modules that the cases imported."""
    failures, normal, before = Failures(), Normal(), set(sys.modules)
    session.config.pluginmanager.register(failures)
    for index, item in enumerate(items):
        start = monotonic()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=_following(items, index))
        normal.seconds[item.nodeid] = monotonic() - start
    run = session.config.stash[RUN]
    run.judge()
    normal.outcomes = {node: case.outcome for node, case in run.cases.items()}
    red = {case.node for verdict in run.verdicts if verdict.red for case in verdict.cases}
    normal.red = red | {report.nodeid for report in failures.found}
    return normal, sorted(set(sys.modules) - before)


def _following(items: Sequence, index: int):
    return items[index + 1] if index + 1 < len(items) else None


def _failed(report, ran: int) -> Ended:
    case = json.loads(dict(report.user_properties).get(PROPERTY, "{}"))
    seen = case.get("seen") or str(report.longrepr)
    by = "assertion" if case.get("outcome") == ASSERTION else "error"
    return Ended(by, report.nodeid, (seen.strip().splitlines() or [""])[0], ran)
