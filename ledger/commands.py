"""The commands of `python -m ledger`: each returns what it found (for --json) and the lines that say it to a person."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.ask import Subject, compare, find_subject, history, load_subjects
from ledger.edges import RELEASES, changed_in, stable_releases, unconfirmed
from ledger.errors import LedgerError, some, suggest
from ledger.outline import outline
from ledger.record import open_record, read_record
from ledger.registry import DEVICES, Claim, Registry, unaccounted_sentences
from ledger.unrecorded import Unrecorded, find_or_expect, load_swept
from ledger.words import WORDS

Answer = tuple[Any, list[str]]


def show(registry: Registry, options: Namespace) -> Answer:
    """One claim: wording, eras with corrections, and what each recorded subject does."""
    claim, words = registry.claim(options.id), WORDS[options.lang]
    lines = [claim.id, f"  {claim.wording(options.lang)}", f"  {words['devices']}: {', '.join(claim.devices)}"]
    for era in claim.eras:
        why = era.why(options.lang)
        versions = str(era) if era.lower or era.upper else words["every version"]
        lines.append(f"  {versions}: {era.expect}" + (f" ({why})" if why else ""))
        lines += _instead(registry, era.correction, options.lang)
    rows = history(load_subjects(options.records), claim.id) if any(options.records.glob("*.json")) else []
    if rows:
        lines.append(f"  {'Lightning':<14}{'torch':<10}" + "".join(f"{device:<10}" for device in claim.devices))
    for row in rows:
        verdicts = "".join(f"{row[device]:<10}" for device in claim.devices)
        lines.append(f"  {row['lightning']:<14}{row['torch']:<10}{verdicts}".rstrip())
    lines += _elsewhere(rows, claim.devices, words)
    return {"id": claim.id, "en": claim.en, "zh": claim.zh, "eras": _eras(claim), "subjects": rows}, lines


def _instead(registry: Registry, correction: str | None, language: str) -> list[str]:
    if correction is None:
        return []
    return [f"    {WORDS[language]['instead']}: {registry.claim(correction).wording(language)} ({correction})"]


def _elsewhere(rows: list[dict[str, Any]], devices: Sequence[str], words: dict[str, str]) -> list[str]:
    """Which releases were measured on one of the devices with another torch than the one that stands in their row."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        for device, subject in row.get("elsewhere", {}).items():
            if device in devices:
                found.setdefault((device, subject["torch"], subject["python"]), []).append(row["lightning"])
    return [
        "  " + words["measured"].format(device=device, torch=torch, python=python, releases=", ".join(releases))
        for (device, torch, python), releases in found.items()
    ]


def _eras(claim: Claim) -> list[dict[str, Any]]:
    return [
        {
            "versions": str(era),
            "expect": era.expect,
            "correction": era.correction,
            "reason": era.reason,
            "reason_zh": era.reason_zh,
            "note": era.note,
            "note_zh": era.note_zh,
        }
        for era in claim.eras
    ]


def list_claims(registry: Registry, options: Namespace) -> Answer:
    """The claims, narrowed to those that hold or are refuted on one recorded subject."""
    if not (options.on or options.holds or options.refuted):
        claims = list(registry.claims.values())
        return [claim.id for claim in claims], [f"{claim.id}: {claim.wording(options.lang)}" for claim in claims]
    subjects = load_subjects(options.records)
    subject = find_or_expect(registry, subjects, options.on) if options.on else subjects[-1]
    wanted = {word for word in ("holds", "refuted") if getattr(options, word)}
    found, lines = [], [f"{subject}:", *_by_eras(options, subject)]
    for id in registry.claims:
        verdicts = subject.verdicts(id) or dict.fromkeys(registry.claims[id].devices, "unknown")
        if not wanted or wanted & set(verdicts.values()):
            found.append({"id": id, **verdicts})
            lines.append(f"  {id}: {_by_device(verdicts, options.lang)}")
    return found, lines


def _by_device(said: dict[str, str], language: str) -> str:
    """What is said of each device, the devices of which the same is said together."""
    on = WORDS[language]["on"]
    return "; ".join(
        f"{word} {on} {', '.join(device for device in said if said[device] == word)}"
        for word in dict.fromkeys(said.values())
    )


def trace(registry: Registry, options: Namespace) -> Answer:
    """The recorded sequence of events of one run on one subject."""
    subjects = load_subjects(options.records)
    subject = find_subject(subjects, options.on) if options.on else subjects[-1]
    runs = subject.record["traces"]
    if options.run_name not in runs:
        known = f" (recorded: {', '.join(sorted(runs))})" if runs else ""
        raise LedgerError(f"{subject}: no trace {options.run_name!r}{suggest(options.run_name, runs)}{known}")
    devices = subject.traces(options.run_name)
    device = options.device or next(name for name in DEVICES if name in devices)
    if device not in devices:
        raise LedgerError(f"{subject}: {options.run_name!r} was not recorded on {device}; {', '.join(devices)} was")
    title = WORDS[options.lang]["trace"].format(run=options.run_name, device=device, subject=subject)
    return devices[device], [title, *outline(devices[device])]


