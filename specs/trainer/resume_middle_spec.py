"""A fit that resumes from a checkpoint saved in the middle of an epoch."""

import pytest
from torch.utils.data import DataLoader

from fixtures.data import regression_loader
from fixtures.resumes import BATCHES, HELD_OUT, Noting, Saving, plain, run, trained, validated


@pytest.fixture
def whole_and_resumed(trainer, tmp_path):
    """A fit during which a checkpoint was saved the nth time a hook was called, and the fit that resumed from it."""

    def fits(hook, nth=1, loader=None, module=lambda path: Noting(), **options):
        path, load = tmp_path / "middle.ckpt", loader or (lambda: regression_loader(2 * BATCHES))
        saving = [Saving(path, hook, nth)] if hook else []
        whole = run(trainer, module(path), callbacks=saving, train=load(), **options)
        return whole, run(trainer, Noting(), path, train=load(), **options)

    return fits


def after_two_batches(whole_and_resumed, **options):
    return whole_and_resumed("on_train_batch_end", 2, **options)


def again(*numbers, first=0):
    """Batches of training of the first epoch under these numbers, with the data of the loader's first batches."""
    return [("train", 0, number, position) for position, number in enumerate(numbers, first)]


@pytest.mark.claim("trainer.resume-mid-epoch")
@pytest.mark.parametrize("validate", [False, True])
def test_the_rest_of_the_epoch_is_trained_with_the_first_batches_of_the_loader(whole_and_resumed, validate):
    whole, resumed = after_two_batches(whole_and_resumed, validate=validate, max_epochs=3)
    assert resumed.module.events == again(2, 3) + whole.module.events[BATCHES:]
    assert (resumed.trainer.global_step, resumed.trainer.current_epoch) == (3 * BATCHES, 3)
    assert resumed.rate == whole.rate
    assert resumed.end != whole.end


@pytest.mark.claim("trainer.resume-mid-epoch")
def test_a_batch_that_was_begun_is_trained_with_the_rest(whole_and_resumed):
    whole, resumed = whole_and_resumed("on_train_batch_start", 3)
    assert resumed.module.events == again(2, 3) + whole.module.events[BATCHES:]
    assert resumed.trainer.global_step == 2 * BATCHES


@pytest.mark.claim("trainer.resume-mid-epoch.one-too-many")
def test_the_batch_of_the_checkpoint_is_counted_again(whole_and_resumed):
    whole, resumed = after_two_batches(whole_and_resumed, max_epochs=3)
    assert resumed.module.events == again(1, 2, 3) + whole.module.events[BATCHES:]
    assert resumed.trainer.global_step == whole.trainer.global_step + 1


@pytest.mark.claim("trainer.resume-mid-epoch.next-epoch")
def test_the_rest_of_the_epoch_is_left_out(whole_and_resumed):
    whole, resumed = after_two_batches(whole_and_resumed, validate=True, max_epochs=3)
    assert resumed.module.events == whole.module.events[BATCHES + HELD_OUT :]
    assert resumed.trainer.global_step == whole.trainer.global_step - 2


HINTS = {
    "not-resumable": "You're resuming from a checkpoint that ended before the epoch ended and your dataloader is not "
    "resumable. This can cause unreliable results if further training is done. Consider using an end-of-epoch "
    "checkpoint or make your dataloader resumable by implementing the `state_dict` / `load_state_dict` interface.",
    "before-the-end": "You're resuming from a checkpoint that ended before the epoch ended. This can cause unreliable "
    "results if further training is done. Consider using an end-of-epoch checkpoint",
    "next-epoch": "You're resuming from a checkpoint that ended mid-epoch. Training will start from the beginning of "
    "the next epoch. This can cause unreliable results if further training is done, consider using an end of epoch "
    "checkpoint.",
}


def warned(whole_and_resumed):
    """What is said about resuming: in a fit from the beginning; from a batch in the middle; from an epoch's end."""
    whole, middle = after_two_batches(whole_and_resumed)
    _, end = whole_and_resumed("on_train_epoch_end")
    return [[said for said in ended.warnings if "You're resuming" in said] for ended in (whole, middle, end)]


@pytest.mark.claim("trainer.resume-mid-epoch-warning")
def test_a_loader_that_does_not_go_on_is_warned_about(whole_and_resumed):
    assert warned(whole_and_resumed) == [[], [HINTS["not-resumable"]], []]


