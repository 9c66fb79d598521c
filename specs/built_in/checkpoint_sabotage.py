"""How to make the claims about ModelCheckpoint false: what is kept, and when it is saved."""

import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from fixtures.rewriting import rewrite
from fixtures.sabotage import sabotage

TRAINED = "on_train_batch_end"
VALIDATED = "on_validation_end"
EPOCH_ENDED = "on_train_epoch_end"
MOMENT = "_should_save_on_train_epoch_end"
SKIPPED = "_should_skip_saving_checkpoint"
BEST = "_update_best_and_save"


@sabotage("built-in.checkpoint-newest")
def older_ones_stay(patch):
    """The checkpoint before is not removed."""
    rewrite(patch, ModelCheckpoint, "_save_none_monitor_checkpoint", "self.save_top_k == 1", "False")


@sabotage("built-in.checkpoint-all-or-nothing")
def all_is_one(patch):
    """save_top_k=-1 saves only what is better than the last one saved."""
    rewrite(patch, ModelCheckpoint, BEST, "self.save_top_k == -1", "False")
    rewrite(patch, ModelCheckpoint, "_save_none_monitor_checkpoint", "self.save_top_k == 1", "self.save_top_k == -1")


@sabotage("built-in.checkpoint-all-or-nothing")
def nothing_is_something(patch):
    """save_top_k=0 saves."""
    rewrite(patch, ModelCheckpoint, "_save_topk_checkpoint", "self.save_top_k == 0", "self.monitor is not None")


@sabotage("built-in.checkpoint-top-k")
def equal_is_better(patch):
    """An equal score replaces the worst of the best."""
    before = '{"min": torch.lt, "max": torch.gt}'
    rewrite(patch, ModelCheckpoint, "check_monitor_top_k", before, '{"min": torch.le, "max": torch.ge}')


@sabotage("built-in.checkpoint-top-k")
def the_best_is_replaced(patch):
    """The best of the best so many is taken for the worst."""
    rewrite(patch, ModelCheckpoint, BEST, '_op = max if self.mode == "min" else min', "_op = min")


@sabotage("built-in.checkpoint-top-k")
def the_best_is_the_lowest_in_any_mode(patch):
    """The best is that with the lowest score, whatever the mode."""
    rewrite(patch, ModelCheckpoint, BEST, '_op = min if self.mode == "min" else max', "_op = min")


@sabotage("built-in.checkpoint-nan")
def nan_stays_nan(patch):
    """NaN is kept as the score, and better than nothing."""
    rewrite(patch, ModelCheckpoint, BEST, "torch.isnan(current)", "False")


@sabotage("built-in.checkpoint-best-weights")
def the_best_is_the_newest(patch):
    """best_model_path is that of the last epoch."""
    rewrite(patch, ModelCheckpoint, "check_monitor_top_k", "if less_than_k_models:", "if True:")


@sabotage("built-in.checkpoint-last", "built-in.checkpoint-last-alone", "built-in.checkpoint-version-last")
def there_is_no_last(patch):
    """save_last is ignored."""
    rewrite(patch, ModelCheckpoint, "_save_last_checkpoint", "if not self.save_last:", "if True:")


@sabotage("built-in.checkpoint-last-with-others")
def last_is_written_every_epoch(patch):
    """last.ckpt is written whether another checkpoint is saved or not."""
    before = "self._last_global_step_saved == trainer.global_step"
    rewrite(patch, ModelCheckpoint, EPOCH_ENDED, before, "True")


@sabotage("built-in.checkpoint-last-link")
def the_link_is_a_copy(patch):
    """last.ckpt is a file of its own."""
    rewrite(patch, ModelCheckpoint, "_save_last_checkpoint", 'self.save_last == "link"', "False")


@sabotage("built-in.checkpoint-best-k-as-yaml")
def only_the_best_is_written(patch):
    """The YAML file has the best checkpoint alone."""
    rewrite(
        patch, ModelCheckpoint, "to_yaml", "in self.best_k_models.items()}", "in [*self.best_k_models.items()][:1]}"
    )


