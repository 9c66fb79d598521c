"""How to make the claims about hyperparameters and load_from_checkpoint false."""

import pytorch_lightning as pl

from fixtures.sabotage import sabotage


def patch_saving(patch, change):
    """Let `change(module)` follow each save_hyperparameters."""
    from pytorch_lightning.core.mixins import hparams_mixin

    save = hparams_mixin.save_hyperparameters

    def saved(module, *args, **kwargs):
        save(module, *args, **kwargs)
        change(module)

    patch.setattr(hparams_mixin, "save_hyperparameters", saved)


def patch_load(patch, change):
    """Let Lightning load with the arguments `change(checkpoint, arguments by name)` has altered in place."""
    from pytorch_lightning.core import saving

    load = saving._load_state

    def loaded(cls, checkpoint, **kwargs):
        change(checkpoint, kwargs)
        return load(cls, checkpoint, **kwargs)

    patch.setattr(saving, "_load_state", loaded)


@sabotage("module.hparams-all", "module.hparams-some", "module.hparams-ignore", "module.hparams-namespace")
def the_last_is_forgotten(patch):
    """Of several that were saved the last is left out."""
    patch_saving(patch, lambda module: len(module.hparams) > 1 and module.hparams.popitem())


@sabotage("module.hparams-all")
def a_base_class_saves_nothing(patch):
    """Only the arguments of the outermost class are kept."""

    def change(module):
        for name in ("name", "width"):
            if type(module).__name__ == "Wider":
                module.hparams.pop(name, None)

    patch_saving(patch, change)


@sabotage("module.hparams-some", "module.hparams-ignore")
def names_do_not_matter(patch):
    """save_hyperparameters keeps all arguments, whatever it is told."""
    from pytorch_lightning.core.mixins import hparams_mixin

    save = hparams_mixin.save_hyperparameters

    def saved(module, *args, ignore=None, **kwargs):
        save(module, **kwargs)

    patch.setattr(hparams_mixin, "save_hyperparameters", saved)


@sabotage("module.hparams-namespace")
def numbers_are_kept_as_well(patch):
    """A bare number is kept under the name "value"."""
    convert = pl.LightningModule._to_hparams_dict
    known = (bool, int, float, str)

    def converted(hp):
        return convert({"width": hp} if isinstance(hp, known) else hp)

    patch.setattr(pl.LightningModule, "_to_hparams_dict", staticmethod(converted))


@sabotage("module.attr-hparams", "module.hparams-initial")
def they_cannot_be_changed(patch):
    """Once they are saved, self.hparams is a new copy each time."""
    import copy

    read = pl.LightningModule.hparams.fget

    def copied(self):
        return copy.deepcopy(read(self)) if hasattr(self, "_hparams_initial") else read(self)

    patch.setattr(pl.LightningModule, "hparams", property(copied))


@sabotage("module.attr-hparams")
def every_attribute_is_there(patch):
    """What hparams has not is None as an attribute."""
    from lightning_fabric.utilities.data import AttributeDict

    patch.setattr(AttributeDict, "__getattr__", lambda self, name: self.get(name))


@sabotage("module.hparams-initial")
def the_first_are_the_current_ones(patch):
    """self.hparams_initial is self.hparams."""
    patch.setattr(pl.LightningModule, "hparams_initial", property(lambda self: self.hparams))


@sabotage("module.hparams-initial")
def the_first_can_be_changed(patch):
    """self.hparams_initial is no copy."""
    patch.setattr(pl.LightningModule, "hparams_initial", property(lambda self: getattr(self, "_hparams_initial", {})))


@sabotage("module.load-from-checkpoint")
def what_was_saved_wins(patch):
    """Keywords do not override what was saved."""

    def change(checkpoint, kwargs):
        for name in ("rate", "width"):
            if name in kwargs and "name" in checkpoint.get("hyper_parameters", {}):
                kwargs[name] = 0.2

    patch_load(patch, change)


@sabotage("module.load-from-checkpoint")
def the_map_is_not_asked(patch):
    """map_location is not handed on."""
    from pytorch_lightning.core import saving

    load = saving.pl_load
    patch.setattr(saving, "pl_load", lambda path, map_location=None, **kwargs: load(path, **kwargs))


@sabotage("module.load-from-checkpoint-strict")
def weights_need_not_fit(patch):
    """Weights are loaded as if strict were always False."""
    patch_load(patch, lambda checkpoint, kwargs: kwargs.update(strict=False))


@sabotage("module.load-from-checkpoint-strict.warns")
def missing_weights_are_not_named(patch):
    """Nothing is said about weights that only one side has."""
    from pytorch_lightning.core import saving

    patch.setattr(saving, "rank_zero_warn", lambda *args, **kwargs: None)


@sabotage("module.load-from-checkpoint-strict")
def nothing_is_loaded_that_is_not_strict(patch):
    """With strict = False no weights are loaded."""

    def change(checkpoint, kwargs):
        if kwargs.get("strict") is False:
            checkpoint["state_dict"] = {}

    patch_load(patch, change)


@sabotage("module.hparams-datamodule")
def the_state_of_the_data_module_is_not_loaded(patch):
    """load_from_checkpoint of a data module leaves its state out."""
    patch_load(patch, lambda checkpoint, kwargs: checkpoint.pop("Batches", None))


@sabotage("module.hparams-datamodule")
def the_settings_of_the_data_module_are_not_loaded(patch):
    """load_from_checkpoint of a data module leaves its hyperparameters out."""
    patch_load(patch, lambda checkpoint, kwargs: checkpoint.pop("datamodule_hyper_parameters", None))


@sabotage("module.hparams-logged")
def loggers_are_always_told(patch):
    """The logger is told the hyperparameters also where it is not to be."""
    patch_saving(patch, lambda module: setattr(module, "_log_hyperparams", True))


@sabotage("module.hparams-logged")
def loggers_are_never_told(patch):
    """The logger is not told the hyperparameters."""
    patch_saving(patch, lambda module: setattr(module, "_log_hyperparams", False))
