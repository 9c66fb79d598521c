"""The hooks of callbacks around each batch of validation and of test: when, how often, and with which arguments."""

from functools import partial

import pytest

from fixtures.evaluation_callbacks import VALIDATIONS, batches, figures, run_tested, run_validated
from fixtures.runs import EPOCHS, HELD_OUT
from fixtures.users_callbacks import numbers


@pytest.fixture
def validated(trainer):
    """Fit one epoch, after a sanity check, with a callback of this hook."""
    return partial(run_validated, trainer)


@pytest.fixture
def tested(trainer):
    """Test with a callback of this hook."""
    return partial(run_tested, trainer)


def assert_called_for_each_batch(run, evaluations, loaders=1, tell_loader=True):
    """The calls are (trainer, module, batch, batch_idx), with the index of the loader where the hook is told it."""
    told = [(batch, index, loader) if tell_loader else (batch, index) for batch, index, loader in batches(loaders)]
    assert run.calls == evaluations * [(run.trainer, run.module, *one) for one in told]
    assert run.warnings == []


def assert_surround_each_step(recorded, stage):
    """Batch start, step, batch end, for each batch of each validation or test, and in no other run."""
    events = f"callback.on_{stage}_batch_start", f"module.{stage}_step", f"callback.on_{stage}_batch_end"
    evaluations, run, other = (1 + EPOCHS, "fit", "test") if stage == "validation" else (1, "test", "fit")
    assert recorded(run).names(*events) == evaluations * HELD_OUT * [*events]
    assert recorded(other).names(*events) == []


def observe_whether_the_batch_is_on(device, recorded, observe):
    """Some releases call the hook before they move the batch."""
    inputs, _ = recorded("fit").first("callback.on_validation_batch_start").arguments["batch"]
    observe(f"batch already moved to {device.name}", inputs.device == device.torch_device)


@pytest.mark.claim("callback.hook-on_validation_batch_start")
def test_on_validation_batch_start_takes_the_batch_its_index_and_that_of_its_loader(validated):
    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx):
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, dataloader_idx))

    assert_called_for_each_batch(validated(on_validation_batch_start), VALIDATIONS)


@pytest.mark.claim("callback.hook-on_validation_batch_start")
def test_on_validation_batch_start_comes_before_each_step(recorded, device, observe):
    assert_surround_each_step(recorded, "validation")
    observe_whether_the_batch_is_on(device, recorded, observe)


@pytest.mark.claim("callback.hook-on_validation_batch_start.loader-index-of-several-only")
def test_on_validation_batch_start_is_told_the_loader_where_there_are_several(validated):
    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, *loader):
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, *loader))

    assert_called_for_each_batch(validated(on_validation_batch_start), VALIDATIONS, tell_loader=False)
    assert_called_for_each_batch(validated(on_validation_batch_start, loaders=2), VALIDATIONS, loaders=2)


@pytest.mark.claim("callback.hook-on_validation_batch_start.loader-index-of-several-only")
def test_on_validation_batch_start_comes_before_each_step_whatever_it_is_told(recorded, device, observe):
    assert_surround_each_step(recorded, "validation")
    observe_whether_the_batch_is_on(device, recorded, observe)


@pytest.mark.claim("callback.hook-on_validation_batch_end")
def test_on_validation_batch_end_takes_the_output_the_batch_its_index_and_that_of_its_loader(validated):
    outputs_seen = []

    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx):
        outputs_seen.append(figures(outputs))
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, dataloader_idx))

    run = validated(on_validation_batch_end)
    assert_called_for_each_batch(run, VALIDATIONS)
    assert outputs_seen == run.module.returned


@pytest.mark.claim("callback.hook-on_validation_batch_end")
def test_on_validation_batch_end_comes_after_each_step(recorded):
    assert_surround_each_step(recorded, "validation")


@pytest.mark.claim("callback.hook-on_validation_batch_end.loader-index-of-several-only")
def test_on_validation_batch_end_is_told_the_loader_where_there_are_several(validated):
    outputs_seen = []

    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, *loader):
        outputs_seen.append(figures(outputs))
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, *loader))

    one, two = validated(on_validation_batch_end), validated(on_validation_batch_end, loaders=2)
    assert_called_for_each_batch(one, VALIDATIONS, tell_loader=False)
    assert_called_for_each_batch(two, VALIDATIONS, loaders=2)
    assert outputs_seen == one.module.returned + two.module.returned


@pytest.mark.claim("callback.hook-on_validation_batch_end.loader-index-of-several-only")
def test_on_validation_batch_end_comes_after_each_step_whatever_it_is_told(recorded):
    assert_surround_each_step(recorded, "validation")


@pytest.mark.claim("callback.hook-on_test_batch_start")
def test_on_test_batch_start_takes_the_batch_its_index_and_that_of_its_loader(tested):
    def on_test_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx):
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, dataloader_idx))

    assert_called_for_each_batch(tested(on_test_batch_start), 1)


@pytest.mark.claim("callback.hook-on_test_batch_start")
def test_on_test_batch_start_comes_before_each_step(recorded):
    assert_surround_each_step(recorded, "test")


@pytest.mark.claim("callback.hook-on_test_batch_start.loader-index-of-several-only")
def test_on_test_batch_start_is_told_the_loader_where_there_are_several(tested):
    def on_test_batch_start(self, trainer, pl_module, batch, batch_idx, *loader):
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, *loader))

    assert_called_for_each_batch(tested(on_test_batch_start), 1, tell_loader=False)
    assert_called_for_each_batch(tested(on_test_batch_start, loaders=2), 1, loaders=2)


@pytest.mark.claim("callback.hook-on_test_batch_start.loader-index-of-several-only")
def test_on_test_batch_start_comes_before_each_step_whatever_it_is_told(recorded):
    assert_surround_each_step(recorded, "test")


@pytest.mark.claim("callback.hook-on_test_batch_end")
def test_on_test_batch_end_takes_the_output_the_batch_its_index_and_that_of_its_loader(tested):
    outputs_seen = []

    def on_test_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx):
        outputs_seen.append(figures(outputs))
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, dataloader_idx))

    run = tested(on_test_batch_end)
    assert_called_for_each_batch(run, 1)
    assert outputs_seen == run.module.returned


@pytest.mark.claim("callback.hook-on_test_batch_end")
def test_on_test_batch_end_comes_after_each_step(recorded):
    assert_surround_each_step(recorded, "test")


@pytest.mark.claim("callback.hook-on_test_batch_end.loader-index-of-several-only")
def test_on_test_batch_end_is_told_the_loader_where_there_are_several(tested):
    outputs_seen = []

    def on_test_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, *loader):
        outputs_seen.append(figures(outputs))
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, *loader))

    one, two = tested(on_test_batch_end), tested(on_test_batch_end, loaders=2)
    assert_called_for_each_batch(one, 1, tell_loader=False)
    assert_called_for_each_batch(two, 1, loaders=2)
    assert outputs_seen == one.module.returned + two.module.returned


@pytest.mark.claim("callback.hook-on_test_batch_end.loader-index-of-several-only")
def test_on_test_batch_end_comes_after_each_step_whatever_it_is_told(recorded):
    assert_surround_each_step(recorded, "test")
