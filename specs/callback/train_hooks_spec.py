"""The hooks of training: when they are called, how often, and with which arguments, written as in Lightning 1.0."""

from functools import partial

import pytest

from fixtures.runs import BATCHES, EPOCHS, Data
from fixtures.users_callbacks import LOADER, Remembering, batches_of_loader, collecting, losses_in, numbers, run_with


@pytest.fixture
def run_of(trainer):
    """Fit two epochs of four batches with a callback of these hooks."""
    return partial(run_with, trainer)


def per_epoch(*names):
    """What happens in the whole fit if these are the events of an epoch."""
    return EPOCHS * list(names)


@pytest.mark.claim("callback.hook-on_train_start")
def test_on_train_start_takes_trainer_and_module(run_of):
    def on_train_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, trainer.global_step))

    run = run_of(on_train_start)
    assert run.calls == [(run.trainer, run.module, 0)]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_train_start")
def test_on_train_start_comes_between_the_sanity_check_and_the_first_epoch(recorded):
    names = ("callback.on_sanity_check_end", "callback.on_train_start", "callback.on_train_epoch_start")
    assert recorded("fit").names(*names) == [*names, *[names[-1]] * (EPOCHS - 1)]
    assert "callback.on_train_start" not in recorded("test")


@pytest.mark.claim("callback.hook-on_train_end")
def test_on_train_end_takes_trainer_and_module(run_of):
    def on_train_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, trainer.global_step))

    run = run_of(on_train_end)
    assert run.calls == [(run.trainer, run.module, EPOCHS * BATCHES)]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_train_end")
def test_on_train_end_comes_between_the_last_epoch_and_the_end_of_fit(recorded):
    names = ("callback.on_train_epoch_end", "callback.on_train_end", "callback.on_fit_end")
    assert recorded("fit").names(*names) == [*EPOCHS * [names[0]], *names[1:]]
    assert "callback.on_train_end" not in recorded("test")


@pytest.mark.claim("callback.hook-on_train_epoch_start")
def test_on_train_epoch_start_takes_trainer_and_module(run_of):
    def on_train_epoch_start(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, trainer.current_epoch))

    run = run_of(on_train_epoch_start)
    assert run.calls == [(run.trainer, run.module, epoch) for epoch in range(EPOCHS)]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_train_epoch_start")
def test_on_train_epoch_start_comes_before_the_first_batch_of_each_epoch(recorded):
    epoch, batch = "callback.on_train_epoch_start", "callback.on_train_batch_start"
    assert recorded("fit").names("callback.on_train_start", epoch, batch) == [
        "callback.on_train_start",
        *per_epoch(epoch, *[batch] * BATCHES),
    ]
    assert epoch not in recorded("test")


@pytest.mark.claim("callback.hook-on_train_epoch_end")
@pytest.mark.parametrize("collects", [True, False], ids=["training_epoch_end", "without"])
def test_on_train_epoch_end_takes_trainer_module_and_the_outputs_of_the_epoch(run_of, observe, collects):
    def on_train_epoch_end(self, trainer, pl_module, outputs):
        self.calls.append((trainer, pl_module, losses_in(outputs)))

    run = run_of(on_train_epoch_end, module=collecting if collects else Remembering)
    epochs = [run.module.losses[:BATCHES], run.module.losses[BATCHES:]]
    assert run.calls == [(run.trainer, run.module, losses if collects else []) for losses in epochs]
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_train_epoch_end.last-loss")
def test_on_train_epoch_end_takes_the_last_loss_of_the_epoch_again_and_again(run_of):
    def on_train_epoch_end(self, trainer, pl_module, outputs):
        self.calls.append((trainer, pl_module, losses_in(outputs)))

    run = run_of(on_train_epoch_end, module=collecting)
    last = run.module.losses[BATCHES - 1 :: BATCHES]
    assert run.calls == [(run.trainer, run.module, BATCHES * [loss]) for loss in last]


def assert_comes_after_the_last_batch_of_each_epoch(trace, test):
    epoch, batch = "callback.on_train_epoch_end", "callback.on_train_batch_end"
    assert trace.names(epoch, batch, "callback.on_train_end") == [
        *per_epoch(*[batch] * BATCHES, epoch),
        "callback.on_train_end",
    ]
    assert epoch not in test


@pytest.mark.claim("callback.hook-on_train_epoch_end")
def test_on_train_epoch_end_comes_after_the_last_batch_of_each_epoch(recorded):
    assert_comes_after_the_last_batch_of_each_epoch(recorded("fit"), recorded("test"))


@pytest.mark.claim("callback.hook-on_train_epoch_end.without-outputs")
def test_on_train_epoch_end_takes_trainer_and_module_alone(run_of):
    def on_train_epoch_end(self, trainer, pl_module):
        self.calls.append((trainer, pl_module, len(pl_module.losses)))

    run = run_of(on_train_epoch_end)
    assert run.calls == [(run.trainer, run.module, BATCHES * epoch) for epoch in range(1, EPOCHS + 1)]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_train_epoch_end.without-outputs")
