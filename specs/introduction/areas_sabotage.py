"""How to make the claims about the API areas false."""

from importlib import metadata

import pytorch_lightning as pl

from fixtures.sabotage import sabotage


@sabotage("intro.api-accelerators")
def accelerators_do_not_derive(patch):
    """The base class is exchanged, and the accelerator that is shipped keeps deriving from the old one."""
    patch.setattr(pl.accelerators, "Accelerator", type("Accelerator", (), {}))


@sabotage("intro.api-callback")
def callbacks_do_not_derive(patch):
    """One shipped callback no longer derives from Callback."""
    patch.setattr(pl.callbacks, "LearningRateMonitor", type("LearningRateMonitor", (), {}))


@sabotage("intro.api-callback")
def callback_is_two_classes(patch):
    """The Callback at the top level is another class than the one of the sub-package."""
    patch.setattr(pl, "Callback", type("Callback", (pl.Callback,), {}))


@sabotage("intro.api-datamodule")
def data_module_loses_a_hook(patch):
    """The hook for test data is removed."""
    for cls in (cls for cls in pl.LightningDataModule.__mro__ if "test_dataloader" in vars(cls)):
        patch.delattr(cls, "test_dataloader")


@sabotage("intro.api-logging")
def logger_base_is_concrete(patch):
    """The base class asks nothing of a logger any more."""
    for cls in pl.loggers.CSVLogger.__mro__[1:]:
        if getattr(cls, "__abstractmethods__", None):
            patch.setattr(cls, "__abstractmethods__", frozenset())


@sabotage("intro.api-logging")
def tensorboard_does_not_derive(patch):
    """The TensorBoard logger no longer derives from the base class."""
    patch.setattr(pl.loggers, "TensorBoardLogger", type("TensorBoardLogger", (), {}))


@sabotage("intro.api-plugins")
def precision_plugins_do_not_derive(patch):
    """The base class is exchanged, and what is shipped keeps deriving from the old one."""
    base = "Precision" if hasattr(pl.plugins, "Precision") else "PrecisionPlugin"
    patch.setattr(pl.plugins, base, type(base, (), {}))


@sabotage("intro.api-metrics.elsewhere")
def torchmetrics_is_not_required(patch):
    """Lightning stops requiring torchmetrics."""
    declared = metadata.requires
    patch.setattr(metadata, "requires", lambda name: [r for r in declared(name) if not r.startswith("torchmetrics")])
