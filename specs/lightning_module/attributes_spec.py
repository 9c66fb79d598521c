"""What a module knows of the run that it is in, and without one; and freezing it."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger

from fixtures.data import regression_loader
from fixtures.dialects import Unsayable, bare_trainer, fit
from fixtures.hooks import message
from fixtures.modules import Evaluated
from ledger.plugin.outcomes import Untested


def seen(module, name):
    """What the module's attribute is, or "missing" where reading it is an error."""
    try:
        return getattr(module, name)
    except (AttributeError, RuntimeError):
        return "missing"


class Telling(Evaluated):
    """Keeps what it reads of itself in each training_step."""

    def __init__(self, *names):
        super().__init__()
        self.names, self.read = names, []

    def training_step(self, batch, batch_idx):
        self.read.append(tuple(seen(self, name) for name in self.names))
        return super().training_step(batch, batch_idx)


def read(trainer, *names, **options):
    """What a module reads of these attributes in each training_step of two epochs of four batches."""
    module = Telling(*names)
    fit(trainer(**{"max_epochs": 2, **options}), module, train=regression_loader())
    return module.read if len(names) > 1 else [value for (value,) in module.read]


@pytest.mark.claim("module.attr-current-epoch")
def test_the_epoch_counts_from_0(device, trainer):
    assert read(trainer, "current_epoch") == [0] * 4 + [1] * 4
    assert Evaluated().current_epoch == 0


@pytest.mark.claim("module.attr-global-step")
@pytest.mark.parametrize(("accumulated", "expected"), [(1, [0, 1, 2, 3, 4, 5, 6, 7]), (2, [0, 0, 1, 1, 2, 2, 3, 3])])
def test_the_step_goes_on_counting_in_the_next_epoch(accumulated, expected, device, trainer):
    assert read(trainer, "global_step", accumulate_grad_batches=accumulated) == expected
    assert Evaluated().global_step == 0


def alone(trainer, name):
    """What the only process reads of this attribute in every step, and what a module without a run has."""
    return {*read(trainer, name)}, seen(Evaluated(), name)


@pytest.mark.claim("module.attr-global-rank")
def test_one_process_alone_has_rank_0(device, trainer):
    assert alone(trainer, "global_rank") == ({0}, 0)


@pytest.mark.claim("module.attr-local-rank")
def test_it_has_rank_0_on_its_node_too(device, trainer):
    assert alone(trainer, "local_rank") == ({0}, 0)


@pytest.mark.claim("module.attr-ranks.trainer")
def test_only_a_run_gives_a_module_its_ranks(device, trainer):
    assert [seen(Evaluated(), name) for name in ("global_rank", "local_rank")] == ["missing", "missing"]
    assert read(trainer, "global_rank", "local_rank") == [(0, 0)] * 8


def ranked(monkeypatch, node, local):
    """The trainer of that process of four, on that node of ten."""
    monkeypatch.setattr(pl.utilities.rank_zero_only, "rank", 0)  # which the trainer sets for the process
    for name, value in {"NODE_RANK": node, "LOCAL_RANK": local, "GROUP_RANK": node}.items():
        monkeypatch.setenv(name, str(value))
    try:
        return bare_trainer(accelerator="cpu", devices=4, num_nodes=10, strategy="ddp", logger=False)
    except Unsayable as error:
        raise Untested(str(error)) from error


@pytest.mark.claim("module.attr-global-rank.over-nodes")
@pytest.mark.parametrize(("node", "local", "rank"), [(0, 0, 0), (0, 3, 3), (1, 0, 4), (9, 3, 39)])
def test_ranks_count_over_all_nodes(node, local, rank, monkeypatch, as_before):
    module = Evaluated()
    module.trainer = trainer = ranked(monkeypatch, node, local)
    assert (module.global_rank, module.local_rank, trainer.world_size) == (rank, local, 40)


@pytest.mark.claim("module.attr-device")
def test_the_device_is_that_of_the_weights(device, trainer):
    assert read(trainer, "device") == [device.torch_device] * 8
    module = Evaluated()
    assert module.device == torch.device("cpu")
    assert module.to(device.torch_device).device == next(module.parameters()).device == device.torch_device


@pytest.mark.claim("module.attr-on-gpu")
def test_on_gpu_says_whether_that_is_a_gpu(device, trainer):
    assert read(trainer, "on_gpu") == [device.name == "cuda"] * 8


@pytest.mark.claim("module.attr-trainer")
def test_the_trainer_is_the_one_that_fits(device, trainer):
    used, module = trainer(), Telling("trainer")
    fit(used, module, train=regression_loader(2))
    assert [each == used for (each,) in module.read] == [True]
    assert module.trainer == used


