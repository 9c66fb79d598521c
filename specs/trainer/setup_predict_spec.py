"""What predict returns, how steps are called, and what the profiler sees of a run."""

import pytest
import torch

from fixtures.dialects import fit, predict, test, validate
from fixtures.modules import Evaluated
from fixtures.passes import batches


class Positions(Evaluated):
    """Predicts where a batch stands."""

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        return batch_idx, dataloader_idx


@pytest.mark.claim("trainer.predict-returns")
def test_predictions_of_one_loader_are_a_list_of_batches(trainer):
    for loaders in (batches(2), [batches(2)]):
        assert predict(trainer(), Positions(), loaders) == [(0, 0), (1, 0)]


@pytest.mark.claim("trainer.predict-returns")
def test_predictions_of_several_loaders_are_a_list_each(trainer):
    assert predict(trainer(), Positions(), [batches(2), batches(1)]) == [[(0, 0), (1, 0)], [(0, 1)]]


@pytest.mark.claim("trainer.predict-returns")
def test_predictions_are_returned_only_where_they_are_wanted(trainer):
    for wanted, returned in ((True, [(0, 0)]), (None, [(0, 0)]), (False, None)):
        assert trainer().predict(Positions(), batches(1), return_predictions=wanted) == returned


class Apart(Evaluated):
    """Its steps use the network, not the module's own forward."""

    def loss(self, batch):
        return (self.net(batch[0]) - batch[1]).pow(2).mean()

    def predict_step(self, batch, batch_idx):
        return self.loss(batch)


class InOtherWords(Evaluated):
    """Its steps have names of their own for the batch and its number."""

    def __init__(self):
        super().__init__()
        self.given = []

    def training_step(self, samples, number=None):
        self.given.append((len(samples), number))
        return self.loss(samples)

    validation_step = test_step = predict_step = training_step


@pytest.mark.claim("trainer.step-parameters-of-any-name")
@pytest.mark.parametrize("run", [fit, validate, test, predict])
def test_the_second_parameter_gets_the_number_whatever_its_name(trainer, run):
    module = InOtherWords()
    with torch.enable_grad():
        run(trainer(), module, batches(2))
    assert module.given == [(2, 0), (2, 1)]


@pytest.mark.claim("trainer.steps-are-called-directly")
@pytest.mark.parametrize("run", [fit, validate, test, predict])
def test_a_step_is_no_call_of_the_module(trainer, run):
    module, calls = Apart(), []
    module.register_forward_hook(lambda *arguments: calls.append("module"))
    module.net.register_forward_hook(lambda *arguments: calls.append("network"))
    run(trainer(), module, batches(2))
    assert calls == ["network", "network"]


@pytest.mark.claim("trainer.simple-profiler")
def test_the_simple_profiler_times_each_action_as_often_as_it_happens(trainer):
    made = trainer(profiler="simple")
    validate(made, Evaluated(), batches(1))
    times = {name.split(".")[-1]: len(times) for name, times in made.profiler.recorded_durations.items()}
    expected = {
        "val_next": 1,
        **dict.fromkeys(["configure_callbacks", "setup", "teardown"], 1),
        **dict.fromkeys(["on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer"], 1),
        **dict.fromkeys([f"on_validation_{when}" for when in ("model_eval", "start", "end")], 1),
        **dict.fromkeys([f"on_validation_{of}_{end}" for of in ("epoch", "batch") for end in ("start", "end")], 1),
    }
    assert {name: times.get(name) for name in expected} == expected


@pytest.mark.claim("trainer.simple-profiler")
def test_the_next_batch_of_a_prediction_is_timed_as_well(trainer):
    made = trainer(profiler="simple")
    predict(made, Evaluated(), batches(2))
    times = {name: len(durations) for name, durations in made.profiler.recorded_durations.items()}
    assert times["[_PredictionLoop].predict_next"] == 2


@pytest.mark.claim("trainer.simple-profiler")
def test_a_profiler_is_known_by_its_name(trainer):
    made = trainer(profiler="simple")
    fit(made, Evaluated(), batches(3))
    times = {name: len(durations) for name, durations in made.profiler.recorded_durations.items()}
    assert type(made.profiler).__name__ == "SimpleProfiler"
    assert (times["run_training_epoch"], times["run_training_batch"]) == (1, 3)
    assert times["[_TrainingEpochLoop].train_dataloader_next"] == 3
    with pytest.raises(Exception, match="it can only be one of"):
        trainer(profiler="complicated")


class Asked(Positions):
    """Counts how often it is asked for a loader of batches to predict."""

    asked = 0

    def predict_dataloader(self):
        self.asked += 1
        return batches(2)


def of_nothing(trainer):
    """What a prediction of no batches returns, and how often it asks for a loader."""
    module = Asked()
    return predict(trainer(limit_predict_batches=0), module), module.asked


@pytest.mark.claim("trainer.predict-nothing")
def test_where_nothing_is_predicted_no_loader_is_asked_for(trainer):
    assert of_nothing(trainer) == (None, 0)


@pytest.mark.claim("trainer.predict-nothing.but-ask")
def test_where_nothing_is_predicted_a_loader_is_asked_for(trainer):
    assert of_nothing(trainer)[1] == 1


class LogsOneNumber(Evaluated):
    """Logs the same number in each evaluation."""

    def validation_step(self, batch, batch_idx):
        self.log("a_number", 0.125)

    test_step = validation_step


@pytest.mark.claim("trainer.evaluation-prints")
@pytest.mark.parametrize("run", [validate, test])
def test_what_was_logged_is_printed_unless_it_is_not_wanted(trainer, capsys, run):
    printed = {}
    for verbose in (True, False):
        run(trainer(), LogsOneNumber(), batches(1), verbose=verbose)
        printed[verbose] = capsys.readouterr().out
    assert "a_number" in printed[True]
    assert "0.125" in printed[True]
    assert printed[False] == ""
