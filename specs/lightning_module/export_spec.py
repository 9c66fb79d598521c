"""Exporting a module: to TorchScript, and to an ONNX file that onnx's reference evaluator reads back."""

import importlib.util

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import FEATURES, TARGETS
from fixtures.dialects.release import parameters
from fixtures.hooks import message
from ledger.plugin.outcomes import Untested

pytestmark = pytest.mark.usefixtures("in_its_own_folder")

SAMPLE = torch.zeros(2, FEATURES)
INPUTS = torch.arange(2.0 * FEATURES).reshape(2, FEATURES)


class Exported(pl.LightningModule):
    """Has dropout, which only eval mode turns off, and weights with which no arithmetic needs rounding.

    What dropout leaves of the hidden values counts twice: with these weights never as much as all of them once.
    """

    def __init__(self):
        super().__init__()
        hidden, out = torch.nn.Linear(FEATURES, 8), torch.nn.Linear(8, TARGETS)
        self.net = torch.nn.Sequential(hidden, torch.nn.Dropout(0.5), out)
        for parameter in self.parameters():
            torch.nn.init.constant_(parameter, 0.25)
        out.weight.data = 2.0 ** torch.arange(8).expand(TARGETS, 8).clone()

    def forward(self, inputs):
        return self.net(inputs)


@pytest.mark.claim("module.to-torchscript")
@pytest.mark.parametrize("method", [{}, {"method": "script"}, {"method": "trace", "example_inputs": SAMPLE}])
def test_the_file_computes_the_same_in_eval_mode(method, tmp_path):
    module, path = Exported(), str(tmp_path / "module.pt")
    script = module.to_torchscript(file_path=path, **method)
    assert module.training
    expected = module.eval()(INPUTS)
    assert expected.shape == (2, TARGETS)
    assert [torch.equal(each(INPUTS), expected) for each in (script, torch.jit.load(path))] == [True, True]
    module.to_torchscript(**method)
    assert not module.training


@pytest.mark.claim("module.to-torchscript")
def test_tracing_takes_the_example_of_the_module_or_is_refused():
    module = Exported()
    assert message(Exception, lambda: module.to_torchscript(method="trace")) != ""
    module.example_input_array = SAMPLE
    assert torch.equal(module.to_torchscript(method="trace")(INPUTS), module.eval()(INPUTS))
    said = message(ValueError, lambda: module.to_torchscript(method="compile"))
    assert said.startswith("The 'method' parameter only supports 'script' or 'trace'")


def torch_exports_the_mode_it_finds():
    """From 2.9 on torch.onnx.export goes through torch.export, unless dynamo=False, and no longer sets eval mode."""
    dynamo = parameters(torch.onnx.export).get("dynamo")
    return dynamo is not None and dynamo.default is True


def this_release_knows_that_exporter():
    """It can do without a file, as that exporter can."""
    return parameters(pl.LightningModule.to_onnx)["file_path"].default is None


def needs(*packages):
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise Untested(f"no ONNX file is written or read without {' and '.join(missing)}, not installed here")


@pytest.fixture
def onnx_file(tmp_path, no_bar_thread):
    """`onnx_file(module, sample, **options)` exports to a file and tells what that computes from INPUTS."""
    needs("onnx", *(["onnxscript"] if torch_exports_the_mode_it_finds() else []))

    def computed(module, *sample, **options):
        from onnx.reference import ReferenceEvaluator

        path = str(tmp_path / "module.onnx")
        module.to_onnx(path, *sample, **options)
        file = ReferenceEvaluator(path)
        return torch.from_numpy(file.run(None, {file.input_names[0]: INPUTS.numpy()})[0])

    return computed


@pytest.mark.claim("module.to-onnx")
def test_the_onnx_file_computes_the_same_as_the_module_in_eval_mode(onnx_file):
    module = Exported().eval()
    assert torch.equal(onnx_file(module, SAMPLE), module(INPUTS))
    assert not module.training


@pytest.mark.claim("module.to-onnx")
def test_without_a_sample_the_example_of_the_module_is_taken_or_nothing_written(onnx_file, tmp_path):
    module = Exported().eval()
    said = message(ValueError, lambda: onnx_file(module))
    assert "neither `input_sample` nor `model.example_input_array` attribute is set" in said
    assert list(tmp_path.iterdir()) == []
    module.example_input_array = SAMPLE
    assert torch.equal(onnx_file(module), module(INPUTS))


@pytest.mark.claim("module.to-onnx-in-train-mode")
def test_a_module_in_train_mode_is_exported_as_in_eval_mode(onnx_file):
    if torch_exports_the_mode_it_finds() != this_release_knows_that_exporter():
        raise Untested("this release leaves the mode to torch's exporter, which was replaced")
    module = Exported()
    computed = onnx_file(module, SAMPLE)
    assert module.training
    assert torch.equal(computed, module.eval()(INPUTS))


@pytest.mark.claim("module.to-onnx-in-train-mode.as-it-is")
def test_dropout_drops_in_the_file_unless_the_older_exporter_is_asked_for(onnx_file):
    if not torch_exports_the_mode_it_finds():
        raise Untested("this torch exports in eval mode")
    module = Exported()
    expected = Exported().eval()(INPUTS)
    with pytest.warns(UserWarning, match="Exporting a model while it is in training mode"):
        computed = onnx_file(module, SAMPLE)
    assert not torch.equal(computed, expected)
    assert module.training
    assert torch.equal(onnx_file(module, SAMPLE, dynamo=False), expected)
