"""The double entry as a truth table: what the outcomes of cases come to, by era and state of the correction."""

from __future__ import annotations

import pytest

from ledger.verdicts import ASSERTION, BROKEN, ERROR, PASSED, UNTESTED, Case, Verdict, judge

CLAIMS = """
    ["holding"]
    en = "a"
    zh = "一"
    devices = ["cpu", "cuda", "sim"]
    eras = [{ expect = "holds" }]

    ["refuted"]
    en = "b"
    zh = "二"
    devices = ["cpu", "cuda"]
    eras = [{ versions = "<2.0", expect = "holds" }, { versions = ">=2.0", expect = "refuted", correction = "now" }]

    ["raising"]
    en = "c"
    zh = "三"
    devices = ["cpu"]
    eras = [{ expect = "refuted", correction = "now", raises = "TypeError" }]

    ["later"]
    en = "d"
    zh = "四"
    devices = ["cpu"]
    eras = [
        { versions = "<2.0", expect = "untested", reason = "no such API", reason_zh = "没有" },
        { versions = ">=2.0", expect = "holds" },
    ]

    ["now"]
    en = "e"
    zh = "五"
    devices = ["cpu", "cuda"]
    eras = [{ expect = "holds" }]
"""
SEEN = {PASSED: "", ASSERTION: "assert 1 == 2", ERROR: "KeyError: 'x'", UNTESTED: "no GPU", BROKEN: "left behind: x"}
EXCEPTIONS = {ASSERTION: ("AssertionError", "Exception"), ERROR: ("KeyError", "LookupError", "Exception")}


@pytest.fixture
def registry(make_registry):
    return make_registry(CLAIMS)


def cases(claim: str, *outcomes: str, device: str = "cpu") -> list[Case]:
    return [
        Case(f"spec.py::test_{claim}[{number}]", claim, device, outcome, SEEN[outcome], EXCEPTIONS.get(outcome, ()))
        for number, outcome in enumerate(outcomes)
    ]


def verdict_on(registry, claim: str, found: list[Case], lightning: str = "2.6.6", **collected: int) -> Verdict:
    plan = {(claim, device): count for device, count in collected.items()}
    (verdict,) = (v for v in judge(registry, found, lightning, plan) if v.claim.id == claim)
    return verdict


@pytest.mark.parametrize(
    ("outcomes", "verdict", "reason", "red"),
    [
        ([PASSED], "holds", "", False),
        ([PASSED, PASSED], "holds", "", False),
        ([ASSERTION], "refuted", "assert 1 == 2", True),
        ([PASSED, ASSERTION], "refuted", "assert 1 == 2", True),
        ([ERROR], "broken", "KeyError: 'x'", True),
        ([PASSED, ERROR], "broken", "KeyError: 'x'", True),
        ([ASSERTION, ERROR], "broken", "KeyError: 'x'", True),
        ([BROKEN], "broken", "left behind: x", True),
        ([ASSERTION, BROKEN], "broken", "left behind: x", True),
        ([UNTESTED], "untested", "no GPU", False),
        ([UNTESTED, PASSED], "holds", "", False),
        ([UNTESTED, ASSERTION], "refuted", "assert 1 == 2", True),
        ([UNTESTED, BROKEN], "broken", "left behind: x", True),
    ],
)
def test_a_claim_that_should_hold(registry, outcomes, verdict, reason, red):
    found = verdict_on(registry, "holding", cases("holding", *outcomes))
    assert (found.verdict, found.expected, found.reason, found.red) == (verdict, "holds", reason, red)
    assert found.drifted == (verdict == "refuted")


ABSENT = "failed as expected, but its correction now was not part of this run"
UNCERTAIN = "failed as expected, but its correction now is untested: no GPU"


@pytest.mark.parametrize(
    ("outcome", "correction", "verdict", "reason", "red"),
    [
        (ASSERTION, PASSED, "refuted", "assert 1 == 2", False),
        (
            ASSERTION,
            ASSERTION,
            "broken",
            "the spec fails, but so does its correction now (refuted: assert 1 == 2)",
            True,
        ),
        (ASSERTION, ERROR, "broken", "the spec fails, but so does its correction now (broken: KeyError: 'x')", True),
        (ASSERTION, BROKEN, "broken", "the spec fails, but so does its correction now (broken: left behind: x)", True),
        (ASSERTION, UNTESTED, "untested", UNCERTAIN, False),
        (ASSERTION, None, "untested", ABSENT, False),
        (PASSED, PASSED, "holds", "", True),
        (PASSED, ASSERTION, "holds", "", True),
        (PASSED, None, "holds", "", True),
        (ERROR, PASSED, "broken", "KeyError: 'x'", True),
        (ERROR, None, "broken", "KeyError: 'x'", True),
        (BROKEN, PASSED, "broken", "left behind: x", True),
        (UNTESTED, PASSED, "untested", "no GPU", False),
        (UNTESTED, None, "untested", "no GPU", False),
    ],
)
def test_a_claim_that_should_be_refuted(registry, outcome, correction, verdict, reason, red):
    found = cases("refuted", outcome) + (cases("now", correction) if correction else [])
    judged = verdict_on(registry, "refuted", found)
    assert (judged.verdict, judged.expected, judged.reason, judged.red) == (verdict, "refuted", reason, red)
    assert judged.drifted == (verdict == "holds")