def test_on_train_epoch_end_without_outputs_comes_after_the_last_batch_of_each_epoch(recorded):
    assert_comes_after_the_last_batch_of_each_epoch(recorded("fit"), recorded("test"))


def assert_are_the_batches(calls, run, *last):
    """The calls are (trainer, module, batch, batch_idx, *last), once for each batch of the loader in each epoch."""
    batches = enumerate(batches_of_loader(Data(BATCHES)))
    one_epoch = [(run.trainer, run.module, batch, index, *last) for index, batch in batches]
    assert calls == EPOCHS * one_epoch


def assert_comes_before_each_training_step(trace, test):
    hook, step = "callback.on_train_batch_start", "module.training_step"
    assert trace.names("callback.on_train_epoch_start", hook, step) == per_epoch(
        "callback.on_train_epoch_start", *[hook, step] * BATCHES
    )
    assert hook not in test


@pytest.mark.claim("callback.hook-on_train_batch_start")
def test_on_train_batch_start_takes_the_batch_its_index_and_that_of_its_loader(run_of, observe):
    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx):
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, dataloader_idx))

    run = run_of(on_train_batch_start)
    assert_are_the_batches(run.calls, run, LOADER)
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_train_batch_start")
def test_on_train_batch_start_comes_before_each_training_step(recorded):
    assert_comes_before_each_training_step(recorded("fit"), recorded("test"))


@pytest.mark.claim("callback.hook-on_train_batch_start.without-dataloader-idx")
def test_on_train_batch_start_takes_the_batch_and_its_index_alone(run_of):
    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx))

    run = run_of(on_train_batch_start)
    assert_are_the_batches(run.calls, run)
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_train_batch_start.without-dataloader-idx")
def test_on_train_batch_start_without_dataloader_idx_comes_before_each_training_step(recorded):
    assert_comes_before_each_training_step(recorded("fit"), recorded("test"))


def assert_comes_once_each_batch_has_been_stepped(trace, test):
    hook = "callback.on_train_batch_end"
    assert trace.names("callback.on_train_batch_start", "torch.backward", hook) == per_epoch(
        *["callback.on_train_batch_start", "torch.backward", hook] * BATCHES
    )
    assert trace.names("optimizer.step", hook) == per_epoch(*["optimizer.step", hook] * BATCHES)
    assert {event.depth for event in trace if event.name == hook} == {0}
    assert hook not in test


@pytest.mark.claim("callback.hook-on_train_batch_end")
def test_on_train_batch_end_takes_the_outputs_the_batch_its_index_and_that_of_its_loader(run_of, observe):
    outputs_seen = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx):
        outputs_seen.append(losses_in(outputs))
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx, dataloader_idx))

    run = run_of(on_train_batch_end, module=collecting)
    assert_are_the_batches(run.calls, run, LOADER)
    assert outputs_seen == [[loss] for loss in run.module.losses]
    observe("warnings about the hook", run.warnings)


@pytest.mark.claim("callback.hook-on_train_batch_end")
def test_on_train_batch_end_comes_once_the_optimizer_has_stepped(recorded):
    assert_comes_once_each_batch_has_been_stepped(recorded("fit"), recorded("test"))


@pytest.mark.claim("callback.hook-on_train_batch_end.without-dataloader-idx")
def test_on_train_batch_end_takes_a_dict_with_the_loss_the_batch_and_its_index(run_of):
    outputs_seen = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        outputs_seen.append({name: value.item() for name, value in outputs.items()})
        self.calls.append((trainer, pl_module, numbers(batch), batch_idx))

    run = run_of(on_train_batch_end)
    assert_are_the_batches(run.calls, run)
    assert outputs_seen == [{"loss": loss} for loss in run.module.losses]
    assert run.warnings == []


@pytest.mark.claim("callback.hook-on_train_batch_end.without-dataloader-idx")
def test_on_train_batch_end_without_dataloader_idx_comes_once_the_optimizer_has_stepped(recorded):
    assert_comes_once_each_batch_has_been_stepped(recorded("fit"), recorded("test"))


def outputs_of_batches(run_of, module):
    """The losses in the outputs of each call of on_train_batch_end, and those of the training steps."""

    def on_train_batch_end(self, trainer, pl_module, outputs, *rest):
        self.calls.append(losses_in(outputs))

    run = run_of(on_train_batch_end, module=module)
    return run.calls, [[loss] for loss in run.module.losses]


@pytest.mark.claim("callback.batch-outputs-always")
@pytest.mark.parametrize("module", [collecting, Remembering], ids=["training_epoch_end", "without"])
def test_the_outputs_of_a_batch_hold_its_loss(run_of, module):
    outputs, losses = outputs_of_batches(run_of, module)
    assert len(losses) == EPOCHS * BATCHES
    assert outputs == losses


@pytest.mark.claim("callback.batch-outputs-always.if-collected")
def test_the_outputs_of_a_batch_hold_its_loss_only_where_the_module_collects_them(run_of):
    outputs, _ = outputs_of_batches(run_of, Remembering)
    assert outputs == [[]] * EPOCHS * BATCHES
    outputs, losses = outputs_of_batches(run_of, collecting)
    assert outputs == losses
