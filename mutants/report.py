"""What a sample of mutants came to: a table by Lightning module, every survivor, and the same as JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import LedgerError
from ledger.registry import tomllib
from mutants.drawing import Mutant
from mutants.server import Trial

LOOKED_AT = Path(__file__).parent / "equivalent.toml"
LEFT_OUT = ("equivalent", "invisible")
WHYS = (*LEFT_OUT, "elsewhere")
COLUMNS = ("by assertion", "by error", "timed out", "survived", *WHYS)
_ENDS = {"assertion": "by assertion", "error": "by error", "time": "timed out"}
KILLED = tuple(_ENDS.values())

Identity = tuple[str, str, str, str]


@dataclass(frozen=True)
class Judged:
    """A mutant that somebody has looked at: equivalent to the original, different in a way that no user can see, or
    visible only elsewhere, such as on other hardware, which is no kill, but no hole in the specs either."""

    why: str
    reason: str


def load_judged(path: Path = LOOKED_AT) -> dict[Identity, Judged]:
    """The mutants that were looked at; raises LedgerError for one without a reason."""
    with path.open("rb") as file:
        tables = tomllib.load(file).get("mutant", [])
    found = {}
    for table in tables:
        identity = tuple(table.get(name, "") for name in ("module", "function", "before", "after"))
        if table.get("why") not in WHYS or not table.get("reason") or not all(identity):
            raise LedgerError(
                f"{path.name}: {' '.join(identity)}: needs module, function, before, after, a reason, and why = "
                + " or ".join(WHYS)
            )
        found[identity] = Judged(table["why"], table["reason"])
    return found


def again(mutants: Iterable[Mutant], files: Iterable[Path], judged: dict[Identity, Judged]) -> list[Mutant]:
    """Of these mutants those that survived according to the files, which `--json` wrote, but for those that nobody can
    see; raises LedgerError for a file that cannot be read."""
    survived = set()
    for file in files:
        try:
            trials = json.loads(file.read_text(encoding="utf-8"))["mutants"]
        except (OSError, ValueError, KeyError) as error:
            raise LedgerError(f"--again {file}: cannot be read ({error}); name a file that --json wrote") from error
        survived |= {
            (t["module"], t["function"], t["before"], t["after"]) for t in trials if t["came_to"] not in KILLED
        }
    survived -= {identity for identity, found in judged.items() if found.why in LEFT_OUT}
    befores = {identity[:3] for identity in survived}
    near = [mutant for mutant in mutants if (mutant.module, mutant.function, mutant.before) in befores]
    return [m for m in near if (m.module, m.function, m.before, m.made()[0]) in survived]


@dataclass
class Report:
    trials: Sequence[Trial]
    judged: dict[Identity, Judged]
    seconds: float

    def column(self, trial: Trial) -> str:
        """In which column of the table the trial counts."""
        if trial.ended.by:
            return _ENDS[trial.ended.by]
        judged = self.judged.get(identity(trial))
        return judged.why if judged else "survived"

    def table(self) -> dict[str, Counter]:
        """The counts of each Lightning module."""
        rows: dict[str, Counter] = defaultdict(Counter)
        for trial in self.trials:
            rows[trial.mutant.module][self.column(trial)] += 1
        return dict(sorted(rows.items()))

    def lines(self) -> list[str]:
        rows = self.table()
        whole: Counter = sum(rows.values(), Counter())
        width = max(map(len, [*rows, "all"]))
        lines = [" ".join([" " * width, *COLUMNS, "killed"])]
        for name, row in {**rows, **_by_part(rows), "all": whole}.items():
            cells = [f"{row[column]:>{len(column)}}" for column in COLUMNS]
            lines.append(" ".join([f"{name:{width}}", *cells, f"{_percent(row):>6}"]))
        lines.append(f"killed: of all but those {' and '.join(LEFT_OUT)}; of all, {_percent(whole, of_all=True)}")
        kills = sum(whole[column] for column in _ENDS.values())
        return [*lines, f"{kills} kills in {self.seconds:.0f} s: {60 * kills / self.seconds:.0f} a minute"]

    def survivors(self) -> list[str]:
        """Each survivor, with what is known of it."""
        lines = []
        for trial in sorted(self.trials, key=lambda trial: (trial.mutant.module, trial.mutant.line)):
            if trial.ended.by:
                continue
            mutant, judged = trial.mutant, self.judged.get(identity(trial))
            lines += [
                f"{mutant.module}:{mutant.line} {mutant.function}: {mutant.kind}, {trial.ended.ran} cases",
                f"  - {mutant.before}",
                f"  + {trial.after}",
            ]
            lines += [f"  {judged.why}: {judged.reason}"] if judged else []
        return lines

    def as_json(self) -> dict:
        whole: Counter = sum(self.table().values(), Counter())
        return {
            "counts": {column: whole[column] for column in COLUMNS},
            "seconds": round(self.seconds, 1),
            "modules": {name: dict(sorted(row.items())) for name, row in self.table().items()},
            "mutants": [self._trial(trial) for trial in sorted(self.trials, key=_place)],
        }

    def _trial(self, trial: Trial) -> dict:
        mutant, ended = trial.mutant, trial.ended
        return {
            "module": mutant.module,
            "line": mutant.line,
            "function": mutant.function,
            "kind": mutant.kind,
            "before": mutant.before,
            "after": trial.after,
            "came_to": self.column(trial),
            "case": ended.case,
            "seen": ended.seen,
            "ran": ended.ran,
            "cases": len(mutant.cases),
            "seconds": round(trial.seconds, 2),
        }


def identity(trial: Trial) -> Identity:
    return trial.mutant.module, trial.mutant.function, trial.mutant.before, trial.after


def _place(trial: Trial) -> tuple[str, int]:
    return trial.mutant.module, trial.mutant.ordinal


def _by_part(rows: dict[str, Counter]) -> dict[str, Counter]:
    parts: dict[str, Counter] = defaultdict(Counter)
    for name, row in rows.items():
        parts[name.partition("/")[0]].update(row)
    return dict(parts)


def _percent(row: Counter, of_all: bool = False) -> str:
    left_out: Iterable[str] = () if of_all else LEFT_OUT
    kills = sum(row[column] for column in _ENDS.values())
    whole = sum(row.values()) - sum(row[column] for column in left_out)
    return f"{100 * kills / whole:.0f} %" if whole else "–"
