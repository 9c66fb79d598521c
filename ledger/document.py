"""The terminal document: the tutorial's outline, each claim with its verdict, and last what drifted or broke."""

from __future__ import annotations

import io
import os
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from ledger.registry import Claim, Registry, Section
from ledger.verdicts import Case, Verdict
from ledger.words import WORDS

CASES_SHOWN = 3
STYLE = {"holds": "green", "refuted": "yellow", "untested": "dim", "broken": "bold red"}
MARK = {"holds": "✓", "refuted": "✗", "untested": "–", "broken": "!"}


@dataclass(frozen=True)
class Run:
    """All that the document tells of one run; `era` is the version whose eras judged it, where that is another."""

    registry: Registry
    subject: dict[str, str]
    devices: dict[str, str]
    verdicts: list[Verdict]
    problems: list[str]
    partial: bool
    era: str = ""


def render_document(run: Run, language: str = "en", colour: bool = False, width: int | None = None) -> str:
    """Return the document as text, with terminal colours only where `colour` is true."""
    width = width or max(40, min(120, shutil.get_terminal_size().columns))
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False, emoji=False
    )
    _Document(run, WORDS[language], language, console).print()
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


class _Document:
    def __init__(self, run: Run, words: dict[str, str], language: str, console: Console):
        self.run, self.words, self.language, self.console = run, words, language, console
        self.of: dict[str, list[Verdict]] = {}
        for verdict in run.verdicts:
            self.of.setdefault(verdict.claim.id, []).append(verdict)

    def print(self) -> None:
        self._rule(self.words["title"].format(**self.run.subject), "bold")
        for name, state in self.run.devices.items():
            self.console.print(Text(self.words["device"].format(name, state), style="dim"))
        for section in self.run.registry.sections:
            self._section(section)
        self._totals()
        self._red()

    def _rule(self, title: str, style: str) -> None:
        """The title in a rule; above one where the two do not fit into a line, which would cut the title short."""
        fits = Text(title).cell_len + 4 <= self.console.width
        if not fits:
            self.console.print(Text(title, style=style))
        self.console.print(Rule(title if fits else "", style=style, characters="═"))

    def _section(self, section: Section) -> None:
        claims = [claim for claim in outline(section, self.run.registry) if claim.id in self.of]
        if not claims:
            return
        title = section.title(self.language)
        heading = title if section.part is None else self.words["part"].format(section.part, title)
        self.console.print()
        self.console.print(Text(heading, style="bold underline"))
        for claim in claims:
            self._claim(claim)

    def _claim(self, claim: Claim) -> None:
        verdicts = self.of[claim.id]
        line = Text(claim.id, style="bold")
        for word in dict.fromkeys(verdict.verdict for verdict in verdicts):
            devices = ", ".join(verdict.device for verdict in verdicts if verdict.verdict == word)
            line.append(f"  {MARK[word]} {word} {self.words['on']} {devices}", style=STYLE[word])
        self._indented(line, 2)
        self._indented(Text(claim.wording(self.language)), 4)
        era = claim.era(self.run.era or self.run.subject["lightning"])
        for reason in dict.fromkeys(v.reason for v in verdicts if v.verdict == "untested"):
            if reason not in self.run.devices.values():
                why = era.why(self.language) if reason == era.reason else reason
                self._indented(Text(f"{self.words['why']}: {why}", style="dim"), 4)
        if era.correction and any(verdict.verdict == "refuted" for verdict in verdicts):
            wording = self.run.registry.claims[era.correction].wording(self.language)
            self._indented(Text(f"{self.words['instead']}: {wording} ({era.correction})", style="yellow"), 4)

    def _indented(self, text: Text, columns: int) -> None:
        self.console.print(Padding(text, (0, 0, 0, columns)))

    def _totals(self) -> None:
        self.console.print()
        counts = Counter((verdict.device, verdict.verdict) for verdict in self.run.verdicts)
        for device in dict.fromkeys(verdict.device for verdict in self.run.verdicts):
            parts = [f"{counts[device, word]} {word}" for word in STYLE if counts[device, word]]
            self.console.print(Text(f"{device}: {', '.join(parts)}"))
        if self.run.partial:
            self.console.print(Text(self.words["partial"], style="yellow"))
            for verdict in self.run.verdicts:
                if verdict.missing:
                    ran = self.words["ran"].format(len(verdict.cases), len(verdict.cases) + verdict.missing)
                    self._indented(Text(f"{verdict.claim.id} [{verdict.device}]: {ran}"), 2)

    def _red(self) -> None:
        red = [verdict for verdict in self.run.verdicts if verdict.red]
        if not red and not self.run.problems:
            return
        self.console.print()
        count = len(red) + len(self.run.problems)
        self._rule(f"{self.words['drift']}: {count}", "bold red")
        for verdict in red:
            self._culprit(verdict)
        for problem in self.run.problems:
            self._indented(Text(problem, style="bold red"), 2)

    def _culprit(self, verdict: Verdict) -> None:
        words = self.words
        self._indented(Text(f"{MARK[verdict.verdict]} {verdict.claim.id} [{verdict.device}]", style="bold red"), 2)
        self._indented(Text(verdict.claim.wording(self.language)), 4)
        self._indented(Text(f"{words['expected']}: {verdict.expected}; {words['seen']}: {verdict.verdict}"), 4)
        if verdict.reason and verdict.reason not in [case.seen for case in verdict.culprits]:
            self._indented(Text(f"{words['why']}: {verdict.reason}"), 4)
        culprits = verdict.culprits or verdict.cases[:1]
        for case in culprits[:CASES_SHOWN]:
            self._case(case)
        if len(culprits) > CASES_SHOWN:
            self._indented(Text(words["more"].format(len(culprits) - CASES_SHOWN)), 4)

    def _case(self, case: Case) -> None:
        self._indented(Text(f"{self.words['case']}: {case.node}"), 4)
        if case.seen:
            self._indented(Text(case.seen, style="red"), 6)
        self.console.print(Text(f"      {self.words['run']}: {command(case)}"), soft_wrap=True)


def command(case: Case) -> str:
    """The command that runs just this case, ready to be pasted into a shell."""
    return f"pytest {shlex.quote(case.node) if os.name == 'posix' else case.node}"


def outline(section: Section, registry: Registry) -> Iterator[Claim]:
    """The section's claims in the order of its file, each once, a claim's corrections right after it."""
    told: set[str] = set()
    own = {claim.id for claim in section.claims}
    for claim in [*(c for c in section.claims if not _follows_another(c, own, registry)), *section.claims]:
        for id in [claim.id, *dict.fromkeys(era.correction for era in claim.eras if era.correction)]:
            if id not in told and id in own:
                told.add(id)
                yield registry.claims[id]


def _follows_another(claim: Claim, own: set[str], registry: Registry) -> bool:
    """Whether the claim is only there as the correction of another of its section, whose id begins its own."""
    named_after = any(claim.id.startswith(f"{id}.") for id in own)
    return named_after and not claim.sentences and claim.id in registry.corrected