def test_the_era_of_the_release_decides_what_is_expected(registry):
    found = cases("refuted", ASSERTION) + cases("now", PASSED)
    judged = [verdict_on(registry, "refuted", found, lightning) for lightning in ("1.9.5", "2.0.0rc1", "2.6.6+cpu")]
    assert [(v.verdict, v.expected, v.drifted) for v in judged] == [
        ("refuted", "holds", True),
        ("refuted", "refuted", False),
        ("refuted", "refuted", False),
    ]


def test_the_correction_must_hold_on_the_same_device(registry):
    found = cases("refuted", ASSERTION) + cases("refuted", ASSERTION, device="cuda")
    found += cases("now", PASSED) + cases("now", UNTESTED, device="cuda")
    judged = [v for v in judge(registry, found, "2.6.6", {}) if v.claim.id == "refuted"]
    assert [(v.device, v.verdict, v.reason) for v in judged] == [
        ("cpu", "refuted", "assert 1 == 2"),
        ("cuda", "untested", UNCERTAIN),
    ]


@pytest.mark.parametrize(
    ("exceptions", "verdict"),
    [
        (("TypeError", "Exception"), "refuted"),
        (("MisconfigurationTypeError", "TypeError", "Exception"), "refuted"),
        (("KeyError", "Exception"), "broken"),
        ((), "broken"),
    ],
)
def test_only_the_exception_that_the_era_names_refutes(registry, exceptions, verdict):
    case = Case("spec.py::test_it", "raising", "cpu", ERROR, "it raised", exceptions)
    assert verdict_on(registry, "raising", [case, *cases("now", PASSED)]).verdict == verdict


@pytest.mark.parametrize("outcome", [PASSED, ASSERTION, ERROR, BROKEN, UNTESTED])
def test_an_era_that_cannot_be_asked_leaves_the_claim_untested(registry, outcome):
    found = verdict_on(registry, "later", cases("later", outcome), "1.9.5")
    assert (found.verdict, found.expected, found.reason, found.red) == ("untested", "untested", "no such API", False)


def test_observations_of_two_cases_must_agree(registry):
    one, other = cases("holding", PASSED, PASSED)
    one.observed, other.observed = {"optimizers": 13, "x": 1}, {"optimizers": 14, "x": 1}
    found = verdict_on(registry, "holding", [one, other])
    assert (found.verdict, found.reason) == ("broken", "two cases observed different values of 'optimizers'")
    other.observed = {"optimizers": 13, "y": 2}
    assert verdict_on(registry, "holding", [one, other]).verdict == "holds"


@pytest.mark.parametrize(("collected", "missing"), [(2, 0), (5, 3), (0, 0)])
def test_cases_that_did_not_run_are_counted(registry, collected, missing):
    assert verdict_on(registry, "holding", cases("holding", PASSED, PASSED), cpu=collected).missing == missing


@pytest.mark.parametrize(
    ("outcomes", "collected", "verdict", "reason"),
    [
        ([PASSED], 2, "untested", "nothing failed, but 1 cases were not part of this run"),
        ([PASSED], 1, "holds", ""),
        ([ASSERTION], 2, "refuted", "assert 1 == 2"),
        ([ERROR], 2, "broken", "KeyError: 'x'"),
    ],
)
def test_a_part_of_the_cases_cannot_show_that_a_refuted_claim_holds(registry, outcomes, collected, verdict, reason):
    found = cases("refuted", *outcomes) + cases("now", PASSED)
    judged = verdict_on(registry, "refuted", found, cpu=collected)
    assert (judged.verdict, judged.reason, judged.missing) == (verdict, reason, collected - len(outcomes))


def test_verdicts_stand_in_the_order_of_the_registry_and_cases_in_that_of_their_names(registry):
    found = cases("now", PASSED) + cases("holding", PASSED, device="sim") + cases("holding", PASSED, PASSED)[::-1]
    verdicts = judge(registry, found, "2.6.6", {})
    assert [(v.claim.id, v.device) for v in verdicts] == [("holding", "cpu"), ("holding", "sim"), ("now", "cpu")]
    assert [case.node for case in verdicts[0].cases] == ["spec.py::test_holding[0]", "spec.py::test_holding[1]"]


@pytest.mark.parametrize(
    ("outcomes", "culprits"),
    [
        ([PASSED, ASSERTION, BROKEN, ERROR], [BROKEN, ERROR]),
        ([PASSED, ASSERTION, UNTESTED, ASSERTION], [ASSERTION, ASSERTION]),
        ([PASSED, UNTESTED], []),
    ],
)
def test_the_culprits_are_the_broken_cases_else_the_failed_ones(registry, outcomes, culprits):
    found = verdict_on(registry, "holding", cases("holding", *outcomes))
    assert [case.outcome for case in found.culprits] == culprits
