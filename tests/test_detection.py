"""What torch reports can be changed for a while, and nothing of it remains."""

import os
import pickle
import sys
from types import ModuleType

import pytest
import torch

from fixtures.detection import forget, gpus_counted_once, torch_reports
from fixtures.dialects import accelerator_name, bare_trainer, quiet


def reports():
    return torch.cuda.is_available, torch.cuda.device_count, torch.cuda.get_device_capability, torch.cuda._lazy_init


def test_torch_reports_what_it_is_told_and_then_the_truth_again():
    before = reports()
    with torch_reports(gpus=3):
        assert (torch.cuda.is_available(), torch.cuda.device_count()) == (True, 3)
        with torch_reports(gpus=0):
            assert (torch.cuda.is_available(), torch.cuda.device_count()) == (False, 0)
        assert torch.cuda.device_count() == 3
    assert reports() == before


def test_the_truth_is_back_after_an_error():
    before = reports()
    with pytest.raises(ZeroDivisionError), torch_reports(gpus=1):
        raise ZeroDivisionError
    assert reports() == before


def test_starting_cuda_is_seen_and_does_not_happen():
    with torch_reports(gpus=1) as started:
        torch.cuda.init()
    assert started == ["torch.cuda"]


def test_the_answers_can_be_asked_from_another_process():
    with torch_reports(gpus=2):
        assert pickle.loads(pickle.dumps(torch.cuda.device_count))() == 2


def test_environment_variables_are_taken_back():
    before = dict(os.environ)
    with torch_reports(gpus=1):
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    assert dict(os.environ) == before


def test_what_lightning_found_before_is_forgotten():
    with quiet():
        for gpus, expected in ((1, "cuda"), (0, "cpu"), (1, "cuda")):
            with torch_reports(gpus=gpus):
                assert accelerator_name(bare_trainer(accelerator="auto", devices=1)) == expected
    assert forget() == 0


def test_gpus_are_counted_anew_only_where_torch_or_the_environment_changed(monkeypatch):
    parser, counts = ModuleType("device_parser"), []
    parser.num_cuda_devices = lambda: counts.append(torch.cuda.device_count()) or counts[-1]
    monkeypatch.setitem(sys.modules, "pytorch_lightning.utilities.device_parser", parser)
    own = parser.num_cuda_devices
    with gpus_counted_once():
        assert [parser.num_cuda_devices() for _ in range(3)] == [torch.cuda.device_count()] * 3
        with torch_reports(gpus=3):
            assert [parser.num_cuda_devices() for _ in range(2)] == [3, 3]
        with torch_reports(gpus=2):
            assert parser.num_cuda_devices() == 2
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        assert parser.num_cuda_devices() == torch.cuda.device_count()
    assert counts == [torch.cuda.device_count(), 3, 2, torch.cuda.device_count()]
    assert parser.num_cuda_devices is own
