"""A LightningModule is nn.Module's own `__init__` and `forward`, with backward and step called for it."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import fit
from fixtures.modules import Regression, network


def written_on(base):
    """The same module on another base."""

    class Written(base):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, inputs):
            return self.net(inputs)

    return Written()


def called(module, inputs):
    """What the module makes of the inputs, called as one does, and what a hook on its forward sees of that."""
    seen = []
    module.register_forward_hook(lambda module, inputs, outputs: seen.append(outputs))
    return module(inputs), seen


@pytest.mark.claim("module.wraps-nn-module")
def test_init_and_forward_are_written_as_those_of_a_module_of_torch():
    inputs, _ = regression_tensors()
    plain, (expected, _) = written_on(nn.Module), called(written_on(nn.Module), inputs)
    module = written_on(pl.LightningModule)
    outputs, seen = called(module, inputs)
    assert isinstance(module, nn.Module)
    assert [name for name, _ in module.named_modules()] == [name for name, _ in plain.named_modules()]
    assert torch.equal(outputs, expected)
    assert len(seen) == 1
    assert seen[0] is outputs


@pytest.mark.claim("module.wraps-nn-module")
@pytest.mark.parametrize("base", [nn.Module, pl.LightningModule])
def test_layers_before_init_are_refused_and_so_is_a_call_without_forward(base):
    class Hasty(base):
        def __init__(self):
            self.net = network()

    with pytest.raises(AttributeError) as early:
        Hasty()
    with pytest.raises(NotImplementedError) as missing:
        base()(torch.zeros(1))
    assert str(early.value) == "cannot assign module before Module.__init__() call"
    assert "forward" in str(missing.value)


class Noting(Regression):
    """Notes each backward pass of a loss and each step of the optimizer; calls neither."""

    def __init__(self):
        super().__init__()
        self.events = events = []

        class NotingSGD(torch.optim.SGD):
            def step(self, closure=None):
                loss = super().step(closure)
                events.append("step")
                return loss

        self.make_optimizer = lambda parameters: NotingSGD(parameters, lr=0.1)

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        loss.register_hook(lambda gradient: self.events.append("backward"))
        return loss

    def validation_step(self, batch, batch_idx):
        self.events.append("validation")


@pytest.mark.claim("module.backward-and-step-automatic")
@pytest.mark.parametrize(
    ("accumulate", "expected"),
    [(1, ["backward", "step"] * 3), (2, ["backward", "backward", "step", "backward", "step"])],
)
def test_backward_follows_every_batch_and_a_step_those_it_is_due_after(trainer, accumulate, expected):
    module = Noting()
    quick = trainer(accumulate_grad_batches=accumulate, num_sanity_val_steps=0)
    fit(quick, module, regression_loader(6), regression_loader(2))
    assert module.events == [*expected, "validation"]
