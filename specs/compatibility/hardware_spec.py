"""On which hardware a Trainer runs: it goes by what torch reports, and its arguments overrule that."""

import platform
from inspect import signature

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.data import regression_loader
from fixtures.detection import forget, torch_reports
from fixtures.dialects import Unsayable, accelerator_name, bare_trainer, fit, number_of_devices, quiet, root_device
from fixtures.modules import Regression
from ledger.plugin.outcomes import Untested

pytestmark = pytest.mark.usefixtures("as_before")

ABSENT = (
    "GPUs requested but none are available",
    "your machine only has: []",
    "GPUs are not available",
    "the accelerator is not available",
    "No supported gpu backend found",
)


def choice(**options):
    """What a Trainer with these options (in Lightning 2.6's words) chooses: kind, number, and the first device."""
    try:
        with quiet():
            return chosen(bare_trainer(**options))
    except Unsayable as unsayable:
        raise Untested(str(unsayable)) from None


def spelled(**options):
    """What a Trainer chooses that is told so in these very words; Untested where the release does not have them."""
    unknown = [name for name in options if name not in signature(pl.Trainer).parameters]
    if unknown:
        raise Untested(f"this release's Trainer has no argument {unknown[0]!r}")
    with quiet():
        return chosen(pl.Trainer(**options))


def chosen(trainer):
    return accelerator_name(trainer), number_of_devices(trainer), str(root_device(trainer))


def refusal(error=MisconfigurationException, **options):
    """The message with which a Trainer refuses these options."""
    with pytest.raises(error) as raised:
        choice(**options)
    return " ".join(str(raised.value).split())


@pytest.mark.claim("compat.hardware-detected-through-torch")
@pytest.mark.parametrize("count", [1, 2, 4])
def test_all_gpus_are_those_that_torch_reports(count):
    with torch_reports(gpus=count) as started:
        assert choice(accelerator="gpu", devices=-1) == ("cuda", count, "cuda:0")
    assert started == []


@pytest.mark.claim("compat.hardware-detected-through-torch")
@pytest.mark.parametrize(("count", "expected"), [(0, "cpu"), (1, "cuda:0"), (4, "cuda:0")])
def test_auto_prefers_a_gpu_that_torch_reports(count, expected):
    with torch_reports(gpus=count) as started:
        assert choice(accelerator="auto", devices=1) == (expected.split(":")[0], 1, expected)
    assert started == []


@pytest.mark.claim("compat.hardware-detected-through-torch")
@pytest.mark.parametrize("count", [1, 2, 4])
def test_auto_takes_as_many_gpus_as_torch_reports(count):
    with torch_reports(gpus=count) as started:
        assert choice(accelerator="auto", devices="auto") == ("cuda", count, "cuda:0")
    assert started == []


@pytest.mark.claim("compat.hardware-detected-through-torch")
def test_there_is_no_gpu_where_torch_reports_none():
    with torch_reports(gpus=0):
        message = refusal(accelerator="gpu", devices=-1)
    assert "gpu" in message.lower()


@pytest.mark.claim("compat.hardware-detected-through-torch")
def test_the_last_gpu_is_the_last_that_torch_reports():
    with torch_reports(gpus=3):
        assert choice(accelerator="gpu", devices=[2]) == ("cuda", 1, "cuda:2")
    with torch_reports(gpus=2):
        assert "[0, 1]" in refusal(accelerator="gpu", devices=[2])


@pytest.mark.claim("compat.hardware-detected-through-torch")
def test_this_machine_has_the_gpus_that_torch_reports(device):
    count = torch.cuda.device_count()
    forget()
    accelerator, devices = ("gpu", -1) if device.name == "cuda" else ("auto", "auto")
    kind, number, place = choice(accelerator=accelerator, devices=devices)
    assert (kind, number) == (("cuda", count) if count else ("cpu", 1))
    assert torch.ones(2, device=place).sum() == 2


@pytest.mark.claim("compat.apple-gpu-needs-arm")
def test_an_apple_gpu_is_chosen_only_beside_an_arm_processor(monkeypatch):
    chosen = {}
    for processor in ("x86_64", "arm", "arm64"):
        monkeypatch.setattr(platform, "processor", lambda processor=processor: processor)
        with torch_reports(mps=True):
            chosen[processor] = choice(accelerator="auto", devices=1)
    assert chosen == {"x86_64": ("cpu", 1, "cpu"), "arm": ("mps", 1, "mps:0"), "arm64": ("mps", 1, "mps:0")}


