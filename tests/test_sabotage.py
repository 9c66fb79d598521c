"""`--sabotage`: an assertion of its spec must refute every claim that holds, where Lightning is made to break it."""

from __future__ import annotations

import pytest

from ledger.sabotage import claims_without, trials
from ledger.verdicts import ASSERTION, BROKEN, ERROR, PASSED, UNTESTED, Case

CLAIMS = """
    ["it.adds"]
    en = "It adds."
    zh = "它会加。"
    devices = ["cpu", "sim"]
    eras = [{ expect = "holds" }]

    ["it.multiplies"]
    en = "It multiplies."
    zh = "它会乘。"
    devices = ["cpu"]
    eras = [{ expect = "refuted", correction = "it.adds" }]
"""
LIGHTNING = """
def add(a, b):
    return a + b
"""
SPEC = """
    import lightning_stub

    @pytest.mark.claim("it.adds")
    def test_adds(device):
        assert lightning_stub.add(2, 3) == 5

    @pytest.mark.claim("it.multiplies")
    def test_multiplies():
        assert lightning_stub.add(2, 3) == 6
"""
SABOTAGE = """
import lightning_stub
from fixtures.sabotage import sabotage

@sabotage("it.adds")
def subtracts(patch):
    "It subtracts instead."
    patch.setattr(lightning_stub, "add", lambda a, b: a - b)
"""
SURVIVING = SABOTAGE.replace("subtracts(", "swaps(").replace("a - b", "b + a")
RAISING = SABOTAGE.replace("subtracts(", "raises(").replace("a - b", "1 / 0")


@pytest.fixture
def score(project):
    """Run the small project under these sabotages; return the exit code and the lines of the score."""

    def run(*sabotages, arguments=(), spec=SPEC, claims=CLAIMS):
        project.claims(claims)
        project.spec(spec)
        (project.path / "lightning_stub.py").write_text(LIGHTNING, encoding="utf-8")
        for number, text in enumerate(sabotages):
            file = project.path / "specs" / "part" / f"adding{number}_sabotage.py"
            file.write_text(text, encoding="utf-8")
        result = project.run("--sabotage", *arguments)
        assert "Traceback" not in result.text
        lines = result.text.splitlines()
        start = next((number for number, line in enumerate(lines) if " sabotage ═" in line), 0)
        end = next(number for number, line in enumerate(lines) if " in 0." in line or " in " in line and "==" in line)
        return int(result.ret), [line for line in lines[start + 1 : end] if line]

    return run


NODE = "specs/part/it_spec.py::test_adds"


def test_a_sabotage_that_the_spec_refutes_is_green(score):
    assert score(SABOTAGE) == (0, ["1 of 1 sabotages refuted by an assertion of the spec"])


def test_a_sabotage_that_the_spec_misses_survives(score):
    assert score(SABOTAGE, SURVIVING) == (
        1,
        [
            "survived: it.adds under swaps",
            f"  passed: {NODE}[swaps-cpu]",
            f"  passed: {NODE}[swaps-sim]",
            "1 of 2 sabotages refuted by an assertion of the spec",
        ],
    )


def test_an_error_is_no_refutation(score):
    assert score(RAISING, arguments=["--device=cpu"]) == (
        1,
        [
            "survived: it.adds under raises",
            f"  error: {NODE}[raises-cpu]",
            "    specs/part/it_spec.py:7: ZeroDivisionError: division by zero",
            "0 of 1 sabotages refuted by an assertion of the spec",
        ],
    )


def test_a_sabotage_that_cannot_be_applied_survives(score, project):
    module = f"<module 'lightning_stub' from '{project.path / 'lightning_stub.py'}'>"
    assert score(SABOTAGE.replace('"add"', '"addd"'), arguments=["--device=cpu"]) == (
        1,
        [
            "survived: it.adds under subtracts",
            f"  broken: {NODE}[subtracts-cpu]",
            f"    setup: AttributeError: {module} has no attribute 'addd'",
            "0 of 1 sabotages refuted by an assertion of the spec",
        ],
    )


def test_a_refutation_counts_also_where_the_sabotage_breaks_what_comes_after(score):
    spec = """
    @pytest.fixture
    def added():
        yield
        {5: 0}[lightning_stub.add(2, 3)]
    """ + SPEC.replace("test_adds(device)", "test_adds(device, added)")
    assert score(SABOTAGE, spec=spec) == (0, ["1 of 1 sabotages refuted by an assertion of the spec"])


def test_one_device_that_refutes_is_enough(score):
    spec = SPEC.replace("== 5", '== 5 or device == "cpu"')
    assert score(SABOTAGE, spec=spec) == (0, ["1 of 1 sabotages refuted by an assertion of the spec"])


def test_a_claim_that_holds_and_has_no_sabotage_is_red(score):
    lines = ["claims that hold and have no sabotage: it.adds", "0 of 0 sabotages refuted by an assertion of the spec"]
    assert score() == (pytest.ExitCode.NO_TESTS_COLLECTED, lines)
    other = SABOTAGE.replace("it.adds", "it.multiplies")
    assert score(other) == (pytest.ExitCode.NO_TESTS_COLLECTED, lines)


@pytest.mark.parametrize("arguments", [["-k", "test_m"], ["specs/part/it_spec.py::test_multiplies"]])
def test_a_part_of_the_specs_says_nothing_of_claims_without_sabotage(score, arguments):
    assert score(arguments=arguments) == (5, ["0 of 0 sabotages refuted by an assertion of the spec"])


