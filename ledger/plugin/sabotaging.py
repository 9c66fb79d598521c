"""`pytest --sabotage`: every spec under each sabotage of its claim; green where each is refuted."""

from __future__ import annotations

import pytest

from ledger.errors import suggest
from ledger.plugin.binding import claim_id, is_complete, refuse
from ledger.plugin.options import SETTINGS
from ledger.plugin.session import RUN
from ledger.sabotage import claims_without, trials
from ledger.verdicts import ASSERTION

PATCH: pytest.StashKey[pytest.MonkeyPatch] = pytest.StashKey()
SABOTAGES: pytest.StashKey[dict] = pytest.StashKey()
REFUTED: pytest.StashKey[set] = pytest.StashKey()


def pytest_collection(session):
    config = session.config
    settings = config.stash[SETTINGS]
    found = config.hook.pytest_ledger_sabotages(config=config) if settings.sabotage else {}
    config.stash[SABOTAGES], config.stash[REFUTED] = found or {}, set()


def pytest_generate_tests(metafunc):
    settings = metafunc.config.stash[SETTINGS]
    markers = list(metafunc.definition.iter_markers("claim"))
    if not settings.sabotage or not markers:
        return
    claim = settings.registry.claims.get(claim_id(markers))
    holds = claim is not None and claim.era(settings.era).expect == "holds"
    sabotages = metafunc.config.stash[SABOTAGES].get(claim.id, []) if holds else []
    metafunc.fixturenames.append("sabotage")
    metafunc.parametrize("sabotage", sabotages, indirect=True, ids=[sabotage.name for sabotage in sabotages])


@pytest.fixture
def sabotage(request):
    """The sabotage under which this case runs; it was applied before any other fixture."""
    return request.param


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Drop what pytest makes of an empty parameter set: a claim that is not to be sabotaged."""
    settings = config.stash[SETTINGS]
    if settings.sabotage:
        items[:] = [item for item in items if _of(item) is not None]
        known = settings.registry.claims
        problems = [
            f"sabotage {', '.join(one.name for one in found)}: unknown claim id {id!r}{suggest(id, known)}; "
            "correct its decorator"
            for id, found in config.stash[SABOTAGES].items()
            if id not in known
        ]
        if problems:
            refuse(config, items, problems)


def _of(item):
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("sabotage") if callspec else None
    return found if hasattr(found, "apply") else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    found = _of(item)
    if found is not None:
        if (found.claim, found.name) in item.config.stash[REFUTED]:
            pytest.skip("already refuted by another case")
        item.stash[PATCH] = pytest.MonkeyPatch()
        found.apply(item.stash[PATCH])


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item):
    try:
        return (yield)
    finally:
        if PATCH in item.stash:
            item.stash[PATCH].undo()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A sabotaged case is neither passed nor failed for pytest; the score of the whole run decides."""
    report = yield
    found = _of(item)
    if found is not None:
        error = call.excinfo
        if error is not None and dict(report.user_properties).get("verdict") == "refuted":
            item.config.stash[REFUTED].add((found.claim, found.name))
        if report.failed:
            report.outcome, report.longrepr = "passed", None
    return report


def pytest_report_teststatus(report, config):
    if not config.stash[SETTINGS].sabotage or report.when == "teardown":
        return None
    verdict = dict(getattr(report, "user_properties", ())).get("verdict")
    words = {
        "refuted": ("refuted", "r", "REFUTED"),
        "holds": ("missed", "m", "MISSED"),
        "broken": ("broken", "b", "BROKEN"),
    }
    return words.get(str(verdict)) if report.when == "call" or verdict == "broken" else None


def survivors(config) -> tuple[list, list, list[str]]:
    """All trials of the run, those that survived, and the claims that were to run and have no sabotage at all."""
    settings = config.stash[SETTINGS]
    tried = trials(config.stash[RUN].cases.values())
    asked = {case.claim for case in config.stash[RUN].cases.values()}
    lacking = claims_without(settings.registry, settings.era, settings.devices, asked)
    lacking = [id for id in lacking if not settings.claims or id in settings.claims]
    return tried, [trial for trial in tried if not trial.refuted], lacking


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    config = session.config
    if config.stash[SETTINGS].sabotage and RUN in config.stash and session.exitstatus == pytest.ExitCode.OK:
        tried, survived, lacking = survivors(config)
        if survived or (lacking and _all_collected(config)):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _all_collected(config) -> bool:
    return not config.option.keyword and not config.option.markexpr and is_complete(config)


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter, exitstatus, config):
    refused = exitstatus == pytest.ExitCode.USAGE_ERROR or config.stash[RUN].refusal
    if not config.stash[SETTINGS].sabotage or refused:
        return
    tried, survived, lacking = survivors(config)
    write = terminalreporter.write_line
    terminalreporter.section("sabotage", sep="═")
    for trial in survived:
        write(f"survived: {trial.claim} under {trial.sabotage}", red=True, bold=True)
        for case in trial.cases:
            if case.outcome not in (ASSERTION, "untested"):
                write(f"  {case.outcome}: {case.node}" + (f"\n    {case.seen.splitlines()[0]}" if case.seen else ""))
    if lacking and _all_collected(config):
        write("claims that hold and have no sabotage: " + ", ".join(lacking), red=True)
    write(f"{len(tried) - len(survived)} of {len(tried)} sabotages refuted by an assertion of the spec", bold=True)
