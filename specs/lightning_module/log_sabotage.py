"""How to make the claims about self.log false."""

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.connectors.logger_connector import _LoggerConnector, result
from pytorch_lightning.trainer.connectors.logger_connector.fx_validator import _FxValidator

from fixtures.sabotage import sabotage


def change_log(patch, change):
    """self.log is called with what `change(name, value, options)` returns; with nothing, it is not called."""
    original = pl.LightningModule.log

    def log(self, name, value, **options):
        changed = change(name, value, options)
        if changed:
            original(self, changed[0], changed[1], **changed[2])

    patch.setattr(pl.LightningModule, "log", log)


def change_tensor(patch, change):
    """What is logged is made a tensor by `change(value)` alone."""
    patch.setattr(pl.LightningModule, "_LightningModule__to_tensor", lambda self, value, name: change(value))


def change_update(patch, change):
    """`change(metric, value)` comes before each update, and gives the value for it."""
    metric = result._ResultMetric
    original = metric.update
    patch.setattr(metric, "update", lambda self, value, size: original(self, change(self, value), size))


@sabotage("module.log")
def values_come_a_batch_late(patch):
    """callback_metrics is what it was when the batch before had ended."""
    patch.setattr(_LoggerConnector, "callback_metrics", property(lambda self: self._callback_metrics))


def forget(patch, *options):
    """log_dict does not pass these options on."""
    original = pl.LightningModule.log_dict

    def log_dict(self, entries, **given):
        original(self, entries, **{name: value for name, value in given.items() if name not in options})

    patch.setattr(pl.LightningModule, "log_dict", log_dict)


@sabotage("module.log-dict")
def log_dict_keeps_entries_from_the_bar(patch):
    """log_dict does not pass prog_bar on."""
    forget(patch, "prog_bar")


@sabotage("module.log-dict", "module.log-batch-size")
def log_dict_forgets_options(patch):
    """log_dict does not pass on how to reduce, and from how many samples."""
    forget(patch, "reduce_fx", "batch_size")


@sabotage("module.print")
def print_has_a_separator_of_its_own(patch):
    """print takes no separator."""
    patch.setattr(pl.LightningModule, "print", lambda self, *args, sep=" ", **kwargs: print(*args, **kwargs))


@sabotage("module.log-names")
def names_are_not_forked(patch):
    """Step and epoch share one name."""
    patch.setattr(result._Metadata, "forked_name", lambda self, on_step: self.name)


@sabotage("module.log-names")
def every_name_is_forked(patch):
    """Even a value for one of them alone has a name that says so."""
    patch.setattr(result._Metadata, "forked", property(lambda self: True))


@sabotage("module.log-defaults")
def everything_is_logged_for_the_epoch(patch):
    """Unless told otherwise, any value is one of the epoch."""

    def levels(fx_name, on_step, on_epoch):
        return bool(on_step), on_epoch is None or on_epoch

    patch.setattr(_FxValidator, "get_default_logging_levels", levels)


@sabotage("module.log-defaults")
def everything_is_logged_for_the_step(patch):
    """Unless told otherwise, any value is one of the step."""

    def levels(fx_name, on_step, on_epoch):
        return on_step is None or on_step, bool(on_epoch)

    patch.setattr(_FxValidator, "get_default_logging_levels", levels)


@sabotage("module.log-weighted-mean")
def batches_count_alike(patch):
    """The size of a batch is not looked at."""
    patch.setattr(result._ResultCollection, "_extract_batch_size", lambda self, value, size, meta: size or 1)


@sabotage("module.log-batch-size")
def the_batch_size_is_always_looked_at(patch):
    """A batch_size that is given is not used."""
    original = result._ResultCollection._extract_batch_size

    def extract(self, value, size, meta):
        return original(self, value, None, meta)

    patch.setattr(result._ResultCollection, "_extract_batch_size", extract)


@sabotage("module.log-reduce-fx")
def greatest_and_least_begin_at_zero(patch):
    """A reduction begins with a zero that was not logged."""
    original = result._ResultMetric.__init__

    def init(self, metadata, is_tensor):
        original(self, metadata, is_tensor)
        self.value = torch.tensor(0.0)

    patch.setattr(result._ResultMetric, "__init__", init)


@sabotage("module.log-reduce-fx-sum")
def a_sum_is_of_samples(patch):
    """torch.sum counts a value as often as the batch has samples."""
    change_update(patch, lambda metric, value: 2 * value if metric.meta.is_sum_reduction else value)


def change_reductions(patch, change):
    """reduce_fx is what `change` makes of it."""
    original = result._Metadata._parse_reduce_fx

    def parse(self):
        self.reduce_fx = change(self.reduce_fx)
        original(self)

    patch.setattr(result._Metadata, "_parse_reduce_fx", parse)


@sabotage("module.log-reduce-fx-words")
def the_average_is_a_sum(patch):
    """avg is taken for sum."""
    change_reductions(patch, lambda function: "sum" if function == "avg" else function)


