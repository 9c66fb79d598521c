"""Command-line options, and the run's settings that follow from them."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.version import Version

from ledger.edges import RELEASES, edges, stable_releases
from ledger.eras import base_version
from ledger.errors import LedgerError, suggest
from ledger.plugin import hookspecs
from ledger.record import check_updatable, check_writable
from ledger.registry import DEVICES, Registry, load_registry

ENVIRONMENT = ("CUDA_", "CUBLAS_", "LIGHTNING_", "MKL_", "NCCL_", "OMP_", "PL_", "PYTORCH_", "SLURM_", "TORCH_")


@dataclass(frozen=True)
class Settings:
    """One run's settings. `subject` has the keys lightning, torch and python, as in a record.

    `claims` are those to run, all where it is empty; the eras of the Lightning version `era` are what is expected.
    """

    registry: Registry
    subject: dict[str, str]
    era: str
    claims: frozenset[str]
    devices: tuple[str, ...]
    required: tuple[str, ...]
    language: str
    record: Path | None
    update: bool
    sabotage: bool


SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("ledger", "what PyTorch Lightning really does")
    group.addoption("--device", metavar="NAMES", help="devices to run on, comma-separated (default: cpu,cuda,sim)")
    group.addoption("--claim", metavar="IDS", help="run only the specs of these claims and of their corrections")
    group.addoption("--edges", action="store_true", help="run only the specs of claims that change at this release")
    group.addoption("--era-of", metavar="VERSION", help="expect what is expected of this Lightning, not the installed")
    group.addoption("--require-device", metavar="NAMES", help="fail where one of these devices is absent")
    group.addoption("--lang", choices=("en", "zh"), default="en", help="language of the document (default: en)")
    group.addoption("--record", metavar="FILE", help="write the verdicts and observations to this JSON file")
    group.addoption("--update", action="store_true", help="keep what the record says of claims that do not run")
    group.addoption("--sabotage", action="store_true", help="run every spec under each sabotage of its claim")


def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config):
    config.addinivalue_line("markers", "claim(id): the function is a spec of the claim with this id in claims.toml")
    try:
        config.stash[SETTINGS] = _settings(config)
    except LedgerError as error:
        raise pytest.UsageError(str(error)) from None


def _settings(config) -> Settings:
    devices = _device_names(config.option.device, "--device") or DEVICES
    required = _device_names(config.option.require_device, "--require-device")
    for device in required:
        if device not in devices:
            raise LedgerError(f"--require-device {device}: not among --device {','.join(devices)}; add it there")
    _version("rich")
    found = subject()
    record = _record_file(config, found)
    registry = load_registry(config.rootpath / "specs")
    era = str(base_version(config.option.era_of or found["lightning"]))
    wanted = _names(config.option.claim)
    if config.option.edges:
        wanted += _at_the_edge(registry, found["lightning"])
    claims = _with_corrections(registry, wanted, era)
    return Settings(
        registry=registry,
        subject=found,
        era=era,
        claims=claims,
        devices=devices,
        required=required,
        language=config.option.lang,
        record=record,
        update=config.option.update,
        sabotage=config.option.sabotage,
    )


def _record_file(config, subject: dict[str, str]) -> Path | None:
    """Where --record writes; raises LedgerError where that could not be written, or not be updated."""
    if not config.option.record:
        if config.option.update:
            raise LedgerError("--update: of which record? Name it with --record=FILE")
        return None
    if config.option.sabotage:
        raise LedgerError("--record: a sabotaged Lightning has no record; leave out --record or --sabotage")
    path = Path(config.invocation_params.dir, config.option.record)
    check_writable(path)
    if config.option.update:
        check_updatable(path, subject)
    return path


def _with_corrections(registry: Registry, ids: list[str], era: str) -> frozenset[str]:
    claims = [registry.claim(id) for id in ids]
    return frozenset(ids) | {correction for claim in claims if (correction := claim.era(era).correction)}


def _at_the_edge(registry: Registry, lightning: str) -> list[str]:
    """The claims of which an era ends with this release or begins at it; raises LedgerError where there is none."""
    releases = stable_releases(RELEASES)
    found = [c.id for c in registry.claims.values() if lightning in {r for pair in edges(c, releases) for r in pair}]
    if not found:
        raise LedgerError(f"--edges: no claim changes at Lightning {lightning}; leave out --edges")
    return found


def _names(text: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _device_names(text: str | None, option: str) -> tuple[str, ...]:
    names = _names(text)
    for name in names:
        if name not in DEVICES:
            raise LedgerError(
                f"{option}: unknown device {name!r}{suggest(name, DEVICES)} (known: {', '.join(DEVICES)})"
            )
    return tuple(names)


def subject() -> dict[str, str]:
    """The installed Lightning, torch and Python, as a record names them; raises LedgerError where one is missing."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"lightning": _version("pytorch-lightning"), "torch": _version("torch"), "python": python}


def _version(distribution: str) -> str:
    """Its version; raises LedgerError where it is not installed."""
    try:
        return Version(metadata.version(distribution)).public
    except metadata.PackageNotFoundError:
        raise LedgerError(
            f"{distribution} is not installed in this Python; install it (python -m pip install {distribution}), "
            "or run tox, which brings its own"
        ) from None


def pytest_report_header(config):
    settings = config.stash[SETTINGS]
    lines = ["subject: PyTorch Lightning {lightning}, torch {torch}, Python {python}".format(**settings.subject)]
    if config.option.help or hasattr(config.option, "dist") and config.option.dist != "no":
        lines.append(f"devices: {', '.join(settings.devices)} (probed by the workers)")
    else:
        lines += [f"device {name}: {device_state(config, name)}" for name in settings.devices]
    if config.invocation_params.args:
        lines.append("options: " + " ".join(map(str, config.invocation_params.args)))
    changed = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith(ENVIRONMENT) or k == "PYTEST_ADDOPTS"]
    if changed:
        lines.append("environment: " + " ".join(changed))
    return lines


def device_state(config, device: str) -> str:
    return config.hook.pytest_ledger_device_state(config=config, device=device) or "no plugin knows this device"
