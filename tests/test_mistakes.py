"""A user's mistake is answered with one message that names file or option and remedy, never with a traceback."""

from __future__ import annotations

from importlib import metadata

import pytest

CLAIMS = """
    ["it.runs"]
    en = "It runs."
    zh = "它能运行。"
    devices = ["cpu", "sim"]
    eras = [{ expect = "holds" }]
"""
SPEC = """
    @pytest.mark.claim("it.runs")
    def test_it(device):
        assert device
"""
USAGE = int(pytest.ExitCode.USAGE_ERROR)


@pytest.fixture
def refused(project):
    """Run pytest, which must refuse; return the lines of its message."""

    def run(*arguments, claims=CLAIMS, spec=SPEC) -> list[str]:
        project.claims(claims)
        project.spec(spec)
        result = project.run(*arguments)
        assert result.ret == USAGE, result.text
        assert "Traceback" not in result.text
        assert "INTERNALERROR" not in result.text
        return result.text.split("ERROR: ")[1].strip().splitlines()

    return run


KNOWN = "(known: cpu, cuda, sim)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "cdua"], f"--device: unknown device 'cdua'; did you mean 'cuda'? {KNOWN}"),
        (["--device", "cpu,xla"], f"--device: unknown device 'xla' {KNOWN}"),
        (["--require-device", "gpu"], f"--require-device: unknown device 'gpu'; did you mean 'cpu'? {KNOWN}"),
        (
            ["--device", "cpu,sim", "--require-device", "cuda"],
            "--require-device cuda: not among --device cpu,sim; add it there",
        ),
        (
            ["--sabotage", "--record=record.json"],
            "--record: a sabotaged Lightning has no record; leave out --record or --sabotage",
        ),
        (["--claim", "itt"], "unknown claim id 'itt'"),
        (["--era-of", "two"], "'two' is no version; write one such as 2.6.6"),
        (["--edges"], "--edges: no claim changes at Lightning 2.6.6; leave out --edges"),
    ],
)
def test_an_option_that_cannot_be_followed(refused, arguments, message):
    assert refused(*arguments) == [message]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("specs", "is a folder; name a file in it"),
        ("records/record.json", "the folder {path}/records does not exist; make it first"),
    ],
)
def test_a_record_that_could_not_be_written(refused, project, name, message):
    found = refused(f"--record={name}")
    assert found == [f"--record {project.path / name}: {message.format(path=project.path)}"]


@pytest.mark.parametrize("missing", ["pytorch-lightning", "torch", "rich"])
def test_a_package_that_is_not_installed(refused, monkeypatch, missing):
    installed = metadata.version

    def version(name):
        if name == missing:
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", version)
    assert refused() == [
        f"{missing} is not installed in this Python; install it (python -m pip install {missing}), "
        "or run tox, which brings its own"
    ]


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ('["it.runs"]\n', "it.runs: 'devices' is missing"),
        (CLAIMS.replace('"sim"', '"smi"'), f"it.runs: unknown device 'smi'; did you mean 'sim'? {KNOWN}"),
        (CLAIMS.replace('"holds"', '"hold"'), "it.runs: an era expects 'hold'; write one of holds, refuted, untested"),
    ],
)
def test_a_registry_that_is_written_wrongly(refused, project, claims, message):
    assert refused(claims=claims) == [f"{project.path / 'specs/part/claims.toml'}: {message}"]


