"""As what a value that is passed to self.log is kept: as a number of which type, and whether as a copy."""

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated, Regression


class Says(Evaluated):
    """Calls `say(module)` in each of its two training batches."""

    def __init__(self, say):
        super().__init__()
        self.say = say

    def training_step(self, batch, batch_idx):
        self.say(self)
        return self.loss(batch)


def kept(trainer, say):
    """The callback_metrics after an epoch of two batches of the same size."""
    run = trainer()
    fit(run, Says(say), train=regression_loader(4))
    return run.callback_metrics


def typed(trainer, number, *dtypes):
    """The type and number that are kept of the number as each of these types: for the step, and for the epoch."""

    def say(module):
        for dtype in dtypes:
            module.log(str(dtype), torch.tensor(number, device=module.device, dtype=dtype), on_step=True, on_epoch=True)

    found = kept(trainer, say)
    values = [[found[f"{dtype}_{of}"] for dtype in dtypes] for of in ("step", "epoch")]
    return [[(value.dtype, value.item()) for value in each] for each in values]


HALF = torch.float16, torch.bfloat16
LARGE = float(2**15)
"""Twice this is too much for float16."""


@pytest.mark.claim("module.log-half")
def test_half_precision_is_kept_in_single_precision(trainer):
    assert typed(trainer, LARGE, *HALF) == [[(torch.float32, LARGE)] * 2] * 2


@pytest.mark.claim("module.log-half.own-type")
def test_the_value_of_a_step_stays_in_half_precision(trainer):
    steps, _ = typed(trainer, LARGE, *HALF)
    assert steps == [(dtype, LARGE) for dtype in HALF]


@pytest.mark.claim("module.log-double")
def test_a_double_stays_a_double(trainer):
    assert typed(trainer, 0.1, torch.float64) == [[(torch.float64, 0.1)]] * 2


@pytest.mark.claim("module.log-double.single")
def test_the_mean_of_doubles_is_single(trainer):
    _, epoch = typed(trainer, 0.1, torch.float64)
    assert epoch == [(torch.float32, torch.tensor(0.1).item())]


WHOLE = {"int": 2, "float": 2.0, "bool": True, "int64": torch.tensor(2), "truth": torch.tensor(True)}


@pytest.mark.claim("module.log-number")
def test_numbers_are_logged_as_tensors_in_single_precision(trainer):
    found = kept(trainer, lambda module: [module.log(name, value) for name, value in WHOLE.items()])
    assert {name: (getattr(found[name], "dtype", None), float(found[name])) for name in WHOLE} == {
        name: (torch.float32, float(value)) for name, value in WHOLE.items()
    }


@pytest.mark.claim("module.log-number.own-type")
def test_a_tensor_of_integers_stays_one(trainer):
    assert kept(trainer, lambda module: module.log("x", torch.tensor(2)))["x"].dtype is torch.int64


ONE = [[2.0]]


@pytest.mark.claim("module.log-one-element")
def test_a_tensor_of_one_element_loses_its_dimensions(trainer):
    found = kept(trainer, lambda module: module.log("x", torch.tensor(ONE, device=module.device)))
    assert found["x"].tolist() == 2.0


@pytest.mark.claim("module.log-one-element.shape")
def test_a_tensor_of_one_element_keeps_its_dimensions(trainer):
    found = kept(trainer, lambda module: module.log("x", torch.tensor(ONE, device=module.device)))
    assert found["x"].tolist() == ONE


class LogsLoss(Regression):
    def training_step(self, batch, batch_idx):
        loss = self.loss(batch)
        self.log("x", loss, on_step=True, on_epoch=True)
        return loss


@pytest.mark.claim("module.log-detached")
def test_no_gradient_leads_to_what_is_logged(trainer):
    run = trainer()
    fit(run, LogsLoss(), train=regression_loader(4))
    assert {"x_step", "x_epoch"} <= set(run.callback_metrics)
    assert not any(value.requires_grad for value in run.callback_metrics.values())


def changing(module):
    value = torch.tensor(2.0, device=module.device)
    module.log("x", value, on_step=True, on_epoch=True)
    value += 100


@pytest.mark.claim("module.log-copy")
def test_a_change_in_place_comes_too_late(trainer):
    found = kept(trainer, changing)
    assert {name: found[name].item() for name in ("x_step", "x_epoch")} == {"x_step": 2.0, "x_epoch": 2.0}


@pytest.mark.claim("module.log-copy.same")
def test_a_change_in_place_changes_what_was_logged(trainer):
    assert kept(trainer, changing)["x_step"].item() == 102.0


def squared_error():
    """A metric object, from the package's own metrics area or from what took its place."""
    if hasattr(pl, "metrics"):
        return pl.metrics.MeanSquaredError()
    import torchmetrics

    return torchmetrics.MeanSquaredError()


class LogsMetric(Evaluated):
    """Logs the squared error of each batch: as a metric object, and as the tensor that it gave."""

    def __init__(self, **options):
        super().__init__()
        self.metric, self.options = squared_error(), options

    def training_step(self, batch, batch_idx):
        loss = self.metric(self(batch[0]), batch[1])
        self.log("metric", self.metric, on_step=True, on_epoch=False, **self.options)
        self.log("tensor", loss, on_step=True, on_epoch=False, **self.options)
        return self.loss(batch)


def with_graph(trainer, **options):
    """Which of the logged values have a graph."""
    run = trainer()
    fit(run, LogsMetric(**options), train=regression_loader(4))
    found = {name: run.callback_metrics[name] for name in ("metric", "tensor")}
    return [name for name, value in found.items() if value.requires_grad]


@pytest.mark.claim("module.log-enable-graph")
def test_only_a_metric_object_can_keep_its_graph(trainer):
    assert with_graph(trainer) == []
    assert with_graph(trainer, enable_graph=True) == ["metric"]


@pytest.mark.claim("module.log-enable-graph.of-tensors")
def test_a_tensor_keeps_its_graph_as_well(trainer):
    assert with_graph(trainer) == []
    assert with_graph(trainer, enable_graph=True) == ["metric", "tensor"]


@pytest.mark.claim("module.log-enable-graph.never")
def test_nothing_keeps_its_graph(trainer):
    assert with_graph(trainer) == with_graph(trainer, enable_graph=True) == []


@pytest.mark.claim("module.log-enable-graph.error")
def test_a_metric_object_with_a_graph_cannot_be_logged(trainer):
    with pytest.raises(RuntimeError) as raised:
        with_graph(trainer)
    assert str(raised.value).startswith(
        "Only Tensors created explicitly by the user (graph leaves) support the deepcopy"
    )
