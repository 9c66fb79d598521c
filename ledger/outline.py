"""A recorded trace as text: grouped by epoch and batch, indented by nesting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_EVENT = re.compile(r" *(?P<owner>\w+)\.(?P<name>\w+)(\((?P<arguments>.*)\))?$")
_EDGE = re.compile(r"on_(?P<run>train|validation|test|predict)_(?P<what>epoch|batch)_(?P<edge>start|end)$")


@dataclass
class _Group:
    """An epoch or a batch that has begun; `owners` are those whose start hook was called for it."""

    kind: tuple[str, str]
    owners: set[str] = field(default_factory=set)
    ending: str = ""


def outline(events: Sequence[str]) -> list[str]:
    """Lines for a terminal: a heading before each epoch and batch, and the events of it indented below."""
    lines: list[str] = []
    groups: list[_Group] = []
    epoch = -1
    for event in events:
        match = _EVENT.match(event)
        edge = _EDGE.match(match["name"]) if match else None
        while groups and groups[-1].ending and (match is None or match["name"] != groups[-1].ending):
            groups.pop()
        if match and edge and edge["edge"] == "start":
            kind = edge["run"], edge["what"]
            group = next((group for group in groups if group.kind == kind), None)
            if group is None or match["owner"] in group.owners:
                del groups[groups.index(group) if group else len(groups) :]
                epoch += kind == ("train", "epoch")
                lines.append("  " * len(groups) + _heading(*kind, match["arguments"] or "", epoch))
                groups.append(group := _Group(kind))
            group.owners.add(match["owner"])
        elif match and edge and groups and groups[-1].kind == (edge["run"], edge["what"]):
            groups[-1].ending = match["name"]
        lines.append("  " * len(groups) + event)
    return lines


def _heading(run: str, what: str, arguments: str, epoch: int) -> str:
    if what == "epoch":
        return f"── epoch {epoch}" if run == "train" else f"── {run}"
    index = re.search(r"batch_idx=(\d+)", arguments)
    return f"── {run} batch {index[1]}" if index else f"── {run} batch"
