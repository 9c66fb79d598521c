"""The stored copy of the registry: it says what the files say, and counts only as long as they are the same."""

from __future__ import annotations

import os

import pytest

from ledger import stored
from ledger.errors import LedgerError
from ledger.registry import load_registry
from ledger.stored import open_registry

ONE = """
    ["one"]
    en = "one"
    zh = "一"
    devices = ["cpu"]
    eras = [
        { versions = "<2.0", expect = "holds" },
        { versions = ">=2.0", expect = "untested", reason = "why", reason_zh = "原因" },
    ]
"""


@pytest.fixture
def parsed(monkeypatch) -> list:
    """The folders that were parsed."""
    folders = []
    monkeypatch.setattr(stored, "load_registry", lambda specs: folders.append(specs) or load_registry(specs))
    return folders


@pytest.fixture
def file(write_claims):
    """A file of claims that was written long ago."""
    found = write_claims(ONE)
    os.utime(found, (1e9, 1e9))
    return found


def copies(file) -> list:
    return [*(file.parent.parent / "__pycache__").glob("registry-*")]


def test_the_copy_is_as_what_was_parsed(file, parsed):
    specs = file.parent.parent
    assert open_registry(specs) == open_registry(specs) == load_registry(specs)
    assert (parsed, len(copies(file))) == ([specs], 1)


def test_a_file_that_changed_is_parsed_again(file, parsed):
    specs = file.parent.parent
    assert open_registry(specs).claim("one").en == "one"
    file.write_text(file.read_text(encoding="utf-8").replace('"one"\n', '"two"\n'), encoding="utf-8")
    assert [open_registry(specs).claim("one").en for _ in range(2)] == ["two", "two"]
    assert len(parsed) == 3
    file.write_text("[", encoding="utf-8")
    with pytest.raises(LedgerError, match=r"claims\.toml: not valid TOML"):
        open_registry(specs)


def test_another_folder_has_a_copy_of_its_own(file, write_claims, tmp_path, parsed):
    open_registry(file.parent.parent)
    other = tmp_path / "other" / "specs" / "part"
    other.mkdir(parents=True)
    os.replace(file, other / "claims.toml")
    os.replace(copies(file)[0].parent, other.parent / "__pycache__")
    assert open_registry(other.parent).claim("one").file == other / "claims.toml"


@pytest.mark.parametrize("content", [b"", b"abc", bytes(4), b"abcdefgh"])
def test_what_is_no_copy_is_written_anew(file, parsed, content):
    specs = file.parent.parent
    open_registry(specs)
    whole = copies(file)[0].read_bytes()
    copies(file)[0].write_bytes(content)
    assert open_registry(specs) == load_registry(specs)
    assert copies(file)[0].read_bytes() == whole


def test_nothing_is_stored_of_what_may_still_change(file):
    os.utime(file)
    open_registry(file.parent.parent)
    assert copies(file) == []


def test_a_folder_that_cannot_be_written_to_is_left_alone(file):
    (file.parent.parent / "__pycache__").write_text("no folder")
    assert open_registry(file.parent.parent) == load_registry(file.parent.parent)


def test_a_folder_without_claims(tmp_path):
    with pytest.raises(LedgerError, match=r"no \*/claims\.toml found"):
        open_registry(tmp_path)