FILE = "specs/part/it_spec.py"
ONCE = 'mark it once, with @pytest.mark.claim("id")'


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            SPEC.replace("it.runs", "it.rums"),
            "unknown claim id 'it.rums'; did you mean 'it.runs'?; or add it to claims.toml",
        ),
        (SPEC.replace("it.runs", "zzzzzzz"), "unknown claim id 'zzzzzzz'; or add it to claims.toml"),
        (SPEC.replace('@pytest.mark.claim("it.runs")', ""), f"belongs to 0 claims; {ONCE}"),
        ('@pytest.mark.claim("it.runs")\n' + SPEC.replace("\n    ", "\n").lstrip(), f"belongs to 2 claims; {ONCE}"),
        (SPEC.replace('"it.runs"', ""), f"its claim mark names no id; {ONCE}"),
        (SPEC.replace('"it.runs"', "1"), f"its claim mark names no id; {ONCE}"),
        (SPEC.replace('"it.runs"', '"it.runs", "other"'), f"its claim mark names no id; {ONCE}"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--sabotage",)])
def test_a_spec_that_is_bound_wrongly(refused, spec, message, arguments):
    assert refused(*arguments, spec=spec) == [f"{FILE}: test_it: {message}"]


NO_DEVICE = """
    @pytest.mark.claim("it.runs")
    def test_it():
        assert 1
"""


def test_a_spec_that_runs_on_no_device_of_its_claim(refused, project):
    claims = CLAIMS.replace('"cpu", ', "")
    assert refused(claims=claims, spec=NO_DEVICE) == [
        f"{FILE}: test_it: runs without the `device` fixture, but "
        f"{project.path / 'specs/part/claims.toml'}: it.runs does not name cpu; correct one"
    ]


def test_every_mistake_in_the_specs_is_named_at_once(refused):
    found = refused(spec=SPEC.replace("it.runs", "a.a") + SPEC.replace("it.runs", "b.b").replace("test_it", "test_b"))
    assert found == [
        f"{FILE}: test_b: unknown claim id 'b.b'; or add it to claims.toml",
        f"{FILE}: test_it: unknown claim id 'a.a'; or add it to claims.toml",
    ]


def test_a_claim_without_a_spec(refused):
    found = refused(claims=CLAIMS + CLAIMS.replace("it.runs", "it.stops").replace(', "sim"', ""))
    assert found == [
        'specs/part/claims.toml: it.stops has no spec on cpu; write one marked @pytest.mark.claim("it.stops"), '
        "or correct its devices"
    ]


def test_a_claim_without_a_spec_on_one_of_its_devices(refused):
    assert refused(spec=NO_DEVICE) == [
        'specs/part/claims.toml: it.runs has no spec on sim; write one marked @pytest.mark.claim("it.runs"), '
        "or correct its devices"
    ]


def test_a_sentence_without_a_claim(refused):
    claims = '[[sentence]]\nnumber = 1\nsays = "Something."\n' + CLAIMS.replace("\n    ", "\n")
    assert refused(claims=claims) == [
        "part/claims.toml: sentence 1 needs a claim that refers to it, or not_a_claim with the reason, and not both"
    ]


@pytest.mark.parametrize("arguments", [["specs/part/it_spec.py"], ["-k", "it", "specs/part"], ["--ignore=specs/other"]])
def test_a_part_of_the_specs_may_leave_claims_without_one(project, arguments):
    project.claims(CLAIMS + CLAIMS.replace("it.runs", "it.stops"))
    project.spec(SPEC)
    result = project.run("--device=cpu", *arguments)
    assert result.ret == 0
    assert "A partial run: only what ran was judged." in result.text


def test_a_mistake_in_the_specs_is_named_by_parallel_runs_too(refused):
    assert refused("-n", "2", spec=SPEC.replace("it.runs", "it.rums"))[0] == (
        f"{FILE}: test_it: unknown claim id 'it.rums'; did you mean 'it.runs'?; or add it to claims.toml"
    )


def test_a_spec_that_cannot_be_read_is_the_only_thing_that_is_wrong(project):
    project.claims(CLAIMS)
    project.spec("def test_it(:")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "SyntaxError: invalid syntax" in result.text
    assert "has no spec" not in result.text


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--require-device", "cuda"], 1)])
def test_an_absent_device_is_a_failure_where_it_is_required(project, arguments, code):
    project.claims(CLAIMS.replace('"sim"', '"cuda"'))
    project.spec(SPEC)
    result = project.run(*arguments)
    assert result.ret == code
    assert ("--require-device cuda: no GPU here" in result.text.split("Drifted or broken: 1")[-1]) == bool(code)


def test_a_required_device_of_which_nothing_ran(project):
    project.claims(CLAIMS)
    project.spec(SPEC)
    result = project.run("--require-device=sim", "-k", "nothing")
    assert result.ret != 0
    assert "--require-device sim: never probed: no case of it ran" in result.text


def test_a_device_of_which_no_plugin_knows(project):
    project.claims(CLAIMS)
    project.spec(SPEC)
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace("def pytest_ledger_device_state", "def no_state"))
    result = project.run("--device=cpu")
    assert result.ret == 0
    assert "device cpu: no plugin knows this device" in result.text