@sabotage("built-in.checkpoint-every-n-epochs")
def it_begins_with_the_first_epoch(patch):
    """Of every two epochs the first is saved."""
    rewrite(patch, ModelCheckpoint, EPOCH_ENDED, "(trainer.current_epoch + 1) %", "trainer.current_epoch %")


@sabotage("built-in.checkpoint-every-n-epochs")
def after_validation_every_epoch_is_saved(patch):
    """Where there are several validations, every epoch is saved."""
    rewrite(patch, ModelCheckpoint, VALIDATED, "% self._every_n_epochs == 0", ">= 0")


@sabotage("built-in.checkpoint-every-n-steps")
def every_step_is_saved(patch):
    """Every step is saved, however many are to lie between."""
    rewrite(patch, ModelCheckpoint, TRAINED, "% self._every_n_train_steps != 0", "< 0")


@sabotage("built-in.checkpoint-every-n-steps-accumulating")
def batches_count(patch):
    """It is saved after every batch, whether it made a step or not."""
    rewrite(patch, ModelCheckpoint, SKIPPED, "or self._last_global_step_saved == trainer.global_step", "")


@sabotage("built-in.checkpoint-time-interval")
def it_is_never_time(patch):
    """The interval is never over."""
    rewrite(patch, ModelCheckpoint, TRAINED, "skip_time = prev_time_check is None or", "skip_time = True or")


@sabotage("built-in.checkpoint-time-interval")
def it_is_always_time(patch):
    """The interval is over at once."""
    rewrite(patch, ModelCheckpoint, TRAINED, "train_time_interval.total_seconds()", "0")


@sabotage("built-in.checkpoint-moment", "built-in.checkpoint-steps-wait-for-validation")
def the_moment_is_not_for_choice(patch):
    """save_on_train_epoch_end is ignored."""
    rewrite(patch, ModelCheckpoint, MOMENT, "self._save_on_train_epoch_end is not None", "False")


@sabotage("built-in.checkpoint-moment")
def the_end_of_the_epoch_is_the_moment(patch):
    """It saves at the end of every epoch, however often validation comes."""
    rewrite(patch, ModelCheckpoint, MOMENT, "trainer.val_check_interval == 1.0", "True")


@sabotage("built-in.checkpoint-moment")
def epochs_without_validation_are_saved(patch):
    """It saves at the end of every epoch, in whichever validation comes."""
    rewrite(patch, ModelCheckpoint, MOMENT, "trainer.check_val_every_n_epoch != 1", "False")


@sabotage("built-in.checkpoint-without-validation")
def it_waits_for_validation(patch):
    """Without validation nothing is saved."""
    rewrite(patch, ModelCheckpoint, MOMENT, "return True", "return False")


@sabotage("built-in.checkpoint-steps-wait-for-validation")
def what_was_put_off_is_forgotten(patch):
    """A step that waits for validation is not saved after it."""
    rewrite(patch, ModelCheckpoint, VALIDATED, "if self._defer_save_until_validation:", "if False:")


@sabotage("built-in.checkpoint-steps-wait-for-validation")
def the_last_step_does_not_wait(patch):
    """The last step of an epoch is saved with the score before."""
    rewrite(patch, ModelCheckpoint, TRAINED, "will_run_val = True", "will_run_val = False")


@sabotage("built-in.checkpoint-steps-old-score")
def validated_weights_are_saved(patch):
    """The step before validation is saved with the score that it gives."""
    rewrite(patch, ModelCheckpoint, MOMENT, "self._save_on_train_epoch_end is not None", "True")


@sabotage("built-in.checkpoint-only-in-fit", "built-in.checkpoint-fast-dev-run")
def every_run_is_saved(patch):
    """It saves in every run, also in the sanity check."""
    patch.setattr(ModelCheckpoint, SKIPPED, lambda self, trainer: False)


@sabotage("built-in.checkpoint-fast-dev-run-last")
def fast_dev_runs_save_nothing(patch):
    """In a fast_dev_run not even the last is saved."""
    rewrite(
        patch, ModelCheckpoint, "on_train_end", "self.save_last and", "self.save_last and not trainer.fast_dev_run and"
    )


