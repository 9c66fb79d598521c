"""Eras: which version is judged by which, and what is said of eras that are written wrongly."""

from __future__ import annotations

import pytest
from packaging.version import Version

from ledger.eras import base_version, check_cover, parse_era
from ledger.errors import LedgerError

WHERE = "specs/part/claims.toml: part.claim"
NOW = {"expect": "refuted", "correction": "part.claim.now"}


def eras(*versions: str):
    return [parse_era({"versions": text, "expect": "holds"}, WHERE) for text in versions]


@pytest.mark.parametrize(
    ("versions", "inside", "outside"),
    [
        ("", ["0.1", "2.6.6", "99.0"], []),
        ("<2.0", ["1.0.8", "1.9.5", "1.999"], ["2.0", "2.0.0", "2.0.1"]),
        (">=2.0", ["2.0", "2.0.0", "2.6.6"], ["1.9.5"]),
        (">=1.5,<2.0", ["1.5", "1.5.10", "1.10"], ["1.4.9", "2.0"]),
        ("<2.0,>=1.5", ["1.5"], ["1.4.9", "2.0"]),
    ],
)
def test_an_era_includes_its_lower_edge_and_not_its_upper(versions, inside, outside):
    (era,) = eras(versions)
    found = [text for text in inside + outside if era.contains(Version(text))]
    assert found == inside


@pytest.mark.parametrize(
    ("versions", "text"),
    [("", "every version"), ("<2.0", "<2.0"), (">=2.0", ">=2.0"), ("<2.0, >=1.5", ">=1.5,<2.0")],
)
def test_an_era_is_written_as_its_range(versions, text):
    assert str(eras(versions)[0]) == text


@pytest.mark.parametrize(
    ("version", "base"),
    [
        ("2.6.6", "2.6.6"),
        ("2.6.6+cpu", "2.6.6"),
        ("2.7.0rc1", "2.7.0"),
        ("2.7.0.dev20260101", "2.7.0"),
        ("1.9.5.post1", "1.9.5"),
    ],
)
def test_a_build_is_judged_as_its_release(version, base):
    assert base_version(version) == Version(base)


def test_a_version_that_is_none_is_refused():
    with pytest.raises(LedgerError) as caught:
        base_version("newest")
    assert str(caught.value) == "'newest' is no version; write one such as 2.6.6"


def test_all_keys_of_an_era_are_kept():
    table = {"versions": ">=1.5,<2.0", **NOW, "raises": "TypeError", "note": "renamed in 1.5", "note_zh": "1.5 改名"}
    era = parse_era(table, WHERE)
    assert (era.lower, era.upper, era.expect) == (Version("1.5"), Version("2.0"), "refuted")
    assert (era.correction, era.raises, era.reason) == ("part.claim.now", "TypeError", None)
    assert (era.note, era.note_zh) == ("renamed in 1.5", "1.5 改名")


@pytest.mark.parametrize(
    ("told", "expect", "why"),
    [
        ({"reason": "no such API", "reason_zh": "没有"}, "untested", ("no such API", "没有")),
        ({"note": "Slowly.", "note_zh": "缓慢地。"}, "holds", ("Slowly.", "缓慢地。")),
        ({}, "holds", ("", "")),
    ],
)
def test_an_era_says_why_in_both_languages(told, expect, why):
    era = parse_era({"expect": expect, **told}, WHERE)
    assert (era.why("en"), era.why("zh")) == why


