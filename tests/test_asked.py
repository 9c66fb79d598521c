"""The registry for a question: the same claims as the whole one, of which only those asked for are parsed."""

from __future__ import annotations

import pytest

from ledger import asked
from ledger.asked import open_registry
from ledger.errors import LedgerError
from ledger.registry import load_registry

TWO = """
    ["one"]
    en = "one"
    zh = "一"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]

    ["two"]
    en = "two"
    zh = "二"
    devices = ["cpu"]
    eras = [{ expect = "maybe" }]
"""


@pytest.fixture
def parsed_whole(monkeypatch) -> list:
    """The folders that were loaded as a whole."""
    folders = []
    monkeypatch.setattr(asked, "load_registry", lambda specs: folders.append(specs) or load_registry(specs))
    return folders


def test_every_claim_of_ours_is_as_in_the_whole_registry(root, parsed_whole):
    opened = open_registry(root / "specs").claims
    whole = load_registry(root / "specs").claims
    assert list(opened) == list(whole)
    assert dict(opened) == whole
    assert parsed_whole == []


def test_only_what_is_asked_for_is_checked(write_claims, parsed_whole):
    file = write_claims(TWO)
    registry = open_registry(file.parent.parent)
    assert (registry.claim("one").en, len(registry.claims), parsed_whole) == ("one", 2, [])
    with pytest.raises(LedgerError, match=r"claims\.toml: two: an era expects 'maybe'"):
        registry.claim("two")


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ('["two"]', '["one"]', r"claims\.toml: not valid TOML: Cannot declare \('one',\) twice"),
        ('"maybe"', "maybe", r"claims\.toml: not valid TOML: Invalid value \(at line 16,"),
        ('["two"]', "[two]", r"claims\.toml: two: an era expects 'maybe'"),
    ],
)
def test_a_file_that_cannot_be_taken_table_by_table_is_read_as_a_whole(write_claims, parsed_whole, was, now, message):
    file = write_claims(TWO.replace(was, now))
    with pytest.raises(LedgerError, match=message):
        open_registry(file.parent.parent).claim("two")
    assert parsed_whole == [file.parent.parent]


def test_a_folder_without_claims(tmp_path):
    with pytest.raises(LedgerError, match=r"no \*/claims\.toml found"):
        open_registry(tmp_path)
