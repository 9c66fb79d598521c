"""Hooks of Callback that the tutorial could not know: around a prediction, on an exception, and for a state to keep."""

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, predict, test, validate
from fixtures.modules import Evaluated
from fixtures.resumes import fit_and_save
from fixtures.runs import HELD_OUT, DeliberateError


@pytest.mark.claim("since.callback-predict-hooks")
def test_a_prediction_is_framed_from_outside_to_inside(recorded):
    trace = recorded("predict")
    assert trace.names("callback.on_predict_*") == [
        "callback.on_predict_start",
        "callback.on_predict_epoch_start",
        *["callback.on_predict_batch_start", "callback.on_predict_batch_end"] * HELD_OUT,
        "callback.on_predict_epoch_end",
        "callback.on_predict_end",
    ]


@pytest.mark.claim("since.callback-predict-hooks")
def test_each_step_of_a_prediction_lies_between_its_batch_hooks(recorded):
    trace = recorded("predict")
    around = ("callback.on_predict_batch_start", "module.predict_step", "callback.on_predict_batch_end")
    assert trace.names(*around) == [*around] * HELD_OUT
    for name in around:
        assert [given["batch_idx"] for given in trace.arguments(name)] == [*range(HELD_OUT)]


@pytest.mark.claim("since.callback-predict-hooks")
def test_eval_mode_and_no_gradients_last_until_the_epoch_has_ended(recorded):
    events = [event for event in recorded("predict") if event.name.startswith("callback.on_predict_")]
    assert {event.training for event in events} == {False}
    assert {event.grad_enabled for event in events if event.name != "callback.on_predict_end"} == {False}


@pytest.mark.claim("since.callback-predict-outputs")
def test_the_end_of_a_batch_is_given_what_predict_returns(trainer):
    given = []

    class Collects(pl.Callback):
        def on_predict_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
            given.append((batch_idx, batch[0].tolist(), outputs.tolist()))

    returned = predict(trainer(callbacks=[Collects()]), Evaluated(), regression_loader(4))
    inputs = [batch[0].tolist() for batch in regression_loader(4)]
    assert given == [(index, inputs[index], returned[index].tolist()) for index in range(HELD_OUT)]
    assert len(returned) == HELD_OUT


@pytest.mark.claim("since.callback-on_predict_epoch_end")
def test_the_end_of_the_epoch_is_told_without_outputs(trainer):
    told = []

    class Told(pl.Callback):
        def on_predict_epoch_end(self, trainer, pl_module, *more):
            told.append(more)

    predict(trainer(callbacks=[Told()]), Evaluated(), regression_loader(4))
    assert told == [()]


@pytest.mark.claim("since.callback-on_predict_epoch_end.outputs")
def test_the_end_of_the_epoch_is_given_a_list_of_outputs_for_each_loader(trainer):
    given = []

    class Collects(pl.Callback):
        def on_predict_epoch_end(self, trainer, pl_module, outputs=()):
            given.append([[output.tolist() for output in loader] for loader in outputs])

    returned = predict(trainer(callbacks=[Collects()]), Evaluated(), regression_loader(4))
    assert given == [[[output.tolist() for output in returned]]]


class Failing(Evaluated):
    """Fails in its second batch, whatever the run."""

    def loss(self, batch):
        self.batches = getattr(self, "batches", 0) + 1
        if self.batches == 2:
            raise DeliberateError("in the second batch")
        return super().loss(batch)

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        return self.loss(batch)


class Notes(pl.Callback):
    def __init__(self):
        self.exceptions = []

    def on_exception(self, trainer, pl_module, exception):
        self.exceptions.append(exception)


@pytest.mark.claim("since.callback-on_exception")
@pytest.mark.parametrize("run", [fit, validate, test, predict])
def test_every_callback_is_given_the_exception_that_leaves_the_run(trainer, run):
    callbacks = [Notes(), pl.Callback(), Notes()]
    with pytest.raises(DeliberateError) as raised:
        run(trainer(callbacks=callbacks), Failing(), regression_loader(4))
    assert callbacks[0].exceptions == [raised.value]
    assert callbacks[2].exceptions == [raised.value]


