"""How to make the claims about Lightning's parts in plain torch false."""

import functools

import pytorch_lightning as pl
import torch
from torch import nn

from fixtures.sabotage import sabotage


@sabotage("compat.lightning-module-in-torch")
def the_device_is_not_followed(patch):
    """Moved by plain torch, a LightningModule says that it is where it was."""
    from lightning_fabric.utilities.device_dtype_mixin import _DeviceDtypeModuleMixin

    patch.setattr(_DeviceDtypeModuleMixin, "device", property(lambda self: torch.device("cpu")))


@sabotage("compat.lightning-module-in-torch")
def parameters_are_hidden_from_a_parent(patch):
    """A parent module finds no parameters in a LightningModule."""
    patch.setattr(pl.LightningModule, "named_modules", lambda self, *args, **kwargs: iter(()))


@sabotage("compat.lightning-module-in-torch")
def fit_freezes_a_layer(patch):
    """After fit the module's first parameter no longer learns."""
    original = pl.Trainer.fit

    @functools.wraps(original)
    def fit(self, model, *args, **kwargs):
        original(self, model, *args, **kwargs)
        next(model.parameters()).requires_grad_(False)

    patch.setattr(pl.Trainer, "fit", fit)


@sabotage("compat.lightning-module-in-torch.log-without-trainer")
def log_takes_the_value_away(patch):
    """Logging empties the tensor it is given."""

    def log(self, name, value, *args, **kwargs):
        value.data.zero_()

    patch.setattr(pl.LightningModule, "log", log)


@sabotage("compat.lightning-module-in-torch.every-method.not-these")
def print_works_without_a_trainer(patch):
    """print falls back to Python's own."""
    patch.setattr(pl.LightningModule, "print", lambda self, *args, **kwargs: None)


@sabotage("compat.lightning-data-in-torch")
def loaders_are_wrapped(patch):
    """The data module's loaders are handed out inside a Lightning class."""
    from pytorch_lightning.utilities.combined_loader import CombinedLoader

    original = pl.LightningDataModule.__init__

    def init(self):
        original(self)
        for stage in ("train", "val", "test"):
            loader = getattr(self, f"{stage}_dataloader")
            setattr(self, f"{stage}_dataloader", lambda loader=loader: CombinedLoader(loader(), "sequential"))

    patch.setattr(pl.LightningDataModule, "__init__", init)


@sabotage("compat.lightning-callback-in-torch")
def a_callback_is_a_module(patch):
    """Callback gets a trainer of its own when it is made."""

    def init(self):
        self.trainer = None

    patch.setattr(pl.Callback, "__init__", init)


@sabotage("compat.lightning-callback-in-torch")
def hooks_are_called_twice(patch):
    """Under the Trainer every hook of a callback is called twice."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def twice(trainer, hook, *args, **kwargs):
        original(trainer, hook, *args, **kwargs)
        original(trainer, hook, *args, **kwargs)

    patch.setattr(call, "_call_callback_hooks", twice)


@sabotage("compat.lightning-module-in-torch")
def a_lightning_module_is_skipped_by_its_parent(patch):
    """Called as a layer, a LightningModule gives back its input's first numbers."""
    original = nn.Module.__call__

    def call(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        return args[0][:, : result.shape[1]] if isinstance(self, pl.LightningModule) else result

    patch.setattr(nn.Module, "__call__", call)
