"""How many epochs there are, which of them are validated, and what comes before them."""

import pytest

from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.passes import Passes, StopsAt, batches, passes
from ledger.plugin.outcomes import Untested


@pytest.mark.claim("trainer.max-epochs")
@pytest.mark.parametrize("epochs", [1, 3])
def test_training_has_as_many_epochs_as_max_epochs(trainer, epochs):
    module, made = Passes(), trainer(max_epochs=epochs)
    fit(made, module, train=batches(2))
    assert module.passes == epochs * " tt"
    assert (made.max_epochs, made.global_step) == (epochs, 2 * epochs)


@pytest.mark.claim("trainer.max-epochs-default")
def test_without_any_limit_there_are_a_thousand_epochs(trainer):
    made = trainer(max_epochs=None, callbacks=[StopsAt(0)])
    fit(made, Passes(), train=batches(2))
    assert made.max_epochs == 1000


@pytest.mark.claim("trainer.max-epochs-with-max-steps")
def test_with_max_steps_there_is_no_limit_of_epochs(trainer):
    module, made = Passes(), trainer(max_epochs=None, max_steps=5)
    fit(made, module, train=batches(2))
    assert (module.passes, made.max_epochs or -1) == (" tt tt t", -1)


@pytest.mark.claim("trainer.max-epochs-with-max-steps.thousand")
def test_with_max_steps_there_are_a_thousand_epochs_too(trainer):
    module, made = Passes(), trainer(max_epochs=None, max_steps=5)
    fit(made, module, train=batches(2))
    assert (module.passes, made.max_epochs) == (" tt tt t", 1000)


@pytest.mark.claim("trainer.min-epochs")
@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"min_epochs": 1}, " tttt"),
        ({"min_epochs": 3}, " tttt tttt tttt"),
        ({"min_epochs": 9}, " tttt tttt tttt tttt tttt"),
        ({"min_epochs": 2, "min_steps": 3}, " tttt tttt"),
    ],
)
def test_who_asks_for_an_end_waits_until_the_minimum_is_reached(trainer, options, steps):
    assert passes(trainer, train=4, max_epochs=5, callbacks=[StopsAt(1)], **options) == steps


@pytest.mark.claim("trainer.min-epochs.asked-again")
@pytest.mark.parametrize("options", [{"min_epochs": 3}, {"min_steps": 6}])
def test_who_asks_too_early_ends_the_epoch_and_has_to_ask_again(trainer, options):
    steps = passes(trainer, train=4, max_epochs=5, callbacks=[StopsAt(1)], **options)
    assert steps == " tt tttt tttt tttt tttt"


@pytest.mark.claim("trainer.min-epochs.one-batch-each")
@pytest.mark.parametrize(("options", "steps"), [({"min_epochs": 3}, " tt t t"), ({"min_steps": 6}, " tt t t t t")])
def test_who_asks_too_early_leaves_one_batch_to_each_further_epoch(trainer, options, steps):
    assert passes(trainer, train=4, max_epochs=5, callbacks=[StopsAt(1)], **options) == steps


@pytest.mark.claim("trainer.min-epochs-default")
def test_without_a_minimum_training_ends_after_the_batch(trainer):
    assert passes(trainer, train=4, max_epochs=5, callbacks=[StopsAt(1)]) == " tt"


@pytest.mark.claim("trainer.min-steps")
@pytest.mark.parametrize(("least", "steps"), [(3, " tttt"), (6, " tttt tt")])
def test_who_asks_for_an_end_waits_until_so_many_steps_are_made(trainer, least, steps):
    assert passes(trainer, train=4, max_epochs=5, callbacks=[StopsAt(1)], min_steps=least) == steps


@pytest.mark.claim("trainer.check-val-every-n-epoch")
@pytest.mark.parametrize(("every", "steps"), [(1, " ttvv ttvv ttvv ttvv ttvv"), (2, " tt ttvv tt ttvv tt")])
def test_validation_comes_at_the_end_of_every_nth_epoch(trainer, every, steps):
    assert passes(trainer, val=2, max_epochs=5, check_val_every_n_epoch=every) == steps


