"""How to make the claims about the arguments of the Trainer false."""

from functools import wraps
from inspect import signature, unwrap

import pytorch_lightning as pl

from fixtures.sabotage import sabotage


@sabotage(
    "trainer.arg-callbacks",
    "trainer.arg-default_root_dir",
    "trainer.arg-num_nodes",
    "trainer.arg-overfit_batches",
    "trainer.arg-check_val_every_n_epoch",
    "trainer.arg-fast_dev_run",
    "trainer.arg-accumulate_grad_batches",
    "trainer.arg-min_steps",
    "trainer.arg-sync_batchnorm",
    "trainer.arg-profiler",
    "trainer.arg-plugins",
    "trainer.arg-defaults-now",
)
def every_default_is_another(patch):
    """Every argument of the Trainer has another default."""
    defaults = unwrap(pl.Trainer.__init__).__kwdefaults__
    for name, value in list(defaults.items()):
        patch.setitem(defaults, name, 7 if value is None else None)


@sabotage("trainer.arg-defaults-now")
def max_steps_is_endless(patch):
    """max_steps is by default -2."""
    patch.setitem(unwrap(pl.Trainer.__init__).__kwdefaults__, "max_steps", -2)


@sabotage("trainer.arg-gone")
def what_is_not_known_is_ignored(patch):
    """The Trainer drops arguments that it does not know, without a word."""
    original = pl.Trainer.__init__

    @wraps(original)
    def init(self, *args, **kwargs):
        known = signature(original).parameters
        original(self, *args, **{name: value for name, value in kwargs.items() if name in known})

    patch.setattr(pl.Trainer, "__init__", init)


@sabotage("trainer.arg-gone")
def the_error_names_none(patch):
    """The Trainer refuses what it does not know without saying what that is."""
    original = pl.Trainer.__init__

    @wraps(original)
    def init(self, *args, **kwargs):
        if set(kwargs) - set(signature(original).parameters):
            raise TypeError("Trainer.__init__() got an unexpected keyword argument")
        original(self, *args, **kwargs)

    patch.setattr(pl.Trainer, "__init__", init)