@pytest.fixture
def another():
    """One more claim that holds on sim and has no sabotage."""
    claims = CLAIMS + CLAIMS.split('["it.multiplies"]')[0].replace("it.adds", "it.subtracts").replace('"cpu", ', "")
    spec = SPEC + SPEC[SPEC.index("    @pytest") : SPEC.index("    @pytest", 30)].replace("adds", "subtracts")
    return {"claims": claims, "spec": spec}


@pytest.mark.parametrize("claim", ["it.adds", "it.multiplies"])
def test_a_claim_that_is_not_asked_for_needs_no_sabotage(score, another, claim):
    said = ["1 of 1 sabotages refuted by an assertion of the spec"]
    assert score(SABOTAGE, arguments=[f"--claim={claim}"], **another) == (0, said)


def test_a_claim_on_devices_that_are_not_selected_needs_no_sabotage(score, another):
    assert score(SABOTAGE, arguments=["--device=cpu"], **another)[0] == 0
    assert score(SABOTAGE, arguments=["--device=sim"], **another) == (
        1,
        ["claims that hold and have no sabotage: it.subtracts", "1 of 1 sabotages refuted by an assertion of the spec"],
    )


def test_a_claim_that_cannot_be_tested_is_not_one_without_sabotage(score):
    spec = SPEC.replace("assert lightning_stub.add(2, 3) == 5", "pytest.skip('no Keras')")
    assert score(SABOTAGE, spec=spec) == (0, ["0 of 0 sabotages refuted by an assertion of the spec"])


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]])
def test_a_sabotage_of_a_claim_that_does_not_exist_is_a_mistake(score, project, arguments):
    score(SABOTAGE.replace("it.adds", "it.ads"))
    result = project.run("--sabotage", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message = "ERROR: sabotage subtracts: unknown claim id 'it.ads'; did you mean 'it.adds'?; correct its decorator\n"
    assert message in result.text
    assert "refuted by an assertion" not in result.text


def test_nothing_is_sabotaged_after_the_run(score, project):
    score(SABOTAGE)
    assert project.run("--device=cpu").ret == 0


def test_the_words_of_pytest_are_those_of_the_score(score, project):
    score(SABOTAGE, SURVIVING, RAISING)
    result = project.run("--sabotage", "-v", "--device=cpu")
    cases = [line.split()[:2] for line in result.text.splitlines() if line.startswith(NODE)]
    assert cases == [
        [f"{NODE}[subtracts-cpu]", "REFUTED"],
        [f"{NODE}[swaps-cpu]", "MISSED"],
        [f"{NODE}[raises-cpu]", "BROKEN"],
    ]


def test_workers_share_the_score(score):
    code, lines = score(
        SABOTAGE,
        SURVIVING.replace("lambda a, b: b + a", "lambda a, b: __import__('os')._exit(1)"),
        arguments=["-n", "2", "--device=cpu"],
    )
    assert code == 1
    assert lines[0] == "survived: it.adds under swaps"
    assert lines[1] == f"  broken: {NODE}[swaps-cpu]"
    assert lines[3] == "1 of 2 sabotages refuted by an assertion of the spec"


def test_traces_of_a_sabotaged_lightning_are_of_no_use(score, project):
    conftest = project.path / "conftest.py"
    of_worker = '{"fit": {"cpu": [os.environ["PYTEST_XDIST_WORKER"]]}}'
    conftest.write_text(
        "import os\n" + conftest.read_text().replace('{"fit": {"cpu": ["setup", "teardown"]}}', of_worker)
    )
    score(SABOTAGE, arguments=["-n", "2", "--device=cpu"])
    result = project.run("--sabotage", "-n", "2", "--device=cpu")
    assert result.ret == 0
    assert "different sequences" not in result.text


def case(outcome, claim="it.adds", sabotage="subtracts", device="cpu") -> Case:
    return Case(f"{NODE}[{sabotage}-{device}]", claim, device, outcome, sabotage=sabotage)


@pytest.mark.parametrize(
    ("outcomes", "refuted"),
    [
        ([ASSERTION], [True]),
        ([PASSED, ASSERTION], [True]),
        ([BROKEN, ASSERTION], [True]),
        ([ERROR], [False]),
        ([PASSED, BROKEN], [False]),
        ([UNTESTED], []),
    ],
)
def test_a_trial_is_all_cases_of_a_claim_under_one_sabotage(outcomes, refuted):
    cases = [case(outcome, device=str(number)) for number, outcome in enumerate(outcomes)]
    assert [trial.refuted for trial in trials(cases)] == refuted


def test_trials_are_sorted_by_claim_and_sabotage():
    found = trials([case(PASSED, "b", "y"), case(PASSED, "b", "x"), case(PASSED, "a", "z")])
    assert [(trial.claim, trial.sabotage) for trial in found] == [("a", "z"), ("b", "x"), ("b", "y")]


def test_only_claims_that_hold_need_a_sabotage(make_registry):
    registry = make_registry(CLAIMS)
    assert claims_without(registry, "2.6.6", ("cpu",), []) == ["it.adds"]
    assert claims_without(registry, "2.6.6", ("cuda",), []) == []
    assert claims_without(registry, "2.6.6", ("cpu", "sim"), ["it.adds"]) == []
