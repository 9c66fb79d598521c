"""What the terminal document tells of a claim: below which other it stands, and why it was not judged."""

from __future__ import annotations

import pytest

from ledger.document import Run, outline, render_document
from ledger.verdicts import UNTESTED, Case, judge

MUTUAL = """
    ["it.now"]
    en = "now"
    zh = "现在"
    devices = ["cpu"]
    eras = [
        { versions = "<2.0", expect = "refuted", correction = "it" },
        { versions = ">=2.0", expect = "holds" },
    ]

    ["it"]
    en = "once"
    zh = "曾经"
    devices = ["cpu"]
    eras = [
        { versions = "<2.0", expect = "holds" },
        { versions = ">=2.0", expect = "refuted", correction = "it.now" },
    ]

    ["other.half"]
    en = "half"
    zh = "一半"
    devices = ["cpu"]
    eras = [{ expect = "refuted", correction = "other.whole" }]

    ["other.whole"]
    en = "whole"
    zh = "全部"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]
"""


def test_claims_that_correct_one_another_are_told_once_each(make_registry):
    registry = make_registry(MUTUAL)
    told = [claim.id for claim in outline(registry.sections[0], registry)]
    assert told == ["it", "it.now", "other.half", "other.whole"]


LATER = """
    ["later"]
    en = "It is there."
    zh = "它在。"
    devices = ["cpu"]
    eras = [
        { versions = "<2.0", expect = "untested", reason = "no such API", reason_zh = "没有这个 API" },
        { versions = ">=2.0", expect = "holds", note = "Slowly.", note_zh = "缓慢地。" },
    ]
"""


@pytest.mark.parametrize(
    ("lightning", "reason", "language", "line"),
    [
        ("1.9.5", "no such API", "en", "    why: no such API"),
        ("1.9.5", "no such API", "zh", "    原因: 没有这个 API"),
        ("2.6.6", "Keras is not installed", "en", "    why: Keras is not installed"),
        ("2.6.6", "Keras is not installed", "zh", "    原因: Keras is not installed"),
    ],
)
def test_why_it_was_not_judged_is_told_in_its_language_where_the_era_knows(
    make_registry, lightning, reason, language, line
):
    registry, states = make_registry(LATER), {"cpu": "available"}
    verdicts = judge(registry, [Case("later", "later", "cpu", UNTESTED, reason)], lightning, {})
    run = Run(registry, {"lightning": lightning, "torch": "2.13.0", "python": "3.11"}, states, verdicts, [], False)
    assert line in render_document(run, language, width=80).splitlines()
