"""The run as a whole: cases gathered from every worker, judged once, recorded, and printed as the document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.plugin.binding import PLAN
from ledger.plugin.options import SETTINGS, device_state
from ledger.plugin.outcomes import PROPERTY
from ledger.record import (
    build_record,
    keep_measured,
    keep_other_claims,
    lost_by_overwriting,
    read_record,
    write_record,
)
from ledger.verdicts import ASSERTION, BROKEN, Case, Verdict, judge

RUN: pytest.StashKey[LedgerRun] = pytest.StashKey()


class LedgerRun:
    """Gathers cases, device states and traces; lives in the one process that reports (not in xdist's workers)."""

    def __init__(self, config, plan: Path | None = None):
        self.config = config
        self.plan_file = plan
        self.cases: dict[str, Case] = {}
        self.states: dict[str, str] = {}
        self.traces: dict[str, dict[str, list[str]]] = {}
        self.problems: list[str] = []
        self.refusal: list[str] = []
        self.verdicts: list[Verdict] = []

    def plan(self) -> dict:
        if self.plan_file is None:
            return self.config.stash.get(PLAN, {"collected": [], "nodes": {}})
        if not self.plan_file.exists():
            return {"collected": [], "nodes": {}}
        return json.loads(self.plan_file.read_text(encoding="utf-8"))

    def add_report(self, report) -> None:
        text = dict(report.user_properties).get(PROPERTY)
        known = self.cases.get(report.nodeid)
        if known and (known.outcome == BROKEN or (known.sabotage and known.outcome == ASSERTION)):
            return
        if text:
            fields = json.loads(text)
            self.cases[report.nodeid] = Case(**{**fields, "exceptions": tuple(fields["exceptions"])})
        elif report.failed:
            claim, device, sabotage = self.plan()["nodes"].get(report.nodeid, ("", "", ""))
            if claim:
                seen = str(report.longrepr)
                self.cases[report.nodeid] = Case(report.nodeid, claim, device, BROKEN, seen, sabotage=sabotage)

    def add_states(self, states: dict[str, str], traces: dict) -> None:
        self.states.update(states)
        for run, devices in traces.items():
            for device, events in devices.items():
                if self.traces.setdefault(run, {}).setdefault(device, events) != events:
                    self.problems.append(f"trace {run!r} on {device}: two processes recorded different sequences")

    def judge(self) -> None:
        settings = self.config.stash[SETTINGS]
        collected = {(claim, device): count for claim, device, count in self.plan()["collected"]}
        cases = self.cases.values()
        self.verdicts = judge(settings.registry, cases, settings.era, collected)
        for device in settings.required:
            state = self.states.get(device, "never probed: no case of it ran")
            if state != "available":
                self.problems.append(f"--require-device {device}: {state}")

    @property
    def partial(self) -> bool:
        settings = self.config.stash[SETTINGS]
        whole = {(claim.id, d) for claim in settings.registry.claims.values() for d in claim.devices}
        judged = {(verdict.claim.id, verdict.device) for verdict in self.verdicts}
        missing = any(verdict.missing for verdict in self.verdicts)
        return missing or any(key not in judged for key in whole if key[1] in settings.devices)

    def record(self, path: Path) -> None:
        settings = self.config.stash[SETTINGS]
        record = build_record(settings.subject, self.states, self.verdicts, self.traces)
        if path.exists():
            record = self._beside(record, read_record(path), path)
        write_record(record, path)

    def _beside(self, record: dict, older: dict, path: Path) -> dict:
        """The record with what is to be kept of the older one; raises LedgerError where some of that would be lost."""
        settings = self.config.stash[SETTINGS]
        claims, whole = [*settings.registry.claims.values()], "all specs"
        if settings.update:
            claims, whole = [claim for claim in claims if claim.id in record["claims"]], "all cases of these claims"
        lost = lost_by_overwriting(self.verdicts, claims, older)
        if lost:
            raise LedgerError(
                f"--record {path}: not written: that file holds {len(lost)} verdicts which this partial run did not "
                f"reach (such as {lost[0]}); name another file, or run {whole} on all devices"
            )
        record = keep_measured(record, older)
        return keep_other_claims(record, older, settings.registry) if settings.update else record


class _PlainWarnings:
    """In a worker: tells of a warning by a class of Python's own, the nearest one above its class.

    For each that it is told of, the controller imports the module of its class, in a thread for each worker; side by
    side they imported Lightning, which takes seconds and ended in a deadlock of imports now and then.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message):
        warning_message.category = _builtin(warning_message.category)
        if isinstance(warning_message.message, Warning):
            warning_message.message = warning_message.category(str(warning_message.message))


def _builtin(category: type[Warning]) -> type[Warning]:
    return next(above for above in category.__mro__ if above.__module__ == "builtins")


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_PlainWarnings(), "ledger-plain-warnings")
    else:
        config.stash[RUN] = LedgerRun(config)


def pytest_configure_node(node):
    """xdist: tell each worker where to leave the plan of what it collected."""
    run = node.config.stash[RUN]
    run.plan_file = node.config._tmp_path_factory.getbasetemp() / "ledger-plan.json"
    node.workerinput["ledger_plan"] = str(run.plan_file)


pytest_configure_node = pytest.hookimpl(optionalhook=True)(pytest_configure_node)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    output = getattr(node, "workeroutput", None) or {}
    run = node.config.stash[RUN]
    run.refusal = output.get("ledger_refusal") or run.refusal
    run.add_states(output.get("ledger_states", {}), output.get("ledger_traces", {}))


class _Relay:
    """Hands reports to the run; a plugin of its own because pytest passes no config with a report."""

    def __init__(self, run: LedgerRun):
        self.run = run

    def pytest_runtest_logreport(self, report):
        self.run.add_report(report)


def pytest_sessionstart(session):
    if RUN in session.config.stash:
        session.config.pluginmanager.register(_Relay(session.config.stash[RUN]), "ledger-relay")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session, exitstatus):
    config = session.config
    settings = config.stash[SETTINGS]
    if config.option.collectonly or exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        return
    if hasattr(config, "workerinput"):
        config.workeroutput["ledger_states"] = {name: device_state(config, name) for name in settings.devices}
        traces = {} if settings.sabotage else config.hook.pytest_ledger_traces(config=config)
        config.workeroutput["ledger_traces"] = traces or {}
        return
    run = config.stash[RUN]
    if run.refusal:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
        return
    if run.plan_file is None and run.cases:
        states = {name: device_state(config, name) for name in settings.devices}
        run.add_states(states, config.hook.pytest_ledger_traces(config=config) or {})
    if settings.sabotage:
        return
    run.judge()
    if settings.record and run.cases:
        try:
            run.record(settings.record)
        except LedgerError as error:
            run.problems.append(str(error))
    _remember_drift(config, run)
    if session.exitstatus == pytest.ExitCode.OK and (run.problems or any(v.red for v in run.verdicts)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _remember_drift(config, run: LedgerRun) -> None:
    """Let --lf also repeat the cases of a claim that drifted by holding, which pytest itself counts as passed."""
    plugin = config.pluginmanager.get_plugin("lfplugin")
    if plugin:
        plugin.lastfailed.update({case.node: True for v in run.verdicts if v.red for case in v.culprits or v.cases})


def pytest_terminal_summary(terminalreporter, config):
    from ledger.document import Run, render_document

    run = config.stash[RUN]
    if run.refusal:
        terminalreporter.write_line("ERROR: " + "\n".join(run.refusal), red=True)
    if not run.verdicts and not run.problems:
        return
    settings = config.stash[SETTINGS]
    whole = Run(settings.registry, settings.subject, run.states, run.verdicts, run.problems, run.partial, settings.era)
    text = render_document(whole, settings.language, colour=terminalreporter.hasmarkup)
    terminalreporter.ensure_newline()
    terminalreporter.write(text)
