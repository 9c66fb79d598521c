"""Recording a run gives its trace, call by call, and does not change the run."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings

import pytest
import torch
from packaging.version import Version
from pytorch_lightning import Callback, LightningDataModule, LightningModule
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.core.hooks import ModelHooks

from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import fit, make_trainer, release
from fixtures.modules import Evaluated, Regression, network, same_weights, weights
from fixtures.recording import Recorder
from fixtures.traces import Trace

try:
    from pytorch_lightning.utilities.model_helpers import is_overridden
except ImportError:
    from pytorch_lightning.utilities.model_utils import is_overridden


class Data(LightningDataModule):
    def prepare_data(self):
        pass

    def setup(self, stage=None):
        self.stage = stage

    def train_dataloader(self):
        return regression_loader()

    def val_dataloader(self):
        return regression_loader(size=4)


class Scheduled(Evaluated):
    """Dropout, Adam, a scheduler, and a hook of its own that calls the inherited one."""

    def __init__(self):
        super().__init__(network(dropout=0.5))

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)]

    def optimizer_zero_grad(self, *args, **kwargs):
        super().optimizer_zero_grad(*args, **kwargs)


class Counting(Callback):
    """Has state, which old releases save under its class and later ones under its name."""

    def __init__(self):
        self.batches = 0

    def on_train_batch_end(self, *args, **kwargs):
        self.batches += 1

    def state_dict(self):
        return {"batches": self.batches}

    def on_save_checkpoint(self, trainer, pl_module, *checkpoint):
        return None if checkpoint and hasattr(Callback, "state_dict") else self.state_dict()


def run(folder, recorder: Recorder | None) -> tuple[LightningModule, Counting]:
    """Two epochs from a data module, validated and saved; recorded where there is a recorder."""
    torch.manual_seed(3)
    module, data, callback = Scheduled(), Data(), Counting()
    if recorder is not None:
        recorder.module(module)
        recorder.datamodule(data)
        recorder.callback(base=callback)
    checkpoint = ModelCheckpoint(dirpath=str(folder), filename="last")
    trainer = make_trainer("cpu", max_epochs=2, callbacks=[callback, checkpoint], default_root_dir=str(folder))
    fit(trainer, module, datamodule=data)
    return module, callback


def recorded_run(folder) -> Trace:
    recorder = Recorder()
    with recorder:
        run(folder, recorder)
    return recorder.trace


@pytest.fixture(scope="module")
def trace(tmp_path_factory) -> Trace:
    return recorded_run(tmp_path_factory.mktemp("run"))


WHOLE_FILE = {"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters else {}


def plain_values(value):
    """A checkpoint as plain values that `==` can compare, without the folder that ModelCheckpoint keeps in it."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): plain_values(item) for key, item in value.items() if "ModelCheckpoint" not in str(key)}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    return value


@pytest.mark.usefixtures("trace")  # what the first run imports warns once a process
def test_recording_changes_neither_weights_nor_checkpoints_nor_warnings(tmp_path):
    outcome = {}
    for recorder in (None, Recorder()):
        folder = tmp_path / ("recorded" if recorder else "plain")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if recorder:
                with recorder:
                    module, callback = run(folder, recorder)
            else:
                module, callback = run(folder, None)
        (file,) = folder.glob("*.ckpt")
        saved = plain_values(torch.load(str(file), **WHOLE_FILE))
        said = [str(warning.message).replace(str(folder), "") for warning in caught]
        outcome[recorder is None] = weights(module), callback.batches, saved, said
    (plain, recorded) = outcome[True], outcome[False]
    assert same_weights(plain[0], recorded[0])
    assert plain[1:] == recorded[1:]
    assert recorded[1] == 8


def test_the_run_is_recorded_call_by_call(trace):
    assert trace.count("module.training_step") == 8
    assert trace.count("module.training_step", batch_idx=3) == 2
    for once_a_batch in ("torch.backward", "optimizer.step", "optimizer.zero_grad", "module.optimizer_step"):
        assert (once_a_batch, trace.count(once_a_batch)) == (once_a_batch, 8)
    assert trace.count("scheduler.step") == 2
    assert trace.count("module.configure_optimizers") == 1
    assert trace.count("datamodule.prepare_data") == 1
    assert trace.count("datamodule.setup", stage="fit") == 1
    assert trace.before("callback.on_train_start", "module.on_train_start")
    assert trace.before("datamodule.prepare_data", "datamodule.setup")
    assert trace.before("module.on_train_epoch_start", "module.training_step")
    assert trace.before("module.training_step", "torch.backward")
    assert trace.before("torch.backward", "module.on_after_backward")
    assert "torch.backward" in trace.inside("module.backward")


def test_arguments_are_bound_by_name(trace):
    (first, *rest) = trace.arguments("module.training_step")
    inputs, _ = regression_tensors()
    assert list(first) == ["batch", "batch_idx"]
    assert torch.equal(first["batch"][0], inputs[:2])
    assert [given["batch_idx"] for given in rest] == [1, 2, 3, 0, 1, 2, 3]
    assert trace.arguments("callback.on_fit_start")[0].keys() == {"trainer", "pl_module"}


def test_modes_are_those_at_the_call(trace):
    def modes(name):
        return {(event.training, event.grad_enabled) for event in trace if event.name == name}

    assert modes("module.training_step") == {(True, True)}
    assert modes("module.validation_step") == {(False, False)}


