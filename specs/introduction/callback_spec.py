"""Callback beside Keras's Callback: what is alike, measured against the real one where it is installed, and more."""

import os
from contextlib import suppress
from importlib.util import find_spec

import pytest
import pytorch_lightning as pl
import torch

from fixtures.dialects import Unsayable, fit, predict, test
from fixtures.recording import Recorder
from ledger.plugin.outcomes import Untested

COUNTERPARTS = {
    "on_train_begin": ["on_train_start"],
    "on_train_end": ["on_train_end"],
    "on_epoch_begin": ["on_train_epoch_start"],
    "on_epoch_end": ["on_train_epoch_end"],
    "on_train_batch_begin": ["on_train_batch_start"],
    "on_train_batch_end": ["on_train_batch_end"],
    "on_batch_begin": ["on_train_batch_start"],
    "on_batch_end": ["on_train_batch_end"],
    "on_test_begin": ["on_validation_start", "on_test_start"],
    "on_test_end": ["on_validation_end", "on_test_end"],
    "on_test_batch_begin": ["on_validation_batch_start", "on_test_batch_start"],
    "on_test_batch_end": ["on_validation_batch_end", "on_test_batch_end"],
    "on_predict_begin": ["on_predict_start"],
    "on_predict_end": ["on_predict_end"],
    "on_predict_batch_begin": ["on_predict_batch_start"],
    "on_predict_batch_end": ["on_predict_batch_end"],
}
"""Every hook of Keras's Callback, and where it is called in Lightning; Keras tests during training and by itself."""

OLD_NAMES = ("on_batch_begin", "on_batch_end")
STEPS = ("training_step", "validation_step", "test_step", "predict_step")
STEPS_OF_KERAS = ("train_step", "test_step", "predict_step")
EPOCHS, BATCHES, HELD_OUT = 2, 3, 2


