"""Callbacks plug in: any number of them, without a word in the module or the Trainer; and training starts only once."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Evaluated, network, same_weights, weights
from fixtures.runs import BATCHES, EPOCHS

WHOLE_FIT = [
    "on_train_start",
    *EPOCHS * ["on_train_epoch_start", *BATCHES * ["on_train_batch_end"]],
    "on_train_end",
]


class Listening(pl.Callback):
    """Remembers which of its hooks were called."""

    def __init__(self):
        self.called = []

    def on_train_start(self, trainer, pl_module):
        self.called.append("on_train_start")

    def on_train_epoch_start(self, trainer, pl_module):
        self.called.append("on_train_epoch_start")

    def on_train_batch_end(self, trainer, pl_module, *rest):
        self.called.append("on_train_batch_end")

    def on_train_end(self, trainer, pl_module):
        self.called.append("on_train_end")


class AnotherKind(Listening):
    """Of another class, since some releases keep the state of callbacks by their class."""


class AThirdKind(Listening):
    pass


def weights_after_fit(trainer, callbacks):
    """The same fit each time: shuffled batches, dropout, momentum, validation; `callbacks` as Trainer takes them."""
    torch.manual_seed(5)
    optimizer = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    module = Evaluated(network(dropout=0.5), optimizer=optimizer)
    run = trainer(max_epochs=EPOCHS, callbacks=callbacks)
    fit(run, module, train=regression_loader(2 * BATCHES, shuffle=True), val=regression_loader(4))
    return weights(module.net)


@pytest.mark.claim("callback.plugs-in-anywhere")
@pytest.mark.parametrize("kinds", [[Listening], [Listening, AnotherKind, AThirdKind]], ids=["one", "three"])
def test_with_callbacks_the_weights_are_the_same_as_without(trainer, kinds):
    callbacks = [kind() for kind in kinds]
    with_callbacks = weights_after_fit(trainer, callbacks)
    assert same_weights(with_callbacks, weights_after_fit(trainer, None))
    assert [callback.called for callback in callbacks] == [WHOLE_FIT] * len(kinds)


@pytest.mark.claim("callback.plugs-in-anywhere")
def test_the_same_callback_plugs_into_another_module_and_another_trainer(trainer):
    callback = Listening()
    for module in (Evaluated(), Evaluated(network(hidden=5))):
        fit(trainer(max_epochs=EPOCHS, callbacks=[callback]), module, train=regression_loader(2 * BATCHES))
    assert callback.called == 2 * WHOLE_FIT


@pytest.mark.claim("callback.train-start-is-first-start-only")
@pytest.mark.parametrize("epochs", [1, 3])
def test_training_starts_and_ends_once_however_many_epochs(trainer, epochs):
    callback = Listening()
    fit(trainer(max_epochs=epochs, callbacks=[callback]), Evaluated(), train=regression_loader(4))
    epoch = ["on_train_epoch_start", "on_train_batch_end", "on_train_batch_end"]
    assert callback.called == ["on_train_start", *epochs * epoch, "on_train_end"]


@pytest.mark.claim("callback.train-start-is-first-start-only")
@pytest.mark.parametrize("run", ["fit", "fit-inside", "fit-resumed", "fit-stopped"])
def test_training_starts_and_ends_once_in_every_run_that_comes_to_its_end(recorded, run):
    """With validation between or inside the epochs, from a checkpoint, and stopped before its last epoch."""
    trace = recorded(run)
    names = ("callback.on_train_start", "callback.on_train_epoch_start", "callback.on_train_end")
    epochs = trace.count("callback.on_train_epoch_start")
    assert epochs >= 1
    assert trace.names(*names) == [names[0], *epochs * [names[1]], names[2]]


class LogsForItself(pl.Callback):
    """Logs how many batches it has seen, after each."""

    seen = 0

    def on_train_batch_end(self, trainer, pl_module, *unused):
        self.seen += 1
        self.log("one", float(self.seen), on_step=False, on_epoch=True)
        self.log_dict({"two": 2.0 * self.seen}, on_step=False, on_epoch=True)


@pytest.mark.claim("callback.logs-as-the-module")
def test_a_callback_logs_as_its_module_does(trainer):
    run = trainer(callbacks=[LogsForItself()])
    fit(run, Evaluated(), regression_loader(4))
    assert {name: float(value) for name, value in run.callback_metrics.items()} == {"one": 1.5, "two": 3.0}