@pytest.mark.claim("trainer.check-val-every-n-epoch.counted-in-batches")
def test_without_it_validation_comes_by_batches_across_epochs(trainer):
    try:
        steps = passes(trainer, train=2, val=1, max_epochs=3, check_val_every_n_epoch=None, val_check_interval=3)
    except Unsayable as error:
        raise Untested(str(error)) from error
    assert steps == " tt tvt ttv"


@pytest.mark.claim("trainer.sanity-check")
@pytest.mark.parametrize(
    ("option", "steps"),
    [
        ({}, 2),
        ({"num_sanity_val_steps": 0}, 0),
        ({"num_sanity_val_steps": 1}, 1),
        ({"num_sanity_val_steps": 9}, 3),
        ({"num_sanity_val_steps": -1}, 3),
    ],
)
def test_so_many_batches_of_validation_come_before_training(trainer, option, steps):
    module = Passes()
    fit(trainer(**option), module, train=batches(2), val=batches(3))
    assert module.passes == steps * "v" + " ttvvv"


@pytest.mark.claim("trainer.sanity-check")
def test_the_limit_of_validation_limits_it_too(trainer):
    assert passes(trainer, train=1, val=3, limit_val_batches=1, num_sanity_val_steps=2) == "v tv"


@pytest.mark.claim("trainer.sanity-check")
def test_every_loader_is_tried(trainer):
    module = Passes()
    fit(trainer(num_sanity_val_steps=1), module, train=batches(1), val=[batches(2), batches(3)])
    assert module.passes == "vw tvvwww"


@pytest.mark.claim("trainer.fast-dev-run-evaluation")
@pytest.mark.parametrize(("run", "steps"), [(validate, "v"), (test, "e"), (predict, "p")])
@pytest.mark.parametrize("number", [1, 2])
def test_every_evaluation_has_so_many_batches(trainer, run, steps, number):
    module = Passes()
    run(trainer(fast_dev_run=number), module, batches(3))
    assert module.passes == number * steps


@pytest.mark.claim("trainer.fast-dev-run")
@pytest.mark.parametrize(("given", "steps"), [(True, " tv"), (1, " tv"), (False, "vv tt tt ttvvv")])
def test_one_epoch_of_so_many_batches_is_trained_and_validated(trainer, given, steps):
    options = {"max_epochs": 3, "limit_train_batches": 2, "check_val_every_n_epoch": 3} if not given else {}
    module = Passes()
    fit(trainer(fast_dev_run=given, **{"max_epochs": 4, **options}), module, train=batches(3), val=batches(3))
    assert module.passes == steps


@pytest.mark.claim("trainer.fast-dev-run")
def test_what_was_asked_for_otherwise_does_not_count(trainer):
    asked = {"limit_train_batches": 3, "limit_val_batches": 3, "num_sanity_val_steps": 2, "max_steps": 3}
    assert passes(trainer, train=3, val=3, fast_dev_run=True, max_epochs=4, **asked) == " tv"


@pytest.mark.claim("trainer.fast-dev-run-interval")
def test_the_epoch_of_a_fast_run_is_validated_whatever_the_interval(trainer):
    asked = {"val_check_interval": 2, "check_val_every_n_epoch": 2}
    assert passes(trainer, train=3, val=3, fast_dev_run=True, **asked) == " tv"


@pytest.mark.claim("trainer.fast-dev-run-leaves-nothing")
def test_nothing_is_logged_or_saved(trainer, tmp_path):
    made = trainer(fast_dev_run=True, logger=True, enable_checkpointing=True)
    fit(made, Passes(), train=batches(3), val=batches(3))
    assert type(made.logger).__name__ == "DummyLogger"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.claim("trainer.fast-dev-run-number")
@pytest.mark.parametrize(("number", "steps"), [(2, " ttvv"), (9, " tttvvv")])
def test_a_fast_run_may_have_several_batches(trainer, number, steps):
    assert passes(trainer, train=3, val=3, fast_dev_run=number, max_epochs=4) == steps
