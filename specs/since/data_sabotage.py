"""How to make the claims about the data module's life, state and loaders false."""

from fixtures.calls import patch_calls, postpone, repeat, replace, skip
from fixtures.sabotage import sabotage


@sabotage("since.datamodule-setup", "since.datamodule-setup-validate-predict", "since.datamodule-setup-order")
def the_data_module_is_set_up_twice(patch):
    """setup of the data module is called twice a run."""
    repeat(patch, "datamodule", "setup")


@sabotage("since.datamodule-setup", "since.datamodule-setup-validate-predict")
def the_data_module_is_told_another_stage(patch):
    """setup is given no stage."""
    replace(patch, "datamodule", "setup", lambda stage: (None,))


@sabotage("since.datamodule-setup", "since.datamodule-setup-validate-predict")
def loaders_are_asked_for_before_the_data_is_prepared(patch):
    """prepare_data comes after setup."""
    postpone(patch, "datamodule", "prepare_data", behind="setup")


@sabotage("since.datamodule-setup-order")
def the_data_module_is_set_up_last(patch):
    """setup of the data module comes after the module's."""
    from pytorch_lightning.trainer import call

    set_up, later = call._call_lightning_datamodule_hook, []

    def put_off(original, trainer, name, *args, **kwargs):
        if name == "setup":
            return later.append(kwargs)
        return original(trainer, name, *args, **kwargs)

    def catch_up(original, trainer, name, *args, **kwargs):
        result = original(trainer, name, *args, **kwargs)
        if name == "setup":
            set_up(trainer, "setup", **later.pop())
        return result

    patch_calls(patch, "datamodule", put_off)
    patch_calls(patch, "module", catch_up)


@sabotage("since.datamodule-teardown")
def the_data_module_is_not_torn_down(patch):
    """teardown of the data module is left out."""
    skip(patch, "datamodule", "teardown")


@sabotage("since.datamodule-state")
def the_state_of_the_data_is_not_given_back(patch):
    """load_state_dict of the data module is left out."""
    skip(patch, "datamodule", "load_state_dict")


@sabotage("since.datamodule-state")
def the_state_of_the_data_is_not_saved(patch):
    """state_dict of the data module is not asked for."""
    skip(patch, "datamodule", "state_dict")


@sabotage("since.datamodule-checkpoint-hooks.ignored")
def the_data_module_may_change_the_checkpoint(patch):
    """on_save_checkpoint of the data module is called as it was."""
    from pytorch_lightning.trainer import call

    original = call._call_callbacks_on_save_checkpoint

    def save(trainer, checkpoint):
        original(trainer, checkpoint)
        trainer.datamodule.on_save_checkpoint(checkpoint)

    patch.setattr(call, "_call_callbacks_on_save_checkpoint", save)


@sabotage("since.datamodule-loaders-over-the-modules")
def the_modules_loaders_are_used(patch):
    """Where the module has loaders of its own, those of the data module are not used."""
    from pytorch_lightning.trainer.connectors.data_connector import _DataConnector

    original = _DataConnector.attach_data

    def attach(self, model, datamodule=None, **loaders):
        original(self, model, datamodule=datamodule, **loaders)
        self.trainer.fit_loop._data_source.instance = model
        self.trainer.fit_loop.epoch_loop.val_loop._data_source.instance = model

    patch.setattr(_DataConnector, "attach_data", attach)
