"""The matrix of sabotages and the claims that notice them: kept as JSON, and what stands out in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import LedgerError
from ledger.record import write_record


@dataclass(frozen=True)
class Row:
    """A sabotage: what it does, how many claims were asked, which noticed, and how its run ended early, if it did."""

    says: str
    asked: int
    noticed: tuple[str, ...]
    ended: str = ""


@dataclass
class Matrix:
    """The rows of one release of Lightning, each under "claim sabotage"."""

    lightning: str = ""
    rows: dict[str, Row] = field(default_factory=dict)

    def of(self, lightning: str) -> None:
        """Let it be of this release; raises LedgerError where it has rows of another."""
        if self.rows and self.lightning != lightning:
            raise LedgerError(f"--json: is of Lightning {self.lightning}, not {lightning}; name another file")
        self.lightning = lightning

    def write(self, file: Path) -> None:
        """Claims are written once, and rows name them by their place."""
        claims = sorted({claim for row in self.rows.values() for claim in row.noticed})
        places = {claim: place for place, claim in enumerate(claims)}
        rows = {
            name: {"asked": row.asked, "noticed": " ".join(str(places[claim]) for claim in row.noticed)}
            | {key: value for key, value in (("ended", row.ended), ("says", row.says)) if value}
            for name, row in self.rows.items()
        }
        write_record({"lightning": self.lightning, "claims": claims, "sabotages": rows}, file, "--json")


def read_matrix(file: Path) -> Matrix:
    """Read what `write` wrote; raises LedgerError where the file is something else."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        claims = found["claims"]
        rows = {
            name: Row(row.get("says", ""), row["asked"], _named(claims, row["noticed"]), row.get("ended", ""))
            for name, row in found["sabotages"].items()
        }
        return Matrix(found["lightning"], rows)
    except OSError as error:
        raise LedgerError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LedgerError(f"{file}: no matrix of bystanders; name another file, or remove it") from error


def _named(claims: list[str], places: str) -> tuple[str, ...]:
    return tuple(claims[int(place)] for place in places.split())


def summary(matrix: Matrix) -> Iterator[str]:
    """What stands out, as lines of text."""
    tried = {name: {*row.noticed} for name, row in matrix.rows.items() if not row.ended}
    asked = sorted(row.asked for row in matrix.rows.values() if not row.ended)
    own = {name.split()[0] for name in tried}
    others = Counter(claim for name, noticed in tried.items() for claim in noticed - {name.split()[0]})
    noticing = Counter(claim for noticed in tried.values() for claim in noticed)
    alone = [name for name, noticed in tried.items() if noticed <= {name.split()[0]}]
    yield f"{len(tried)} sabotages tried on Lightning {matrix.lightning}; {len(matrix.rows) - len(tried)} ended early"
    counts = _median(asked), _median(map(len, tried.values()))
    yield "a sabotage is reached by {} claims and noticed by {} (medians)".format(*counts)
    yield f"{len(alone)} are noticed by no claim but their own: {_some(sorted(alone))}"
    lonely = sorted(own - {*others})
    yield f"{len(lonely)} claims with a sabotage notice none but their own: {_some(lonely)}"
    often = [f"{claim} ({count})" for claim, count in noticing.most_common() if count > len(tried) / 2]
    yield f"{len(often)} claims notice more than half of all: {_some(often)}"
    most = [f"{claim} ({count})" for claim, count in noticing.most_common(12)]
    yield f"claims that notice most: {_some(most)}"


def _median(counts: Iterable[int]) -> int:
    found = sorted(counts)
    return found[len(found) // 2] if found else 0


def _some(names: list[str], shown: int = 12) -> str:
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return (", ".join(names[:shown]) + rest) or "none"
