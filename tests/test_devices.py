"""The devices, and the fixtures' own plugin: what a case leaves behind or never touches makes it broken."""

from __future__ import annotations

import os

import pytest
import torch

from fixtures.devices import Device, device, state
from fixtures.sim import DEVICE

CLAIMS = """
    ["it"]
    en = "It runs."
    zh = "它能运行。"
    devices = ["cpu", "cuda", "sim"]
    eras = [{ expect = "holds" }]
"""


@pytest.mark.parametrize(
    ("name", "place"), [("cpu", torch.device("cpu")), ("sim", DEVICE)], ids=lambda value: str(value)
)
def test_a_device_has_a_name_and_a_place(name, place):
    assert device(name) == Device(name, place)
    assert state(name) == "available"


def test_cuda_is_the_current_one_of_however_many(monkeypatch):
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    assert device("cuda") == Device("cuda", torch.device("cuda", 3))


@pytest.mark.parametrize(
    ("available", "built", "reason"),
    [
        (True, "12.1", "available"),
        (False, "12.1", "torch.cuda.is_available() is False"),
        (False, None, "torch.cuda.is_available() is False (a build of torch without CUDA)"),
    ],
)
def test_cuda_gives_the_reason_why_it_is_not_there(monkeypatch, available, built, reason):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.version, "cuda", built)
    assert state("cuda") == reason


def test_activity_on_cuda_is_that_of_all_its_devices(monkeypatch):
    made = {0: {"allocation.all.allocated": 5}, 1: {"allocation.all.allocated": 7}, 2: {}}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "memory_stats", made.get)
    assert Device("cuda", torch.device("cuda", 0)).activity() == 12


def test_activity_grows_with_each_tensor_and_is_unknown_on_the_cpu():
    assert device("cpu").activity() is None
    before = device("sim").activity()
    tensor = torch.ones(1)
    assert device("sim").activity() == before
    tensor.to(DEVICE)
    assert device("sim").activity() > before


@pytest.fixture
def verdicts_of(project, monkeypatch):
    """Run a spec with the real fixtures; return the verdict of each device, and all that was printed."""
    for name in ("CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    conftest = project.path / "conftest.py"
    text = conftest.read_text(encoding="utf-8")
    plugins = text[text.index("pytest_plugins") : text.index("]\n") + 2].replace("]", '    "fixtures.plugin",\n]')
    conftest.write_text(plugins, encoding="utf-8")

    def run(spec, *arguments):
        project.claims(CLAIMS)
        project.spec("import os, random, threading\nimport numpy, torch\n" + spec)
        result = project.run("--record=record.json", "--device=cpu,sim", *arguments)
        found = project.read()["claims"]["it"]
        return {name: found[name]["verdict"] for name in ("cpu", "sim")}, result.text

    return run


SPEC = """
@pytest.mark.claim("it")
def test_it(device):
    torch.ones(2).to(device.torch_device)
    BODY
    assert device
"""


def test_a_case_that_touches_its_device_and_leaves_nothing_behind_is_clean(verdicts_of):
    assert verdicts_of(SPEC.replace("BODY", ""))[0] == {"cpu": "holds", "sim": "holds"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("os.environ['MASTER_PORT'] = '1'", "left behind: environment: MASTER_PORT: None became '1'"),
        ("torch.set_default_dtype(torch.float64)", "left behind: default dtype: torch.float32 became torch.float64"),
        ("torch.nn.Module.extra = 1", "left behind: patched attributes: <class 'torch.nn.modules.module.Module'>"),
    ],
)
def test_a_case_that_leaves_something_behind_is_broken(verdicts_of, monkeypatch, body, found):
    monkeypatch.setattr(torch.nn.Module, "extra", 0, raising=False)
    try:
        verdicts, text = verdicts_of(SPEC.replace("BODY", body), "-k", "cpu or sim")
    finally:
        torch.set_default_dtype(torch.float32)
        os.environ.pop("MASTER_PORT", None)
    assert verdicts["cpu"] == "broken"
    assert f"teardown: LeakError: {found}" in " ".join(text.split())


def test_a_case_that_never_touches_its_device_is_broken(verdicts_of):
    spec = SPEC.replace("torch.ones(2).to(device.torch_device)", "torch.ones(2)").replace("BODY", "")
    verdicts, text = verdicts_of(spec)
    assert verdicts == {"cpu": "holds", "sim": "broken"}
    assert "UntouchedDeviceError: the case passed without making a single tensor on sim" in text


def test_a_failed_case_is_not_asked_whether_it_touched_its_device(verdicts_of):
    spec = SPEC.replace("torch.ones(2).to(device.torch_device)", "torch.ones(2)").replace("BODY", "assert not device")
    assert verdicts_of(spec)[0] == {"cpu": "refuted", "sim": "refuted"}


def test_every_case_starts_from_the_same_seed_and_leaves_the_outer_state_alone(verdicts_of):
    spec = """
import json
DRAWN = []

@pytest.mark.claim("it")
@pytest.mark.parametrize("n", [1, 2])
def test_it(device, n):
    torch.ones(2).to(device.torch_device)
    DRAWN.append((random.random(), numpy.random.random(), torch.rand(1).item()))
    assert len(set(DRAWN)) == 1
"""
    before = torch.get_rng_state()
    assert verdicts_of(spec)[0] == {"cpu": "holds", "sim": "holds"}
    assert torch.equal(torch.get_rng_state(), before)


def test_a_trace_is_recorded_once_a_device_and_kept_in_the_record(verdicts_of, project):
    spec = """
RUNS = []

class Recorded:
    def __init__(self, place):
        self.place = place
        torch.ones(2).to(place)
        RUNS.append(str(place))

    def lines(self):
        return ["setup", f"fit on {self.place}"]

@pytest.mark.claim("it")
@pytest.mark.parametrize("n", [1, 2])
def test_it(device, trace_of, n):
    trace = trace_of("fit", lambda: Recorded(device.torch_device))
    assert RUNS.count(str(device.torch_device)) == 1
"""
    assert verdicts_of(spec)[0] == {"cpu": "holds", "sim": "holds"}
    assert project.read()["traces"] == {"fit": {"cpu": ["setup", "fit on cpu"], "sim": ["setup", "fit on lazy:0"]}}


def test_a_trace_that_never_touches_its_device_is_broken(verdicts_of):
    spec = """
class Recorded:
    def lines(self):
        return []

@pytest.mark.claim("it")
@pytest.mark.parametrize("n", [1, 2])
def test_it(device, trace_of, n):
    assert trace_of("fit", Recorded)
"""
    verdicts, text = verdicts_of(spec)
    assert verdicts == {"cpu": "holds", "sim": "broken"}
    assert text.split("Drifted or broken: 1")[1].count("UntouchedDeviceError: the run 'fit' made no tensor on sim") == 2


def test_what_torch_reads_once_is_set_for_the_run_and_then_put_back(verdicts_of):
    spec = SPEC.replace("BODY", "assert os.environ['CUBLAS_WORKSPACE_CONFIG'] == ':4096:8'")
    assert verdicts_of(spec)[0] == {"cpu": "holds", "sim": "holds"}
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