@pytest.mark.claim("compat.hardware-set-through-trainer")
@pytest.mark.parametrize(
    ("accelerator", "devices", "expected"),
    [
        ("cpu", 1, ("cpu", 1, "cpu")),
        ("cpu", 2, ("cpu", 2, "cpu")),
        ("gpu", 1, ("cuda", 1, "cuda:0")),
        ("gpu", 2, ("cuda", 2, "cuda:0")),
        ("gpu", -1, ("cuda", 4, "cuda:0")),
        ("gpu", "-1", ("cuda", 4, "cuda:0")),
        ("gpu", "auto", ("cuda", 4, "cuda:0")),
        ("gpu", [2], ("cuda", 1, "cuda:2")),
        ("gpu", [1, 3], ("cuda", 2, "cuda:1")),
        ("gpu", "1,3", ("cuda", 2, "cuda:1")),
        ("cuda", 3, ("cuda", 3, "cuda:0")),
        ("auto", 3, ("cuda", 3, "cuda:0")),
    ],
)
def test_accelerator_and_devices_choose_among_four_gpus(accelerator, devices, expected):
    with torch_reports(gpus=4) as started:
        assert choice(accelerator=accelerator, devices=devices) == expected
    assert started == []


@pytest.mark.claim("compat.hardware-set-through-trainer")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gpus": 0}, ("cpu", 1, "cpu")),
        ({"gpus": 2}, ("cuda", 2, "cuda:0")),
        ({"gpus": -1}, ("cuda", 4, "cuda:0")),
        ({"gpus": "-1"}, ("cuda", 4, "cuda:0")),
        ({"gpus": [2]}, ("cuda", 1, "cuda:2")),
        ({"gpus": [1, 3]}, ("cuda", 2, "cuda:1")),
        ({"gpus": "1,3"}, ("cuda", 2, "cuda:1")),
        ({"num_processes": 2}, ("cpu", 2, "cpu")),
        ({"devices": 2, "accelerator": "cpu"}, ("cpu", 2, "cpu")),
        ({"devices": 2, "accelerator": "gpu"}, ("cuda", 2, "cuda:0")),
        ({"accelerator": "cpu", "devices": 1}, ("cpu", 1, "cpu")),
    ],
    ids=str,
)
def test_these_very_words_choose_among_four_gpus(options, expected):
    with torch_reports(gpus=4):
        assert spelled(**options) == expected


@pytest.mark.claim("compat.hardware-set-through-trainer")
@pytest.mark.parametrize(
    ("devices", "asked"), [(2, "[0, 1]"), ([1], "[1]"), ("0,1", "[0, 1]"), ([0, 1], "[0, 1]")], ids=str
)
def test_more_gpus_than_there_are_is_an_error_that_names_both(devices, asked):
    with torch_reports(gpus=1):
        message = refusal(accelerator="gpu", devices=devices)
    assert message.lower().replace("gpus", "gpu") == f"you requested gpu: {asked} but your machine only has: [0]"


@pytest.mark.claim("compat.hardware-set-through-trainer.other-gpus")
def test_as_many_gpus_as_there_are_stand_for_others(device):
    assert torch.ones(2, device=device.torch_device).sum() == 2
    count = torch.cuda.device_count() if device.name == "cuda" else 2
    with torch_reports(gpus=count):
        assert choice(accelerator="gpu", devices=[*range(count, 2 * count)]) == ("cuda", count, "cuda:0")


@pytest.mark.claim("compat.hardware-set-through-trainer")
@pytest.mark.parametrize("devices", [1, -1, [0]], ids=str)
def test_a_gpu_where_there_is_none_is_an_error_that_says_so(devices, observe):
    with torch_reports(gpus=0):
        message = refusal(accelerator="gpu", devices=devices)
    observe(f"message for devices={devices}", message)
    assert any(words in message for words in ABSENT)


@pytest.mark.claim("compat.hardware-set-through-trainer")
def test_the_run_is_where_the_trainer_was_told(device, trainer):
    class Looks(Regression):
        def training_step(self, batch, batch_idx):
            loss = super().training_step(batch, batch_idx)
            places.append((loss.device, *(value.device for value in batch)))
            return loss

    places = []
    fit(trainer(max_steps=1), Looks(), train=regression_loader())
    assert places == [(device.torch_device,) * 3]


@pytest.mark.claim("compat.unknown-hardware-is-refused")
def test_an_accelerator_of_unknown_name_is_refused():
    with pytest.raises(ValueError) as raised:
        pl.Trainer(accelerator="abacus")
    assert "abacus" in str(raised.value)


@pytest.mark.claim("compat.unknown-hardware-is-cpu")
def test_an_accelerator_of_unknown_name_is_the_cpu():
    with torch_reports(gpus=0):
        assert spelled(accelerator="abacus") == ("cpu", 1, "cpu")