class Counting(pl.LightningModule):
    """The loss is the weight: every step of the optimizer lowers it by the learning rate, whatever the data."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.losses = []

    def training_step(self, batch, batch_idx):
        loss = (self.weight * batch).mean()
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch, batch_idx):
        return (self.weight * batch).mean()

    def test_step(self, batch, batch_idx):
        return (self.weight * batch).mean()

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        return self.weight * batch

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def ones(batches):
    return torch.utils.data.DataLoader(torch.ones(2 * batches, 1), batch_size=2)


def run_of_lightning(trainer, sanity_steps=0):
    """The callback hooks and steps of a fit with validation, a test and a prediction, by name and in order."""
    recorder = Recorder()
    module, callback = recorder.module(Counting), recorder.callback()
    run = trainer(callbacks=[callback], max_epochs=EPOCHS, num_sanity_val_steps=sanity_steps)
    with recorder, suppress(Unsayable):  # the oldest releases cannot predict
        fit(run, module, train=ones(BATCHES), val=ones(HELD_OUT))
        test(run, module, ones(HELD_OUT))
        predict(run, module, ones(HELD_OUT))
    return [name.split(".")[1] for name in recorder.trace.names("callback", *(f"module.{step}" for step in STEPS))]


@pytest.fixture
def keras(tmp_path, monkeypatch):
    """The real Keras on torch; importing it writes a file and sets environment variables, which are put back."""
    if find_spec("keras") is None:
        raise Untested("keras is not installed (tox -e keras brings it)")
    environment = dict(os.environ)
    os.environ.update(KERAS_BACKEND="torch", KERAS_HOME=str(tmp_path))
    import keras

    yield keras
    os.environ.clear()
    os.environ.update(environment)


def hooks_of(callback):
    return sorted(name for name in dir(callback) if name.startswith("on_"))


def run_of_keras(keras):
    """The same as `run_of_lightning`, of the real Keras."""
    names = []

    def noting(name, original):
        def call(self, *args, **kwargs):
            names.append(name)
            return original(self, *args, **kwargs)

        return call

    hooks = {hook: noting(hook, getattr(keras.callbacks.Callback, hook)) for hook in hooks_of(keras.callbacks.Callback)}
    callback = type("Noting", (keras.callbacks.Callback,), hooks)()
    steps = {step: noting(step, getattr(keras.Sequential, step)) for step in STEPS_OF_KERAS}
    inputs, held_out = torch.ones(2 * BATCHES, 1).numpy(), torch.ones(2 * HELD_OUT, 1).numpy()
    with keras.device("cpu"):
        model = type("Model", (keras.Sequential,), steps)([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse")
        options = {"batch_size": 2, "callbacks": [callback], "verbose": 0}
        model.fit(inputs, inputs, epochs=EPOCHS, validation_data=(held_out, held_out), **options)
        model.evaluate(held_out, held_out, **options)
        model.predict(held_out, **options)
    return names


def moments(names, hooks):
    """Of each call of these hooks: after how many steps of the whole run it came."""
    steps = [name in STEPS + STEPS_OF_KERAS for name in names]
    return [sum(steps[:position]) for position, name in enumerate(names) if name in hooks]


def in_keras_words(names):
    """The hooks that Keras has too, by its names."""
    words = {hook: name for name, hooks in COUNTERPARTS.items() if name not in OLD_NAMES for hook in hooks}
    return [words[name] for name in names if name in words]


@pytest.mark.claim("intro.callback-like-keras")
def test_every_hook_of_keras_has_a_counterpart_called_at_the_same_moments(device, trainer, keras):
    theirs, ours = run_of_keras(keras), run_of_lightning(trainer)
    expected = {hook: moments(theirs, [hook]) for hook in hooks_of(keras.callbacks.Callback)}
    assert all(expected.values())
    assert {hook: moments(ours, COUNTERPARTS.get(hook, ())) for hook in expected} == expected


@pytest.mark.claim("intro.callback-like-keras")
def test_the_hooks_come_in_the_order_of_keras(device, trainer, keras):
    expected = [name for name in run_of_keras(keras) if name.startswith("on_") and name not in OLD_NAMES]
    assert in_keras_words(run_of_lightning(trainer)) == expected


PREDICTING = {hook for hook in COUNTERPARTS if hook.startswith("on_predict")}


@pytest.mark.claim("intro.callback-like-keras.in-training")
def test_the_hooks_of_training_and_testing_have_counterparts_at_the_same_moments(device, trainer, keras):
    theirs, ours = run_of_keras(keras), run_of_lightning(trainer)
    hooks = set(hooks_of(keras.callbacks.Callback)) - PREDICTING - {"on_epoch_end"}
    expected = {hook: moments(theirs, [hook]) for hook in hooks}
    assert {hook: moments(ours, COUNTERPARTS[hook]) for hook in hooks} == expected


@pytest.mark.claim("intro.callback-like-keras.in-training")
def test_an_epoch_ends_once_its_batches_are_done_whether_before_its_validation_or_after(device, trainer, keras):
    names = in_keras_words(run_of_lightning(trainer))
    of_epoch = [name for name in names if name in ("on_epoch_begin", "on_train_batch_end", "on_epoch_end")]
    assert of_epoch == EPOCHS * ["on_epoch_begin", *BATCHES * ["on_train_batch_end"], "on_epoch_end"]
    assert of_epoch == [name for name in run_of_keras(keras) if name in of_epoch]


def assert_calls_these_and_more(trainer, of_keras, observe):
    """A run calls the counterparts of these hooks, and others that Keras does not have."""
    called = {name for name in run_of_lightning(trainer, sanity_steps=1) if name not in STEPS}
    counterparts = {hook for name in of_keras for hook in COUNTERPARTS[name]}
    assert counterparts < called
    more = sorted(called - counterparts)
    observe("hooks that a run calls and Keras does not have", more)
    assert {"setup", "on_fit_start", "on_sanity_check_start", "on_sanity_check_end"} < set(more)
    assert {"on_validation_epoch_start", "on_validation_epoch_end", "on_fit_end", "teardown"} < set(more)


@pytest.mark.claim("intro.callback-richer")
def test_a_run_calls_all_hooks_of_keras_and_more(device, trainer, observe):
    assert_calls_these_and_more(trainer, set(COUNTERPARTS), observe)


@pytest.mark.claim("intro.callback-richer.but-for-predicting")
def test_a_run_calls_all_hooks_of_keras_but_those_for_predicting_and_more(device, trainer, observe):
    assert_calls_these_and_more(trainer, set(COUNTERPARTS) - PREDICTING, observe)


@pytest.mark.claim("intro.callback-richer")
def test_the_table_above_has_every_hook_of_keras(keras):
    assert sorted(COUNTERPARTS) == hooks_of(keras.callbacks.Callback)


def losses_with(trainer, **hooks):
    """The losses of a run of five steps, with a callback of these hooks."""
    module, callback = Counting(), type("Interfering", (pl.Callback,), hooks)()
    fit(trainer(callbacks=[callback]), module, train=ones(5))
    return module.losses


@pytest.mark.claim("intro.callback-richer")
def test_a_callback_changes_the_learning_rate_in_mid_run(device, trainer):
    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx, *rest):
        trainer.optimizers[0].param_groups[0]["lr"] = [1.0, 0.5, 0.5, 2.0, 1.0][batch_idx]

    assert losses_with(trainer, on_train_batch_start=on_train_batch_start) == [0.0, -1.0, -1.5, -2.0, -4.0]


@pytest.mark.claim("intro.callback-richer")
def test_a_callback_changes_the_weights_in_mid_run(device, trainer):
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, *rest):
        if batch_idx == 1:
            pl_module.weight.data.fill_(10.0)

    assert losses_with(trainer, on_train_batch_end=on_train_batch_end) == [0.0, -1.0, 10.0, 9.0, 8.0]


@pytest.mark.claim("intro.callback-richer")
def test_a_callback_stops_the_run(device, trainer):
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, *rest):
        trainer.should_stop = batch_idx == 1

    assert losses_with(trainer, on_train_batch_end=on_train_batch_end) == [0.0, -1.0]


@pytest.mark.claim("intro.callback-richer")
def test_a_callback_changes_the_gradients_within_a_step(device, trainer):
    if not hasattr(pl.Callback, "on_after_backward"):
        raise Untested("this release's Callback has no hook between backward and the optimizer's step")

    def on_after_backward(self, trainer, pl_module):
        pl_module.weight.grad *= len(pl_module.losses)

    assert losses_with(trainer, on_after_backward=on_after_backward) == [0.0, -1.0, -3.0, -6.0, -10.0]
