"""The matrix of sabotages and the claims that notice them: kept as JSON, and what stands out in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError, some
from ledger.record import write_record


@dataclass(frozen=True)
class Row:
    """A sabotage: what it does, how many cases were asked, which claims noticed, how its run ended early if it did,
    and of which claims it is one besides that in its name."""

    says: str
    asked: int
    noticed: tuple[str, ...]
    ended: str = ""
    also: tuple[str, ...] = ()


@dataclass
class Matrix:
    """The rows of one release of Lightning, each under "claim sabotage", and the claims whose cases were asked."""

    lightning: str = ""
    rows: dict[str, Row] = field(default_factory=dict)
    claims: tuple[str, ...] = ()

    def of(self, lightning: str, claims: Iterable[str], known: Mapping[str, tuple[str, ...]]) -> None:
        """Let it be of this release and these claims, without rows of sabotages that are not `known`, which tells what
        they are `also` of; raises LedgerError where it has rows of another release."""
        if self.rows and self.lightning != lightning:
            raise LedgerError(f"--json: is of Lightning {self.lightning}, not {lightning}; name another file")
        self.lightning, self.claims = lightning, tuple(sorted(claims))
        self.rows = {name: replace(row, also=known[name]) for name, row in self.rows.items() if name in known}

    def write(self, file: Path) -> None:
        """Claims are written once, those that were not asked last, and rows name them by their place."""
        others = sorted({claim for row in self.rows.values() for claim in (*row.noticed, *row.also)} - {*self.claims})
        places = {claim: place for place, claim in enumerate([*self.claims, *others])}
        rows = {name: _plain(row, places) for name, row in self.rows.items()}
        kept = {"lightning": self.lightning, "claims": [*self.claims], "sabotages": rows}
        write_record(kept | ({"others": others} if others else {}), file, "--json")


def read_matrix(file: Path) -> Matrix:
    """Read what `write` wrote; raises LedgerError where the file is something else."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        claims = [*found["claims"], *found.get("others", ())]
        rows = {
            name: Row(
                row.get("says", ""),
                row["asked"],
                _named(claims, row["noticed"]),
                row.get("ended", ""),
                _named(claims, row.get("also", "")),
            )
            for name, row in found["sabotages"].items()
        }
        return Matrix(found["lightning"], rows, tuple(found["claims"]))
    except OSError as error:
        raise LedgerError(f"{file}: cannot be read: {error.strerror}; name a file that --json wrote") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LedgerError(f"{file}: no matrix of bystanders; name another file, or remove it") from error


def _plain(row: Row, places: Mapping[str, int]) -> dict[str, Any]:
    told = {"ended": row.ended, "says": row.says, "also": " ".join(str(places[claim]) for claim in row.also)}
    noticed = " ".join(str(places[claim]) for claim in row.noticed)
    return {"asked": row.asked, "noticed": noticed} | {key: value for key, value in told.items() if value}


def _named(claims: list[str], places: str) -> tuple[str, ...]:
    return tuple(claims[int(place)] for place in places.split())


def blind(matrix: Matrix) -> list[str]:
    """The claims that were asked and noticed no sabotage, or none but their own."""
    tried = {name: row for name, row in matrix.rows.items() if not row.ended}
    seeing = {claim for name, row in tried.items() for claim in {*row.noticed} - _own(name, row)}
    return sorted({*matrix.claims} - seeing)


def summary(matrix: Matrix) -> Iterator[str]:
    """What stands out, as lines of text."""
    tried = {name: row for name, row in matrix.rows.items() if not row.ended}
    noticing = Counter(claim for row in tried.values() for claim in row.noticed)
    yield f"{len(tried)} sabotages tried on Lightning {matrix.lightning}; {len(matrix.rows) - len(tried)} ended early"
    asked, noticed = _median(row.asked for row in tried.values()), _median(len(row.noticed) for row in tried.values())
    yield f"a sabotage is reached by {asked} cases and noticed by {noticed} claims (medians)"
    alone = sorted(name for name, row in tried.items() if {*row.noticed} <= _own(name, row))
    yield f"{len(alone)} are noticed by no claim but their own: {some(alone)}"
    unseeing = blind(matrix)
    yield f"{len(unseeing)} of {len(matrix.claims)} claims notice none but their own: {some(unseeing)}"
    often = [f"{claim} ({count})" for claim, count in noticing.most_common() if count > len(tried) / 2]
    yield f"{len(often)} claims notice more than half of all: {some(often)}"
    yield f"claims that notice most: {some([f'{claim} ({count})' for claim, count in noticing.most_common(12)])}"


def _own(name: str, row: Row) -> set[str]:
    return {name.split()[0], *row.also}


def _median(counts: Iterable[int]) -> int:
    found = sorted(counts)
    return found[len(found) // 2] if found else 0
