"""How much of the data a Trainer goes through, and which limits it refuses."""

import re

import pytest
from torch.utils.data import DataLoader, IterableDataset

from fixtures.data import regression_tensors
from fixtures.dialects import fit, predict, test, validate
from fixtures.passes import Passes, batches, passes
from fixtures.steps import everything_said

LEFT = {1: 1, 3: 3, 9: 5, 0.5: 2, 0.99: 4, 2.0: 2}
"""Limits, and how many of five batches each of them leaves."""
ENTRIES = [(validate, "limit_val_batches", "v"), (predict, "limit_predict_batches", "p")]
REFUSING = ["limit_train_batches", "limit_val_batches", "limit_test_batches", "val_check_interval"]


@pytest.mark.claim("trainer.limit-train-batches")
def test_every_epoch_of_training_ends_at_its_limit(trainer):
    steps = {limit: passes(trainer, train=5, limit_train_batches=limit, max_epochs=2) for limit in LEFT}
    assert steps == {limit: 2 * (" " + left * "t") for limit, left in LEFT.items()}


@pytest.mark.claim("trainer.limit-train-batches")
def test_one_is_a_batch_and_one_point_nought_is_all_of_them(trainer):
    assert passes(trainer, train=5, limit_train_batches=1) == " t"
    assert passes(trainer, train=5, limit_train_batches=1.0) == passes(trainer, train=5) == " ttttt"


@pytest.mark.claim("trainer.limit-val-batches")
@pytest.mark.parametrize(("limit", "left"), [(1, (1, 1)), (3, (2, 3)), (0.5, (1, 2)), (1.0, (2, 5)), (0, (0, 0))])
def test_every_loader_of_validation_has_its_own_limit(trainer, limit, left):
    made = trainer(limit_val_batches=limit, max_epochs=2, num_sanity_val_steps=0)
    module = Passes()
    fit(made, module, train=batches(1), val=[batches(2), batches(5)])
    assert module.passes == 2 * (" t" + left[0] * "v" + left[1] * "w")


class Asked(Passes):
    def val_dataloader(self):
        self.passes += "asked"
        return batches(2)


@pytest.mark.claim("trainer.limit-val-batches-nothing")
def test_without_a_batch_of_validation_its_loader_is_not_asked_for(trainer):
    module = Asked()
    fit(trainer(limit_val_batches=0), module, train=batches(1))
    assert module.passes == " t"
    validate(trainer(limit_val_batches=0), module)
    assert module.passes == " t"


@pytest.mark.claim("trainer.limit-val-batches-nothing.asked-for")
def test_without_a_batch_of_validation_its_loader_is_asked_for(trainer):
    module = Asked()
    fit(trainer(limit_val_batches=0), module, train=batches(1))
    assert module.passes == "asked t"


def evaluated(trainer, run, option):
    """The steps of an evaluation of five batches under each limit."""
    steps = {}
    for limit in [*LEFT, None]:
        module = Passes()
        run(trainer(**{option: limit}), module, batches(5))
        steps[limit] = module.passes
    return steps


@pytest.mark.claim("trainer.limit-test-batches")
def test_testing_ends_at_its_limit(trainer):
    expected = {limit: left * "e" for limit, left in {**LEFT, None: 5}.items()}
    assert evaluated(trainer, test, "limit_test_batches") == expected


@pytest.mark.claim("trainer.limit-evaluation-batches")
@pytest.mark.parametrize(("run", "option", "letter"), ENTRIES, ids=["validate", "predict"])
def test_every_entry_point_has_a_limit_of_its_own(trainer, run, option, letter):
    expected = {limit: left * letter for limit, left in {**LEFT, None: 5}.items()}
    assert evaluated(trainer, run, option) == expected


@pytest.mark.claim("trainer.limit-out-of-range")
@pytest.mark.parametrize("option", REFUSING)
def test_a_limit_that_is_neither_a_share_nor_a_number_is_refused(trainer, option):
    for value in (1.5, -0.1, -1):
        with pytest.raises(Exception, match="invalid value") as raised:
            trainer(**{option: value})
        message = f"You have passed invalid value {value} for {option}, it has to be in [0.0, 1.0] or an int."
        assert str(raised.value) == message


