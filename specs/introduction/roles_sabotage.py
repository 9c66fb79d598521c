"""How to make the claims about data module, logging and metrics false."""

from fixtures.sabotage import sabotage


@sabotage("intro.datamodule-role")
def data_is_not_prepared(patch):
    """prepare_data is forgotten."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    patch.setattr(_DataConnector, "prepare_data", lambda self: None)


@sabotage("intro.datamodule-role")
def setup_comes_twice(patch):
    """setup is called once more, for every device."""
    from pytorch_lightning.trainer import call

    original = call._call_setup_hook

    def twice(trainer):
        original(trainer)
        original(trainer)

    patch.setattr(call, "_call_setup_hook", twice)


@sabotage("intro.datamodule-role")
def test_takes_the_validation_data(patch):
    """trainer.test asks the data module for its validation loader."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataLoaderSource

    original = _DataLoaderSource.dataloader

    def dataloader(self):
        if self.name == "test_dataloader":
            self.name = "val_dataloader"
        return original(self)

    patch.setattr(_DataLoaderSource, "dataloader", dataloader)


@sabotage("intro.datamodule-optional")
def direct_loaders_are_swapped(patch):
    """Loaders given directly go to the wrong loops."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    original = _DataConnector.attach_dataloaders

    def attach(self, model, train_dataloaders=None, val_dataloaders=None, **others):
        original(self, model, train_dataloaders=val_dataloaders, val_dataloaders=train_dataloaders, **others)

    patch.setattr(_DataConnector, "attach_dataloaders", attach)


@sabotage("intro.datamodule-optional")
def only_a_data_module_is_trained_to_the_end(patch):
    """Without a data module the last epoch is left out."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    original = _FitLoop.advance

    def advance(self):
        if self.trainer.datamodule is not None or self.trainer.current_epoch == 0:
            original(self)

    patch.setattr(_FitLoop, "advance", advance)


@sabotage("intro.logging-role")
def steps_are_counted_from_one(patch):
    """The logger is told the number of steps done instead of the step's index."""
    from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector

    original = _LoggerConnector.log_metrics

    def log_metrics(self, metrics, step=None):
        original(self, metrics, step=self.trainer.global_step if step is None else step)

    patch.setattr(_LoggerConnector, "log_metrics", log_metrics)


@sabotage("intro.logging-role")
def interval_is_ignored(patch):
    """Every step is sent to the logger."""
    from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector

    patch.setattr(_LoggerConnector, "should_update_logs", property(lambda self: True))


@sabotage("intro.logging-role", "intro.logging-optional")
def means_of_an_epoch_are_last_values(patch):
    """What is logged for an epoch is its last value, not its mean."""
    from pytorch_lightning.trainer.connectors.logger_connector.result import _ResultMetric

    original = _ResultMetric.update

    def update(self, value, batch_size):
        if self.is_tensor and self.meta.on_epoch:
            self.reset()
        original(self, value, batch_size)

    patch.setattr(_ResultMetric, "update", update)


@sabotage("intro.logging-optional")
def false_means_the_default_logger(patch):
    """logger=False is taken for no answer, and the default logger is set up."""
    from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector

    original = _LoggerConnector.configure_logger
    patch.setattr(_LoggerConnector, "configure_logger", lambda self, logger: original(self, logger or True))


@sabotage("intro.logging-optional")
def checkpoints_cannot_be_switched_off(patch):
    """enable_checkpointing=False is ignored, and checkpoints appear."""
    from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

    original = _CallbackConnector._configure_checkpoint_callbacks
    patch.setattr(_CallbackConnector, "_configure_checkpoint_callbacks", lambda self, enabled: original(self, True))


@sabotage("intro.metrics-role", "intro.metrics-optional")
def metrics_are_not_reset(patch):
    """A metric object keeps what it has seen from epoch to epoch."""
    from pytorch_lightning.trainer.connectors.logger_connector.result import _ResultMetric

    original = _ResultMetric.reset
    patch.setattr(_ResultMetric, "reset", lambda self: original(self) if self.is_tensor else None)


@sabotage("intro.metrics-role", "intro.metrics-optional")
def metric_is_of_the_last_batch(patch):
    """Of a metric object only the last batch's value is logged."""
    from pytorch_lightning.trainer.connectors.logger_connector.result import _ResultMetric

    whole = _ResultMetric.compute
    patch.setattr(_ResultMetric, "compute", lambda self: whole(self) if self.is_tensor else self.value._forward_cache)
