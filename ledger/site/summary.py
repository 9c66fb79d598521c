"""A fresh record as markdown, for the summary page of a workflow's job: what drifted or broke first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ledger.document import MARK
from ledger.registry import DEVICES, Registry

_LONGEST_REASON = 300


def github_report(registry: Registry, record: dict[str, Any]) -> list[str]:
    """The lines of the summary of one record."""
    subject = record["subject"]
    red = [row for id, entry in record["claims"].items() for row in _red_rows(registry, id, entry, subject)]
    title = f"## Lightning {subject['lightning']} (torch {subject['torch']}, Python {subject['python']})"
    lines = [title, "", f"**{len(red)} drifted or broke.**" if red else "Nothing drifted, nothing broke."]
    if red:
        lines += ["", "| claim | device | expected | seen | why |", "| --- | --- | --- | --- | --- |", *red]
    return [*lines, "", *_counts(record), "", *_absent(record)]


def _red_rows(registry: Registry, id: str, entry: dict[str, Any], subject: dict[str, str]) -> list[str]:
    if id not in registry.claims:
        return [f"| `{id}` | | | | the registry has no such claim |"]
    expected = registry.claims[id].era(subject["lightning"]).expect
    rows = []
    for device in DEVICES:
        verdict = entry.get(device, {}).get("verdict", "untested")
        if verdict not in ("untested", expected):
            why = _cell(entry[device].get("reason") or registry.claims[id].en)
            rows.append(f"| `{id}` | {device} | {expected} | {MARK[verdict]} {verdict} | {why} |")
    return rows


def _cell(text: str) -> str:
    """The text in one line of a table: shortened, and nothing in it that ends the cell or opens a tag."""
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _counts(record: dict[str, Any]) -> list[str]:
    counts = Counter((d, entry[d]["verdict"]) for entry in record["claims"].values() for d in DEVICES if d in entry)
    lines = [f"| device | {' | '.join(MARK)} |", f"| --- |{' ---: |' * len(MARK)}"]
    for device in record["devices"]:
        numbers = " | ".join(str(counts[device, verdict]) for verdict in MARK)
        lines.append(f"| {device} | {numbers} |")
    return lines


def _absent(record: dict[str, Any]) -> list[str]:
    return [f"- {device}: {state}" for device, state in record["devices"].items() if state != "available"]