@pytest.mark.claim("trainer.resume-mid-epoch-warning.before-the-end")
def test_a_checkpoint_of_the_middle_is_warned_about(whole_and_resumed):
    whole, middle, end = warned(whole_and_resumed)
    assert [said[: len(HINTS["before-the-end"])] for said in middle] == [HINTS["before-the-end"]]
    assert (whole, end) == ([], [])


@pytest.mark.claim("trainer.resume-mid-epoch-warning.next-epoch")
def test_the_rest_of_the_epoch_is_warned_about(whole_and_resumed):
    whole, middle, end = warned(whole_and_resumed)
    assert (whole, middle) == ([], [HINTS["next-epoch"]])


@pytest.mark.claim("trainer.resume-mid-epoch-warning.silent")
def test_nothing_is_said_about_the_rest_of_the_epoch(whole_and_resumed):
    assert warned(whole_and_resumed) == [[], [], []]


class Resumable(DataLoader):
    """Goes on after as many batches as it had given out when its state was asked for."""

    given = first = 0

    def __init__(self):
        super().__init__(regression_loader(2 * BATCHES).dataset, batch_size=2)

    def __iter__(self):
        first, self.first = self.first, 0
        for self.given, batch in enumerate(super().__iter__(), 1):
            if self.given > first:
                yield batch

    def state_dict(self):
        return {"given": self.given}

    def load_state_dict(self, state_dict):
        self.first = state_dict["given"]


class Counted(DataLoader):
    """Counts how often it is asked for an iterator; 1.7.0 and 1.7.1 trip over loaders derived from derived ones."""

    asked = 0

    def __init__(self):
        super().__init__(regression_loader(2 * BATCHES).dataset, batch_size=2)

    def __iter__(self):
        self.asked += 1
        return super().__iter__()


@pytest.mark.claim("trainer.resume-iterators")
def test_the_loader_is_asked_for_one_iterator_for_each_epoch_that_is_left(trainer, tmp_path):
    run(trainer, Noting(), max_epochs=1).save(tmp_path / "after.ckpt")
    loader = Counted()
    resumed = run(trainer, Noting(), tmp_path / "after.ckpt", train=loader, max_epochs=3)
    assert resumed.module.events == trained(1) + trained(2)
    assert loader.asked == 2


@pytest.mark.claim("trainer.resume-iterators.one-more")
def test_the_loader_is_asked_for_one_iterator_more(trainer, tmp_path):
    run(trainer, Noting(), max_epochs=1).save(tmp_path / "after.ckpt")
    loader = Counted()
    run(trainer, Noting(), tmp_path / "after.ckpt", train=loader, max_epochs=3)
    assert loader.asked == 3


@pytest.mark.claim("trainer.resume-stateful-loader")
def test_with_a_loader_that_goes_on_a_fit_ends_as_one_that_was_never_interrupted(whole_and_resumed):
    whole, resumed = after_two_batches(whole_and_resumed, loader=Resumable)
    assert resumed.module.events == whole.module.events[2:]
    assert resumed.end == whole.end
    assert [warning for warning in resumed.warnings if "You're resuming" in warning] == []


@pytest.mark.claim("trainer.resume-stateful-loader.one-behind")
def test_with_a_loader_that_goes_on_the_numbers_of_batches_are_one_behind(whole_and_resumed):
    whole, resumed = after_two_batches(whole_and_resumed, loader=Resumable, max_epochs=1)
    assert resumed.module.events == again(1, 2, first=2)
    assert resumed.rate == 2 * whole.rate


def last_batch(whole_and_resumed):
    return whole_and_resumed("on_train_batch_end", BATCHES, validate=True)


@pytest.mark.claim("trainer.resume-last-batch")
def test_after_the_last_batch_the_next_epoch_follows(whole_and_resumed):
    _, resumed = last_batch(whole_and_resumed)
    assert resumed.module.events == trained(1) + validated(1)


@pytest.mark.claim("trainer.resume-last-batch.again")
def test_the_last_batch_is_trained_again(whole_and_resumed):
    _, resumed = last_batch(whole_and_resumed)
    assert resumed.module.events == again(3) + validated(0) + trained(1) + validated(1)


@pytest.mark.claim("trainer.resume-last-batch-file")
def test_an_epoch_that_ended_with_the_checkpoint_is_not_begun_again(whole_and_resumed, tmp_path):
    ends = whole_and_resumed("on_train_batch_end", BATCHES)
    whole, resumed = [plain(ended.save(tmp_path / "end.ckpt")) for ended in ends]
    assert {"loops"} & whole.keys() & resumed.keys() == {"loops"}
    for counted in whole["loops"]["fit_loop"]["epoch_progress"].values():
        counted.update(ready=counted["ready"] - 1, started=counted["started"] - 1)
    assert resumed == whole


