"""A fit that resumes from a checkpoint saved between two epochs, and what such a checkpoint holds."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.overrides import manual_backward, with_optimizer_idx
from fixtures.resumes import BATCHES, AlsoCounting, Counting, Noting, Saving, content, plain, run, trained
from fixtures.runs import Scheduled
from fixtures.steps import everything_said


@pytest.fixture
def saved_after(trainer, tmp_path):
    """The path of a checkpoint that was saved after a fit of so many epochs."""

    def save(epochs, **options):
        path = tmp_path / "after.ckpt"
        run(trainer, Noting(), max_epochs=epochs, **options).save(path)
        return path

    return save


@pytest.fixture
def whole_and_resumed(trainer, tmp_path):
    """A fit during which a checkpoint was saved at the end of its first epoch, and the fit that resumed from it."""

    def fits(hook, epochs=3, **options):
        path = tmp_path / "on the way.ckpt"
        whole = run(trainer, Noting(), max_epochs=epochs, callbacks=[Saving(path, hook)], **options)
        return whole, run(trainer, Noting(), path, max_epochs=epochs, **options)

    return fits


@pytest.mark.claim("trainer.resume-from-checkpoint")
@pytest.mark.parametrize("validate", [False, True])
def test_a_resumed_fit_ends_as_one_that_was_never_interrupted(trainer, saved_after, validate):
    whole = run(trainer, Noting(), max_epochs=3, validate=validate)
    resumed = run(trainer, Noting(), saved_after(1), max_epochs=3, validate=validate)
    assert resumed.end == whole.end
    assert resumed.module.events == [event for event in whole.module.events if event[1] > 0]
    assert resumed.trainer.current_epoch == whole.trainer.current_epoch


@pytest.mark.claim("trainer.resume-from-checkpoint.optimizer-anew")
def test_a_resumed_fit_has_the_weights_and_a_new_optimizer(trainer, saved_after):
    path, anew = saved_after(1), Noting()
    resumed = run(trainer, Noting(), path, max_epochs=3)
    anew.load_state_dict(content(path)["state_dict"])
    run(trainer, anew, max_epochs=2)
    assert plain(resumed.module.state_dict()) == plain(anew.state_dict())


@pytest.mark.claim("trainer.resume-from-checkpoint")
def test_every_epoch_that_is_left_is_trained_once(trainer, saved_after):
    with everything_said() as said:
        resumed = run(trainer, Noting(), saved_after(2), max_epochs=4)
    assert resumed.module.events == trained(2) + trained(3)
    assert [line for line in said if "ckpt_path = " in line] == []


class Stepping(Noting):
    """Notes global_step in each training step."""

    def note(self, what, batch, batch_idx):
        self.events.append(self.trainer.global_step)


def steps_of(trainer, path=None):
    """global_step in each step of a fit of three epochs, and at its end."""
    ended = run(trainer, Stepping(), path, max_epochs=3)
    return [*ended.module.events, ended.trainer.global_step]


@pytest.mark.claim("trainer.resume-global-step")
def test_global_step_goes_on_where_the_checkpoint_was_saved(trainer, saved_after):
    assert steps_of(trainer, saved_after(1)) == steps_of(trainer)[BATCHES:] == [*range(BATCHES, 3 * BATCHES + 1)]


@pytest.mark.claim("trainer.resume-global-step.one-ahead")
def test_global_step_is_one_ahead_after_resuming(trainer, saved_after):
    expected = [step + 1 for step in steps_of(trainer)[BATCHES:]]
    assert steps_of(trainer, saved_after(1)) == expected == [*range(BATCHES + 1, 3 * BATCHES + 2)]


@with_optimizer_idx
class TwoByHand(Scheduled):
    """Steps two optimizers with states of their own, and a schedule for each, by hand."""

    automatic_optimization = False

    def training_step(self, batch, batch_idx):
        for optimizer in self.optimizers():
            optimizer.zero_grad()
            manual_backward(self, self.loss(batch), optimizer)
            optimizer.step()
        for schedule in self.schedules:
            schedule.step()

    def configure_optimizers(self):
        adam = torch.optim.Adam(self.net[0].parameters(), lr=0.1)
        sgd = torch.optim.SGD(self.net[2].parameters(), lr=0.2, momentum=0.5)
        steps = torch.optim.lr_scheduler.StepLR
        self.schedules = [steps(adam, step_size=3, gamma=0.5), steps(sgd, step_size=2, gamma=0.25)]
        return [adam, sgd], [{"scheduler": schedule, "interval": "epoch"} for schedule in self.schedules]


@pytest.mark.claim("trainer.resume-several-optimizers")
def test_each_optimizer_and_schedule_gets_back_its_own_state(trainer, tmp_path):
    fit = partial(run, trainer, automatic_optimization=False)
    fit(TwoByHand(), max_epochs=1).save(tmp_path / "first.ckpt")
    ends = []
    for path in (None, tmp_path / "first.ckpt"):
        ended = fit(TwoByHand(), path, max_epochs=2)
        states = [part.state_dict() for part in (ended.module, *ended.trainer.optimizers, *ended.module.schedules)]
        ends.append(plain(states))
    assert ends[0] == ends[1]
    assert [sorted(optimizer["state"]) for optimizer in ends[0][1:3]] == [[0, 1], [0, 1]]


@pytest.mark.claim("trainer.resume-saved-in-validation")
def test_a_fit_resumed_from_the_end_of_a_validation_ends_the_same(whole_and_resumed):
    whole, resumed = whole_and_resumed("on_validation_end", validate=True)
    assert resumed.end == whole.end


def halved_more_often(whole, resumed, times):
    return resumed.rate == whole.rate * 0.5**times and resumed.module.events[-1] == whole.module.events[-1]


@pytest.mark.claim("trainer.resume-saved-in-validation.schedules-once-more")
def test_the_schedule_steps_once_more_after_a_checkpoint_of_the_validation(whole_and_resumed):
    assert halved_more_often(*whole_and_resumed("on_validation_end", validate=True), 1)


@pytest.mark.claim("trainer.resume-saved-in-validation.schedules-once-less")
def test_the_schedule_steps_once_less_after_a_checkpoint_of_the_validation(whole_and_resumed):
    assert halved_more_often(*whole_and_resumed("on_validation_end", validate=True), -1)


@pytest.mark.claim("trainer.resume-saved-in-train-epoch-end")
@pytest.mark.parametrize("validate", [False, True])
def test_a_fit_resumed_from_the_end_of_an_epoch_ends_the_same(whole_and_resumed, validate):
    whole, resumed = whole_and_resumed("on_train_epoch_end", validate=validate)
    assert resumed.end == whole.end
    assert resumed.module.events == [event for event in whole.module.events if event[1] > 0]


@pytest.mark.claim("trainer.resume-saved-in-train-epoch-end.schedules-once-less")
def test_the_schedule_steps_once_less_after_a_checkpoint_of_the_epoch_end(whole_and_resumed):
    assert halved_more_often(*whole_and_resumed("on_train_epoch_end"), -1)


@pytest.mark.claim("trainer.resume-file-same")
@pytest.mark.parametrize("hook", ["on_train_epoch_end", "on_validation_batch_end", "on_validation_end"])
def test_a_checkpoint_of_the_resumed_fit_is_that_of_the_whole_fit(whole_and_resumed, tmp_path, hook):
    whole, resumed = [ended.save(tmp_path / "end.ckpt") for ended in whole_and_resumed(hook, validate=True)]
    assert plain(resumed) == plain(whole)


@pytest.mark.claim("trainer.resume-file-same")
def test_a_checkpoint_of_a_fit_that_resumed_after_a_fit_is_that_of_the_whole_fit(trainer, saved_after, tmp_path):
    fits = [run(trainer, Noting(), path, max_epochs=3, validate=True) for path in (None, saved_after(1, validate=True))]
    whole, resumed = [plain(ended.save(tmp_path / "end.ckpt")) for ended in fits]
    assert resumed == whole


def assert_same_but_for_an_epoch(fits, tmp_path, **differences):
    """The files of both fits are the same, but for these numbers of epochs that the loops count in all."""
    whole, resumed = [plain(ended.save(tmp_path / "end.ckpt")) for ended in fits]
    assert {"loops"} & whole.keys() & resumed.keys() == {"loops"}
    total = whole["loops"]["fit_loop"]["epoch_progress"]["total"]
    total.update({name: total[name] + difference for name, difference in differences.items()})
    assert resumed == whole


@pytest.mark.claim("trainer.resume-file-same.one-epoch-less")
def test_a_checkpoint_of_the_resumed_fit_counts_one_epoch_less(whole_and_resumed, tmp_path):
    assert_same_but_for_an_epoch(whole_and_resumed("on_train_epoch_end"), tmp_path, completed=-1)


@pytest.mark.claim("trainer.resume-file-same.one-epoch-more")
def test_a_checkpoint_of_the_resumed_fit_counts_one_epoch_more(whole_and_resumed, tmp_path):
    fits = whole_and_resumed("on_train_epoch_end")
    assert_same_but_for_an_epoch(fits, tmp_path, ready=1, started=1, processed=1)


REFUSAL = "You restored a checkpoint with current_epoch=3, but you have set Trainer(max_epochs={})."
REFUSAL_IN_LINES = """
            you restored a checkpoint with current_epoch=3
            but the Trainer(max_epochs={})
            """


def assert_refused(trainer, path, message):
    for epochs in (1, 2):
        module = Noting()
        with pytest.raises(MisconfigurationException) as raised:
            run(trainer, module, path, max_epochs=epochs)
        assert str(raised.value) == message.format(epochs)
        assert module.events == []


@pytest.mark.claim("trainer.resume-beyond-max-epochs")
def test_more_epochs_than_max_epochs_are_refused(trainer, saved_after):
    assert_refused(trainer, saved_after(3), REFUSAL)


@pytest.mark.claim("trainer.resume-beyond-max-epochs.in-lines")
def test_more_epochs_than_max_epochs_are_refused_over_several_lines(trainer, saved_after):
    assert_refused(trainer, saved_after(3), REFUSAL_IN_LINES)


@pytest.mark.claim("trainer.resume-at-max-epochs")
def test_nothing_is_left_to_train_at_max_epochs(trainer, saved_after):
    resumed, trained_once = run(trainer, Noting(), saved_after(2), max_epochs=2), run(trainer, Noting(), max_epochs=2)
    assert resumed.module.events == []
    assert resumed.end == trained_once.end


def until_max_steps(trainer, path):
    """What a fit trains that resumes after one epoch, until ten steps have been made."""
    resumed = run(trainer, Noting(), path, max_epochs=5, max_steps=10)
    assert resumed.trainer.global_step == 10
    return resumed.module.events


@pytest.mark.claim("trainer.resume-max-steps")
def test_the_next_epoch_follows_until_max_steps(trainer, saved_after):
    events = until_max_steps(trainer, saved_after(1))
    assert events[: BATCHES + 1] == trained(1) + trained(2, 0)


@pytest.mark.claim("trainer.resume-max-steps.epoch-after-next")
def test_the_epoch_after_next_follows_until_max_steps(trainer, saved_after):
    assert until_max_steps(trainer, saved_after(1)) == trained(2) + trained(3, 0, 1)


@pytest.mark.claim("trainer.resume-max-steps.one-batch-beyond")
def test_one_batch_beyond_the_next_epoch_is_trained_first(trainer, saved_after):
    assert until_max_steps(trainer, saved_after(1)) == [("train", 1, BATCHES, 0), *trained(2), *trained(3, 0)]


@pytest.mark.claim("trainer.resume-max-steps-alone")
def test_no_number_of_epochs_is_refused_where_there_is_no_limit(trainer, saved_after):
    resumed = run(trainer, Noting(), saved_after(2), max_epochs=-1, max_steps=10)
    assert resumed.trainer.global_step == 10
    assert [what for what, *_ in resumed.module.events] == ["train"] * (10 - 2 * BATCHES)


def about_callbacks(ended):
    return [warning for warning in ended.warnings if "callbacks used to create the checkpoint" in warning]


def warned(trainer, path):
    """What is said about missing callbacks: all there, in another order and beside another; one missing."""
    every = run(trainer, Noting(), path, callbacks=[AlsoCounting(), pl.Callback(), Counting()])
    return about_callbacks(every), about_callbacks(run(trainer, Noting(), path, callbacks=[Counting()]))


@pytest.fixture
def saved_with_callbacks(saved_after):
    return saved_after(1, callbacks=[Counting(), AlsoCounting(), pl.Callback()])


@pytest.mark.claim("trainer.resume-callbacks-warning")
def test_a_callback_that_left_a_state_and_is_missing_is_named(trainer, saved_with_callbacks):
    assert warned(trainer, saved_with_callbacks) == (
        [],
        [
            "Be aware that when using `ckpt_path`, callbacks used to create the checkpoint need to be provided "
            "during `Trainer` instantiation. Please add the following callbacks: ['AlsoCounting']."
        ],
    )


@pytest.mark.claim("trainer.resume-callbacks-warning.by-class")
def test_a_callback_that_left_a_state_and_is_missing_is_named_by_its_class(trainer, saved_with_callbacks):
    assert warned(trainer, saved_with_callbacks) == (
        [],
        [
            "Be aware that when using ``resume_from_checkpoint``, callbacks used to create the checkpoint need to be "
            f"provided. Please, add the following callbacks: {[AlsoCounting]}. "
        ],
    )


@pytest.mark.claim("trainer.resume-callbacks-warning.silent")
def test_nothing_is_said_about_a_callback_that_is_missing(trainer, saved_with_callbacks):
    assert len(content(saved_with_callbacks)["callbacks"]) == 2
    assert warned(trainer, saved_with_callbacks) == ([], [])
