"""All traces of all subjects in little space: each event a character, and each distinct trace stored once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count, islice
from typing import Any
from unicodedata import combining

from ledger.ask import Subject
from ledger.registry import DEVICES


def alphabet(size: int) -> list[str]:
    """So many distinct characters that need no escape in a script, can be seen, and combine with none."""
    characters = (chr(place) for place in count(ord("#")))
    fit = (one for one in characters if one.isprintable() and one not in "<\\" and not combining(one))
    return list(islice(fit, size))


def pack_traces(subjects: Sequence[Subject]) -> dict[str, Any]:
    """`events` and their `letters`, `texts` of distinct traces, `runs`: run → device → an index a subject, or -1."""
    counts: dict[str, int] = {}
    for events in _all(subjects):
        for event in events:
            counts[event] = counts.get(event, 0) + 1
    events = sorted(counts, key=lambda event: (-counts[event], event))
    letters = alphabet(len(events))
    character = dict(zip(events, letters))
    texts: dict[str, int] = {}
    runs: dict[str, dict[str, list[int]]] = {}
    for run in sorted({run for subject in subjects for run in subject.record["traces"]}):
        for device in DEVICES:
            found = [subject.traces(run).get(device) for subject in subjects]
            if any(found):
                coded = ["".join(character[event] for event in trace) if trace else None for trace in found]
                runs.setdefault(run, {})[device] = [
                    -1 if text is None else texts.setdefault(text, len(texts)) for text in coded
                ]
    return {"events": events, "letters": "".join(letters), "texts": list(texts), "runs": runs}


def _all(subjects: Sequence[Subject]) -> Iterable[list[str]]:
    return (
        events for subject in subjects for run in subject.record["traces"] for events in subject.traces(run).values()
    )
