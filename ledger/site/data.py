"""What every page needs, at the head of its script: claims with their verdicts, traces, the Trainer's arguments.

It assigns a global, as a page that was opened from disk may load a script but not fetch a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ledger.ask import TRAINER_ARGUMENTS, Subject
from ledger.edges import RELEASES, edges, stable_releases
from ledger.eras import Era
from ledger.registry import Claim, Registry, Section
from ledger.site.traces import pack_traces
from ledger.site.words import WORDS

KEYS = ("id", "section", "en", "zh", "verdicts", "eras", "judged", "edges", "parent", "hooks", "sentences")
"""What stands in a claim's row, in this order; nothing at its end, or 0 in between, is what the claim has not."""
ERA_KEYS = ("expect", "upper", "correction", "raises", "en", "zh")
"""What stands in an era's row: the verdict as its letter, where the era ends, and what is told of it."""
PACKED = ("verdicts", "eras", "judged", "edges")
"""What many claims have the same of: stands once in `values`, and a claim has its place there."""
LETTERS = {"holds": "h", "refuted": "r", "untested": "u", "broken": "b", "unknown": "."}


def data_script(
    registry: Registry, subjects: Sequence[Subject], exact: Sequence[Subject], performance: bool = False
) -> str:
    """`exact` are the subjects that may confirm an edge: also those with a partial record of one exact release.

    `performance` says whether there is a page of benchmarks.
    """
    # The harness's own checks, which come first in a terminal, are nothing that a reader of the tutorial asks for.
    sections = sorted(registry.sections, key=lambda section: (section.order == 0, section.order))
    data = {
        "words": WORDS,
        "subjects": list(_subjects(subjects)),
        "sections": [_section(section) for section in sections],
        **_packed(list(_claims(registry, sections, subjects, exact))),
        "traces": pack_traces(subjects),
        "arguments": _arguments(subjects),
        "performance": performance,
    }
    return "window.LEDGER=" + as_script(data)


def _packed(claims: list[dict[str, Any]]) -> dict[str, Any]:
    places: dict[str, int] = {}
    for claim in claims:
        for key in PACKED:
            if key in claim:
                claim[key] = places.setdefault(json.dumps(claim[key]), len(places) + 1)
    rows, values = [_row(claim, KEYS) for claim in claims], [None, *(json.loads(text) for text in places)]
    return {"claims": rows, "keys": KEYS, "era_keys": ERA_KEYS, "packed": PACKED, "values": values}


def _row(entry: dict[str, Any], keys: Sequence[str]) -> list[Any]:
    row = [entry.get(key, 0) for key in keys]
    while row[-1] == 0:
        row.pop()
    return row


def as_script(data: Any) -> str:
    """The data as an expression of JavaScript that is safe in a script of its own, and in a page."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def minor(subject: Subject) -> str:
    return "{}.{}".format(*subject.lightning.release)


def _subjects(subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    """`control` marks a subject whose line has one with a newer torch; `key` names the subject in a URL."""
    newest = {minor(subject): subject for subject in subjects}
    for subject in subjects:
        control = newest[minor(subject)] is not subject
        key = f"{subject.lightning}-torch{subject.torch}" if control else str(subject.lightning)
        yield {
            **subject.versions(),
            "line": minor(subject),
            "control": control,
            "key": key,
            "absent": subject.absent,
        }


def _section(section: Section) -> dict[str, Any]:
    sentences = [[s.number, s.says, s.not_a_claim or ""] for s in section.sentences]
    return {
        "name": section.folder.name,
        "part": section.part,
        "en": section.en,
        "zh": section.zh,
        "sentences": sentences,
    }


def outlined(section: Section, registry: Registry) -> list[Claim]:
    """The section's claims in the order of its file, each with its corrections right behind it."""
    return sorted(section.claims, key=lambda claim: _place(claim, section, registry))


def _place(claim: Claim, section: Section, registry: Registry) -> tuple[int, ...]:
    order = [other.id for other in section.claims]
    parent = parent_of(claim, registry)
    own = order.index(claim.id)
    if parent is None or parent not in order:
        return (own,)
    return (*_place(registry.claims[parent], section, registry), own)


def parent_of(claim: Claim, registry: Registry) -> str | None:
    """The claim that this one is told under: one that names it as its correction, and whose id its id extends."""
    parts = claim.id.split(".")
    shorter = [".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
    above = (registry.claims[id] for id in shorter if id in registry.claims and not claim.sentences)
    return next((other.id for other in above if claim.id in [era.correction for era in other.eras]), None)


def _edges(claim: Claim, releases: Sequence[str], recorded: dict[str, Subject]) -> Iterator[tuple[str, str, bool]]:
    """Adjacent releases of different eras, and whether records show on both what their eras expect."""
    for last, first in edges(claim, releases):
        sides = [(recorded.get(release), claim.era(release).expect) for release in (last, first)]
        confirmed = all(s and expect in [s.verdict(claim.id, d) for d in claim.devices] for s, expect in sides)
        yield last, first, confirmed


def _claims(
    registry: Registry, sections: Sequence[Section], subjects: Sequence[Subject], exact: Sequence[Subject]
) -> Iterator[dict[str, Any]]:
    releases, recorded = stable_releases(RELEASES), {str(subject.lightning): subject for subject in exact}
    for place, section in enumerate(sections):
        for claim in outlined(section, registry):
            entry: dict[str, Any] = {
                "id": claim.id,
                "section": place,
                "en": claim.en,
                "zh": claim.zh,
                "verdicts": {d: "".join(LETTERS[s.verdict(claim.id, d)] for s in subjects) for d in claim.devices},
                "eras": [_era(era) for era in claim.eras],
                "judged": "".join(str(claim.eras.index(claim.era(str(s.lightning)))) for s in subjects),
                "edges": list(_edges(claim, releases, recorded)),
                "hooks": list(claim.hooks),
                "sentences": list(claim.sentences),
                "parent": parent_of(claim, registry),
            }
            if len(claim.eras) == 1:
                del entry["judged"]
            yield {key: value for key, value in entry.items() if value not in (None, [])}


def _era(era: Era) -> list[Any]:
    """Where it begins is where the one before it ends."""
    told = {"correction": era.correction, "raises": era.raises, "en": era.why("en"), "zh": era.why("zh")}
    entry = {"expect": LETTERS[era.expect], "upper": era.upper and str(era.upper), **told}
    return _row({key: value for key, value in entry.items() if value}, ERA_KEYS)


def _arguments(subjects: Sequence[Subject]) -> dict[str, list[list[Any]]]:
    """The Trainer's arguments: the default, None where there is no such argument, with the number of subjects in a row
    that have it."""
    found = [subject.observed(TRAINER_ARGUMENTS) for subject in subjects]
    names = sorted({name for arguments in found if arguments for name in arguments})
    defaults = {name: [arguments and arguments.get(name) for arguments in found] for name in names}
    return {name: [[value, len(list(row))] for value, row in groupby(values)] for name, values in defaults.items()}
