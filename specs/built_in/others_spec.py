"""Others of Lightning's callbacks: accumulation, averages, functions of one's own, timers, predictions, batch sizes."""

from datetime import timedelta

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, predict
from fixtures.hooks import message
from fixtures.modules import Evaluated, Regression, same_weights, weights
from fixtures.scores import Scored, built_in, built_in_class
from fixtures.steps import everything_said


class Noted(Regression):
    """Notes how many batches it had been given at each step of its optimizer, and its weights after each epoch."""

    def __init__(self):
        noted = self

        class Steps(torch.optim.SGD):
            def step(self, *args, **kwargs):
                result = super().step(*args, **kwargs)
                noted.steps.append(noted.batches)
                return result

        super().__init__(optimizer=lambda parameters: Steps(parameters, lr=0.1))
        self.batches, self.steps, self.after_epochs = 0, [], []

    def training_step(self, batch, batch_idx):
        self.batches += 1
        return self.loss(batch)

    def on_train_epoch_end(self, *unused):
        self.after_epochs.append(weights(self))


@pytest.mark.claim("built-in.accumulation-scheduler")
def test_batches_of_a_step_change_with_the_epoch(trainer):
    module = Noted()
    scheduler = built_in("GradientAccumulationScheduler", scheduling={1: 2, 3: 4})
    fit(trainer(callbacks=[scheduler], max_epochs=4), module, train=regression_loader(8))
    assert module.steps == [1, 2, 3, 4, *[6, 8], *[10, 12], 16]


def refused(scheduling):
    """What a scheduler says that refuses this plan."""
    return message(Exception, lambda: built_in("GradientAccumulationScheduler", scheduling=scheduling))


@pytest.mark.claim("built-in.accumulation-scheduler-refused")
@pytest.mark.parametrize("epoch", [-1, "1", 1.0])
def test_an_epoch_must_be_a_number_from_0_on(epoch):
    assert refused({epoch: 2}) == f"Epoch should be an int greater than or equal to 0. Got [{epoch!r}]."


@pytest.mark.claim("built-in.accumulation-scheduler-refused")
@pytest.mark.parametrize("batches", [0, -1, "2", 2.0])
def test_batches_must_be_a_number_from_1_on(batches):
    assert refused({1: batches}) == f"Accumulation factor should be an int greater than 0. Got [{batches!r}]."


@pytest.mark.claim("built-in.accumulation-scheduler-refused")
def test_a_plan_must_not_be_empty():
    assert refused({}) == "Empty dict cannot be interpreted correct"


@pytest.mark.claim("built-in.accumulation-scheduler-refused.none-taken")
def test_a_step_of_no_batches_is_found_out_in_training(trainer):
    module, scheduler = Noted(), built_in("GradientAccumulationScheduler", scheduling={1: 0})
    with pytest.raises(ZeroDivisionError):
        fit(trainer(callbacks=[scheduler], max_epochs=2), module, train=regression_loader(8))
    assert module.steps == [1, 2, 3, 4]


def fit_beside(trainer, module):
    """Fit with a scheduler that makes a step of every two batches, where the Trainer was told to make one of four."""
    scheduler = built_in("GradientAccumulationScheduler", scheduling={0: 2})
    fit(trainer(callbacks=[scheduler], accumulate_grad_batches=4), module, train=regression_loader(8))


@pytest.mark.claim("built-in.accumulation-scheduler-beside")
def test_the_trainer_must_not_be_told_to_accumulate_as_well(trainer):
    module = Noted()
    said = message(Exception, lambda: fit_beside(trainer, module))
    assert said.startswith("You have set ")
    assert "Either remove `accumulate_grad_batches` from " in said
    assert module.batches == 0


@pytest.mark.claim("built-in.accumulation-scheduler-beside.callback-wins")
def test_the_schedulers_plan_is_followed_without_a_word(trainer):
    module = Noted()
    with everything_said() as said:
        fit_beside(trainer, module)
    assert module.steps == [2, 4]
    assert [line for line in said if "accumul" in line.lower()] == []


@pytest.mark.claim("built-in.swa-average")
def test_the_final_weights_are_the_average_of_those_at_the_start_of_the_last_epochs(trainer):
    module = Noted()
    averaging = built_in("StochasticWeightAveraging", swa_epoch_start=2, swa_lrs=0.05)
    fit(trainer(callbacks=[averaging], max_epochs=4), module, train=regression_loader(4))
    average = module.after_epochs[0]
    for others, of_epoch in enumerate(module.after_epochs[1:3], start=1):
        average = {name: value + (of_epoch[name] - value) / (others + 1) for name, value in average.items()}
    assert len(module.after_epochs) == 4
    assert same_weights(weights(module), average)


@pytest.mark.claim("built-in.lambda")
def test_functions_are_called_as_the_hooks_of_their_names(trainer):
    calls = []
    callback = built_in(
        "LambdaCallback",
        on_train_start=lambda *given: calls.append(("start", given)),
        on_train_batch_start=lambda made, module, batch, batch_idx, *rest: calls.append(("batch", (made, batch_idx))),
        on_train_end=lambda *given: calls.append(("end", given)),
    )
    made, module = trainer(callbacks=[callback]), Regression()
    fit(made, module, train=regression_loader(4))
    assert calls == [("start", (made, module)), ("batch", (made, 0)), ("batch", (made, 1)), ("end", (made, module))]


@pytest.mark.claim("built-in.timer-stops")
@pytest.mark.parametrize(("interval", "batches"), [("step", 1), ("epoch", 2)])
def test_when_its_time_is_over_training_stops_after_the_batch_or_epoch(trainer, interval, batches):
    module = Scored()
    timer = built_in("Timer", duration=timedelta(microseconds=1), interval=interval, verbose=False)
    fit(trainer(callbacks=[timer], max_epochs=3), module, train=regression_loader(4))
    assert module.batches == batches


