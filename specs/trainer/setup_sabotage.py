"""How to make the claims about what a Trainer has, and what its attributes say, false."""

from pytorch_lightning.accelerators import CPUAccelerator
from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop
from pytorch_lightning.loops.prediction_loop import _PredictionLoop
from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector
from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector

from fixtures.calls import says
from fixtures.sabotage import sabotage


@sabotage("trainer.checkpoint-on", "trainer.callbacks-on")
def no_checkpoints_are_saved(patch):
    """No ModelCheckpoint is added."""
    patch.setattr(_CallbackConnector, "_configure_checkpoint_callbacks", lambda self, enabled: None)


@sabotage("trainer.callbacks-on")
def no_progress_is_shown(patch):
    """No progress bar is added."""
    patch.setattr(_CallbackConnector, "_configure_progress_bar", lambda self, enabled: None)


@sabotage("trainer.callbacks-on")
def checkpoints_are_saved_first(patch):
    """ModelCheckpoint goes to the front of the list."""
    patch.setattr(_CallbackConnector, "_reorder_callbacks", staticmethod(lambda callbacks: callbacks[::-1]))


@sabotage("trainer.logger-on")
def nothing_is_logged_by_default(patch):
    """There is no logger unless one is given."""
    original = _LoggerConnector.configure_logger
    patch.setattr(
        _LoggerConnector, "configure_logger", lambda self, logger: original(self, None if logger is True else logger)
    )


@sabotage("trainer.default-root-dir")
def files_go_elsewhere(patch):
    """Without default_root_dir, files go to a folder of that name."""
    says(patch, "default_root_dir", lambda trainer, folder: trainer._default_root_dir + "/default_root_dir")


@sabotage("trainer.attr-of-one-device")
def the_device_has_the_wrong_number(patch):
    """Devices are counted from 1."""
    says(patch, "device_ids", lambda trainer, ids: [number + 1 for number in ids])


@sabotage("trainer.attr-of-one-device")
def the_accelerator_is_another(patch):
    """The accelerator is not the strategy's."""
    says(patch, "accelerator", lambda trainer, accelerator: CPUAccelerator())


@sabotage("trainer.attr-is-last-batch", "trainer.attr-is-last-batch-limited")
def no_batch_is_the_last(patch):
    """is_last_batch is never true."""
    says(patch, "is_last_batch", lambda trainer, last: False)


@sabotage("trainer.attr-num-batches")
def validation_is_as_short_as_the_sanity_check(patch):
    """num_val_batches says in the sanity check how many batches that has."""
    says(patch, "num_val_batches", lambda trainer, number: trainer._evaluation_loop.max_batches)


@sabotage("trainer.attr-estimated-stepping-batches")
def accumulated_batches_count_each(patch):
    """The estimate forgets that gradients are accumulated."""
    says(patch, "estimated_stepping_batches", lambda trainer, steps: steps * trainer.accumulate_grad_batches)


@sabotage("trainer.attr-estimated-stepping-batches-without-epochs")
def a_run_without_a_limit_has_no_steps(patch):
    """The estimate of a run without a limit is -1."""
    says(patch, "estimated_stepping_batches", lambda trainer, steps: -1 if steps == float("inf") else steps)


@sabotage("trainer.attr-loaders")
def the_training_loader_comes_in_a_list(patch):
    """train_dataloader is a list of one."""
    says(patch, "train_dataloader", lambda trainer, loader: loader if loader is None else [loader])


@sabotage("trainer.predict-nothing")
def a_loader_is_asked_for_whatever_the_limit(patch):
    """The limit of predict is looked at only once the loader is there."""
    original = _PredictionLoop.setup_data

    def setup_data(self):
        if self.trainer.limit_predict_batches == 0:
            self._data_source.dataloader()
        original(self)

    patch.setattr(_PredictionLoop, "setup_data", setup_data)


@sabotage("trainer.evaluation-prints")
def results_are_printed_unasked(patch):
    """verbose is ignored."""
    patch.setattr(_EvaluationLoop, "verbose", property(lambda self: True, lambda self, verbose: None), raising=False)


@sabotage("trainer.evaluation-prints")
def results_are_never_printed(patch):
    """What was logged is not printed."""
    patch.setattr(_EvaluationLoop, "_print_results", staticmethod(lambda results, stage: None))


@sabotage("trainer.step-parameters-of-any-name")
def only_parameters_of_one_name_are_given_the_number(patch):
    """A step is given the number of its batch only where a parameter is called batch_idx."""
    from pytorch_lightning.loops import evaluation_loop, prediction_loop, training_epoch_loop

    for loop in (evaluation_loop, prediction_loop, training_epoch_loop):
        original = loop.is_param_in_hook_signature

        def named(hook, name, explicit=False, min_args=None, original=original):
            return original(hook, name, explicit)

        patch.setattr(loop, "is_param_in_hook_signature", named)
