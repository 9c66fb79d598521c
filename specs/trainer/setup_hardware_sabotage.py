"""How to make the claims about processes, flags, signals and the preparation of data false."""

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.loops.fit_loop import _FitLoop
from pytorch_lightning.trainer.connectors import accelerator_connector
from pytorch_lightning.trainer.connectors.signal_connector import _SignalConnector

from fixtures.calls import after
from fixtures.sabotage import sabotage


@sabotage("trainer.several-cpu-processes")
def processes_are_forked(patch):
    """Several processes are forked where nothing else is asked for."""
    connector = accelerator_connector._AcceleratorConnector
    original = connector._choose_strategy

    def choose(self):
        found = original(self)
        return "ddp_fork" if found == "ddp" else found

    patch.setattr(connector, "_choose_strategy", choose)


@sabotage("trainer.several-cpu-processes")
def nodes_are_not_counted(patch):
    """The world has as many processes as one node."""
    patch.setattr(Trainer, "world_size", property(lambda self: self.num_devices))


def flags(patch, change):
    """Let Lightning set the flags `change(deterministic, benchmark)`."""
    original = accelerator_connector._set_torch_flags

    def set_flags(*, deterministic=None, benchmark=None):
        original(**change(deterministic, benchmark))

    patch.setattr(accelerator_connector, "_set_torch_flags", set_flags)


@sabotage("trainer.benchmark")
def the_flag_is_never_set(patch):
    """cuDNN's flag stays as it was."""
    flags(patch, lambda deterministic, benchmark: {"deterministic": deterministic})


@sabotage("trainer.benchmark-unasked")
def the_flag_is_off_by_default(patch):
    """cuDNN does not benchmark unless it is asked to."""
    flags(patch, lambda deterministic, benchmark: {"deterministic": deterministic, "benchmark": bool(benchmark)})


@sabotage("trainer.deterministic-warn")
def warnings_are_errors(patch):
    """deterministic='warn' is taken for True."""
    flags(patch, lambda deterministic, benchmark: {"deterministic": deterministic and True, "benchmark": benchmark})


@sabotage("trainer.deterministic-unasked")
def they_are_off_by_default(patch):
    """Deterministic algorithms are switched off where nothing is said."""
    flags(patch, lambda deterministic, benchmark: {"deterministic": deterministic or False, "benchmark": benchmark})


@sabotage("trainer.deterministic-switches")
def deterministic_algorithms_only_warn(patch):
    """deterministic=True is taken for 'warn'."""
    flags(patch, lambda deterministic, benchmark: {"deterministic": deterministic and "warn", "benchmark": benchmark})


@sabotage("trainer.deterministic-cublas")
def benchmarking_goes_on(patch):
    """cuDNN goes on benchmarking with deterministic algorithms."""
    flags(patch, lambda deterministic, benchmark: {"deterministic": deterministic, "benchmark": True})


@sabotage("trainer.deterministic-switches", "trainer.deterministic-warn")
def deterministic_algorithms_end_with_the_preparation(patch):
    """Deterministic algorithms are switched off again before the first batch."""
    after(patch, _FitLoop, "on_run_start", lambda loop: torch.use_deterministic_algorithms(False))


@sabotage("trainer.sigterm")
def handlers_are_not_put_back(patch):
    """Lightning's handlers stay after the run."""
    patch.setattr(_SignalConnector, "teardown", lambda self: None)


@sabotage("trainer.sigterm")
def users_handlers_are_forgotten(patch):
    """The user's own handler is not called."""
    patch.setattr(_SignalConnector, "_has_already_handler", staticmethod(lambda number: False))


@sabotage("trainer.prepare-data-per-node")
def every_node_is_the_first(patch):
    """Every node counts as the first."""
    patch.setattr(Trainer, "node_rank", property(lambda self: 0))


@sabotage("trainer.prepare-data-per-node")
def every_process_prepares(patch):
    """Every process of a node counts as the first."""
    patch.setattr(Trainer, "local_rank", property(lambda self: 0))