@pytest.mark.claim("built-in.timer-over")
@pytest.mark.parametrize("duration", [timedelta(0), "00:00:00:00", {"days": 0}])
def test_without_any_time_nothing_is_trained(trainer, duration):
    module = Scored()
    fit(trainer(callbacks=[built_in("Timer", duration=duration)], max_epochs=3), module, train=regression_loader(4))
    assert module.batches == 0


@pytest.mark.claim("built-in.timer-over.one-batch")
def test_without_any_time_one_batch_is_trained(trainer):
    module = Scored()
    fit(trainer(callbacks=[built_in("Timer", duration=timedelta(0))], max_epochs=3), module, train=regression_loader(4))
    assert module.batches == 1


@pytest.mark.claim("built-in.timer-stops")
def test_before_that_it_does_not(trainer):
    module, timer = Scored(), built_in("Timer", duration="01:02:03:04")
    fit(trainer(callbacks=[timer], max_epochs=3), module, train=regression_loader(4))
    assert module.batches == 3 * 2
    duration = timedelta(days=1, hours=2, minutes=3, seconds=4)
    assert timer.time_remaining() == duration.total_seconds() - timer.time_elapsed()


@pytest.mark.claim("built-in.timer-times")
def test_each_stage_has_a_start_an_end_and_the_time_between(trainer):
    timer = built_in("Timer")
    made = trainer(callbacks=[timer])
    fit(made, Evaluated(), train=regression_loader(4), val=regression_loader(2))
    for stage in ("train", "validate"):
        assert timer.start_time(stage) < timer.end_time(stage)
        assert timer.time_elapsed(stage) == timer.end_time(stage) - timer.start_time(stage)
    assert timer.start_time("train") < timer.start_time("validate")
    assert (timer.time_elapsed("test"), timer.start_time("test"), timer.end_time("test")) == (0, None, None)
    assert timer.time_remaining() is None


class AnyPrediction(Evaluated):
    """Its predict_step takes whatever it is given."""

    def predict_step(self, *given):
        return super().predict_step(*given)


@pytest.mark.claim("built-in.prediction-writer")
@pytest.mark.parametrize("interval", ["batch", "epoch", "batch_and_epoch"])
def test_predictions_are_given_to_be_written(trainer, interval):
    given = []

    class Writes(built_in_class("BasePredictionWriter")):
        def write_on_batch_end(self, trainer, pl_module, prediction, batch_indices, batch, batch_idx, dataloader_idx):
            given.append((batch_idx, prediction.tolist()))

        def write_on_epoch_end(self, trainer, pl_module, predictions, batch_indices):
            of_loader = predictions[0] if isinstance(predictions[0], list) else predictions
            given.append([prediction.tolist() for prediction in of_loader])

    found = predict(trainer(callbacks=[Writes(interval)]), AnyPrediction(), regression_loader(4))
    lists = [prediction.tolist() for prediction in found]
    batches = [(0, lists[0]), (1, lists[1])]
    assert given == {"batch": batches, "epoch": [lists], "batch_and_epoch": [*batches, lists]}[interval]


def indices_to_write(trainer):
    given = []

    class Writes(built_in_class("BasePredictionWriter")):
        def write_on_batch_end(self, trainer, pl_module, prediction, batch_indices, *rest):
            given.append(batch_indices)

    predict(trainer(callbacks=[Writes("batch")]), Evaluated(), regression_loader(4))
    return given


@pytest.mark.claim("built-in.prediction-writer-indices")
def test_the_indices_of_the_samples_are_given_as_well(trainer):
    assert indices_to_write(trainer) == [[0, 1], [2, 3]]


@pytest.mark.claim("built-in.prediction-writer-indices.none")
def test_no_indices_are_given_of_an_ordinary_run(trainer):
    assert indices_to_write(trainer) == [None, None]


class Sized(Regression):
    """Has a batch size of its own, and notes how many samples it is given."""

    def __init__(self):
        super().__init__()
        self.batch_size, self.seen = 1, []

    def train_dataloader(self):
        return regression_loader(64, batch_size=self.batch_size)

    def training_step(self, batch, batch_idx):
        self.seen.append(len(batch[0]))
        return self.loss(batch)


def sizes(trainer):
    """How many samples were in the batches of three trials of three batches each, and in the four to train with."""
    module, finder = Sized(), built_in("BatchSizeFinder", mode="power", steps_per_trial=3, max_trials=3, init_val=2)
    fit(trainer(callbacks=[finder], max_epochs=1, limit_train_batches=4), module)
    assert module.trainer.global_step == 4
    return module.seen[:-4], module.seen[-4:]


@pytest.mark.claim("built-in.batch-size-finder-tries")
def test_the_sizes_tried_begin_with_init_val_and_double(trainer):
    assert sizes(trainer)[0] == [*[2] * 3, *[4] * 3, *[8] * 3]


@pytest.mark.claim("built-in.batch-size-finder-tries.its-own-first")
def test_the_size_that_the_module_has_is_tried_instead_of_init_val(trainer):
    assert sizes(trainer)[0] == [*[1] * 3, *[4] * 3, *[8] * 3]


@pytest.mark.claim("built-in.batch-size-finder-trains")
def test_training_has_the_largest_size_that_was_tried(trainer):
    assert sizes(trainer)[1] == [8] * 4


@pytest.mark.claim("built-in.batch-size-finder-trains.untried")
def test_training_has_twice_the_largest_size_that_was_tried(trainer):
    assert sizes(trainer)[1] == [16] * 4
