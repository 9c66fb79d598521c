"""From pytest's report of an item to the outcome of a case, carried in the report's user properties."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from _pytest.assertion import util
from _pytest.outcomes import Skipped

from ledger import verdicts
from ledger.plugin.binding import CLAIM, DEVICE, sabotage_name
from ledger.plugin.options import SETTINGS, device_state
from ledger.verdicts import Case, refutes

ASSERTED: pytest.StashKey[bool] = pytest.StashKey()
OBSERVED: pytest.StashKey[dict] = pytest.StashKey()
REFUTATION: pytest.StashKey[tuple] = pytest.StashKey()
PROPERTY = "ledger.case"
WORDS = {"passed": "holds", "assertion": "refuted", "error": "refuted", "untested": "untested", "broken": "broken"}


class Untested(Skipped):
    """Raised where a case cannot be run on this machine or this subject; the message is the reason."""

    def __init__(self, reason: str):
        super().__init__(reason, _use_item_location=True)


class _Asserted:
    """Stands where pytest has its call of pytest_assertion_pass, of which an assertion that passed asks whether there
    is one. That it asks is noted; the answer is no, as pytest would format every operand to tell it."""

    def __init__(self, stash: pytest.Stash):
        self.stash = stash

    def __bool__(self) -> bool:
        self.stash[ASSERTED] = True
        return False


@pytest.fixture
def observe(request):
    """Keep a measured value in the record: `observe("name", value)`; the value must be JSON and deterministic."""

    def keep(name, value):
        request.node.stash.setdefault(OBSERVED, {})[name] = json.loads(json.dumps(value))

    return keep


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.stash[ASSERTED] = False
    util._assertion_pass = _Asserted(item.stash)  # type: ignore[assignment]
    era = _era(item)
    if era.expect == "untested":
        raise Untested(era.reason)
    state = device_state(item.config, item.stash[DEVICE])
    if state != "available":
        raise Untested(state)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    """Keep the failure that the era expects from pytest, which would format a traceback that nobody reads."""
    try:
        return (yield)
    except (Exception, pytest.fail.Exception) as error:
        judged = _judge_phase(item, "call", pytest.ExceptionInfo.from_exception(error))
        era = _era(item)
        if era.expect != "refuted" or not refutes(_as_case(item, judged), era):
            raise
        item.stash[REFUTATION] = judged
        return None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    case = _case(item, call)
    if case is None:
        return report
    if case.outcome == verdicts.BROKEN and report.passed:
        report.outcome, report.longrepr = "failed", case.seen
    properties = [("claim", case.claim), ("device", case.device), ("verdict", WORDS[_outcome(case, item)])]
    properties.append((PROPERTY, json.dumps(vars(case), sort_keys=True)))
    item.user_properties[:] = [pair for pair in item.user_properties if pair[0] not in dict(properties)] + properties
    report.user_properties = [*item.user_properties]
    return report


def _era(item):
    settings = item.config.stash[SETTINGS]
    return settings.registry.claims[item.stash[CLAIM]].era(settings.era)


def _outcome(case: Case, item) -> str:
    return verdicts.BROKEN if case.outcome == verdicts.ERROR and not refutes(case, _era(item)) else case.outcome


def _case(item, call) -> Case | None:
    """The case as of this phase; None where the phase says nothing new (a set-up or tear-down without an error)."""
    if call.when == "call" and REFUTATION in item.stash:
        return _as_case(item, item.stash[REFUTATION])
    if call.excinfo is None and call.when != "call":
        return None
    return _as_case(item, _judge_phase(item, call.when, call.excinfo))


def _as_case(item, judged: tuple[str, str, tuple[str, ...]]) -> Case:
    where = item.nodeid, item.stash[CLAIM], item.stash[DEVICE]
    return Case(*where, *judged, item.stash.get(OBSERVED, {}), sabotage_name(item))


def _judge_phase(item, when: str, error) -> tuple[str, str, tuple[str, ...]]:
    """Outcome, what was seen, and the names of the exception's classes, from the exception that ended the phase."""
    if error is None:
        if not item.stash[ASSERTED]:
            return verdicts.BROKEN, "passed without executing a single assertion; a spec must assert what it claims", ()
        return verdicts.PASSED, "", ()
    if error.errisinstance(pytest.skip.Exception):
        return verdicts.UNTESTED, str(error.value.msg), ()
    names = tuple(cls.__name__ for cls in error.type.__mro__)
    if when != "call":
        return verdicts.BROKEN, f"{when}: {error.type.__name__}: {_brief(str(error.value))}", names
    if _is_assertion_of_spec(error, item.config.rootpath):
        return verdicts.ASSERTION, f"{_line(error, item)}{_brief(str(error.value))}", names
    return verdicts.ERROR, f"{_line(error, item)}{error.type.__name__}: {_brief(str(error.value))}", names


def _is_assertion_of_spec(error, root: Path) -> bool:
    """True for a failed assertion written in specs/ or fixtures/, not for one inside Lightning or torch."""
    if error.errisinstance(pytest.fail.Exception):
        return True
    if not error.errisinstance(AssertionError):
        return False
    frames = [Path(entry.path) for entry in error.traceback if "_pytest" not in Path(entry.path).parts]
    return bool(frames) and any(root / folder in frames[-1].parents for folder in ("specs", "fixtures"))


def _line(error, item) -> str:
    own = [entry for entry in error.traceback if Path(entry.path) == item.path]
    return f"{item.path.relative_to(item.config.rootpath)}:{own[-1].lineno + 1}: " if own else ""


def _brief(message: str, lines: int = 12) -> str:
    kept = message.strip().splitlines()
    return "\n".join(kept[:lines] + (["…"] if len(kept) > lines else []))


def pytest_report_teststatus(report, config):
    verdict = dict(report.user_properties).get("verdict") if hasattr(report, "user_properties") else None
    if report.when == "call" and report.passed and verdict == "refuted":
        return "refuted", "r", ("REFUTED", {"green": True})
    if report.skipped and verdict == "untested":
        return "untested", "u", ("UNTESTED", {"yellow": True})
    return None