@pytest.mark.claim("trainer.limit-too-small")
@pytest.mark.parametrize("stage", ["val", "test"])
def test_a_share_of_less_than_one_batch_is_refused(trainer, stage):
    option, module = f"limit_{stage}_batches", Passes()
    made = trainer(**{option: 0.1}, num_sanity_val_steps=0)
    with pytest.raises(Exception, match="(?i)you requested to check 0.1 of the") as raised:
        test(made, module, batches(5)) if stage == "test" else fit(made, module, batches(5), batches(5))
    assert f"Try at least {option}=0.2" in str(raised.value).replace("`", "")


@pytest.mark.claim("trainer.limit-too-small-to-train")
def test_a_share_of_less_than_one_batch_of_training_is_refused(trainer):
    with pytest.raises(Exception, match="You requested to check 0.1 of the `train_dataloader`") as raised:
        passes(trainer, train=5, limit_train_batches=0.1)
    assert str(raised.value).endswith("Try at least `limit_train_batches=0.2`")


@pytest.mark.claim("trainer.limit-too-small-to-train.one-batch")
def test_with_a_share_of_less_than_one_batch_one_is_trained(trainer):
    assert passes(trainer, train=5, limit_train_batches=0.1) == " t"


@pytest.mark.claim("trainer.limit-too-small-to-train.trains-nothing")
def test_with_a_share_of_less_than_one_batch_nothing_is_trained(trainer):
    assert passes(trainer, train=5, limit_train_batches=0.1) == ""


class Stream(IterableDataset):
    """Rows of which nobody knows how many there are."""

    def __iter__(self):
        return zip(*regression_tensors(10))


@pytest.mark.claim("trainer.limit-of-unknown-length")
def test_a_number_of_batches_may_be_taken_of_a_stream(trainer):
    module = Passes()
    fit(trainer(limit_train_batches=3), module, train=DataLoader(Stream(), batch_size=2))
    assert module.passes == " ttt"


@pytest.mark.claim("trainer.limit-of-unknown-length")
def test_all_of_a_stream_is_taken_by_default(trainer):
    module, made = Passes(), trainer()
    fit(made, module, train=DataLoader(Stream(), batch_size=2))
    assert (module.passes, made.num_training_batches) == (" ttttt", float("inf"))


@pytest.mark.claim("trainer.limit-of-unknown-length")
def test_a_share_of_a_stream_is_refused(trainer):
    with pytest.raises(Exception, match="IterableDataset") as raised:
        fit(trainer(limit_train_batches=0.5), Passes(), train=DataLoader(Stream(), batch_size=2))
    assert "`Trainer(limit_train_batches)` must be" in str(raised.value)


def passes_of_a_stream(trainer, limit):
    """The steps of two epochs over a stream of five batches, with one batch of validation."""
    module = Passes()
    made = trainer(limit_train_batches=limit, max_epochs=2, num_sanity_val_steps=0)
    fit(made, module, train=DataLoader(Stream(), batch_size=2), val=batches(1))
    return module.passes


@pytest.mark.claim("trainer.validation-of-limited-stream")
@pytest.mark.parametrize("limit", [3, 5])
def test_validation_follows_the_limit_of_a_stream(trainer, limit):
    assert passes_of_a_stream(trainer, limit) == 2 * (" " + limit * "t" + "v")


@pytest.mark.claim("trainer.validation-of-limited-stream.none")
def test_below_the_length_of_a_stream_there_is_no_validation(trainer):
    assert passes_of_a_stream(trainer, 3) == " ttt ttt"


@pytest.mark.claim("trainer.validation-of-short-stream")
def test_validation_follows_the_end_of_a_stream_before_the_limit(trainer):
    assert passes_of_a_stream(trainer, 6) == " tttttv tttttv"


@pytest.mark.claim("trainer.validation-of-short-stream.none")
def test_at_the_end_of_a_stream_before_the_limit_there_is_no_validation(trainer):
    with everything_said() as said:
        assert passes_of_a_stream(trainer, 6) == " ttttt ttttt"
    assert [line for line in said if re.search("validation|limit_train_batches", line)] == []


@pytest.mark.claim("trainer.val-check-interval-too-large")
def test_an_interval_longer_than_the_epoch_is_refused(trainer):
    with pytest.raises(ValueError, match="val_check_interval") as raised:
        passes(trainer, train=2, val=1, val_check_interval=3)
    message = "`val_check_interval` (3) must be less than or equal to the number of the training batches (2)."
    assert str(raised.value).lstrip().startswith(message)


@pytest.mark.claim("trainer.val-check-interval-too-large")
def test_an_interval_as_long_as_the_epoch_is_taken(trainer):
    assert passes(trainer, train=2, val=1, val_check_interval=2) == " ttv"
