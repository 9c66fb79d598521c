"""All traces of all subjects in little space: each event a character, and each distinct trace stored once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.ask import Subject
from ledger.registry import DEVICES

_FIRST, _LEFT_OUT = 35, {60, 92, *range(127, 161)}
"""The characters stand in a string of JavaScript: none that would have to be escaped there, none that is invisible."""


def alphabet(size: int) -> list[str]:
    """So many distinct printable characters; site.js builds the same list."""
    places = (place for place in range(_FIRST, _FIRST + size + len(_LEFT_OUT)) if place not in _LEFT_OUT)
    return [chr(place) for place, _ in zip(places, range(size))]


def pack_traces(subjects: Sequence[Subject]) -> dict[str, Any]:
    """`events` by frequency, `texts` of the distinct traces, and `runs`: run → device → one index a subject, or -1."""
    counts: dict[str, int] = {}
    for events in _all(subjects):
        for event in events:
            counts[event] = counts.get(event, 0) + 1
    events = sorted(counts, key=lambda event: (-counts[event], event))
    character = dict(zip(events, alphabet(len(events))))
    texts: dict[str, int] = {}
    runs: dict[str, dict[str, list[int]]] = {}
    for run in sorted({run for subject in subjects for run in subject.record["traces"]}):
        for device in DEVICES:
            found = [subject.record["traces"].get(run, {}).get(device) for subject in subjects]
            if any(found):
                coded = ["".join(character[event] for event in trace) if trace else None for trace in found]
                runs.setdefault(run, {})[device] = [
                    -1 if text is None else texts.setdefault(text, len(texts)) for text in coded
                ]
    return {"events": events, "texts": list(texts), "runs": runs}


def _all(subjects: Sequence[Subject]) -> Iterable[list[str]]:
    return (events for subject in subjects for run in subject.record["traces"].values() for events in run.values())
