"""What the ledger, which knows no torch, asks of whoever does."""

import pytest


@pytest.hookspec(firstresult=True)
def pytest_ledger_device_state(config, device):
    """Return "available", or the reason why the device named `device` cannot be used on this machine."""


@pytest.hookspec(firstresult=True)
def pytest_ledger_traces(config):
    """Return the traces recorded in this process: {run: {device: [event, …]}}."""


@pytest.hookspec(firstresult=True)
def pytest_ledger_sabotages(config):
    """Return the sabotages of each claim id; each has `claim`, `name` and `apply(monkeypatch)`."""