def of_the_module_within(trainer):
    """The trainer that fits a module, and what a module within that one takes for its trainer."""
    used, module = trainer(), Telling("trainer")
    module.within = Evaluated()
    fit(used, module, train=regression_loader(2))
    return used, module.within.trainer


@pytest.mark.claim("module.attr-trainer-within")
def test_a_module_within_has_it_too(device, trainer):
    used, within = of_the_module_within(trainer)
    assert within == used


@pytest.mark.claim("module.attr-trainer-within.none")
def test_a_module_within_has_none(device, trainer):
    _, within = of_the_module_within(trainer)
    assert within is None


@pytest.mark.claim("module.attr-trainer.none")
def test_without_a_run_the_trainer_is_none():
    assert Evaluated().trainer is None


@pytest.mark.claim("module.attr-trainer.refused")
def test_without_a_run_to_ask_for_the_trainer_is_an_error():
    said = message(RuntimeError, lambda: Evaluated().trainer)
    assert said == "Evaluated is not attached to a `Trainer`."


@pytest.mark.claim("module.attr-logger")
def test_the_logger_is_that_of_the_trainer(device, trainer, tmp_path):
    logger = CSVLogger(str(tmp_path))
    assert [each is logger for each in read(trainer, "logger", logger=logger)] == [True] * 8
    assert read(trainer, "logger", logger=False) == [None] * 8
    assert Evaluated().logger is None


@pytest.mark.claim("module.attr-loggers")
def test_the_loggers_are_those_of_the_trainer(device, trainer, tmp_path):
    loggers = [CSVLogger(str(tmp_path), name=name) for name in "ab"]
    assert read(trainer, "loggers", logger=loggers) == [loggers] * 8
    assert read(trainer, "loggers", logger=False) == [[]] * 8
    assert Evaluated().loggers == []


@pytest.mark.claim("module.attr-precision")
def test_the_precision_is_a_number_of_bits(device, trainer):
    assert read(trainer, "precision") == [32] * 8
    assert seen(Evaluated(), "precision") == 32


@pytest.mark.claim("module.attr-precision.trainer")
def test_the_precision_is_the_trainers(device, trainer):
    assert read(trainer, "precision") == ["missing"] * 8
    assert [trainer(precision=each).precision for each in (None, "64-true")] == ["32-true", "64-true"]


@pytest.mark.claim("module.attr-use-amp")
def test_the_flag_for_mixed_precision_is_off_where_the_run_does_without(device, trainer):
    assert read(trainer, "use_amp") == [False] * 8


@pytest.mark.claim("module.attr-use-ddp")
def test_the_flag_for_ddp_is_off_where_the_run_does_without(device, trainer):
    assert read(trainer, "use_ddp") == [False] * 8


@pytest.mark.claim("module.attr-use-dp")
def test_the_flag_for_dp_is_off_where_the_run_does_without(device, trainer):
    assert read(trainer, "use_dp") == [False] * 8


@pytest.mark.claim("module.attr-use-tpu")
def test_the_flag_for_tpus_is_off_where_the_run_does_without(device, trainer):
    assert read(trainer, "use_tpu") == [False] * 8


@pytest.mark.claim("module.attr-use-amp.gone")
def test_the_flag_for_mixed_precision_is_gone(device, trainer):
    assert read(trainer, "use_amp") == ["missing"] * 8


@pytest.mark.claim("module.attr-use-flags.gone")
def test_the_flags_for_strategies_are_gone(device, trainer):
    names = ("use_ddp", "use_ddp2", "use_dp", "use_tpu")
    assert read(trainer, *names) == [("missing",) * 4] * 8


def flags(module):
    return [each.requires_grad for each in module.parameters()]


@pytest.mark.claim("module.freeze")
def test_a_frozen_module_learns_nothing_and_is_in_eval_mode():
    module = Evaluated()
    module.freeze()
    assert flags(module) == [False] * 4
    assert [each.training for each in module.modules()] == [False] * 5
    assert not module.loss(next(iter(regression_loader()))).requires_grad


@pytest.mark.claim("module.unfreeze")
def test_an_unfrozen_module_learns_again_and_is_in_train_mode():
    module = Evaluated()
    module.freeze()
    module.unfreeze()
    assert flags(module) == [True] * 4
    assert [each.training for each in module.modules()] == [True] * 5


@pytest.mark.claim("module.unfreeze")
def test_what_was_frozen_in_part_learns_again_as_well():
    module = Evaluated()
    module.within = Evaluated()
    module.within.freeze()
    assert flags(module) == [True] * 4 + [False] * 4
    module.unfreeze()
    assert flags(module) == [True] * 8
