"""What a Trainer sets up around a run: processes, torch's flags, handlers of signals, the preparation of data."""

import os
import signal

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated, Regression, same_weights, weights
from fixtures.passes import batches
from fixtures.runs import Data


@pytest.mark.claim("trainer.several-cpu-processes")
@pytest.mark.parametrize(
    ("strategy", "in_notebooks"), [("auto", False), ("ddp", False), ("ddp_fork", True), ("ddp_spawn", False)]
)
def test_two_devices_are_two_processes_of_ddp(trainer, strategy, in_notebooks):
    made = trainer(devices=2, strategy=strategy)
    assert type(made.strategy).__name__ == "DDPStrategy"
    assert made.strategy.launcher.is_interactive_compatible is in_notebooks
    assert (made.num_devices, made.device_ids, made.world_size, made.num_nodes) == (2, [0, 1], 2, 1)
    assert (made.global_rank, made.local_rank, made.node_rank, made.is_global_zero) == (0, 0, 0, True)


@pytest.mark.claim("trainer.several-cpu-processes")
def test_two_nodes_are_two_processes_of_ddp(trainer):
    made = trainer(devices=1, num_nodes=2)
    assert type(made.strategy).__name__ == "DDPStrategy"
    assert (made.num_devices, made.world_size, made.num_nodes) == (1, 2, 2)


@pytest.mark.claim("trainer.several-cpu-processes")
def test_one_device_is_this_process(trainer):
    made = trainer(devices=1)
    assert type(made.strategy).__name__ == "SingleDeviceStrategy"
    assert (made.strategy.launcher, made.world_size) == (None, 1)


