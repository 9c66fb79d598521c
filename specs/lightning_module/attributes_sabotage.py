"""How to make the claims about a module's attributes, about freezing it and about its callbacks false."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


def told(patch, name, change):
    """Let the module's attribute of this name be `change(what it should be)`."""
    right = getattr(pl.LightningModule, name)
    patch.setattr(pl.LightningModule, name, property(lambda self: change(right.fget(self)), right.fset))


@sabotage("module.attr-current-epoch")
def epochs_count_from_1(patch):
    """The first epoch is epoch 1."""
    told(patch, "current_epoch", lambda epoch: epoch + 1)


@sabotage("module.attr-global-step")
def steps_start_anew_each_epoch(patch):
    """The step is counted within its epoch."""
    told(patch, "global_step", lambda step: step % 4)


@sabotage("module.attr-global-step")
def batches_are_counted(patch):
    """The step is the number of batches."""

    def batches(self):
        return self.trainer.fit_loop.epoch_loop.total_batch_idx if self._trainer else 0

    patch.setattr(pl.LightningModule, "global_step", property(batches))


@sabotage("module.attr-current-epoch", "module.attr-global-step", "module.attr-global-rank", "module.attr-local-rank")
def without_a_run_there_is_no_number(patch):
    """Without a run the attributes are None."""
    for name in ("current_epoch", "global_step", "global_rank", "local_rank"):

        def number(self, name=name):
            return getattr(self._trainer, name) if self._trainer else None

        patch.setattr(pl.LightningModule, name, property(number))


@sabotage("module.attr-global-rank", "module.attr-local-rank", "module.attr-global-rank.over-nodes")
def ranks_count_from_1(patch):
    """The first process has rank 1."""
    for name in ("global_rank", "local_rank"):
        told(patch, name, lambda rank: rank + 1)


@sabotage("module.attr-global-rank.over-nodes")
def the_global_rank_is_the_local_one(patch):
    """The global rank does not count over nodes."""
    patch.setattr(pl.LightningModule, "global_rank", pl.LightningModule.local_rank)


@sabotage("module.attr-device")
def the_device_is_made_up(patch):
    """The module says that it is nowhere."""
    told(patch, "device", lambda device: torch.device("meta"))


@sabotage("module.attr-on-gpu")
def on_gpu_is_the_opposite(patch):
    """The module says that it is on a GPU where it is not."""
    told(patch, "on_gpu", lambda on_gpu: not on_gpu)


@sabotage("module.attr-trainer")
def the_trainer_is_a_copy(patch):
    """The module has another Trainer than the one that fits it."""
    import copy

    told(patch, "trainer", copy.copy)


@sabotage("module.attr-trainer-within")
def a_module_within_is_not_told(patch):
    """Only the outermost module is told its Trainer."""
    read = pl.LightningModule.trainer.fget

    def write(self, trainer):
        self._trainer = trainer

    def found(self):
        return read(self) if self._trainer is not None else None

    patch.setattr(pl.LightningModule, "trainer", property(found, write))


@sabotage("module.attr-trainer.refused")
def without_a_run_the_trainer_is_none(patch):
    """Without a run the Trainer is None."""
    write = pl.LightningModule.trainer.fset
    patch.setattr(pl.LightningModule, "trainer", property(lambda self: self._trainer, write))


@sabotage("module.attr-logger", "module.attr-loggers")
def loggers_are_not_told(patch):
    """The module has neither logger nor loggers."""
    told(patch, "logger", lambda logger: None)
    told(patch, "loggers", lambda loggers: [])


@sabotage("module.attr-loggers")
def only_the_first_logger_is_told(patch):
    """The module's loggers are but the first of the Trainer's."""
    told(patch, "loggers", lambda loggers: loggers[:1])


@sabotage("module.attr-logger", "module.attr-loggers")
def without_a_run_there_is_a_logger(patch):
    """Without a run the module has a logger."""
    from pytorch_lightning.loggers import CSVLogger

    told(patch, "logger", lambda logger: logger or CSVLogger("none"))
    told(patch, "loggers", lambda loggers: loggers or [CSVLogger("none")])


@sabotage("module.attr-precision.trainer")
def the_module_has_a_precision(patch):
    """A module has a precision of its own."""
    patch.setattr(pl.LightningModule, "precision", 32, raising=False)


@sabotage("module.attr-use-amp.gone", "module.attr-use-flags.gone")
def the_flags_are_back(patch):
    """A module has the flags of old."""
    for name in ("use_amp", "use_ddp"):
        patch.setattr(pl.LightningModule, name, False, raising=False)


@sabotage("module.freeze")
def only_the_mode_changes(patch):
    """freeze() leaves the gradients on."""
    patch.setattr(pl.LightningModule, "freeze", lambda self: self.eval())


@sabotage("module.freeze")
def only_gradients_are_frozen(patch):
    """freeze() leaves the module in train mode."""
    patch.setattr(pl.LightningModule, "freeze", lambda self: self.requires_grad_(False))


@sabotage("module.unfreeze")
def only_the_mode_changes_back(patch):
    """unfreeze() leaves the gradients off."""
    patch.setattr(pl.LightningModule, "unfreeze", lambda self: self.train())


@sabotage("module.unfreeze")
def only_gradients_come_back(patch):
    """unfreeze() leaves the module in eval mode."""
    patch.setattr(pl.LightningModule, "unfreeze", lambda self: self.requires_grad_(True))


@sabotage("module.configure-callbacks")
def both_of_a_class_take_part(patch):
    """Callbacks of the module join, and take no place of another."""
    from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

    def attach(self):
        self.trainer.callbacks.extend(self.trainer.lightning_module.configure_callbacks())

    patch.setattr(_CallbackConnector, "_attach_model_callbacks", attach)


@sabotage("module.configure-callbacks", "module.configure-callbacks-single")
def callbacks_of_the_module_are_not_asked_for(patch):
    """configure_callbacks is not called."""
    from pytorch_lightning.trainer.connectors.callback_connector import _CallbackConnector

    patch.setattr(_CallbackConnector, "_attach_model_callbacks", lambda self: None)
