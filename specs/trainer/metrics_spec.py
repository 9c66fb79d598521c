"""What the trainer shows of the values that are logged: callback_metrics, logged_metrics, progress_bar_metrics."""

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, test, validate
from fixtures.modules import Evaluated


def loader():
    """Two batches of the same size."""
    return regression_loader(4)


KINDS = {
    "plain": {},
    "bar": {"prog_bar": True},
    "unlogged": {"logger": False},
    "both": {"on_step": True, "on_epoch": True, "prog_bar": True},
}


class Logs(Evaluated):
    """Logs 1 and 2 in the batches of training, 11 and 12 in those of evaluation: under a name for each of `kinds`."""

    def __init__(self, *kinds):
        super().__init__()
        self.kinds = kinds

    def say(self, prefix, value):
        for kind in self.kinds:
            self.log(f"{prefix}{kind}", torch.tensor(float(value), device=self.device), **KINDS[kind])

    def training_step(self, batch, batch_idx):
        self.say("", batch_idx + 1)
        return self.loss(batch)

    def validation_step(self, batch, batch_idx):
        self.say("val_", batch_idx + 11)

    test_step = validation_step


def numbers(metrics):
    """What was logged, as plain numbers; early releases add the loss, the epoch and a version of their own accord."""
    own = ("loss", "epoch", "v_num", "debug_epoch")
    return {name: float(value) for name, value in metrics.items() if name not in own}


def fitted(trainer, module, **options):
    run = trainer(num_sanity_val_steps=0, **options)
    fit(run, module, train=loader(), val=loader())
    return run


@pytest.mark.claim("trainer.callback-metrics")
def test_callback_metrics_has_the_last_value_of_everything(trainer):
    run = fitted(trainer, Logs(*KINDS))
    assert numbers(run.callback_metrics) == {
        **{"plain": 2.0, "bar": 2.0, "unlogged": 2.0, "both": 1.5, "both_step": 2.0, "both_epoch": 1.5},
        **{"val_plain": 11.5, "val_bar": 11.5, "val_unlogged": 11.5, "val_both": 11.5, "val_both_epoch": 11.5},
    }


@pytest.mark.claim("trainer.callback-metrics.not-everything")
def test_callback_metrics_is_without_what_is_neither_for_a_logger_nor_for_the_bar(trainer):
    run = fitted(trainer, Logs("plain", "bar", "unlogged"))
    assert numbers(run.callback_metrics) == {"plain": 2.0, "bar": 2.0, "val_plain": 11.5, "val_bar": 11.5}


@pytest.mark.claim("trainer.callback-metrics-tensors")
def test_its_values_are_tensors_without_dimensions(trainer):
    found = fitted(trainer, Logs(*KINDS)).callback_metrics
    assert [name for name, value in found.items() if not isinstance(value, torch.Tensor)] == []
    assert {tuple(value.shape) for value in found.values()} == {()}


@pytest.mark.claim("trainer.logged-metrics")
def test_logged_metrics_has_what_is_for_a_logger_even_without_one(trainer):
    run = fitted(trainer, Logs("plain", "bar", "unlogged"))
    assert numbers(run.logged_metrics) == {"plain": 2.0, "bar": 2.0, "val_plain": 11.5, "val_bar": 11.5}


@pytest.mark.claim("trainer.logged-metrics.of-evaluation")
def test_without_a_logger_logged_metrics_has_only_what_evaluation_logs(trainer):
    run = fitted(trainer, Logs("plain", "bar", "unlogged"))
    assert numbers(run.logged_metrics) == {"val_plain": 11.5, "val_bar": 11.5}


@pytest.mark.claim("trainer.progress-bar-metrics")
def test_progress_bar_metrics_has_only_what_is_for_the_bar(trainer):
    run = fitted(trainer, Logs(*KINDS))
    assert numbers(run.progress_bar_metrics) == {
        **{"bar": 2.0, "both_step": 2.0, "both_epoch": 1.5},
        **{"val_bar": 11.5, "val_both_step": 12.0, "val_both_epoch": 11.5},
    }


@pytest.mark.claim("trainer.progress-bar-metrics.plain-names-too")
def test_it_has_the_value_of_an_epoch_under_the_plain_name_too(trainer):
    found = numbers(fitted(trainer, Logs("both")).progress_bar_metrics)
    assert found == {
        **{"both": 1.5, "both_step": 2.0, "both_epoch": 1.5},
        **{"val_both": 11.5, "val_both_step": 12.0, "val_both_epoch": 11.5},
    }


@pytest.mark.claim("trainer.progress-bar-metrics-floats")
def test_its_values_are_plain_numbers(trainer):
    found = fitted(trainer, Logs(*KINDS)).progress_bar_metrics
    assert [type(found[name]) for name in ("bar", "both_step", "both_epoch", "val_bar")] == [float] * 4


class AtOnce(Logs):
    """Reads the metrics right after it logged, in each training step."""

    def __init__(self):
        super().__init__("bar")
        self.read = []

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        run = self.trainer
        self.read += map(numbers, (run.callback_metrics, run.logged_metrics, run.progress_bar_metrics))
        return loss


@pytest.mark.claim("trainer.metrics-at-once")
def test_what_a_step_logs_can_be_read_before_it_returns(trainer):
    module = AtOnce()
    fit(trainer(), module, train=loader())
    assert module.read == [{"bar": 1.0}] * 3 + [{"bar": 2.0}] * 3


@pytest.mark.claim("trainer.metrics-at-once.late")
def test_what_a_step_logs_for_the_bar_can_be_read_in_the_next(trainer):
    module = AtOnce()
    fit(trainer(), module, train=loader())
    assert [module.read[2], module.read[5]] == [{}, {"bar": 1.0}]


