"""Claims to test with, written to files and read back, and a small project in which pytest runs the ledger's plugin."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ledger.registry import load_registry

ROOT = Path(__file__).parent.parent
SECTION = '[section]\norder = 1\nen = "Part"\nzh = "部分"\n'


@pytest.fixture
def write_claims(tmp_path):
    """Write a section's `claims.toml` and return its path; the text may bring a [section] of its own."""

    def write(text: str, folder: str = "part") -> Path:
        file = tmp_path / "specs" / folder / "claims.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = textwrap.dedent(text)
        file.write_text(text if "[section]" in text else SECTION + text, encoding="utf-8")
        return file

    return write


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
