"""How to make the claims about the progress bar false."""

from pytorch_lightning.callbacks import ProgressBar, TQDMProgressBar
from pytorch_lightning.callbacks.progress import tqdm_progress

from fixtures.rewriting import rewrite
from fixtures.sabotage import sabotage


@sabotage("built-in.progress-training")
def validation_counts_as_well(patch):
    """The bar of training has room for the batches of validation."""
    before = "convert_inf(self.total_train_batches)"
    after = "convert_inf(self.total_train_batches + self.total_val_batches)"
    rewrite(patch, TQDMProgressBar, "on_train_epoch_start", before, after)


@sabotage("built-in.progress-training")
def epochs_are_counted_from_one(patch):
    """The first epoch is called Epoch 1."""
    rewrite(patch, TQDMProgressBar, "on_train_epoch_start", "{trainer.current_epoch}", "{trainer.current_epoch + 1}")


@sabotage("built-in.progress-evaluation-in-fit")
def loaders_are_not_told_apart(patch):
    """The bar does not begin anew with the second loader."""
    before = "return old_dataloader_idx != dataloader_idx"
    rewrite(patch, ProgressBar, "has_dataloader_changed", before, "return old_dataloader_idx is None")


@sabotage("built-in.progress-evaluation-in-fit")
def the_sanity_check_is_called_validation(patch):
    """The bar of the sanity check has the name of that of validation."""
    patch.setattr(ProgressBar, "sanity_check_description", "Validation")


@sabotage("built-in.progress-evaluation")
def batches_are_counted_from_zero(patch):
    """The last batch is not counted."""
    for run in ("validation", "test", "predict"):
        rewrite(patch, TQDMProgressBar, f"on_{run}_batch_end", "n = batch_idx + 1", "n = batch_idx")


@sabotage("built-in.progress-refresh-rate", "built-in.progress-environment")
def the_last_batch_is_not_shown(patch):
    """Only every so many batches are shown."""
    rewrite(patch, TQDMProgressBar, "_should_update", "or current == total", "")


@sabotage("built-in.progress-refresh-rate")
def every_batch_is_shown(patch):
    """refresh_rate is ignored."""
    patch.setattr(TQDMProgressBar, "_should_update", lambda self, current, total: True)


@sabotage("built-in.progress-off")
def bars_are_never_disabled(patch):
    """A refresh_rate of 0 does not disable the bars."""
    patch.setattr(TQDMProgressBar, "is_disabled", False)


@sabotage("built-in.progress-environment")
def the_environment_decides(patch):
    """The smaller of both rates is taken."""
    rewrite(patch, TQDMProgressBar, "_resolve_refresh_rate", "max(", "min(")


@sabotage("built-in.progress-numbers")
def powers_of_ten_are_padded(patch):
    """Zeros are put behind numbers in scientific notation."""
    rewrite(patch, tqdm_progress.Tqdm, "format_num", '"e" not in n', "True")


@sabotage("built-in.progress-numbers")
def numbers_are_padded_to_six_places(patch):
    """Numbers take six places."""
    patch.setattr(tqdm_progress, "_PAD_SIZE", 6)


@sabotage("built-in.progress-version")
def whole_numbers_are_padded(patch):
    """Zeros are put behind whole numbers."""
    rewrite(patch, tqdm_progress.Tqdm, "format_num", "isinstance(n, (float, str))", "True")


@sabotage("built-in.progress-max-steps")
def the_bar_is_as_long_as_the_data(patch):
    """The bar has room for all batches, however many steps remain."""
    patch.setattr(ProgressBar, "total_train_batches", property(lambda self: self.trainer.num_training_batches))


@sabotage("built-in.progress-leave")
def no_bar_is_left(patch):
    """leave is ignored."""
    for hook in ("on_train_epoch_start", "on_train_epoch_end"):
        rewrite(patch, TQDMProgressBar, hook, "if self._leave:", "if False:")


@sabotage("built-in.progress-position")
def bars_are_moved_by_one_line(patch):
    """process_position moves a bar by one line only."""
    rewrite(patch, TQDMProgressBar, "init_train_tqdm", "2 * self.process_position", "self.process_position")


@sabotage("built-in.progress-position")
def validation_covers_training(patch):
    """The bar of validation is drawn over that of training."""
    rewrite(patch, TQDMProgressBar, "init_validation_tqdm", "+ has_main_bar", "")


@sabotage("built-in.progress-numbers-at-once")
def numbers_come_with_the_end_of_the_epoch(patch):
    """Only at the end of the epoch metrics are put beside the bar."""
    before = "self.train_progress_bar.set_postfix(self.get_metrics(trainer, pl_module))"
    rewrite(patch, TQDMProgressBar, "on_train_batch_end", before, "pass")


@sabotage("built-in.progress-colab")
def colab_is_like_any_other_place(patch):
    """The environment of Colab is not noticed."""
    rewrite(patch, TQDMProgressBar, "_resolve_refresh_rate", "COLAB_GPU", "NO_COLAB_GPU")


@sabotage("built-in.progress-left")
def every_bar_stays(patch):
    """The bar of the sanity check stays in the console."""
    rewrite(patch, TQDMProgressBar, "init_sanity_tqdm", "leave=False", "leave=True")


@sabotage("built-in.progress-left")
def no_bar_of_a_test_stays(patch):
    """The bar of a test vanishes."""
    rewrite(patch, TQDMProgressBar, "init_test_tqdm", "leave=True", "leave=False")