def compare_two(registry: Registry, options: Namespace) -> Answer:
    """What an upgrade from `options.old` to `options.new` changes."""
    subjects = load_subjects(options.records)
    old, new = (find_or_expect(registry, subjects, text) for text in (options.old, options.new))
    found, words, releases = compare(registry, old, new), WORDS[options.lang], stable_releases(RELEASES)
    lines = [words["from"].format(old, new), *_by_eras(options, old, new)]
    lines += ["", words["changes"].format(len(found["claims"]))]
    for flip in found["claims"]:
        flip["changed_in"] = changed_in(registry.claims[flip["id"]], releases, old.lightning, new.lightning)
        lines += _flip_lines(registry, flip, options.lang)
    for run, diff in found["traces"].items():
        lines += ["", words["order"].format(run), *(f"  {line}" for line in diff)]
    arguments = found["arguments"]
    if any(arguments.values()):
        lines += ["", words["arguments"]]
        lines += [f"  + {name}={default}" for name, default in arguments["added"].items()]
        lines += [f"  - {name}={default}" for name, default in arguments["removed"].items()]
        lines += [f"  ~ {name}: {was} -> {now}" for name, (was, now) in arguments["changed"].items()]
    return found, lines


def _by_eras(options: Namespace, *subjects: Subject) -> Iterator[str]:
    """Of each release that was not recorded, that its verdicts are those of the eras, and whether it was run whole."""
    releases = [str(subject.lightning) for subject in subjects if isinstance(subject, Unrecorded)]
    words, swept = WORDS[options.lang], load_swept(options.records) if releases else {}
    for release in releases:
        ran = words["swept"].format(swept[release]) if release in swept else words["not swept"]
        yield words["by eras"].format(release, ran)


def _flip_lines(registry: Registry, flip: dict[str, Any], language: str) -> list[str]:
    pairs = {device: f"{was} -> {now}" for device, (was, now) in flip["verdicts"].items()}
    when = WORDS[language]["changed in"].format(", ".join(flip["changed_in"])) if flip["changed_in"] else ""
    said = f"  {flip['id']}: {_by_device(pairs, language)}{when}"
    wording = f"    {registry.claims[flip['id']].wording(language)}"
    return [said, wording, *_instead(registry, flip["correction"], language)]


def check(registry: Registry, options: Namespace) -> Answer:
    """Raise LedgerError with every sentence not accounted for and every recorded verdict its era does not expect."""
    problems = unaccounted_sentences(registry)
    if options.files:
        subjects = [Subject(read_record(file), file) for file in options.files]
    else:
        everything = load_subjects(options.records, edges=True)
        lacking = unconfirmed(registry, everything, stable_releases(RELEASES))
        problems += [*lacking, "to confirm edges: `python -m ledger edges`"] if lacking else []
        subjects = [subject for subject in everything if subject.file.parent == options.records]
    for subject in subjects:
        problems += [f"{subject.file}: {problem}" for problem in drift(registry, subject.record)]
        problems += _difference(subject, options.records / subject.file.name)
        missing = sorted(set(registry.claims) - set(subject.record["claims"]))
        problems += [f"{subject.file}: not recorded: {some(missing, shown=3)}; record again"] if missing else []
    with_gpu = [subject.gpu for subject in subjects if subject.gpu]
    if not options.files:
        alone = sorted({*options.records.glob("cuda/*.json")} - {gpu.file for gpu in with_gpu})
        problems += [
            f"{file}: no record beside the folder has its name and Lightning; record again on a GPU" for file in alone
        ]
        with_gpu += [Subject(open_record(file), file) for file in alone]
    problems += [f"{gpu.file}: {problem}" for gpu in with_gpu for problem in drift(registry, gpu.record)]
    if problems:
        raise LedgerError("\n".join(problems))
    return [], [f"{len(registry.claims)} claims, {len(subjects) + len(with_gpu)} records: nothing drifted"]


def drift(registry: Registry, record: Mapping[str, Any]) -> list[str]:
    """One message for each verdict of a record that its era does not expect."""
    problems, expected = [], registry.expected(record["subject"]["lightning"])
    for id, entry in record["claims"].items():
        if id not in expected:
            problems.append(f"{id}: the registry has no such claim; record again")
            continue
        allowed = ("untested", expected[id])
        for device in DEVICES:
            if device in entry and (verdict := entry[device]["verdict"]) not in allowed:
                why = entry[device].get("reason", "").partition("\n")[0]
                problems.append(f"{id} [{device}]: expected {expected[id]}, recorded {verdict}" + (why and f": {why}"))
    return problems


def _difference(subject: Subject, committed: Path) -> list[str]:
    if not committed.exists() or subject.file.resolve() == committed.resolve():
        return []
    fresh, new, old = subject.file, subject.record, read_record(committed)
    ids = {id for id in {**new["claims"], **old["claims"]} if new["claims"].get(id) != old["claims"].get(id)}
    traces = {**new["traces"], **old["traces"]}
    runs = {f"trace of {run}" for run in traces if new["traces"].get(run) != old["traces"].get(run)}
    return [f"{fresh}: {what}: not as committed in {committed}" for what in sorted(ids | runs)]
