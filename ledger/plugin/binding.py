"""Binding at collection: which item is a case of which claim, on which device; what is bound wrongly stops the run."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from ledger.errors import suggest
from ledger.plugin.options import SETTINGS
from ledger.registry import unaccounted_sentences

CLAIM: pytest.StashKey[str] = pytest.StashKey()
DEVICE: pytest.StashKey[str] = pytest.StashKey()
PLAN: pytest.StashKey[dict] = pytest.StashKey()


def pytest_generate_tests(metafunc):
    """Parametrize a spec that asks for `device` over the devices of its claim that this run selects."""
    if "device" not in metafunc.fixturenames:
        return
    settings = metafunc.config.stash[SETTINGS]
    claim = settings.registry.claims.get(claim_id(list(metafunc.definition.iter_markers("claim"))))
    devices = [name for name in settings.devices if claim is None or name in claim.devices]
    metafunc.parametrize("device", devices, indirect=True, ids=devices)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session, config, items):
    settings = config.stash[SETTINGS]
    problems = [problem for item in items if (problem := _bind(item, settings.registry))]
    items[:] = [item for item in items if item.stash.get(DEVICE, "") in settings.devices or CLAIM not in item.stash]
    if not problems and not session.testsfailed and is_complete(config):
        problems = _without_spec(items, settings) + unaccounted_sentences(settings.registry)
    if problems:
        refuse(config, items, problems)
        return
    if settings.claims:
        config.hook.pytest_deselected(items=[item for item in items if item.stash[CLAIM] not in settings.claims])
        items[:] = [item for item in items if item.stash[CLAIM] in settings.claims]
    collected = Counter((item.stash[CLAIM], item.stash[DEVICE]) for item in items)
    config.stash[PLAN] = {"collected": [[*key, count] for key, count in sorted(collected.items())], "nodes": {}}


def refuse(config, items, problems: list[str]) -> None:
    """Stop the run with these messages; a worker, which could not make itself heard, leaves that to the controller."""
    if not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(sorted(set(problems))))
    config.workeroutput["ledger_refusal"] = sorted({*problems, *config.workeroutput.get("ledger_refusal", ())})
    items.clear()


def claim_id(markers) -> str | None:
    """The id that the one marker among `markers` names, None where there are none or several, or it names no id."""
    ids = [argument for marker in markers for argument in marker.args]
    return ids[0] if len(markers) == len(ids) == 1 and isinstance(ids[0], str) else None


def sabotage_name(item) -> str:
    """The name of the sabotage under which the item runs, or an empty string."""
    callspec = getattr(item, "callspec", None)
    return getattr(callspec.params.get("sabotage"), "name", "") if callspec else ""


def _bind(item, registry) -> str | None:
    where = f"{item.path.relative_to(item.config.rootpath)}: {item.originalname}"
    markers = list(item.iter_markers("claim"))
    id = claim_id(markers)
    if id is None:
        found = "its claim mark names no id" if len(markers) == 1 else f"belongs to {len(markers)} claims"
        return f'{where}: {found}; mark it once, with @pytest.mark.claim("id")'
    if id not in registry.claims:
        return f"{where}: unknown claim id {id!r}{suggest(id, registry.claims)}; or add it to claims.toml"
    claim = registry.claims[id]
    callspec = getattr(item, "callspec", None)
    device = callspec.params.get("device", "cpu") if callspec else "cpu"
    if device == "cpu" and "cpu" not in claim.devices:
        return f"{where}: runs without the `device` fixture, but {claim.file}: {id} does not name cpu; correct one"
    item.stash[CLAIM], item.stash[DEVICE] = id, device
    return None


def is_complete(config) -> bool:
    """Whether everything under specs/ was collected, so that a claim without a case has none at all."""
    specs = config.rootpath / "specs"
    options = config.option
    if options.ignore or options.ignore_glob or options.deselect or getattr(options, "lf", False):
        return False
    arguments = [config.invocation_params.dir / str(argument).split("::")[0] for argument in config.args]
    return any(path.resolve() in (specs, config.rootpath) and "::" not in str(path) for path in arguments)


def _without_spec(items, settings) -> list[str]:
    found = {(item.stash[CLAIM], item.stash[DEVICE]) for item in items}
    return [
        f"{claim.file.relative_to(settings.registry.root.parent)}: {claim.id} has no spec on {device}; write one "
        f'marked @pytest.mark.claim("{claim.id}"), or correct its devices'
        for claim in settings.registry.claims.values()
        for device in claim.devices
        if device in settings.devices and (claim.id, device) not in found
    ]


def pytest_collection_finish(session):
    """Keep what will run; in a worker, leave it where the controller, which collects nothing, can read it."""
    plan = session.config.stash.get(PLAN, None)
    if plan is None:
        return
    plan["nodes"] = {
        item.nodeid: [item.stash[CLAIM], item.stash[DEVICE], sabotage_name(item)] for item in session.items
    }
    workerinput = getattr(session.config, "workerinput", None)
    if workerinput and workerinput["workerid"] == "gw0":
        with open(workerinput["ledger_plan"], "w", encoding="utf-8") as file:
            json.dump(plan, file)
