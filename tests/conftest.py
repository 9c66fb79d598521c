"""Claims to test with, written to files and read back, and a small project in which pytest runs the ledger's plugin."""

from __future__ import annotations

import json
import textwrap
from functools import partial
from pathlib import Path

import pytest

import fixtures.sabotage  # noqa: F401
import ledger.plugin.sabotaging  # noqa: F401  (imported once here, not anew by every small project)
from ledger.registry import load_registry

ROOT = Path(__file__).parent.parent
SECTION = '[section]\norder = 1\nen = "Part"\nzh = "部分"\n'


def write_claims_to(root: Path, text: str, folder: str = "part") -> Path:
    """Write a section's `claims.toml` and return its path; the text may bring a [section] of its own."""
    file = root / "specs" / folder / "claims.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = textwrap.dedent(text)
    file.write_text(text if "[section]" in text else SECTION + text, encoding="utf-8")
    return file


@pytest.fixture
def write_claims(tmp_path):
    return partial(write_claims_to, tmp_path)


@pytest.fixture
def make_registry(write_claims):
    """Read a registry of one section from the text of its claims."""

    def make(text: str):
        return load_registry(write_claims(text).parent.parent)

    return make


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


SETTINGS = f"""
[tool.pytest.ini_options]
testpaths = ["specs"]
pythonpath = [".", '{ROOT}']
python_files = ["*_spec.py"]
addopts = ["--strict-markers", "--strict-config", "--import-mode=importlib", "--benchmark-disable", "-rN"]
filterwarnings = ["ignore::pytest.PytestAssertRewriteWarning"]
enable_assertion_pass_hook = true
"""
PLUGINS = """
import pytest
from fixtures.sabotage import load_sabotages

pytest_plugins = [
    "ledger.plugin.options",
    "ledger.plugin.binding",
    "ledger.plugin.outcomes",
    "ledger.plugin.session",
    "ledger.plugin.sabotaging",
]

@pytest.fixture
def device(request):
    return request.param

def pytest_ledger_device_state(config, device):
    return "no GPU here" if device == "cuda" else "available"

def pytest_ledger_traces(config):
    return {"fit": {"cpu": ["setup", "teardown"]}}

def pytest_ledger_sabotages(config):
    return load_sabotages(config.rootpath / "specs")
"""


class Project:
    """A small project with the ledger's plugin, in which a Lightning is installed that is no more than its name."""

    def __init__(self, pytester):
        self.pytester, self.path = pytester, pytester.path
        self.claims = partial(write_claims_to, self.path)
        (self.path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
        (self.path / "conftest.py").write_text(PLUGINS, encoding="utf-8")
        self.install("pytorch-lightning", "2.6.6")
        self.install("torch", "2.13.0+cpu")

    def install(self, name: str, version: str) -> None:
        folder = self.path / f"{name.replace('-', '_')}.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")

    def spec(self, text: str, name: str = "it_spec.py") -> None:
        file = self.path / "specs" / "part" / name
        file.write_text("import pytest\n" + textwrap.dedent(text), encoding="utf-8")

    def run(self, *arguments):
        """Run pytest; the result also has `text`, all that was printed."""
        result = self.pytester.runpytest_inprocess(*arguments)
        result.text = f"{result.stdout.str()}\n{result.stderr.str()}"
        return result

    def read(self, name: str = "record.json") -> dict:
        return json.loads((self.path / name).read_text(encoding="utf-8"))


@pytest.fixture
def project(pytester, monkeypatch) -> Project:
    monkeypatch.setenv("COLUMNS", "120")
    return Project(pytester)