@sabotage("module.log-reduce-fx-words", "module.log-reduce-fx-others")
def what_is_unknown_is_a_mean(patch):
    """What is none of the four reductions is the mean."""
    change_reductions(patch, lambda function: "mean" if function in (torch.median, "median") else function)


@sabotage("module.log-afresh")
def nothing_begins_afresh(patch):
    """What was logged stays for the next epoch."""
    patch.setattr(result._ResultCollection, "reset", lambda self, metrics=None, fx=None: None)


@sabotage("module.log-half")
def half_precision_is_enough(patch):
    """Values and their sums are kept in half precision."""
    patch.setattr(result, "_get_default_dtype", lambda: torch.float16)


@sabotage("module.log-double")
def single_precision_is_enough(patch):
    """Doubles are kept in single precision."""
    change_update(patch, lambda metric, value: value.float())


@sabotage("module.log-number")
def whole_numbers_are_doubles(patch):
    """What is no floating point number is kept in double precision."""
    patch.setattr(result, "_get_default_dtype", lambda: torch.float64)


@sabotage("module.log-one-element")
def dimensions_are_kept(patch):
    """A tensor is logged in its shape."""
    change_tensor(patch, lambda value: value.clone())


def keep_the_very_tensor(patch):
    """For the step, what is kept is the value that is to be logged itself."""
    original = result._ResultMetric.update

    def update(self, value, size):
        original(self, value, size)
        if self.is_tensor:
            self._forward_cache = value

    patch.setattr(result._ResultMetric, "update", update)


@sabotage("module.log-detached", "module.log-enable-graph")
def graphs_are_kept(patch):
    """A logged value is not cut off from its graph."""
    change_tensor(patch, lambda value: value.clone())
    keep_the_very_tensor(patch)
    patch.setattr(result, "recursive_detach", lambda value: value)
    patch.setattr(torch.Tensor, "detach", lambda self: self)


@sabotage("module.log-copy")
def tensors_are_not_copied(patch):
    """For the step the very tensor is kept."""
    change_tensor(patch, lambda value: value.detach())
    keep_the_very_tensor(patch)


@sabotage("module.log-in-hooks")
def the_end_of_a_batch_logs_for_the_epoch(patch):
    """on_train_batch_end logs a mean over the epoch."""
    levels = _FxValidator.functions["on_train_batch_end"]
    patch.setitem(levels, "default_on_step", False)
    patch.setitem(levels, "default_on_epoch", True)


@sabotage("module.log-in-hooks")
def only_batches_are_logged(patch):
    """What is logged around an epoch is lost."""
    change_log(patch, lambda *call: None if "epoch" in call[0] else call)


@sabotage("module.log-not-in-hooks")
def every_hook_may_log(patch):
    """Hooks outside of the epochs are not refused."""
    for hook in ("on_fit_start", "on_train_end", "on_fit_end"):
        patch.setitem(_FxValidator.functions, hook, _FxValidator.functions["on_train_epoch_end"])


@sabotage("module.log-not-in-predict")
def predictions_log_in_vain(patch):
    """In a prediction nothing is logged, and nothing said."""
    original = pl.LightningModule.log

    def log(self, *args, **options):
        if not self.trainer.predicting:
            original(self, *args, **options)

    patch.setattr(pl.LightningModule, "log", log)


@sabotage("module.log-levels")
def every_hook_has_both_levels(patch):
    """Which levels a hook may log is not checked."""
    patch.setattr(_FxValidator, "check_logging_levels", lambda fx_name, on_step, on_epoch: None)


@sabotage("module.log-neither")
def what_is_useless_is_done(patch):
    """A value that is of no use is taken."""
    patch.setattr(result._Metadata, "__post_init__", result._Metadata._parse_reduce_fx)


@sabotage("module.log-twice", "module.log-loaders-own-names")
def options_are_not_compared(patch):
    """Other options for the same name are ignored."""
    patch.setattr(result._Metadata, "__eq__", lambda self, other: True)


@sabotage("module.log-one-number")
def of_several_numbers_the_mean_is_logged(patch):
    """A tensor of several elements is logged as their mean."""
    change_tensor(patch, lambda value: value.clone().detach().mean())


@sabotage("module.log-numbers-only")
def what_is_no_number_is_passed_over(patch):
    """Texts and dictionaries are not logged, and nothing is said."""
    change_log(patch, lambda *call: None if isinstance(call[1], (str, dict)) else call)


@sabotage("module.log-loaders")
def loaders_are_named_in_short(patch):
    """The name of a loader is only its number."""
    patch.setattr(result._ResultCollection, "DATALOADER_SUFFIX", "/{}")


@sabotage("module.log-loaders-without-index")
def the_index_is_always_added(patch):
    """add_dataloader_idx=False is not regarded."""
    change_log(patch, lambda name, value, options: (name, value, {**options, "add_dataloader_idx": True}))


@sabotage("module.log-loaders-reserved")
def a_name_with_an_index_is_cut(patch):
    """An index in the name is left out."""
    change_log(patch, lambda name, value, options: (name.split("/dataloader_idx_")[0], value, options))