def test_two_runs_have_the_same_lines(trace, tmp_path):
    lines = trace.lines()
    assert lines == recorded_run(tmp_path).lines()
    assert [line for line in lines if "/" in line or "0x" in line] == []
    assert "    module.training_step(batch_idx=0)" in lines


@pytest.mark.parametrize(("make", "base"), [(Scheduled, LightningModule), (Data, LightningDataModule)])
def test_lightning_sees_the_same_overrides_and_signatures(make, base):
    plain, recorded = make(), make()
    recorder = Recorder()
    (recorder.module if base is LightningModule else recorder.datamodule)(recorded)
    hooks = [name for name in vars(recorded) if hasattr(getattr(base, name, None), "__code__")]
    assert {"train_dataloader", "prepare_data"} <= set(hooks)
    uncalled = {"prepare_data"}
    if base is LightningModule and release() < Version("1.5"):
        uncalled |= {"setup", "teardown", *(name for name in hooks if name.startswith("on_"))}
    for name in hooks:
        method, original = getattr(recorded, name), getattr(plain, name)
        if name not in uncalled:
            assert (name, is_overridden(name, recorded)) == (name, is_overridden(name, plain))
        assert inspect.signature(method) == inspect.signature(original)
        assert inspect.getfullargspec(method).args[1:] == inspect.getfullargspec(inspect.unwrap(original)).args[1:]


def test_a_hook_that_a_new_release_adds_is_recorded(monkeypatch):
    monkeypatch.setattr(ModelHooks, "on_something_new", lambda self, detail: detail, raising=False)
    monkeypatch.setattr(Callback, "on_something_new", lambda self, trainer: None, raising=False)
    recorder = Recorder()
    module, callback = recorder.module(Regression), recorder.callback()
    with recorder:
        assert module.on_something_new("this") == "this"
        callback.on_something_new(None)
    assert recorder.trace.lines() == [
        "module.on_something_new(detail='this')",
        "callback.on_something_new(trainer=None)",
    ]


def test_hooks_that_the_release_no_longer_has_are_recorded():
    class Old(Regression):
        def training_epoch_end(self, outputs):
            return len(outputs)

    recorder = Recorder()
    module = recorder.module(Old)
    with recorder:
        assert module.training_epoch_end([1, 2]) == 2
    assert recorder.trace.count("module.training_epoch_end") == 1


def test_what_is_no_hook_is_not_recorded():
    class Helping(Regression):
        def shared_step(self, batch):
            return self.loss(batch)

    recorder = Recorder()
    module = recorder.module(Helping)
    with recorder:
        module.freeze()
        module.shared_step(regression_tensors())
        list(module.parameters())
        module.state_dict()
    assert recorder.trace.names() == ["module.eval", "module.forward"]


def test_only_the_outermost_switch_is_recorded():
    recorder = Recorder()
    module = recorder.module(Regression)
    with recorder:
        module.eval()
        module.train()
        module.to("cpu")
    assert recorder.trace.names("module.eval", "module.train", "module.to") == [
        "module.eval",
        "module.train",
        "module.to",
    ]
    assert [event.training for event in recorder.trace[:3]] == [True, False, True]


def test_nothing_is_recorded_outside_and_everything_is_put_back():
    backward = torch.Tensor.backward
    recorder = Recorder()
    module = recorder.module(Regression)
    loss = module.loss(regression_tensors())

    class Stop(Exception):
        pass

    with pytest.raises(Stop), recorder:
        assert torch.Tensor.backward is not backward
        with pytest.raises(RuntimeError, match="already recording"), recorder:
            pass
        loss.backward()
        raise Stop
    module.eval()
    assert torch.Tensor.backward is backward
    assert recorder.trace.names() == ["torch.backward"]
    with recorder:
        module.train()
    assert recorder.trace.names() == ["torch.backward", "module.train"]


def test_a_call_that_does_not_fit_fails_as_it_does_unrecorded():
    recorder = Recorder()
    module = recorder.module(Regression)
    with (
        recorder,
        pytest.raises(TypeError, match=r"training_step\(\) missing 1 required positional argument: 'batch_idx'"),
    ):
        module.training_step(None)
    assert recorder.trace.names() == []


def test_labels_tell_several_callbacks_apart():
    recorder = Recorder()
    first, second = recorder.callback("first"), recorder.callback("second", Counting)
    assert (type(first), type(second)) == (Callback, Counting)
    with recorder:
        second.on_train_batch_end()
        first.on_fit_start(None, None)
    assert recorder.trace.names() == ["second.on_train_batch_end", "first.on_fit_start"]
    assert second.batches == 1
    assert recorder.trace[0].source is second


def test_copies_are_independent_and_not_recorded():
    recorder = Recorder()
    module = recorder.module(Regression(optimizer=torch.optim.Adam))
    copies = [copy.deepcopy(module), pickle.loads(pickle.dumps(module))]
    with recorder:
        for other in copies:
            torch.nn.init.zeros_(next(other.parameters()))
            other.eval()
            other(regression_tensors()[0])
    assert recorder.trace.names() == []
    assert module.training
    assert not next(copies[0].parameters()).any()
    assert next(module.parameters()).any()
