"""The optimizers and schedulers of a recorded module are events too, and remain as torch made them."""

from __future__ import annotations

import copy
import inspect
import warnings

import pytest
import torch

from fixtures.data import regression_tensors
from fixtures.modules import Regression
from fixtures.recording import Recorder


class Scheduled(Regression):
    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)]


@pytest.mark.parametrize("shape", ["dict", "list", "tuple of dicts", "lists"])
def test_optimizers_and_schedulers_in_every_shape(shape):
    class Shaped(Regression):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=1.0, momentum=0.5)
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
            together = {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "loss"}}
            return {
                "dict": together,
                "list": [optimizer],
                "tuple of dicts": (together,),
                "lists": ([optimizer], [scheduler]),
            }[shape]

    recorder = Recorder()
    module = recorder.module(Shaped)
    with recorder:
        configured = module.configure_optimizers()
        (optimizer, *_) = [part for part in leaves(configured) if isinstance(part, torch.optim.Optimizer)]
        optimizer.zero_grad()
        module.loss(regression_tensors()).backward()
        optimizer.step()
        for scheduler in leaves(configured):
            if hasattr(scheduler, "patience"):
                scheduler.step(1.0)
    stepped = [] if shape == "list" else ["scheduler.step"]
    names = ["module.configure_optimizers", "optimizer.zero_grad", "module.forward", "torch.backward", "optimizer.step"]
    assert recorder.trace.names() == names + stepped


def leaves(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]


def test_instrumented_optimizers_and_schedulers_behave_as_torch_made_them():
    def configured(recorder):
        module = Scheduled()
        if recorder:
            recorder.module(module)
        (optimizer,), (scheduler,) = module.configure_optimizers()
        return optimizer, scheduler

    recorder = Recorder()
    (plain, plain_scheduler), (optimizer, scheduler) = configured(None), configured(recorder)
    with warnings.catch_warnings(), recorder:
        warnings.simplefilter("error")
        optimizer.step(lambda: None)
        scheduler.step()
        late = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
        optimizer.step()
        late.step()
    plain.step()
    plain_scheduler.step()
    assert recorder.trace.names("optimizer", "scheduler") == ["optimizer.step", "scheduler.step", "optimizer.step"]
    assert inspect.signature(type(scheduler).step) == inspect.signature(type(plain_scheduler).step)
    assert inspect.signature(optimizer.step) == inspect.signature(type(plain).step.__get__(plain))
    assert isinstance(scheduler, torch.optim.lr_scheduler.StepLR)
    assert scheduler.state_dict().keys() == plain_scheduler.state_dict().keys()
    assert type(scheduler).__name__ == "StepLR"
    copy.deepcopy(optimizer).step()