@pytest.mark.claim("since.callback-on_exception")
def test_no_other_hook_of_the_callback_follows_an_exception(recorded):
    trace = recorded("fit-failed")
    assert trace.names("callback")[-2:] == ["callback.on_train_batch_start", "callback.on_exception"]
    assert trace.count("callback.on_exception") == 1


@pytest.mark.claim("since.callback-on_exception")
def test_a_run_that_fails_nowhere_does_not_call_it(recorded):
    assert recorded("fit").count("callback.on_exception") == 0
    assert recorded("fit-stopped").count("callback.on_exception") == 0


@pytest.mark.claim("since.callback-on_exception-interrupt")
def test_an_interrupt_is_an_exception_to_callbacks(recorded):
    trace = recorded("fit-interrupted")
    assert [type(given["exception"]) for given in trace.arguments("callback.on_exception")] == [KeyboardInterrupt]
    assert trace.names("callback")[-1] == "callback.on_exception"


@pytest.mark.claim("since.interrupt-ends-the-program")
def test_an_interrupt_leaves_fit_as_system_exit(recorded):
    trace = recorded("fit-interrupted")
    assert [given["exception"] for given in trace.arguments("run.raised")] == ["SystemExit"]


@pytest.mark.claim("since.interrupt-ends-the-program.returns")
def test_fit_returns_after_an_interrupt(recorded):
    trace = recorded("fit-interrupted")
    assert trace.count("callback.on_train_batch_start") == 2
    assert trace.count("run.raised") == 0


class Counts(pl.Callback):
    """Counts batches, and writes down in which order it is asked and told about that."""

    def __init__(self):
        self.batches, self.calls = 0, []

    def setup(self, trainer, pl_module, stage=None):
        self.calls.append("setup")

    def on_load_checkpoint(self, trainer, pl_module, checkpoint):
        self.calls.append("on_load_checkpoint")

    def on_fit_start(self, trainer, pl_module):
        self.calls.append("on_fit_start")

    def on_train_batch_end(self, trainer, *rest):
        self.batches += 1

    def state_dict(self):
        return {"batches": self.batches}

    def load_state_dict(self, state_dict):
        self.calls.append("load_state_dict")
        self.batches = state_dict["batches"]


def saved(trainer, folder):
    """A checkpoint after two batches, counted by a `Counts` beside a callback without a state."""
    first = trainer(callbacks=[pl.Callback(), Counts()])
    return fit_and_save(first, Evaluated(), str(folder / "saved.ckpt"), train=regression_loader(4))


def resumed(trainer, folder):
    """A fresh `Counts` after two more batches."""
    counts, checkpoint = Counts(), saved(trainer, folder)
    fit(trainer(max_epochs=2, callbacks=[counts]), Evaluated(), train=regression_loader(4), ckpt_path=checkpoint)
    return counts


@pytest.mark.claim("since.callback-state")
def test_what_state_dict_returns_is_in_the_checkpoint_under_the_callbacks_key(trainer, tmp_path):
    checkpoint = torch.load(saved(trainer, tmp_path), weights_only=False)
    assert checkpoint["callbacks"] == {Counts().state_key: {"batches": 2}}


@pytest.mark.claim("since.callback-state")
def test_load_state_dict_is_given_it_back_in_a_run_that_resumes(trainer, tmp_path):
    assert resumed(trainer, tmp_path).batches == 2 + 2


@pytest.mark.claim("since.callback-state")
def test_a_run_from_the_beginning_calls_no_load_state_dict(trainer):
    fresh = Counts()
    fit(trainer(callbacks=[fresh]), Evaluated(), train=regression_loader(4))
    assert (fresh.batches, fresh.calls) == (2, ["setup", "on_fit_start"])


@pytest.mark.claim("since.callback-state-order")
def test_the_state_comes_back_between_setup_and_fit_start(trainer, tmp_path):
    assert resumed(trainer, tmp_path).calls == ["setup", "on_load_checkpoint", "load_state_dict", "on_fit_start"]
