"""How to make the claims about LightningModule false."""

import functools

import pytorch_lightning as pl

from fixtures.sabotage import sabotage


@sabotage("structure.module-holds-model-and-training")
def nothing_is_verified(patch):
    """fit no longer checks that the module has the methods it needs."""
    patch.setattr("pytorch_lightning.trainer.trainer._verify_loop_configurations", lambda trainer: None)


@sabotage("structure.module-holds-model-and-training")
def nothing_is_optimized(patch):
    """What configure_optimizers returns is not used."""
    from pytorch_lightning.core import optimizer

    patch.setattr(optimizer, "_configure_optimizers", lambda returned: ([optimizer._MockOptimizer()], [], None))


@sabotage("structure.module-holds-model-and-training.plain-module-named")
def the_class_of_the_model_is_not_checked(patch):
    """fit takes any nn.Module."""
    patch.setattr("pytorch_lightning.trainer.trainer._maybe_unwrap_optimized", lambda model: model)


@sabotage("structure.module-holds-model-and-training.plain-module-refused")
def a_plain_module_is_run_first(patch):
    """The model is tried out before its class is checked."""
    original = pl.Trainer.fit

    @functools.wraps(original)
    def fit(self, model, train_dataloaders):
        model(next(iter(train_dataloaders))[0])
        return original(self, model, train_dataloaders)

    patch.setattr(pl.Trainer, "fit", fit)
