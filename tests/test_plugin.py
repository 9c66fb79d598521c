"""From what a case does to the verdict on its claim, in a small project without torch."""

from __future__ import annotations

import xml.etree.ElementTree

import pytest

CLAIMS = """
    ["it"]
    en = "It is one."
    zh = "它是一。"
    devices = ["cpu"]
    eras = [ERA]

    ["it.now"]
    en = "It is two."
    zh = "它是二。"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]
"""
SPEC = """
from ledger.plugin.outcomes import Untested

@pytest.fixture
def breaking_setup():
    raise KeyError("x")

@pytest.fixture
def breaking_teardown():
    yield
    raise KeyError("x")

@pytest.mark.claim("it")
def test_it(ARGUMENTS):
    BODY

@pytest.mark.claim("it.now")
def test_now():
    CORRECTION
"""
HOLDS = '{ expect = "holds" }'
REFUTED = '{ expect = "refuted", correction = "it.now" }'
RAISES = '{ expect = "refuted", correction = "it.now", raises = "LookupError" }'
UNTESTED = '{ expect = "untested", reason = "no such API", reason_zh = "没有" }'
TRUE, FALSE, KEY_ERROR = "assert 1 + 1 == 2", "assert 1 + 1 == 1", "{}['x']"
NOTHING = "passed without executing a single assertion; a spec must assert what it claims"


@pytest.fixture
def judge_case(project):
    """Run a case with this body; return the verdict, the exit code, and the case's reason or None."""

    def judge(era, body, correction=TRUE, arguments=""):
        project.claims(CLAIMS.replace("ERA", era))
        text = SPEC.replace("BODY", body).replace("ARGUMENTS", arguments).replace("CORRECTION", correction)
        project.spec(text)
        result = project.run("--record=record.json", "--device=cpu")
        lines = [line.strip() for line in result.text.splitlines()]
        assert "INTERNALERROR" not in result.text
        return project.read()["claims"]["it"]["cpu"]["verdict"], int(result.ret), lines

    return judge


@pytest.mark.parametrize(
    ("era", "body", "verdict", "code", "line"),
    [
        (HOLDS, TRUE, "holds", 0, "it  ✓ holds on cpu"),
        (HOLDS, FALSE, "refuted", 1, "specs/part/it_spec.py:16: assert (1 + 1) == 1"),
        (HOLDS, KEY_ERROR, "broken", 1, "specs/part/it_spec.py:16: KeyError: 'x'"),
        (HOLDS, "pass", "broken", 1, NOTHING),
        (HOLDS, "pytest.raises(KeyError, dict().__getitem__, 1)", "broken", 1, NOTHING),
        (HOLDS, "raise Untested('needs Keras')", "untested", 0, "why: needs Keras"),
        (HOLDS, "pytest.fail('it is two')", "refuted", 1, "specs/part/it_spec.py:16: it is two"),
        (HOLDS, "raise AssertionError('one')", "refuted", 1, "specs/part/it_spec.py:16: one"),
        (REFUTED, FALSE, "refuted", 0, "true instead: It is two. (it.now)"),
        (REFUTED, TRUE, "holds", 1, "expected: refuted; seen: holds"),
        (REFUTED, KEY_ERROR, "broken", 1, "specs/part/it_spec.py:16: KeyError: 'x'"),
        (REFUTED, "pass", "broken", 1, NOTHING),
        (REFUTED, "raise Untested('needs Keras')", "untested", 0, "why: needs Keras"),
        (RAISES, KEY_ERROR, "refuted", 0, "true instead: It is two. (it.now)"),
        (RAISES, "int('x')", "broken", 1, "invalid literal for int() with base 10: 'x'"),
        (RAISES, FALSE, "refuted", 0, "true instead: It is two. (it.now)"),
        (UNTESTED, FALSE, "untested", 0, "why: no such API"),
    ],
)
def test_a_case_comes_to_a_verdict(judge_case, era, body, verdict, code, line):
    found, found_code, lines = judge_case(era, body)
    assert (found, found_code) == (verdict, code)
    assert any(found.endswith(line) for found in lines), lines


@pytest.mark.parametrize(
    ("correction", "verdict", "code", "line"),
    [
        (FALSE, "broken", 1, "why: the spec fails, but so does its correction it.now (refuted:"),
        (KEY_ERROR, "broken", 1, "why: the spec fails, but so does its correction it.now (broken:"),
        ("pass", "broken", 1, "why: the spec fails, but so does its correction it.now (broken: passed without"),
        (
            "raise Untested('needs Keras')",
            "untested",
            0,
            "why: failed as expected, but its correction it.now is untested",
        ),
    ],
)
def test_a_claim_is_refuted_only_where_its_correction_holds(judge_case, correction, verdict, code, line):
    found, found_code, lines = judge_case(REFUTED, FALSE, correction)
    assert (found, found_code) == (verdict, code)
    assert any(found.startswith(line) for found in lines), lines


@pytest.mark.parametrize("era", [HOLDS, REFUTED, RAISES])
@pytest.mark.parametrize("body", [TRUE, FALSE])
@pytest.mark.parametrize(
    ("fixture", "line"),
    [("breaking_setup", "setup: KeyError: 'x'"), ("breaking_teardown", "teardown: KeyError: 'x'")],
)
def test_an_error_outside_the_spec_itself_is_broken(judge_case, era, body, fixture, line):
    verdict, code, lines = judge_case(era, body, arguments=fixture)
    assert (verdict, code) == ("broken", 1)
    assert line in lines


