"""What a case changes in the process and does not put back is found and named; what it puts back is not."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
import torch

from fixtures.state import leaks, settle, snapshot


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, and beside it, as `root`, the one that holds the specs."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def environment(folder, put_back):
    os.environ["MASTER_PORT"] = "12345"
    put_back(os.environ.pop, "MASTER_PORT")
    return ["environment: MASTER_PORT: None became '12345'"]


def working_directory(folder, put_back):
    os.chdir(folder)
    put_back(os.chdir, folder / "work")
    return [
        f"working directory: {str(folder / 'work')!r} became {str(folder)!r}",
        "files in the working directory: +work",
    ]


def file_in_the_working_directory(folder, put_back):
    file = folder / "work" / "lightning_logs"
    file.mkdir()
    put_back(file.rmdir)
    return ["files in the working directory: +lightning_logs"]


def file_beside_the_specs(folder, put_back):
    file = folder / "checkpoint.ckpt"
    file.touch()
    put_back(file.unlink)
    return ["files beside the specs: +checkpoint.ckpt"]


def renamed_file(folder, put_back):
    (folder / "work").rename(folder / "moved")
    put_back((folder / "moved").rename, folder / "work")
    return [
        f"working directory: {str(folder / 'work')!r} became {str(folder / 'moved')!r}",
        "files beside the specs: +moved, -work",
    ]


def default_dtype(folder, put_back):
    torch.set_default_dtype(torch.float64)
    put_back(torch.set_default_dtype, torch.float32)
    return ["default dtype: torch.float32 became torch.float64"]


def deterministic_algorithms(folder, put_back):
    torch._C._set_deterministic_algorithms(True)  # what torch.use_deterministic_algorithms does, without its imports
    put_back(torch._C._set_deterministic_algorithms, False)
    return ["deterministic algorithms: False became True"]


def cudnn(folder, put_back):
    torch.backends.cudnn.benchmark = True
    put_back(setattr, torch.backends.cudnn, "benchmark", False)
    return ["cudnn flags: (False, False) became (False, True)"]


def grad_mode(folder, put_back):
    torch._C._set_grad_enabled(False)
    put_back(torch._C._set_grad_enabled, True)
    return ["grad mode: True became False"]


def inference_mode(folder, put_back):
    mode = torch.inference_mode()
    mode.__enter__()
    put_back(mode.__exit__, None, None, None)
    return ["grad mode: True became False", "inference mode: False became True"]


def anomaly_mode(folder, put_back):
    torch.autograd.set_detect_anomaly(True)
    put_back(torch.autograd.set_detect_anomaly, False)
    return ["anomaly mode: False became True"]


def autocast(folder, put_back):
    mode = torch.autocast("cpu", dtype=torch.bfloat16)
    mode.__enter__()
    put_back(mode.__exit__, None, None, None)
    return ["autocast: (False, False) became (False, True)"]


def threads_of_torch(folder, put_back):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    put_back(torch.set_num_threads, before)
    return [f"threads of torch: {before} became {before + 1}"]


def thread(folder, put_back):
    stop = threading.Event()
    left = threading.Thread(target=stop.wait, name="left behind")
    left.start()
    put_back(left.join)
    put_back(stop.set)
    return ["threads: +left behind"]


def open_file(folder, put_back):
    file = open(__file__, encoding="utf-8")  # noqa: SIM115
    put_back(file.close)
    return [f"open files: +{file.fileno()} -> {__file__}"]


def signal_handler(folder, put_back):
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    put_back(signal.signal, signal.SIGUSR1, before)
    return [f"signal handlers: {signal.SIGUSR1}: {before!r} became {signal.SIG_IGN!r}"]


def exception_hook(folder, put_back):
    before, sys.excepthook = sys.excepthook, print
    put_back(setattr, sys, "excepthook", before)
    return [f"exception hook: {before!r} became {print!r}"]


def process_group(folder, put_back):
    before = torch.distributed.is_initialized
    torch.distributed.is_initialized = lambda: True
    put_back(setattr, torch.distributed, "is_initialized", before)
    return ["process group: False became True"]


LEAKS = [
    environment,
    working_directory,
    file_in_the_working_directory,
    file_beside_the_specs,
    renamed_file,
    default_dtype,
    deterministic_algorithms,
    cudnn,
    grad_mode,
    inference_mode,
    anomaly_mode,
    autocast,
    threads_of_torch,
    thread,
    open_file,
    signal_handler,
    exception_hook,
    process_group,
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_a_leak_is_named_until_it_is_put_back(folder, leak):
    before = snapshot(str(folder))
    with ExitStack() as stack:
        expected = leak(folder, stack.callback)
        assert leaks(before, snapshot(str(folder))) == expected
    assert leaks(before, settle(str(folder))) == []


def test_a_process_is_named_with_its_pipes_until_it_has_ended(folder):
    before = snapshot(str(folder))
    left = multiprocessing.get_context("fork").Process(target=signal.pause, daemon=True)
    left.start()
    found, pid = leaks(before, snapshot(str(folder))), left.pid
    left.kill()
    left.join()
    left.close()
    pipes = found.pop()
    assert found == [f"processes: +{pid}"]
    assert pipes.startswith("open files: +")
    assert leaks(before, settle(str(folder))) == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (torch.Tensor, "backward"),
        (torch.nn.Module, "__call__"),
        (torch.optim.Optimizer, "zero_grad"),
        (torch.utils.data.DataLoader, "__iter__"),
        (torch.cuda, "is_available"),
    ],
)
def test_a_patched_attribute_is_named(folder, monkeypatch, owner, name):
    before, original = snapshot(str(folder)), id(vars(owner)[name])
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, print)
        assert leaks(before, snapshot(str(folder))) == [
            f"patched attributes: {owner}: {name}: {original} became {id(print)}"
        ]
    assert leaks(before, snapshot(str(folder))) == []


def test_an_added_attribute_is_named(folder, monkeypatch):
    before = snapshot(str(folder))
    monkeypatch.setattr(torch.nn.Module, "extra", 1, raising=False)
    assert leaks(before, snapshot(str(folder))) == [
        f"patched attributes: {torch.nn.Module}: extra: None became {id(1)}"
    ]


@pytest.fixture
def lightning(monkeypatch):
    """A stand-in for Lightning, with no more than what can be changed in it."""
    classes = {name: type(name, (), {}) for name in ("Trainer", "LightningModule", "LightningDataModule", "Callback")}
    modules = {
        "pytorch_lightning": SimpleNamespace(**classes),
        "pytorch_lightning.accelerators": SimpleNamespace(AcceleratorRegistry={"cpu": 1}),
        "pytorch_lightning.strategies": SimpleNamespace(StrategyRegistry={"ddp": 1}),
    }

    def load():
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        return modules

    return load


@pytest.mark.parametrize("name", ["Trainer", "LightningModule", "LightningDataModule", "Callback"])
def test_a_patched_lightning_is_named(folder, lightning, name):
    owner = getattr(lightning()["pytorch_lightning"], name)
    before = snapshot(str(folder))
    owner.fit = print
    assert leaks(before, snapshot(str(folder))) == [f"patched attributes: {owner}: fit: None became {id(print)}"]


def test_what_is_registered_with_lightning_is_named(folder, lightning):
    modules = lightning()
    before = snapshot(str(folder))
    modules["pytorch_lightning.accelerators"].AcceleratorRegistry["sim"] = 2
    modules["pytorch_lightning.strategies"].StrategyRegistry = {}
    assert leaks(before, snapshot(str(folder))) == ["registries: AcceleratorRegistry: +sim; StrategyRegistry: -ddp"]


def test_importing_lightning_is_no_leak(folder, lightning, monkeypatch):
    for name in ("pytorch_lightning", "pytorch_lightning.accelerators", "pytorch_lightning.strategies"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = snapshot(str(folder))
    lightning()
    assert leaks(before, snapshot(str(folder))) == []


def test_what_only_waits_for_the_garbage_collector_is_no_leak(folder):
    before = snapshot(str(folder))
    cycle = {"file": open(__file__, encoding="utf-8")}  # noqa: SIM115
    cycle["self"] = cycle
    del cycle
    with pytest.warns(ResourceWarning):
        assert leaks(before, settle(str(folder))) == []


class Feeding(threading.Thread):
    """Ends once it is waited for."""

    def __init__(self):
        super().__init__(name="QueueFeederThread", daemon=True)
        self.awaited = threading.Event()

    def run(self):
        self.awaited.wait()

    def join(self, timeout=None):
        self.awaited.set()
        super().join(timeout)


def test_a_thread_that_still_feeds_a_closed_queue_is_no_leak(folder):
    before = snapshot(str(folder))
    Feeding().start()
    assert leaks(before, snapshot(str(folder))) == ["threads: +QueueFeederThread"]
    assert leaks(before, settle(str(folder))) == []
