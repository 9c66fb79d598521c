"""Plugs the parts together: the ledger judges, the fixtures run Lightning."""

import pytest

pytest.register_assert_rewrite("fixtures")

pytest_plugins = [
    "ledger.plugin.options",
    "ledger.plugin.binding",
    "ledger.plugin.outcomes",
    "ledger.plugin.session",
    "ledger.plugin.sabotaging",
    "fixtures.plugin",
]