@pytest.mark.claim("trainer.metrics-of-the-run")
def test_a_run_begins_without_the_metrics_of_the_run_before(trainer):
    run = fitted(trainer, Logs("bar"))
    test(run, Logs("both"), loader())
    assert numbers(run.callback_metrics) == {"val_both": 11.5, "val_both_epoch": 11.5}
    assert numbers(run.logged_metrics) == {"val_both_step": 12.0, "val_both_epoch": 11.5}
    assert numbers(run.progress_bar_metrics) == {"val_both_step": 12.0, "val_both_epoch": 11.5}


@pytest.mark.claim("trainer.metrics-of-the-run.kept")
def test_the_metrics_of_the_run_before_are_kept(trainer):
    run = fitted(trainer, Logs("bar"))
    test(run, Logs("both"), loader())
    assert [metrics.get("bar") for metrics in (run.callback_metrics, run.progress_bar_metrics)] == [2.0, 2.0]


def after_a_check(trainer):
    """The metrics as training begins, after a sanity check."""
    found = []

    class Notes(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            found.extend([trainer.callback_metrics, trainer.logged_metrics, trainer.progress_bar_metrics])
            found[:] = map(numbers, found)

    fit(trainer(num_sanity_val_steps=2, callbacks=[Notes()]), Logs("both"), train=loader(), val=loader())
    return found


@pytest.mark.claim("trainer.metrics-sanity-check")
def test_a_sanity_check_leaves_no_metrics(trainer):
    assert after_a_check(trainer) == [{}, {}, {}]


@pytest.mark.claim("trainer.metrics-sanity-check.kept")
def test_a_sanity_check_leaves_metrics_for_the_bar(trainer):
    *_, bar = after_a_check(trainer)
    assert {name.rpartition("_")[0] for name in bar} == {"val_both"}


@pytest.mark.claim("trainer.metrics-on-the-cpu")
def test_after_the_run_they_are_on_the_cpu(trainer):
    run = fitted(trainer, Logs("both"))
    assert whereabouts(run, "both_step", "both_epoch", "val_both") == ["cpu"] * 3


@pytest.mark.claim("trainer.metrics-on-the-cpu.where-they-were")
def test_after_the_run_they_are_where_they_were_logged(device, trainer):
    run = fitted(trainer, Logs("both"))
    assert whereabouts(run, "both_step", "val_both") == [device.torch_device.type] * 2


def whereabouts(run, *names):
    return [torch.as_tensor(run.callback_metrics[name]).device.type for name in names]


@pytest.mark.claim("trainer.metrics-returned")
def test_a_test_returns_a_list_of_the_values_of_the_epoch(trainer):
    returned = test(trainer(), Logs("plain", "bar"), loader())
    assert returned == [{"val_plain": 11.5, "val_bar": 11.5}]
    assert {type(value) for value in returned[0].values()} == {float}


@pytest.mark.claim("trainer.metrics-returned-nothing")
def test_where_nothing_is_logged_the_dictionary_is_empty(trainer):
    assert test(trainer(), Evaluated(), loader()) == [{}]


@pytest.mark.claim("trainer.metrics-returned-nothing.one")
def test_where_nothing_is_logged_a_test_returns_one(trainer):
    assert test(trainer(), Evaluated(), loader()) == 1


@pytest.mark.claim("trainer.metrics-returned-for-a-logger")
def test_what_is_returned_is_what_a_logger_is_sent(trainer):
    returned = test(trainer(), Logs("plain", "unlogged", "both"), loader())
    assert returned == [{"val_plain": 11.5, "val_both_epoch": 11.5}]


@pytest.mark.claim("trainer.metrics-returned-for-a-logger.callback-metrics")
def test_what_is_returned_is_callback_metrics(trainer):
    run = trainer()
    returned = test(run, Logs("plain", "unlogged", "both"), loader())
    assert returned == [numbers(run.callback_metrics)]
    assert "val_both" in returned[0]


class Loaders(Logs):
    """Is evaluated with two loaders: the second gives 100 more. Logs a third value when both are through."""

    def __init__(self, end):
        super().__init__("plain")
        self.end = end

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        self.say("val_", batch_idx + 11 + 100 * dataloader_idx)

    test_step = validation_step

    def on_validation_epoch_end(self):
        if self.end:
            self.log("end", torch.tensor(self.end, device=self.device))

    on_test_epoch_end = on_validation_epoch_end


def returned_by(trainer, entry, end):
    """What the evaluation of two loaders returns."""
    with torch.enable_grad():  # some releases leave it off where an evaluation fails
        return entry(trainer(), Loaders(end), [loader(), loader()])


EACH = [{"val_plain/dataloader_idx_0": 11.5}, {"val_plain/dataloader_idx_1": 111.5}]


@pytest.mark.claim("trainer.metrics-returned-loaders")
def test_a_test_returns_a_dictionary_for_each_loader(trainer):
    assert returned_by(trainer, test, None) == EACH


@pytest.mark.claim("trainer.metrics-returned-validate")
def test_so_does_a_validation(trainer):
    assert returned_by(trainer, validate, None) == EACH


@pytest.mark.claim("trainer.metrics-returned-end")
def test_what_is_logged_at_the_end_is_in_each_of_them(trainer):
    assert returned_by(trainer, test, 7.0) == [{**each, "end": 7.0} for each in EACH]


@pytest.mark.claim("trainer.metrics-returned-end.lost")
def test_what_is_logged_at_the_end_is_in_none_of_them(trainer):
    assert returned_by(trainer, test, 7.0) == EACH