@sabotage("built-in.checkpoint-on-exception")
def no_exception_is_saved(patch):
    """save_on_exception is ignored."""
    patch.setattr(ModelCheckpoint, "_should_save_on_exception", lambda self, trainer: False)


@sabotage("built-in.checkpoint-on-exception")
def every_exception_is_saved(patch):
    """save_on_exception is taken for granted."""
    patch.setattr(ModelCheckpoint, "_should_save_on_exception", lambda self, trainer: True)


@sabotage("built-in.checkpoint-by-hand", "built-in.checkpoint-by-hand-warning", "built-in.checkpoint-by-hand-before")
def steps_by_hand_are_not_saved(patch):
    """Steps that a module makes by hand are not counted."""
    before = "if not pl_module.automatic_optimization:"
    rewrite(
        patch,
        ModelCheckpoint,
        TRAINED,
        f"    {before}\n        # Skip",
        f"    {before}\n        return\n        # Skip",
    )


@sabotage("built-in.checkpoint-by-hand-warning")
def nothing_is_said(patch):
    """The warning is left out."""
    from pytorch_lightning.callbacks import model_checkpoint

    patch.setattr(model_checkpoint, "rank_zero_warn", lambda *args, **kwargs: None)


@sabotage("built-in.checkpoint-by-hand-before")
def weights_after_the_step_are_saved(patch):
    """What is in saved_models is not used."""
    rewrite(patch, ModelCheckpoint, TRAINED, "pl_module.layer.load_state_dict(saved_state)", "pass")


@sabotage("built-in.checkpoint-by-hand-before")
def the_step_is_undone(patch):
    """After saving, training goes on from the weights before the step."""
    rewrite(patch, ModelCheckpoint, TRAINED, "pl_module.layer.load_state_dict(original_state)", "pass")


@sabotage("built-in.checkpoint-best-weights")
def the_best_weights_are_halved(patch):
    """What is saved are not the weights of the module."""
    save = ModelCheckpoint._save_checkpoint

    def changed(self, trainer, filepath):
        save(self, trainer, filepath)
        checkpoint = torch.load(filepath, weights_only=False)
        halved = {name: value / 2 for name, value in checkpoint["state_dict"].items()}
        torch.save({**checkpoint, "state_dict": halved}, filepath)

    patch.setattr(ModelCheckpoint, "_save_checkpoint", changed)


@sabotage("built-in.checkpoint-verbose")
def only_what_is_saved_is_reported(patch):
    """Nothing is said of a score that is not among the best."""
    rewrite(patch, ModelCheckpoint, "_save_monitor_checkpoint", "elif self.verbose:", "elif False:")


@sabotage("built-in.checkpoint-verbose")
def every_one_is_verbose(patch):
    """verbose=False is ignored."""
    rewrite(patch, ModelCheckpoint, BEST, "if self.verbose:", "if True:")


@sabotage("built-in.checkpoint-last-with-others")
def last_is_written_after_every_validation(patch):
    """After validation last.ckpt is written whether another checkpoint is saved or not."""
    rewrite(patch, ModelCheckpoint, VALIDATED, 'self.save_last == "link"', "self.save_last")


@sabotage("built-in.checkpoint-by-hand-every-second")
def every_step_by_hand_is_saved(patch):
    """Every step that a module makes by hand is saved, however many are to lie between."""
    rewrite(patch, ModelCheckpoint, TRAINED, "(trainer.global_step % self._every_n_train_steps != 0)", "False")


@sabotage("built-in.checkpoint-without-validation-interval")
def the_interval_always_counts(patch):
    """The interval of validation is looked at even without validation."""
    rewrite(patch, ModelCheckpoint, MOMENT, "num_val_batches == 0", "False")


@sabotage("built-in.checkpoint-by-hand-last")
def steps_by_hand_have_no_last(patch):
    """After steps that a module makes by hand last.ckpt is not written."""
    rewrite(patch, ModelCheckpoint, TRAINED, "self._save_last_checkpoint(trainer, monitor_candidates)", "pass")
