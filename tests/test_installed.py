"""Entry points of what is installed: found as always, but each package's file is read once."""

import importlib.metadata
import sys
from collections import Counter

import pytest

from fixtures.installed import entry_points_read_once


def names(group: str) -> list[str]:
    """The entry points of this group, on every Python since 3.9."""
    found = importlib.metadata.entry_points()
    return sorted(
        point.name for point in (found.get(group, ()) if isinstance(found, dict) else found.select(group=group))
    )


@pytest.fixture
def package(tmp_path):
    """A folder in which a package with one entry point is installed."""
    folder = tmp_path / "brought-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[brought.along]\nit = brought:it\n")
    return tmp_path


@pytest.fixture
def reads(monkeypatch):
    """How often each package's entry points were read from its file."""
    counted: Counter[str] = Counter()
    read = importlib.metadata.Distribution.entry_points.fget

    def counting(distribution):
        counted[distribution.metadata["Name"]] += 1
        return read(distribution)

    monkeypatch.setattr(importlib.metadata.Distribution, "entry_points", property(counting))
    return counted


def test_the_same_is_found_and_every_file_is_read_once(reads):
    before = names("console_scripts")
    assert "pytest" in before
    reads.clear()
    with entry_points_read_once():
        assert [names("console_scripts") for _ in range(3)] == [before] * 3
    assert set(reads.values()) == {1}
    assert reads["pytest"] == 1


def test_what_comes_with_another_path_is_found(package, monkeypatch):
    with entry_points_read_once():
        assert names("brought.along") == []
        monkeypatch.setattr(sys, "path", [str(package), *sys.path])
        assert names("brought.along") == ["it"]


def test_everything_is_put_back():
    before = importlib.metadata.distributions, importlib.metadata.Distribution.entry_points
    with entry_points_read_once():
        assert importlib.metadata.distributions is not before[0]
    assert (importlib.metadata.distributions, importlib.metadata.Distribution.entry_points) == before
