"""How to make the claims about the files of ModelCheckpoint false, and those about runs that resume from them."""

from pytorch_lightning.callbacks import ModelCheckpoint

from fixtures.rewriting import rewrite
from fixtures.sabotage import sabotage

PRIVATE = "_ModelCheckpoint__"
NAMED = "_format_checkpoint_name"
REFUSED = f"{PRIVATE}validate_init_configuration"


@sabotage("built-in.checkpoint-default-name")
def the_default_name_has_no_step(patch):
    """By default a file is called by its epoch alone."""
    rewrite(patch, ModelCheckpoint, NAMED, '"{epoch}" + self.CHECKPOINT_JOIN_CHAR + "{step}"', '"{epoch}"')


@sabotage("built-in.checkpoint-name")
def another_sign_than_equals(patch):
    """Names and values of metrics are joined by an underscore."""
    patch.setattr(ModelCheckpoint, "CHECKPOINT_EQUALS_CHAR", "_")


@sabotage("built-in.checkpoint-name")
def what_was_not_logged_counts_as_one(patch):
    """A metric that was not logged counts as 1."""
    rewrite(patch, ModelCheckpoint, NAMED, "torch.tensor(0)", "torch.tensor(1)")


@sabotage("built-in.checkpoint-name-bare")
def names_are_always_put_in(patch):
    """auto_insert_metric_name is ignored."""
    rewrite(patch, ModelCheckpoint, NAMED, "if auto_insert_metric_name:", "if True:")


@sabotage("built-in.checkpoint-version", "built-in.checkpoint-version-last")
def versions_begin_with_two(patch):
    """The first version is -v2."""
    patch.setattr(ModelCheckpoint, "STARTING_VERSION", 2)


@sabotage("built-in.checkpoint-version")
def files_are_overwritten(patch):
    """A file of the same name is overwritten."""
    patch.setattr(ModelCheckpoint, "file_exists", lambda self, filepath, trainer: False)


@sabotage("built-in.checkpoint-version-off")
def the_counter_is_always_on(patch):
    """enable_version_counter is ignored."""
    always = property(lambda self: True, lambda self, value: None)
    patch.setattr(ModelCheckpoint, "_enable_version_counter", always, raising=False)


@sabotage("built-in.checkpoint-not-empty")
def nobody_is_warned_of_folders(patch):
    """Nothing is said of a folder with files in it."""
    patch.setattr(ModelCheckpoint, f"{PRIVATE}warn_if_dir_not_empty", lambda self, dirpath: None)


@sabotage("built-in.checkpoint-default-folder", "built-in.checkpoint-logger-folder")
def files_lie_in_another_folder(patch):
    """The folder is called otherwise."""
    rewrite(patch, ModelCheckpoint, f"{PRIVATE}resolve_ckpt_dir", '"checkpoints"', '"saved"')


@sabotage("built-in.checkpoint-weights-only")
def everything_is_always_saved(patch):
    """save_weights_only is ignored."""
    rewrite(patch, ModelCheckpoint, "_save_checkpoint", "self.save_weights_only", "False")


@sabotage("built-in.checkpoint-weights-only")
def weights_are_all_there_is(patch):
    """save_weights_only is taken for granted."""
    rewrite(patch, ModelCheckpoint, "_save_checkpoint", "self.save_weights_only", "True")


@sabotage("built-in.checkpoint-missing-metric")
def a_missing_metric_is_ignored(patch):
    """A metric that is not there is no error."""
    rewrite(patch, ModelCheckpoint, "_save_topk_checkpoint", "raise MisconfigurationException(m)", "pass")


@sabotage("built-in.checkpoint-missing-metric")
def metrics_that_are_there_are_not_told(patch):
    """The error does not name the metrics."""
    rewrite(patch, ModelCheckpoint, "_save_topk_checkpoint", "list(monitor_candidates)", "[]")


@sabotage("built-in.checkpoint-refused", "built-in.checkpoint-refused-triggers")
def nothing_is_refused(patch):
    """Options are not looked at."""
    patch.setattr(ModelCheckpoint, REFUSED, lambda self: None)


@sabotage("built-in.checkpoint-refused-triggers")
def two_triggers_are_accepted(patch):
    """Two triggers at once are accepted."""
    rewrite(patch, ModelCheckpoint, REFUSED, "train_time_interval_triggered > 1", "train_time_interval_triggered > 2")


@sabotage("built-in.checkpoint-mode-unknown")
def modes_are_told_in_another_way(patch):
    """The error does not say which mode was given."""
    rewrite(patch, ModelCheckpoint, f"{PRIVATE}init_monitor_mode", " but got {mode}", "")


@sabotage("built-in.checkpoint-states")
def keys_do_not_tell_when_it_saves(patch):
    """The key of a state has no triggers."""
    rewrite(patch, ModelCheckpoint, "state_key", "every_n_train_steps=self._every_n_train_steps,", "")


@sabotage("built-in.checkpoint-resumed")
def the_best_begin_anew(patch):
    """A run that resumes does not know the best so far."""
    before = 'state_dict.get("best_k_models", self.best_k_models)'
    rewrite(patch, ModelCheckpoint, "load_state_dict", before, "{}")


@sabotage("built-in.checkpoint-resumed-from-is-kept")
def what_it_resumed_from_is_removed(patch):
    """The checkpoint that the run resumed from is removed like any other."""
    rewrite(patch, ModelCheckpoint, "_should_remove_checkpoint", "previous == resume_path", "False")


@sabotage("built-in.checkpoint-resumed-elsewhere")
def the_old_list_goes_on_in_the_new_folder(patch):
    """A change of the folder is not noticed."""
    rewrite(patch, ModelCheckpoint, "load_state_dict", "self.dirpath == dirpath_from_ckpt", "True")


@sabotage("built-in.checkpoint-loggers-told")
def only_the_first_logger_is_told(patch):
    """Other loggers than the first are not told of a checkpoint."""
    rewrite(patch, ModelCheckpoint, "_save_checkpoint", "in trainer.loggers:", "in trainer.loggers[:1]:")


@sabotage("built-in.checkpoint-several-loggers-folder")
def the_last_logger_decides(patch):
    """The folder is that of the last logger."""
    rewrite(patch, ModelCheckpoint, f"{PRIVATE}resolve_ckpt_dir", "trainer.loggers[0]", "trainer.loggers[-1]")