RANGE = "write at most one '>=' and one '<', such as '>=1.5,<2.0'"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("holds", "an era is a table of strings such as { expect = \"holds\" }; found 'holds'"),
        (
            {"versions": 2.0, "expect": "holds"},
            "an era is a table of strings such as { expect = \"holds\" }; found {'versions': 2.0, 'expect': 'holds'}",
        ),
        (
            {"expects": "holds", "expect": "holds"},
            "an era has no key 'expects'; remove it or correct its spelling",
        ),
        ({}, "an era expects None; write one of holds, refuted, untested"),
        ({"expect": "hold"}, "an era expects 'hold'; write one of holds, refuted, untested"),
        ({"expect": "broken"}, "an era expects 'broken'; write one of holds, refuted, untested"),
        (
            {"expect": "refuted"},
            "an era names a correction exactly when it expects 'refuted' (here: 'refuted')",
        ),
        (
            {"expect": "holds", "correction": "part.claim.now"},
            "an era names a correction exactly when it expects 'refuted' (here: 'holds')",
        ),
        (
            {"expect": "untested"},
            "an era gives a reason exactly when it expects 'untested' (here: 'untested')",
        ),
        (
            {**NOW, "reason": "no such API"},
            "an era gives a reason exactly when it expects 'untested' (here: 'refuted')",
        ),
        (
            {"expect": "untested", "reason": "no such API"},
            "an era gives its reason in English, 'reason', and in Chinese, 'reason_zh'",
        ),
        (
            {"expect": "holds", "note_zh": "缓慢地。"},
            "an era gives its note in English, 'note', and in Chinese, 'note_zh'",
        ),
        (
            {"expect": "holds", "raises": "TypeError"},
            "only an era that expects 'refuted' may name an exception in `raises`",
        ),
        ({"versions": "==1.5", "expect": "holds"}, f"versions = '==1.5'; {RANGE}"),
        ({"versions": "<=1.5", "expect": "holds"}, f"versions = '<=1.5'; {RANGE}"),
        ({"versions": "~=1.5", "expect": "holds"}, f"versions = '~=1.5'; {RANGE}"),
        ({"versions": ">=1.5,>=1.6", "expect": "holds"}, f"versions = '>=1.5,>=1.6'; {RANGE}"),
        ({"versions": "<1.5,<1.6,>=1", "expect": "holds"}, f"versions = '<1.5,<1.6,>=1'; {RANGE}"),
    ],
)
def test_a_wrong_era_is_refused(table, message):
    with pytest.raises(LedgerError) as caught:
        parse_era(table, WHERE)
    assert str(caught.value) == f"{WHERE}: {message}"


@pytest.mark.parametrize("text", ["1.5", ">=", ">=one", "2.0 and later"])
def test_versions_that_are_no_range_are_refused(text):
    with pytest.raises(LedgerError) as caught:
        parse_era({"versions": text, "expect": "holds"}, WHERE)
    assert str(caught.value).startswith(f"{WHERE}: versions = {text!r} is no PEP 440 range (")


@pytest.mark.parametrize(
    "versions",
    [("",), ("<2.0", ">=2.0"), ("<1.5", ">=1.5,<2.0", ">=2.0"), ("<1.5", ">=1.5,<1.10", ">=1.10")],
)
def test_eras_that_cover_every_version_once_are_accepted(versions):
    found = eras(*versions)
    check_cover(found, WHERE)
    for version in map(Version, ("0.1", "1.4.9", "1.5", "1.9.5", "1.10", "2.0", "3.0")):
        assert sum(era.contains(version) for era in found) == 1


COVERED = "the first era must have no '>=' and the last no '<', so that every version is covered"
MEET = "let one end where the next begins"


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ((), 'no eras; write at least eras = [{ expect = "holds" }]'),
        ((">=1.0",), COVERED),
        (("<2.0",), COVERED),
        ((">=2.0", "<2.0"), COVERED),
        (("<1.5", ">=1.5,<2.0"), COVERED),
        (("", ""), f"the eras every version and every version overlap; {MEET}"),
        (("<2.0", ">=1.9"), f"the eras <2.0 and >=1.9 overlap; {MEET}"),
        (("<1.5", "<2.0", ">=2.0"), f"the eras <1.5 and <2.0 overlap; {MEET}"),
        (("<1.5", ">=1.5", ">=2.0"), f"the eras >=1.5 and >=2.0 overlap; {MEET}"),
        (("<1.5", ">=1.6"), f"gap between the eras <1.5 and >=1.6; {MEET}"),
        (("<1.9", ">=1.10"), f"gap between the eras <1.9 and >=1.10; {MEET}"),
        (
            ("<2.0", ">=2.0,<2.0", ">=2.0"),
            "the era >=2.0,<2.0 is empty; its lower edge must be below its upper edge",
        ),
        (
            ("<2.0", ">=2.0,<1.5", ">=1.5"),
            "the era >=2.0,<1.5 is empty; its lower edge must be below its upper edge",
        ),
    ],
)
def test_eras_that_do_not_cover_every_version_once_are_refused(versions, message):
    with pytest.raises(LedgerError) as caught:
        check_cover(eras(*versions), WHERE)
    assert str(caught.value) == f"{WHERE}: {message}"