def second_epoch_started(whole_and_resumed, **options):
    """What a fit trains that resumes from the start of the second of three epochs."""
    _, resumed = whole_and_resumed("on_train_epoch_start", 2, max_epochs=3, **options)
    return [event for event in resumed.module.events if event[0] == "train"]


@pytest.mark.claim("trainer.resume-epoch-start")
def test_an_epoch_that_has_only_started_is_left_out(whole_and_resumed):
    assert second_epoch_started(whole_and_resumed) == trained(2)


@pytest.mark.claim("trainer.resume-epoch-start.one-batch-beyond")
def test_of_an_epoch_that_has_only_started_one_batch_is_trained(whole_and_resumed):
    assert second_epoch_started(whole_and_resumed) == [("train", 1, BATCHES, 0), *trained(2)]


@pytest.mark.claim("trainer.resume-epoch-start-with-validation")
def test_an_epoch_that_has_only_started_is_left_out_where_it_is_validated(whole_and_resumed):
    assert second_epoch_started(whole_and_resumed, validate=True) == trained(2)


@pytest.mark.claim("trainer.resume-train-start")
@pytest.mark.parametrize("hook", ["on_train_start", "on_train_epoch_start"])
def test_from_the_start_of_training_everything_is_trained(whole_and_resumed, hook):
    whole, resumed = whole_and_resumed(hook)
    assert resumed.module.events == whole.module.events == trained(0) + trained(1)
    assert resumed.trainer.global_step == 2 * BATCHES


@pytest.mark.claim("trainer.resume-train-start.first-epoch-left-out")
@pytest.mark.parametrize("hook", ["on_train_start", "on_train_epoch_start"])
def test_from_the_start_of_training_the_first_epoch_is_left_out(whole_and_resumed, hook):
    _, resumed = whole_and_resumed(hook)
    assert resumed.module.events == trained(1)


@pytest.mark.claim("trainer.resume-train-start.one-step-more")
@pytest.mark.parametrize("hook", ["on_train_start", "on_train_epoch_start"])
def test_from_the_start_of_training_one_step_is_counted_too_many(whole_and_resumed, hook):
    _, resumed = whole_and_resumed(hook)
    assert resumed.module.events == trained(0) + trained(1)
    assert resumed.trainer.global_step == 2 * BATCHES + 1


def inside(whole_and_resumed, hook, nth=1, **options):
    """What a fit trains and validates that resumes from a hook of the validation after two of four batches."""
    return whole_and_resumed(hook, nth, validate=True, max_epochs=1, val_check_interval=2, **options)[1].module.events


@pytest.mark.claim("trainer.resume-validation-due")
@pytest.mark.parametrize(
    ("hook", "nth"),
    [
        ("on_train_batch_end", 2),
        ("on_validation_start", 1),
        ("on_validation_batch_start", 2),
        ("on_validation_batch_end", 1),
        ("on_validation_end", 1),
    ],
)
def test_a_validation_that_was_due_is_not_made_up_for(whole_and_resumed, hook, nth):
    assert inside(whole_and_resumed, hook, nth) == again(2, 3) + validated(0)


@pytest.mark.claim("trainer.resume-validation-due.made-up")
def test_a_validation_that_was_due_is_made_up_for(whole_and_resumed):
    assert inside(whole_and_resumed, "on_train_batch_end", 2)[:3] == again(1) + validated(0)
    assert inside(whole_and_resumed, "on_validation_batch_end", 1)[:2] == validated(0)


class SavesWhileValidating(Noting):
    """Saves a checkpoint in the second step of its first validation."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def validation_step(self, batch, batch_idx):
        if (batch_idx, self.path.exists()) == (1, False):
            self.trainer.save_checkpoint(str(self.path))
        return super().validation_step(batch, batch_idx)


def in_step(whole_and_resumed):
    return inside(whole_and_resumed, None, module=SavesWhileValidating)


@pytest.mark.claim("trainer.resume-in-validation-step")
def test_as_many_batches_are_validated_as_were_left_from_the_beginning(whole_and_resumed):
    assert in_step(whole_and_resumed) == validated(0)[:1] + again(2, 3) + validated(0)


@pytest.mark.claim("trainer.resume-in-validation-step.numbered-on")
def test_the_batches_that_were_left_are_validated_under_their_numbers(whole_and_resumed):
    assert in_step(whole_and_resumed) == [("validate", 0, 1, 0)] + again(2, 3) + validated(0)
