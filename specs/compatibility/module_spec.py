"""The module moves to the Trainer's device by itself, with all that torch counts as its own, and back after the run."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from fixtures.data import regression_loader
from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.modules import Evaluated, same_weights, weights
from ledger.plugin.outcomes import Untested

CPU = torch.device("cpu")
EVALUATIONS = {"validate": validate, "test": test, "predict": predict}


class Child(pl.LightningModule):
    """A LightningModule inside another, with a parameter and a buffer of its own."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.register_buffer("mean", torch.zeros(2))


class Holds(Evaluated):
    """Holds tensors in every way that torch knows, and some that it does not; `seen` is what each hook saw in turn."""

    def __init__(self):
        super().__init__(optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.1))
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("left_out", torch.ones(2), persistent=False)
        self.deep = nn.ModuleDict({"list": nn.ModuleList([nn.Sequential(nn.BatchNorm1d(2), Child())])})
        self.plain, self.hidden = torch.ones(2), [nn.Linear(1, 1)]
        self.seen, self.unregistered = [], []

    def see(self, hook):
        places = {child.device for child in self.modules() if isinstance(child, pl.LightningModule)}
        self.seen.append((hook, places, devices(self)))

    def setup(self, *args, **kwargs):
        self.see("setup")
        self.made_in_setup = nn.Linear(2, 2)

    def configure_optimizers(self):
        self.see("configure_optimizers")
        return super().configure_optimizers()

    def on_fit_start(self):
        self.see("on_fit_start")
        self.made_late = nn.Linear(2, 2)

    def training_step(self, batch, batch_idx):
        self.see("training_step")
        elsewhere = {self.plain.device, *(value.device for value in self.hidden[0].parameters())}
        self.unregistered.append((elsewhere, {value.device for value in self.made_late.parameters()}))
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        self.see("validation_step")
        return super().validation_step(batch, batch_idx)

    def test_step(self, batch, batch_idx):
        self.see("test_step")
        return super().test_step(batch, batch_idx)

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        self.see("predict_step")
        return super().predict_step(batch, batch_idx)

    def on_train_end(self):
        self.see("on_train_end")
        kept = optimizer_state(self.trainer)
        self.state_at_the_end = [name for name, _ in kept], {value.device for _, value in kept}


def devices(module):
    """The devices of all parameters and buffers, except of what was made too late."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {value.device for name, value in named if not name.startswith("made_late")}


def optimizer_state(trainer):
    """The tensors, other than scalars, that the optimizer keeps."""
    kept = [item for state in trainer.optimizers[0].state.values() for item in state.items()]
    return [(name, value) for name, value in kept if torch.is_tensor(value) and value.dim()]


def fitted(trainer):
    module, run = Holds(), trainer(num_sanity_val_steps=0)
    fit(run, module, train=regression_loader(size=4), val=regression_loader(size=4))
    return module, run


def evaluated(entry, trainer):
    module = Holds()
    before = weights(module)
    try:
        EVALUATIONS[entry](trainer(), module, regression_loader(size=4))
    except Unsayable as unsayable:
        raise Untested(str(unsayable)) from None
    return module, before


@pytest.mark.claim("compat.module-moves-itself")
def test_every_hook_of_fit_finds_the_whole_module_on_the_device(device, trainer):
    module, _ = fitted(trainer)
    there = {device.torch_device}
    hooks = ["configure_optimizers", "on_fit_start", "training_step", "training_step"]
    hooks += ["validation_step", "validation_step", "on_train_end"]
    assert module.seen[1:] == [(hook, there, there) for hook in hooks]


@pytest.mark.claim("compat.module-moves-itself")
@pytest.mark.parametrize("entry", EVALUATIONS)
def test_every_evaluation_step_finds_the_whole_module_on_the_device_and_unchanged(device, trainer, entry):
    module, before = evaluated(entry, trainer)
    step, there = {"validate": "validation"}.get(entry, entry) + "_step", {device.torch_device}
    assert [seen for seen in module.seen if seen[0] == step] == [(step, there, there)] * 2
    after = weights(module)
    assert same_weights({name: after[name] for name in before}, before)


@pytest.mark.claim("compat.module-moves-itself")
def test_the_optimizer_keeps_its_state_on_the_device(device, trainer):
    module, _ = fitted(trainer)
    names, places = module.state_at_the_end
    assert names == ["exp_avg", "exp_avg_sq"] * len(list(module.net.parameters()))
    assert places == {device.torch_device}


@pytest.mark.claim("compat.module-returns-to-cpu")
def test_the_module_is_on_the_cpu_after_fit(device, trainer):
    module, _ = fitted(trainer)
    assert module.device == CPU
    assert devices(module) == {CPU}


@pytest.mark.claim("compat.module-returns-after-evaluation")
@pytest.mark.parametrize("entry", EVALUATIONS)
def test_the_module_is_on_the_cpu_after_an_evaluation(device, trainer, entry):
    module, _ = evaluated(entry, trainer)
    assert module.device == CPU
    assert devices(module) == {CPU}


@pytest.mark.claim("compat.module-stays-after-evaluation")
def test_the_module_is_on_the_device_after_an_evaluation(device, trainer):
    module, _ = evaluated("test", trainer)
    assert module.device == device.torch_device
    assert devices(module) == {device.torch_device}


@pytest.mark.claim("compat.optimizer-state-returns-to-cpu")
def test_the_optimizer_state_is_on_the_cpu_after_fit(device, trainer):
    _, run = fitted(trainer)
    assert {value.device for _, value in optimizer_state(run)} == {CPU}


@pytest.mark.claim("compat.optimizer-state-stays")
def test_the_optimizer_state_is_on_the_device_after_fit(device, trainer):
    _, run = fitted(trainer)
    assert {value.device for _, value in optimizer_state(run)} == {device.torch_device}


@pytest.mark.claim("compat.device-known-in-setup")
def test_setup_knows_where_the_module_will_go(device, trainer):
    module, _ = fitted(trainer)
    assert module.seen[0] == ("setup", {device.torch_device}, {CPU})


@pytest.mark.claim("compat.device-unknown-in-setup")
def test_setup_knows_only_where_the_module_is(device, trainer):
    module, _ = fitted(trainer)
    assert module.seen[0] == ("setup", {CPU}, {CPU})


@pytest.mark.claim("compat.unregistered-tensors-stay")
def test_what_is_not_registered_or_comes_too_late_stays(device, trainer):
    module, _ = fitted(trainer)
    assert module.unregistered == [({CPU}, {CPU})] * 2


@pytest.mark.claim("compat.unregistered-tensors-stay")
def test_an_unregistered_tensor_does_not_mix_with_the_batch(device, trainer):
    class Mixes(Evaluated):
        scale = torch.ones(2)

        def training_step(self, batch, batch_idx):
            return (self(batch[0]) * self.scale).sum()

    if device.torch_device == CPU:
        raise Untested("on the CPU there is no other device to mix with")
    with pytest.raises(RuntimeError) as raised:
        fit(trainer(max_steps=1), Mixes(), train=regression_loader())
    assert "Expected all tensors to be on the same device" in str(raised.value)
