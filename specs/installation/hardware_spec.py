"""Where it runs when the Trainer is told nothing about hardware, and that the one package trains on any."""

from contextlib import nullcontext
from functools import partial

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.detection import torch_reports
from fixtures.dialects import accelerator_name, bare_trainer, fit, number_of_devices, root_device
from fixtures.loops import train_by_hand
from fixtures.modules import Regression, network, same_weights, weights
from ledger.plugin.outcomes import Untested


class Placed(Regression):
    """Notes on which kind of device each training step finds its batch and its weights."""

    def __init__(self):
        super().__init__()
        self.places = []

    def training_step(self, batch, batch_idx):
        self.places.append((batch[0].device.type, next(self.parameters()).device.type))
        return super().training_step(batch, batch_idx)


@pytest.fixture
def told_nothing(tmp_path, as_before):
    """Make a Trainer that is told nothing about hardware: `told_nothing()`; options only add to that."""
    silent = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    return partial(bare_trainer, **silent, max_epochs=1, default_root_dir=str(tmp_path))


@pytest.mark.claim("install.hardware-independent")
def test_the_same_package_trains_on_whatever_hardware_as_a_loop_by_hand_does(device, trainer):
    by_hand, module = network(), Placed()
    train_by_hand(by_hand, regression_loader(), partial(torch.optim.SGD, lr=0.1), device=device.torch_device)
    fit(trainer(), module, train=regression_loader())
    assert module.places == 4 * [(device.torch_device.type, device.torch_device.type)]
    assert same_weights(weights(module.net), weights(by_hand))


def assert_runs_on_the_cpu(trainer):
    module = Placed()
    assert root_device(trainer) == torch.device("cpu")
    fit(trainer, module, train=regression_loader())
    assert module.places == 4 * [("cpu", "cpu")]


@pytest.mark.claim("install.cpu-build-means-cpu")
def test_with_a_cpu_build_a_trainer_told_nothing_runs_on_the_cpu(told_nothing):
    if torch.version.cuda or torch.version.hip:
        raise Untested("this build of torch is none for the CPU alone")
    assert_runs_on_the_cpu(told_nothing())


@pytest.mark.claim("install.cpu-build-means-cpu")
def test_where_torch_sees_no_gpu_a_trainer_told_nothing_runs_on_the_cpu(told_nothing):
    with torch_reports(gpus=0):
        assert_runs_on_the_cpu(told_nothing())


def one_gpu(device):
    """On a GPU machine the real one, or one of several; elsewhere a reported one, which nothing can be run on."""
    real = device.name == "cuda" and torch.cuda.device_count() == 1
    return nullcontext() if real else torch_reports(gpus=1)


def assert_runs_on_the_gpu(trainer, device):
    assert root_device(trainer) == torch.device("cuda", 0)
    if device.name == "cuda":
        module = Placed()
        fit(trainer, module, train=regression_loader())
        assert module.places == 4 * [("cuda", "cuda")]


@pytest.mark.claim("install.otherwise-gpu")
def test_where_torch_sees_a_gpu_a_trainer_told_nothing_runs_on_it(device, told_nothing):
    with one_gpu(device):
        assert_runs_on_the_gpu(told_nothing(), device)


@pytest.mark.parametrize("gpus", [1, 2, 4])
@pytest.mark.claim("install.otherwise-gpu")
def test_a_trainer_told_nothing_takes_all_gpus_that_torch_sees(told_nothing, gpus):
    with torch_reports(gpus=gpus):
        trainer = told_nothing()
        assert (accelerator_name(trainer), number_of_devices(trainer)) == ("cuda", gpus)


@pytest.mark.claim("install.otherwise-gpu.asked-for")
def test_the_gpu_is_left_alone_until_it_is_asked_for(device, told_nothing):
    with one_gpu(device):
        assert_runs_on_the_cpu(told_nothing())
        assert_runs_on_the_gpu(told_nothing(accelerator="cuda", devices=1), device)


@pytest.mark.parametrize("gpus", [1, 2, 4])
@pytest.mark.claim("install.otherwise-gpu.asked-for")
def test_as_many_gpus_are_taken_as_are_asked_for(told_nothing, gpus):
    with torch_reports(gpus=4):
        trainer = told_nothing(accelerator="cuda", devices=gpus)
        assert (accelerator_name(trainer), number_of_devices(trainer)) == ("cuda", gpus)
