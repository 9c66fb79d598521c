"""How to make the claims about the hooks that prepare data false: again, too late, for another stage."""

from fixtures.calls import patch_calls, postpone, repeat, replace
from fixtures.sabotage import sabotage

PREPARE, SETUP, TEARDOWN = "module.prepare-data", "module.setup-stage", "module.teardown-stage"
LOADERS, ORDER = "module.dataloader-hooks", "module.dataloader-order.validation-first"
TRANSFER = "module.transfer-batch-override.with-loader-index"


@sabotage(PREPARE, SETUP, TEARDOWN, f"{SETUP}.of-each-entry-point")
def each_is_called_twice(patch):
    """prepare_data, setup and teardown are called twice."""
    for hook in ("prepare_data", "setup", "teardown"):
        repeat(patch, "module", hook)


@sabotage(PREPARE, ORDER)
def data_is_prepared_after_setup(patch):
    """prepare_data is called once setup has been."""
    postpone(patch, "module", "prepare_data", behind="setup")


@sabotage(SETUP, TEARDOWN, f"{SETUP}.of-each-entry-point")
def every_stage_is_fit(patch):
    """setup and teardown get "fit", whatever the entry point."""
    for hook in ("setup", "teardown"):
        replace(patch, "module", hook, lambda stage: ("fit",))


@sabotage(SETUP)
def setup_comes_after_the_optimizers(patch):
    """setup is called when on_fit_start or on_test_start is."""
    waiting = []

    def change(call, trainer, name, *args, **kwargs):
        if name == "setup":
            return waiting.append(kwargs)
        while name in ("on_fit_start", "on_test_start") and waiting:
            call(trainer, "setup", **waiting.pop())
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(TEARDOWN)
def teardown_comes_before_the_end(patch):
    """teardown is called right before on_fit_end or on_test_end."""

    def change(call, trainer, name, *args, **kwargs):
        if name in ("on_fit_end", "on_test_end"):
            call(trainer, "teardown", stage=trainer.state.fn)
        return None if name == "teardown" else call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(LOADERS)
def every_epoch_asks_for_the_training_loader(patch):
    """The training loader is reloaded for every epoch."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    patch.setattr(_FitLoop, "_should_reload_train_dl", property(lambda self: True))


@sabotage(LOADERS, ORDER)
def a_fit_asks_for_the_test_loader(patch):
    """A fit asks for the test loader as well."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_fit_start":
            call(trainer, "test_dataloader")
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(LOADERS)
def training_leaves_the_last_batch_out(patch):
    """What the training loader gives is asked for, and its last batch never used."""
    from torch.utils.data import DataLoader

    def change(call, trainer, name, *args, **kwargs):
        loader = call(trainer, name, *args, **kwargs)
        if name == "train_dataloader":
            return DataLoader([*loader][:-1], batch_size=None)
        return loader

    patch_calls(patch, "module", change)


@sabotage(ORDER)
def the_training_loader_comes_before_the_sanity_check(patch):
    """All loaders of a fit are asked for before the sanity check, that of training first."""
    import pytorch_lightning as pl

    original = pl.Trainer._run_sanity_check

    def check(self):
        self.fit_loop.setup_data()
        original(self)

    patch.setattr(pl.Trainer, "_run_sanity_check", check)


@sabotage(TRANSFER)
def loaders_count_from_one(patch):
    """transfer_batch_to_device gets the index of the next loader."""
    replace(patch, "module", "transfer_batch_to_device", lambda batch, device, loader: (batch, device, loader + 1))


@sabotage(TRANSFER)
def a_batch_is_transferred_twice(patch):
    """transfer_batch_to_device gets each batch a second time, as it returned it."""

    def change(call, trainer, name, *args, **kwargs):
        result = call(trainer, name, *args, **kwargs)
        return call(trainer, name, result, *args[1:]) if name == "transfer_batch_to_device" else result

    patch_calls(patch, "module", change)