@pytest.mark.parametrize("era", [HOLDS, REFUTED])
def test_an_assertion_of_somebody_else_is_broken(judge_case, project, era):
    (project.path / "lightning.py").write_text("def fit(x):\n    assert x, 'no x'\n", encoding="utf-8")
    verdict, code, lines = judge_case(era, "import lightning; lightning.fit(1); lightning.fit(0)")
    assert (verdict, code) == ("broken", 1)
    assert "specs/part/it_spec.py:16: AssertionError: no x" in lines


def test_an_assertion_of_the_projects_fixtures_refutes(judge_case, project):
    (project.path / "fixtures").mkdir()
    (project.path / "fixtures" / "asking.py").write_text("def one(x):\n    assert x == 1, x\n", encoding="utf-8")
    body = "import runpy; runpy.run_path('fixtures/asking.py')['one'](2)"
    assert judge_case(REFUTED, body)[:2] == ("refuted", 0)


def test_a_case_is_named_with_the_line_that_failed_and_the_command_that_runs_it(judge_case):
    lines = judge_case(HOLDS, FALSE)[2]
    start = lines.index("✗ it [cpu]")
    assert lines[start : start + 6] == [
        "✗ it [cpu]",
        "It is one.",
        "expected: holds; seen: refuted",
        "case: specs/part/it_spec.py::test_it",
        "specs/part/it_spec.py:16: assert (1 + 1) == 1",
        "run just this: pytest specs/part/it_spec.py::test_it",
    ]


def test_words_and_letters_of_pytest_are_those_of_the_verdicts(project):
    project.claims(CLAIMS.replace("ERA", REFUTED))
    project.spec(SPEC.replace("BODY", FALSE).replace("ARGUMENTS", "").replace("CORRECTION", TRUE))
    assert "specs/part/it_spec.py r.  " in project.run("--device=cpu").text
    result = project.run("--device=cpu", "-v")
    assert "specs/part/it_spec.py::test_it REFUTED  " in result.text
    assert "1 passed, 1 refuted in " in result.text


@pytest.mark.parametrize(
    ("era", "body", "verdict", "failed"),
    [
        (HOLDS, TRUE, "holds", False),
        (HOLDS, FALSE, "refuted", True),
        (REFUTED, FALSE, "refuted", False),
        (HOLDS, KEY_ERROR, "broken", True),
        (RAISES, KEY_ERROR, "refuted", False),
        (HOLDS, "raise Untested('needs Keras')", "untested", False),
    ],
)
def test_junit_carries_claim_device_and_verdict(project, era, body, verdict, failed):
    project.claims(CLAIMS.replace("ERA", era))
    project.spec(SPEC.replace("BODY", body).replace("ARGUMENTS", "").replace("CORRECTION", TRUE))
    project.run("--device=cpu", "--junitxml=junit.xml")
    case = xml.etree.ElementTree.parse(project.path / "junit.xml").find(".//testcase[@name='test_it']")
    properties = [(p.get("name"), p.get("value")) for p in case.iter("property")]
    assert properties[:3] == [("claim", "it"), ("device", "cpu"), ("verdict", verdict)]
    assert (case.find("failure") is not None) == failed


DEVICES = """
    ["it"]
    en = "It runs."
    zh = "它能运行。"
    devices = ["cpu", "cuda", "sim"]
    eras = [{ expect = "holds" }]
"""


def test_a_case_runs_on_every_device_of_its_claim_that_is_there(project):
    project.claims(DEVICES)
    project.spec('@pytest.mark.claim("it")\ndef test_it(device, observe):\n    observe("n", 1)\n    assert device\n')
    assert project.run("--record=record.json").ret == 0
    record = project.read()
    assert record["devices"] == {"cpu": "available", "cuda": "no GPU here", "sim": "available"}
    assert record["claims"] == {
        "it": {
            "cpu": {"verdict": "holds", "expected": "holds", "cases": 1},
            "cuda": {"verdict": "untested", "reason": "no GPU here"},
            "sim": {"verdict": "holds", "expected": "holds", "cases": 1},
            "observed": {"n": 1},
        }
    }
    assert record["traces"] == {"fit": {"cpu": ["setup", "teardown"]}}


def test_a_failure_on_one_device_only_is_a_verdict_on_that_device(project):
    project.claims(DEVICES)
    project.spec('@pytest.mark.claim("it")\ndef test_it(device):\n    assert device == "cpu"\n')
    assert project.run("--record=record.json").ret == 1
    verdicts = {device: found["verdict"] for device, found in project.read()["claims"]["it"].items()}
    assert verdicts == {"cpu": "holds", "cuda": "untested", "sim": "refuted"}


def test_an_observation_that_differs_between_cases_is_broken(project):
    project.claims(DEVICES)
    project.spec("""
        @pytest.mark.parametrize("n", [1, 2])
        @pytest.mark.claim("it")
        def test_it(device, observe, n):
            observe("n", n)
            assert device
    """)
    result = project.run("--record=record.json", "--device=cpu")
    assert result.ret == 1
    assert "why: two cases observed different values of 'n'" in result.text
    reason = "two cases observed different values of 'n'"
    assert project.read()["claims"]["it"]["cpu"] == {
        "verdict": "broken",
        "expected": "holds",
        "cases": 2,
        "reason": reason,
    }
