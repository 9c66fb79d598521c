"""Data types: whether the floats of a batch take the model's dtype by themselves, and what `precision` converts."""

import pytest
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn
from torch.utils.data import DataLoader

from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.modules import Evaluated
from ledger.plugin.outcomes import Untested

ENTRIES = {"validate": validate, "test": test, "predict": predict}
STAGES = ("train", *ENTRIES)
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
OTHERS = (torch.uint8, torch.int32, torch.int64, torch.bool, torch.complex64)
TRUE = {"32-true": torch.float32, "64-true": torch.float64, "16-true": torch.float16, "bf16-true": torch.bfloat16}


class Records(Evaluated):
    """Keeps the dtypes that a step finds in its batch and in the module, and those of what it computes."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(4))
        self.register_buffer("scale", torch.ones(4))
        self.register_buffer("steps", torch.zeros(2, dtype=torch.int64))
        self.seen = []

    def compute(self, inputs):
        output = inputs * self.factor
        return output, (output * self.scale).sum()

    def step(self, batch):
        inputs, others = batch
        output, loss = self.compute(inputs)
        self.seen.append(
            {
                "batch": [value.dtype for value in (inputs, *others)],
                "parameters": {parameter.dtype for parameter in self.parameters()},
                "buffers": [self.scale.dtype, self.steps.dtype],
                "output": output.dtype,
                "loss": loss.dtype,
                "made in the step": torch.zeros(1).dtype,
            }
        )
        return loss

    def training_step(self, batch, batch_idx):
        return self.step(batch)

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        return self.step(batch)

    test_step = validation_step
    predict_step = validation_step


class RecordsLayers(Records):
    """Computes with a layer and a loss of torch's, as autocast knows them."""

    def compute(self, inputs):
        output = self.net(inputs)
        return output, nn.functional.mse_loss(output, torch.zeros_like(output))


def loader(dtype=torch.float32):
    """One batch: inputs of one dtype, and a tensor of every dtype."""
    batch = torch.ones(2, 4, dtype=dtype), [torch.ones(2).to(other) for other in (*FLOATS, *OTHERS)]
    return DataLoader([batch], batch_size=None, collate_fn=lambda one: one)


def run(stage, trainer, module, data, **options):
    """One batch through one stage; returns what the step saw."""
    try:
        if stage == "train":
            fit(trainer(**options), module, train=data)
        else:
            ENTRIES[stage](trainer(**options), module, data)
    except Unsayable as unsayable:
        raise Untested(str(unsayable)) from None
    [seen] = module.seen
    return seen


def untouched(**computed):
    """What a step sees where nothing is converted, except what it computes."""
    return {
        "batch": [torch.float32, *FLOATS, *OTHERS],
        "parameters": {torch.float32},
        "buffers": [torch.float32, torch.int64],
        "output": torch.float32,
        "loss": torch.float32,
        "made in the step": torch.float32,
        **computed,
    }


@pytest.mark.claim("compat.dtype-converts-itself")
@pytest.mark.parametrize("stage", ["train", "test"])
def test_a_float64_batch_reaches_a_float32_model_as_float32(device, trainer, stage):
    class Looks(Records):
        def compute(self, inputs):
            return self.factor, self.factor.sum()

    seen = run(stage, trainer, Looks(), loader(torch.float64))
    assert seen["batch"][0] == torch.float32


@pytest.mark.claim("compat.dtype-converts-itself.by-precision")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("precision", [name for name in TRUE if name != "32-true"])
def test_true_precision_converts_floats_of_batch_and_module_and_nothing_else(device, trainer, precision, stage):
    dtype = TRUE[precision]
    seen = run(stage, trainer, Records(), loader(), precision=precision)
    assert seen == {
        "batch": [dtype, *[dtype for _ in FLOATS], *OTHERS],
        "parameters": {dtype},
        "buffers": [dtype, torch.int64],
        "output": dtype,
        "loss": dtype,
        "made in the step": dtype,
    }


@pytest.mark.claim("compat.dtype-converts-itself.by-precision")
@pytest.mark.parametrize(("stage", "precision"), [*((stage, None) for stage in STAGES), ("train", "32-true")])
def test_without_a_precision_nothing_is_converted(device, trainer, stage, precision):
    seen = run(stage, trainer, Records(), loader(), precision=precision)
    assert seen == untouched()


@pytest.mark.claim("compat.dtype-converts-itself.by-precision")
def test_a_layer_refuses_a_batch_of_another_dtype(device, trainer):
    with pytest.raises(RuntimeError) as raised:
        fit(trainer(), RecordsLayers(), train=loader(torch.float64))
    assert "dtype" in str(raised.value)


@pytest.mark.claim("compat.dtype-converts-itself.by-precision")
@pytest.mark.parametrize("stage", STAGES)
def test_mixed_precision_converts_what_layers_compute(device, trainer, stage):
    seen = run(stage, trainer, RecordsLayers(), loader(), precision="bf16-mixed")
    assert seen == untouched(output=torch.bfloat16)


@pytest.mark.claim("compat.dtype-converts-itself.by-precision")
def test_mixed_half_precision_converts_what_layers_compute(device, trainer):
    if device.name == "cpu":
        raise Untested("16-mixed is float16 on GPUs only; on the CPU it is compat.mixed-half-is-bfloat-on-cpu")
    seen = run("train", trainer, RecordsLayers(), loader(), precision="16-mixed")
    assert seen == untouched(output=torch.float16)


@pytest.mark.claim("compat.dtype-converts-itself.by-precision")
@pytest.mark.parametrize("precision", TRUE)
def test_the_module_keeps_the_dtype_after_fit(device, trainer, precision):
    module = Records()
    run("train", trainer, module, loader(), precision=precision)
    assert {parameter.dtype for parameter in module.parameters()} == {TRUE[precision]}
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.claim("compat.mixed-half-is-bfloat-on-cpu")
def test_mixed_half_precision_computes_in_bfloat16_on_the_cpu(device, trainer):
    seen = run("train", trainer, RecordsLayers(), loader(), precision="16-mixed")
    assert seen == untouched(output=torch.bfloat16)


@pytest.mark.claim("compat.mixed-half-is-refused-on-cpu")
def test_mixed_half_precision_is_refused_on_the_cpu(device, trainer):
    with pytest.raises(MisconfigurationException) as raised:
        fit(trainer(precision="16-mixed"), RecordsLayers(), train=loader())
    assert "CPU" in str(raised.value).upper()
    assert "GPU" in str(raised.value)