@pytest.fixture
def flags():
    """Puts torch's switches for deterministic algorithms back."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.deterministic
    yield
    torch.backends.cudnn.deterministic = cudnn
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def switches():
    cudnn, warn = torch.backends.cudnn.benchmark, torch.is_deterministic_algorithms_warn_only_enabled()
    return cudnn, torch.are_deterministic_algorithms_enabled(), warn


@pytest.mark.claim("trainer.benchmark")
@pytest.mark.parametrize("asked", [True, False])
def test_cudnn_benchmarks_as_it_is_asked_to(trainer, asked):
    torch.backends.cudnn.benchmark = not asked
    trainer(benchmark=asked)
    assert torch.backends.cudnn.benchmark is asked


@pytest.mark.claim("trainer.benchmark-unasked")
@pytest.mark.parametrize("before", [True, False])
def test_cudnn_benchmarks_as_before_where_it_is_not_asked(trainer, before):
    torch.backends.cudnn.benchmark = before
    trainer()
    assert torch.backends.cudnn.benchmark is before


@pytest.mark.claim("trainer.benchmark-unasked.off")
def test_cudnn_does_not_benchmark_where_it_is_not_asked(trainer):
    torch.backends.cudnn.benchmark = True
    trainer()
    assert torch.backends.cudnn.benchmark is False


@pytest.mark.claim("trainer.benchmark-unasked.on")
def test_cudnn_benchmarks_where_it_is_not_asked(trainer):
    torch.backends.cudnn.benchmark = False
    trainer()
    assert torch.backends.cudnn.benchmark is True


class Switches(Regression):
    """Keeps the switches that it finds in a training batch, and the workspace of cuBLAS."""

    def training_step(self, batch, batch_idx):
        self.found = (*switches(), os.environ["CUBLAS_WORKSPACE_CONFIG"])
        return super().training_step(batch, batch_idx)


def asked_for_determinism(trainer, monkeypatch, asked):
    """What a training batch finds that a Trainer runs that was asked for deterministic algorithms."""
    for name in ("CUBLAS_WORKSPACE_CONFIG", "HOROVOD_FUSION_THRESHOLD"):
        monkeypatch.setenv(name, "before")
    torch.backends.cudnn.benchmark = True
    module = Switches()
    fit(trainer(deterministic=asked), module, train=regression_loader(2))
    return module.found


@pytest.mark.claim("trainer.deterministic-switches")
def test_deterministic_algorithms_are_switched_on_and_off(trainer, flags, monkeypatch):
    assert asked_for_determinism(trainer, monkeypatch, True)[1:3] == (True, False)
    assert asked_for_determinism(trainer, monkeypatch, False)[1:3] == (False, False)


@pytest.mark.claim("trainer.deterministic-cublas")
def test_cudnn_and_cublas_are_made_deterministic_too(trainer, flags, monkeypatch):
    assert asked_for_determinism(trainer, monkeypatch, True)[::3] == (False, ":4096:8")
    assert asked_for_determinism(trainer, monkeypatch, None)[3] == "before"


@pytest.mark.claim("trainer.deterministic-switches.cudnn-only")
def test_cudnn_alone_is_made_deterministic(trainer, flags, monkeypatch):
    assert asked_for_determinism(trainer, monkeypatch, True)[1:] == (False, False, "before")
    assert torch.backends.cudnn.deterministic is True


class Told(Regression):
    """Notes whether torch is told to be deterministic."""

    def training_step(self, batch, batch_idx):
        self.told = torch.are_deterministic_algorithms_enabled() or torch.backends.cudnn.deterministic
        return super().training_step(batch, batch_idx)


@pytest.mark.claim("trainer.deterministic")
def test_a_fit_can_be_repeated(trainer, flags, monkeypatch):
    def run(seed):
        torch.manual_seed(seed)
        module = Told()
        fit(trainer(deterministic=True), module, train=regression_loader(shuffle=True))
        return module.told, weights(module)

    torch.backends.cudnn.deterministic = False
    monkeypatch.setenv("HOROVOD_FUSION_THRESHOLD", "before")  # which some releases change
    (told, one), (_, same), (_, other) = run(1), run(1), run(2)
    assert (told, same_weights(one, same), same_weights(one, other)) == (True, True, False)


@pytest.mark.claim("trainer.deterministic-warn")
def test_deterministic_algorithms_may_only_be_missed_with_a_warning(trainer, flags, monkeypatch):
    assert asked_for_determinism(trainer, monkeypatch, "warn")[1:3] == (True, True)


@pytest.mark.claim("trainer.deterministic-unasked")
def test_deterministic_algorithms_are_left_as_they_are(trainer, flags, monkeypatch):
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert asked_for_determinism(trainer, monkeypatch, None)[1:3] == (True, True)


@pytest.mark.claim("trainer.deterministic-unasked.off")
def test_deterministic_algorithms_are_off_where_they_are_not_asked_for(trainer, flags, monkeypatch):
    torch.use_deterministic_algorithms(True)
    assert asked_for_determinism(trainer, monkeypatch, None)[1:3] == (False, False)


class Terminates(pl.Callback):
    """Has the process terminated in the second batch; keeps what the Trainer knows about that, batch by batch."""

    def __init__(self):
        self.received = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == 1:
            signal.raise_signal(signal.SIGTERM)
        self.received.append(trainer.received_sigterm)


@pytest.mark.claim("trainer.sigterm")
def test_termination_ends_the_program_after_the_batch(trainer):
    mine, callback = [], Terminates()
    handler = lambda number, frame: mine.append(number)  # noqa: E731
    signal.signal(signal.SIGTERM, handler)
    with pytest.raises(SystemExit):
        fit(trainer(callbacks=[callback]), Evaluated(), batches(4))
    assert (mine, callback.received) == ([signal.SIGTERM], [False, True])
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.claim("trainer.sigterm")
@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_handlers_of_signals_are_put_back_after_the_run(trainer, before):
    signal.signal(signal.SIGTERM, before)
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    within = []

    class Looks(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            within.append(callable(signal.getsignal(signal.SIGTERM)))

    fit(trainer(callbacks=[Looks()]), Evaluated(), batches(1))
    assert within == [True]
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == handlers


class Prepares(Evaluated):
    def __init__(self, per_node):
        super().__init__()
        self.prepare_data_per_node, self.prepared = per_node, 0

    def prepare_data(self):
        self.prepared += 1


class PreparedData(Data):
    prepare_data = Prepares.prepare_data
    prepared = 0


@pytest.mark.claim("trainer.prepare-data-per-node")
@pytest.mark.parametrize(("node", "local", "prepares"), [(0, 0, "each all"), (1, 0, "each"), (0, 1, "")])
def test_data_is_prepared_by_one_process_of_each_node_or_of_all(trainer, node, local, prepares):
    class Placed(pl.strategies.SingleDeviceStrategy):
        node_rank = node

        def __init__(self):
            super().__init__("cpu")
            self.local_rank = local

    for per_node, name in ((True, "each"), (False, "all")):
        module, data = Prepares(per_node), PreparedData()
        data.prepare_data_per_node = per_node
        fit(trainer(strategy=Placed()), module, datamodule=data)
        assert (module.prepared, data.prepared) == ((1, 1) if name in prepares.split() else (0, 0))


@pytest.mark.claim("trainer.prepare-data-per-node")
def test_by_default_each_node_prepares_its_data():
    assert (Evaluated().prepare_data_per_node, Data().prepare_data_per_node) == (True, True)
