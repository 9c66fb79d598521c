"""When ModelCheckpoint saves: after which batches, and in which runs not at all."""

import os
from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, validate
from fixtures.runs import DeliberateError
from fixtures.scores import Scored, built_in, files, kept

TWICE = {"batches": 4, "val_check_interval": 2, "max_epochs": 2}
"""Two epochs of four batches, with validation after every second batch."""

FAST = {"fast_dev_run": True, "max_epochs": 1}


@pytest.mark.claim("built-in.checkpoint-every-n-epochs")
def test_every_second_epoch_is_saved(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", *[1.0] * 5, every_n_epochs=2, save_top_k=-1)
    assert module.saved == [4, 8]
    assert files(tmp_path / "kept") == ["epoch=1.ckpt", "epoch=3.ckpt"]


@pytest.mark.claim("built-in.checkpoint-every-n-epochs")
def test_with_several_validations_an_epoch_each_of_every_second_epoch_is_saved(trainer, tmp_path):
    options = {"every_n_epochs": 2, "save_top_k": -1, "monitor": "score"}
    module, _ = kept(trainer, tmp_path / "kept", 1.0, 2.0, 3.0, 4.0, fit_options=TWICE, **options)
    assert module.saved == [6, 8]


@pytest.mark.claim("built-in.checkpoint-every-n-steps")
def test_every_third_step_is_saved_across_epochs_and_no_end_of_an_epoch(trainer, tmp_path):
    options = {"every_n_train_steps": 3, "save_top_k": -1}
    module, keeper = kept(trainer, tmp_path / "kept", 1.0, 1.0, fit_options={"batches": 4}, **options)
    assert module.saved == [3, 6]
    steps = [
        torch.load(tmp_path / "kept" / file, weights_only=False)["global_step"] for file in files(tmp_path / "kept")
    ]
    assert steps == [3, 6]


def saved_while_accumulating(trainer, folder):
    """After which batches it was saved, with a step for every second batch and a checkpoint for every step."""
    accumulating = {"batches": 4, "accumulate_grad_batches": 2}
    options = {"every_n_train_steps": 1, "save_top_k": -1}
    return kept(trainer, folder, 1.0, 1.0, fit_options=accumulating, **options)[0].saved


@pytest.mark.claim("built-in.checkpoint-every-n-steps-accumulating")
def test_steps_are_those_of_the_optimizer(trainer, tmp_path):
    assert saved_while_accumulating(trainer, tmp_path / "kept") == [2, 4, 6, 8]


@pytest.mark.claim("built-in.checkpoint-every-n-steps-accumulating.early")
def test_a_checkpoint_is_saved_a_batch_before_its_step(trainer, tmp_path):
    assert saved_while_accumulating(trainer, tmp_path / "kept") == [1, 3, 5, 7]


@pytest.mark.claim("built-in.checkpoint-time-interval")
@pytest.mark.parametrize(("interval", "saved"), [(timedelta(microseconds=1), [1, 2, 3, 4]), (timedelta(days=1), [])])
def test_it_saves_after_the_batch_with_which_the_interval_is_over(trainer, tmp_path, interval, saved):
    module, _ = kept(trainer, tmp_path / "kept", 1.0, 1.0, train_time_interval=interval, save_top_k=-1)
    assert module.saved == saved


@pytest.mark.claim("built-in.checkpoint-moment")
@pytest.mark.parametrize(("at_epoch_end", "saved"), [(None, [2, 4, 6, 8]), (False, [2, 4, 6, 8]), (True, [4, 8])])
def test_with_several_validations_an_epoch_it_saves_after_each(trainer, tmp_path, at_epoch_end, saved):
    options = {"save_on_train_epoch_end": at_epoch_end, "save_top_k": -1}
    module, _ = kept(trainer, tmp_path / "kept", 1.0, 2.0, 3.0, 4.0, fit_options=TWICE, **options)
    assert module.saved == saved


def saved_with_every_second_epoch_validated(trainer, folder, at_epoch_end):
    options = {"save_on_train_epoch_end": at_epoch_end, "save_top_k": -1}
    every_second = {"check_val_every_n_epoch": 2, "max_epochs": 4}
    return kept(trainer, folder, 1.0, 2.0, fit_options=every_second, **options)[0].saved


@pytest.mark.claim("built-in.checkpoint-moment")
@pytest.mark.parametrize(("at_epoch_end", "saved"), [(None, [4, 8]), (False, [4, 8]), (True, [2, 4, 6, 8])])
def test_with_validation_in_every_second_epoch_it_saves_in_these(trainer, tmp_path, at_epoch_end, saved):
    assert saved_with_every_second_epoch_validated(trainer, tmp_path / "kept", at_epoch_end) == saved


@pytest.mark.claim("built-in.checkpoint-moment.every-epoch")
@pytest.mark.parametrize(("at_epoch_end", "saved"), [(None, [2, 4, 6, 8]), (False, [4, 8])])
def test_with_validation_in_every_second_epoch_it_saves_in_every_one(trainer, tmp_path, at_epoch_end, saved):
    assert saved_with_every_second_epoch_validated(trainer, tmp_path / "kept", at_epoch_end) == saved


def saved_without_validation(trainer, folder, **options):
    module, keeper = Scored(), built_in("ModelCheckpoint", dirpath=str(folder))
    fit(trainer(callbacks=[keeper], max_epochs=3, **options), module, train=regression_loader(4))
    return module.saved


@pytest.mark.claim("built-in.checkpoint-without-validation")
def test_without_validation_it_saves_at_the_end_of_every_epoch(trainer, tmp_path):
    assert saved_without_validation(trainer, tmp_path / "kept") == [2, 4, 6]


@pytest.mark.claim("built-in.checkpoint-without-validation-interval")
def test_the_interval_of_a_validation_that_does_not_come_changes_nothing(trainer, tmp_path):
    assert saved_without_validation(trainer, tmp_path / "kept", val_check_interval=2) == [2, 4, 6]


@pytest.mark.claim("built-in.checkpoint-without-validation-interval.never")
def test_it_waits_for_a_validation_that_does_not_come(trainer, tmp_path):
    assert saved_without_validation(trainer, tmp_path / "kept", val_check_interval=2) == []


@pytest.mark.claim("built-in.checkpoint-without-validation.at-the-end")
def test_without_validation_it_saves_when_training_ends(trainer, tmp_path):
    assert saved_without_validation(trainer, tmp_path / "kept") == [6]


def saved_with_scores(trainer, folder, *scores, every=1, **fit_options):
    """After which batches it was saved, and with which scores, with a checkpoint for every step."""
    options = {"every_n_train_steps": every, "save_top_k": -1, "monitor": "score", "save_on_train_epoch_end": False}
    module, keeper = kept(trainer, folder, *scores, filename="{score}", fit_options=fit_options, **options)
    return list(zip(module.saved, [float(score) for score in keeper.best_k_models.values()]))


@pytest.mark.claim("built-in.checkpoint-steps-wait-for-validation")
def test_the_last_step_of_an_epoch_is_saved_after_validation(trainer, tmp_path):
    found = saved_with_scores(trainer, tmp_path / "kept", 3.0, 2.0, 1.0)
    assert found == [(2, 3.0), (3, 3.0), (4, 2.0), (5, 2.0), (6, 1.0)]


@pytest.mark.claim("built-in.checkpoint-steps-wait-for-validation")
def test_in_an_epoch_without_validation_it_does_not_wait(trainer, tmp_path):
    every_second = {"check_val_every_n_epoch": 2, "max_epochs": 4}
    found = saved_with_scores(trainer, tmp_path / "kept", 3.0, 2.0, **every_second)
    assert found == [(4, 3.0), (5, 3.0), (6, 3.0), (7, 3.0), (8, 2.0)]
    found = saved_with_scores(trainer, tmp_path / "third", 3.0, 2.0, every=3, **every_second)
    assert found == [(4, 3.0), (6, 3.0)]


@pytest.mark.claim("built-in.checkpoint-steps-wait-for-validation")
def test_what_had_to_wait_is_also_the_last(trainer, tmp_path):
    options = {"every_n_train_steps": 1, "monitor": "score", "save_on_train_epoch_end": False, "save_last": True}
    _, keeper = kept(trainer, tmp_path / "kept", 3.0, 2.0, 1.0, **options)
    assert torch.load(keeper.last_model_path, weights_only=False)["global_step"] == 6


@pytest.mark.claim("built-in.checkpoint-steps-wait-for-validation.at-once")
def test_every_step_is_saved_at_once_if_there_is_a_score(trainer, tmp_path):
    found = saved_with_scores(trainer, tmp_path / "kept", 3.0, 2.0, 1.0)
    assert found == [(3, 3.0), (4, 3.0), (5, 2.0), (6, 2.0)]


@pytest.mark.claim("built-in.checkpoint-steps-old-score")
def test_the_best_checkpoint_is_one_step_late(trainer, tmp_path):
    options = {"every_n_train_steps": 1, "save_top_k": 1, "monitor": "score", "mode": "min"}
    module, keeper = kept(trainer, tmp_path / "kept", 1.0, 2.0, **options)
    assert (float(keeper.best_model_score), module.saved) == (1.0, [3])
    assert torch.load(keeper.best_model_path, weights_only=False)["global_step"] == 2 + 1


@pytest.mark.claim("built-in.checkpoint-only-in-fit")
def test_it_saves_neither_in_the_sanity_check_nor_in_validate(trainer, tmp_path):
    options = {"save_top_k": -1, "monitor": "score", "save_on_train_epoch_end": False}
    sanity = {"num_sanity_val_steps": 1, "max_epochs": 2}
    module, _ = kept(trainer, tmp_path / "kept", 9.0, 3.0, 2.0, 1.0, fit_options=sanity, **options)
    validate(module.trainer, module, regression_loader(2))
    assert (module.validated, module.saved) == (4, [2, 4])


@pytest.mark.claim("built-in.checkpoint-fast-dev-run")
@pytest.mark.parametrize("when", [{}, {"every_n_train_steps": 1}])
def test_a_fast_dev_run_saves_nothing(trainer, tmp_path, when):
    module, _ = kept(trainer, tmp_path / "kept", 1.0, fit_options=FAST, **when)
    assert (module.batches, module.saved, files(tmp_path / "kept")) == (1, [], [])


@pytest.mark.claim("built-in.checkpoint-fast-dev-run.saves")
def test_a_fast_dev_run_saves_its_only_epoch(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", 1.0, fit_options=FAST)
    assert (module.batches, module.saved, files(tmp_path / "kept")) == (1, [1], ["epoch=0.ckpt"])


@pytest.mark.claim("built-in.checkpoint-fast-dev-run-last")
def test_a_fast_dev_run_saves_the_last(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", 1.0, fit_options=FAST, save_last=True)
    assert (module.saved, files(tmp_path / "kept")) == ([1], ["last.ckpt"])


@pytest.mark.claim("built-in.checkpoint-fast-dev-run-last.nothing")
def test_a_fast_dev_run_saves_not_even_the_last(trainer, tmp_path):
    module, _ = kept(trainer, tmp_path / "kept", 1.0, fit_options=FAST, save_last=True)
    assert (module.saved, files(tmp_path / "kept")) == ([], [])


class FailsInBatch(pl.Callback):
    def __init__(self, batch):
        self.batch = batch

    def on_train_batch_start(self, trainer, pl_module, *rest):
        if pl_module.batches == self.batch - 1:
            raise DeliberateError(f"in batch {self.batch}")


def failed(trainer, folder, batch, **options):
    """The module and its ModelCheckpoint after a fit that failed in that batch."""
    keeper, module = built_in("ModelCheckpoint", dirpath=str(folder), save_top_k=-1, **options), Scored(1.0, 2.0)
    made = trainer(callbacks=[FailsInBatch(batch), keeper], max_epochs=2, num_sanity_val_steps=0)
    with pytest.raises(DeliberateError):
        fit(made, module, train=regression_loader(4), val=regression_loader(2))
    return module, keeper


@pytest.mark.claim("built-in.checkpoint-on-exception")
@pytest.mark.parametrize(
    ("batch", "wanted", "saved"), [(4, True, [2, 3]), (3, True, [2]), (4, False, [2]), (1, True, [])]
)
def test_what_was_trained_since_the_last_checkpoint_is_saved(trainer, tmp_path, batch, wanted, saved):
    module, _ = failed(trainer, tmp_path / "kept", batch, save_on_exception=wanted)
    assert module.saved == saved


@pytest.mark.claim("built-in.checkpoint-on-exception")
def test_that_is_also_the_last(trainer, tmp_path):
    _, keeper = failed(trainer, tmp_path / "kept", 4, save_on_exception=True, save_last=True)
    last = torch.load(keeper.last_model_path, weights_only=False)
    newest = [os.path.basename(state["last_model_path"]) for state in last["callbacks"].values()]
    assert (last["global_step"], newest) == (3, ["last.ckpt"])
