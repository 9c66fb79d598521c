"""A stored copy of the registry, as Python stores what it compiled: a question is answered without parsing all claims.

It lies in `specs/__pycache__`, may be deleted at any time, and counts as long as no file changed that it was made of.
It is trusted as far as the compiled specs beside it are.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import packaging

from ledger.registry import Registry, load_registry

SETTLED = 2.0
"""Seconds after which a change of a file shows in its time; of a younger one nothing is stored."""


def open_registry(specs: Path) -> Registry:
    """`load_registry(specs)`, from the stored copy where there is one that is up to date."""
    files = sorted(specs.glob("*/claims.toml"))
    stamp = _stamp([*files, *sorted(Path(__file__).parent.glob("*.py"))])
    copy = specs / "__pycache__" / f"registry-{sys.implementation.cache_tag}.pickle"
    stored = _read(copy)
    if stored and stored[0] == stamp:
        return stored[1]
    registry = load_registry(specs)
    if time.time() - max(file.stat().st_mtime for file in files) > SETTLED:
        _write(copy, (stamp, registry))
    return registry


def _stamp(files: Iterable[Path]) -> list[Any]:
    """What changes with what a copy is made of: the files, and the library of which it holds objects."""
    found = [(str(file), file.stat()) for file in files]
    return [packaging.__version__, *((name, state.st_mtime_ns, state.st_size) for name, state in found)]


def _read(copy: Path) -> Any:
    """What was stored, None where there is nothing whole; a copy begins with the checksum of the rest."""
    try:
        content = copy.read_bytes()
    except OSError:
        return None
    return pickle.loads(content[4:]) if _checksum(content[4:]) == content[:4] else None


def _write(copy: Path, stored: Any) -> None:
    """Leave things as they are where nothing can be written."""
    content, own = pickle.dumps(stored), copy.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        copy.parent.mkdir(exist_ok=True)
        own.write_bytes(_checksum(content) + content)
        os.replace(own, copy)


def _checksum(content: bytes) -> bytes:
    """Four bytes, not all zero where there is no content."""
    return zlib.crc32(content, 1).to_bytes(4, "big")
