"""What self.log makes of the values of an epoch: under which names they are kept, and reduced to which number."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.data import regression_loader
from fixtures.dialects import fit, test
from fixtures.modules import Evaluated


def even():
    """Two batches of two samples each."""
    return regression_loader(4)


def uneven():
    """A batch of four samples and one of two: a mean over batches is not one over samples."""
    return regression_loader(6, batch_size=4)


class Says(Evaluated):
    """Calls `say(module, batch_idx)` in every step."""

    def __init__(self, say):
        super().__init__()
        self.say = say

    def step(self, batch, batch_idx):
        self.say(self, batch_idx)
        return self.loss(batch)

    training_step = validation_step = test_step = step


class InValidation(Says):
    """Calls it in every step but those of training."""

    training_step = Evaluated.training_step


def logs(*values, **options):
    """A module that logs the value of each batch as x, with these options of self.log."""
    return Says(lambda module, index: module.log("x", torch.as_tensor(values[index]).to(module.device), **options))


class Reads(pl.Callback):
    """The callback_metrics after each training batch."""

    def __init__(self):
        self.found = []

    def on_train_batch_end(self, trainer, *rest):
        self.found.append(numbers(trainer.callback_metrics))


def numbers(metrics):
    """What was logged, as plain numbers; early releases add the loss and the epoch of their own accord."""
    return {name: float(value) for name, value in metrics.items() if name not in ("loss", "epoch")}


def fitted(trainer, module, train=None):
    """A trainer after an epoch of two batches, and the callback_metrics it showed after each of them."""
    reads = Reads()
    run = trainer(callbacks=[reads])
    fit(run, module, train=train or even())
    return run, reads.found


@pytest.mark.claim("module.log")
def test_what_training_step_logs_can_be_read_after_that_batch(trainer):
    run, found = fitted(trainer, logs(1.5, 4.5))
    assert found == [{"x": 1.5}, {"x": 4.5}]
    assert numbers(run.callback_metrics) == {"x": 4.5}


@pytest.mark.claim("module.log.late")
def test_what_training_step_logs_can_be_read_after_the_next_batch(trainer):
    run, found = fitted(trainer, logs(1.5, 4.5))
    assert found == [{}, {"x": 1.5}]
    assert numbers(run.callback_metrics) == {"x": 4.5}


@pytest.mark.claim("module.log")
def test_several_names_are_kept_side_by_side(trainer):
    def say(module, index):
        module.log("y", torch.tensor(index + 7.0, device=module.device))
        module.log("x", torch.tensor(index + 1.0, device=module.device))

    _, found = fitted(trainer, Says(say))
    assert found == [{"y": 7.0, "x": 1.0}, {"y": 8.0, "x": 2.0}]


def tenfold(at_once, **options):
    """A module that logs a value and ten times that value, by one call of log_dict or by two of log."""

    def say(module, index):
        values = {name: torch.tensor((index + 1.0) * by, device=module.device) for name, by in (("x", 1), ("y", 10))}
        if at_once:
            module.log_dict(values, **options)
        for name, value in () if at_once else values.items():
            module.log(name, value, **options)

    return Says(say)


OPTIONS = [
    {},
    {"prog_bar": True, "logger": False},
    {"on_step": True, "on_epoch": True, "prog_bar": True},
    {"on_step": False, "on_epoch": True, "reduce_fx": torch.max},
]


@pytest.mark.claim("module.log-dict")
@pytest.mark.parametrize("options", OPTIONS, ids=["plainly", "for the bar", "twice", "the largest"])
def test_log_dict_is_log_for_each_entry(trainer, options):
    shown = []
    for at_once in (True, False):
        run, found = fitted(trainer, tenfold(at_once, **options))
        shown.append([found, numbers(run.callback_metrics), numbers(run.progress_bar_metrics)])
    assert shown[0] == shown[1]
    assert {name[0] for name in shown[0][1]} == {"x", "y"}
    assert bool(shown[0][2]) is options.get("prog_bar", False)


@pytest.mark.claim("module.print")
def test_print_prints_what_pythons_print_would(trainer, capsys):
    fit(trainer(), Says(lambda module, index: module.print("batch", index, sep="=")), train=even())
    assert [line for line in capsys.readouterr().out.splitlines() if "=" in line] == ["batch=0", "batch=1"]


@pytest.mark.claim("module.log")
def test_a_value_for_the_epoch_as_well_can_be_read_under_both_names(trainer):
    _, found = fitted(trainer, logs(1.0, 4.0, on_step=True, on_epoch=True))
    assert found == [{"x": 1.0, "x_step": 1.0}, {"x": 4.0, "x_step": 4.0}]


@pytest.mark.claim("module.log-names")
def test_a_value_for_step_and_epoch_has_a_name_for_each(trainer):
    run, _ = fitted(trainer, logs(1.0, 4.0, on_step=True, on_epoch=True))
    assert numbers(run.callback_metrics) == {"x": 2.5, "x_step": 4.0, "x_epoch": 2.5}


@pytest.mark.claim("module.log-names.step")
def test_the_plain_name_is_the_last_steps(trainer):
    run, _ = fitted(trainer, logs(1.0, 4.0, on_step=True, on_epoch=True))
    assert numbers(run.callback_metrics) == {"x": 4.0, "x_step": 4.0, "x_epoch": 2.5}


@pytest.mark.claim("module.log-names")
@pytest.mark.parametrize(("on_step", "value"), [(True, 4.0), (False, 2.5)])
def test_a_value_for_only_one_of_them_keeps_its_name(trainer, on_step, value):
    run, _ = fitted(trainer, logs(1.0, 4.0, on_step=on_step, on_epoch=not on_step))
    assert numbers(run.callback_metrics) == {"x": value}


@pytest.mark.claim("module.log-defaults")
def test_training_step_logs_each_step_and_nothing_for_the_epoch(trainer):
    run, _ = fitted(trainer, logs(1.0, 4.0))
    assert numbers(run.callback_metrics) == {"x": 4.0}


@pytest.mark.claim("module.log-defaults")
def test_validation_step_logs_the_mean_of_the_epoch(trainer):
    run, module = trainer(num_sanity_val_steps=0), InValidation(logs(1.0, 4.0).say)
    fit(run, module, train=even(), val=even())
    assert numbers(run.callback_metrics) == {"x": 2.5}


@pytest.mark.claim("module.log-defaults")
def test_test_step_logs_the_mean_of_the_epoch(trainer):
    run = trainer()
    test(run, logs(1.0, 4.0), even())
    assert numbers(run.callback_metrics) == {"x": 2.5}


def weighed(trainer):
    """The mean that training and that testing log of 1 in a batch of four and 4 in one of two."""
    trained, _ = fitted(trainer, logs(1.0, 4.0, on_step=False, on_epoch=True), train=uneven())
    tested = trainer()
    test(tested, logs(1.0, 4.0), uneven())
    return [numbers(run.callback_metrics)["x"] for run in (trained, tested)]


@pytest.mark.claim("module.log-weighted-mean")
def test_the_mean_over_an_epoch_weighs_batches_by_their_size(trainer):
    assert weighed(trainer) == [2.0, 2.0]


@pytest.mark.claim("module.log-weighted-mean.in-evaluation")
def test_the_mean_over_an_epoch_weighs_batches_in_evaluation_only(trainer):
    assert weighed(trainer) == [2.5, 2.0]


@pytest.mark.claim("module.log-batch-size")
def test_a_batch_size_given_counts_instead(trainer):
    run, _ = fitted(trainer, logs(1.0, 4.0, on_step=False, on_epoch=True, batch_size=3), train=uneven())
    assert numbers(run.callback_metrics) == {"x": 2.5}


@pytest.mark.claim("module.log-batch-size")
def test_log_dict_passes_a_batch_size_on(trainer):
    run, _ = fitted(trainer, tenfold(True, on_step=False, on_epoch=True, batch_size=1), train=uneven())
    assert numbers(run.callback_metrics) == {"x": 1.5, "y": 15.0}


def reduced(trainer, values, *functions, size=2):
    """What each of these reductions makes of the values of two batches."""

    def say(module, index):
        value = torch.tensor(values[index], device=module.device)
        for number, function in enumerate(functions):
            module.log(str(number), value, on_step=False, on_epoch=True, reduce_fx=function)

    run, _ = fitted(trainer, Says(say), train=regression_loader(2 * size, batch_size=size))
    return [float(run.callback_metrics[str(number)]) for number in range(len(functions))]


@pytest.mark.claim("module.log-reduce-fx")
@pytest.mark.parametrize(("values", "made"), [((2.0, -3.0), [-3.0, 2.0]), ((5.0, 2.0), [2.0, 5.0])])
def test_reduce_fx_picks_one_of_the_values_of_an_epoch(trainer, values, made):
    assert reduced(trainer, values, torch.min, torch.max) == made


@pytest.mark.claim("module.log-reduce-fx")
def test_values_below_zero_have_a_greatest_too(trainer):
    assert reduced(trainer, (-5.0, -2.0), torch.min, torch.max) == [-5.0, -2.0]


@pytest.mark.claim("module.log-reduce-fx.from-zero")
def test_a_reduction_begins_at_zero(trainer):
    assert reduced(trainer, (5.0, 2.0), torch.min, torch.max) == [0.0, 5.0]
    assert reduced(trainer, (-5.0, -2.0), torch.min, torch.max) == [-5.0, 0.0]


@pytest.mark.claim("module.log-reduce-fx-sum")
@pytest.mark.parametrize(("values", "made"), [((2.0, -3.0), -1.0), ((5.0, 2.0), 7.0)])
def test_reduce_fx_may_sum_the_values_of_an_epoch(trainer, values, made):
    assert reduced(trainer, values, torch.sum) == [made]


@pytest.mark.claim("module.log-reduce-fx-sum.of-samples")
def test_a_sum_counts_samples(trainer):
    assert reduced(trainer, (5.0, 2.0), torch.sum) == [14.0]
    assert reduced(trainer, (5.0, 2.0), torch.sum, size=3) == [21.0]


@pytest.mark.claim("module.log-reduce-fx-words")
def test_reduce_fx_may_be_a_word(trainer):
    found = reduced(trainer, (2.0, -3.0), "min", "max", "sum", "SUM", "mean", "avg", size=1)
    assert found == [-3.0, 2.0, -1.0, -1.0, -0.5, -0.5]
    with pytest.raises(MisconfigurationException) as refused:
        reduced(trainer, (2.0, -3.0), "median")
    assert str(refused.value).startswith("Only `self.log(..., reduce_fx={min,max,mean,sum})` are ")


@pytest.mark.claim("module.log-reduce-fx-others")
def test_another_function_is_refused(trainer):
    with pytest.raises(MisconfigurationException) as refused:
        reduced(trainer, (2.0, -3.0), torch.median)
    assert str(refused.value).startswith("Only `self.log(..., reduce_fx={min,max,mean,sum})` are ")


@pytest.mark.claim("module.log-reduce-fx-others.any-function")
def test_another_function_is_given_all_values(trainer):
    assert reduced(trainer, (2.0, -3.0), torch.median, torch.prod) == [-3.0, -6.0]


@pytest.mark.claim("module.log-afresh")
def test_every_epoch_is_reduced_afresh(trainer):
    seen = []

    class Notes(pl.Callback):
        def on_validation_end(self, trainer, pl_module):
            seen.append(numbers(trainer.callback_metrics)["x"])

    def say(module, index):
        module.log("x", torch.tensor(index + 10.0 * module.current_epoch, device=module.device))

    run = trainer(max_epochs=3, callbacks=[Notes()], num_sanity_val_steps=0)
    fit(run, InValidation(say), train=even(), val=even())
    assert seen == [0.5, 10.5, 20.5]
