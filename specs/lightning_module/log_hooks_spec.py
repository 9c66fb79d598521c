"""Where self.log may be called, and what it refuses to log."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.data import regression_loader
from fixtures.dialects import fit, predict
from fixtures.modules import Evaluated


def loader():
    """Two batches of the same size."""
    return regression_loader(4)


def says(hook, say, base=Evaluated):
    """A subclass of the base that calls `say(module)` in this hook, before all else."""

    def override(self, *args, **kwargs):
        say(self if isinstance(self, pl.LightningModule) else args[1])
        return getattr(base, hook)(self, *args, **kwargs)

    return type("Says", (base,), {hook: override})


def counts(hooks, base):
    """A subclass of the base that logs, in each of these hooks, under its name how often it was called."""
    calls = dict.fromkeys(hooks, 0)

    def counting(hook):
        def say(module):
            calls[hook] += 1
            module.log(hook, torch.tensor(float(calls[hook]), device=module.device))

        return say

    for hook in hooks:
        base = says(hook, counting(hook), base)
    return base


EACH_STEP = ["on_train_batch_start", "on_train_batch_end"]
EACH_EPOCH = ["on_train_epoch_start", "on_train_epoch_end", "on_validation_epoch_start", "on_validation_epoch_end"]
MEANS = ["on_validation_batch_start", "on_validation_batch_end"]
LOGGED = {**dict.fromkeys(EACH_STEP, 2.0), **dict.fromkeys(EACH_EPOCH, 1.0), **dict.fromkeys(MEANS, 1.5)}
OF_MODULES = {"on_after_backward": 2.0, "on_before_zero_grad": 2.0}


def numbers(metrics):
    return {name: float(value) for name, value in metrics.items() if name not in ("loss", "epoch")}


def counted(trainer, module_hooks, callback_hooks=()):
    """What a fit of two batches, with a validation of two batches, shows of a module and a callback that count."""
    module, callback = counts(module_hooks, Evaluated)(), counts(callback_hooks, pl.Callback)()
    run = trainer(num_sanity_val_steps=0, callbacks=[callback])
    with torch.enable_grad():  # some releases leave it off where an evaluation fails
        fit(run, module, train=loader(), val=loader())
    return numbers(run.callback_metrics)


@pytest.mark.claim("module.log-in-hooks")
def test_hooks_of_the_module_log_what_their_moment_stands_for(trainer):
    assert counted(trainer, [*LOGGED, *OF_MODULES]) == {**LOGGED, **OF_MODULES}


@pytest.mark.claim("module.log-in-hooks")
def test_so_do_hooks_of_a_callback(trainer):
    assert counted(trainer, [], LOGGED) == LOGGED


@pytest.mark.claim("module.log-in-hooks.mean")
def test_after_a_training_batch_the_mean_is_logged(trainer):
    hooks = ["on_train_batch_end", *EACH_EPOCH]
    found = {"on_train_batch_end": 1.5, **dict.fromkeys(EACH_EPOCH, 1.0)}
    assert counted(trainer, hooks) == found
    assert counted(trainer, [], hooks) == found


@pytest.mark.claim("module.log-in-hooks.few")
def test_only_hooks_around_a_validation_batch_log(trainer):
    hooks = dict.fromkeys(MEANS, 1.5)
    assert counted(trainer, LOGGED) == hooks
    assert counted(trainer, [], LOGGED) == hooks


def message_of(run, *args, error=MisconfigurationException):
    """What the run says as it fails; nothing, if it does not."""
    try:
        with torch.enable_grad():  # some releases leave it off where an evaluation fails
            run(*args)
    except error as raised:
        return str(raised)
    return ""


@pytest.mark.claim("module.log-in-hooks.key-error")
@pytest.mark.parametrize("last", ["on_train_epoch_end", "on_validation_epoch_end"])
def test_around_validation_batches_and_at_the_end_self_log_is_an_error(trainer, last):
    assert message_of(counted, trainer, ["on_validation_batch_end", last], error=KeyError) == "'_internal'"
    assert counted(trainer, ["on_validation_batch_end"]) == {"on_validation_batch_end": 1.5}


def logs_in(hook, **options):
    """A module that logs 1 as x in this hook, with these options."""
    return says(hook, lambda module: module.log("x", torch.tensor(1.0, device=module.device), **options))()


def refusal(trainer, hook, **options):
    return message_of(fit, trainer(), logs_in(hook, **options), loader())


NOT_HERE = ["on_fit_start", "on_train_end", "on_fit_end"]


@pytest.mark.claim("module.log-not-in-hooks")
@pytest.mark.parametrize("hook", NOT_HERE)
def test_hooks_outside_of_the_epochs_refuse(trainer, hook):
    assert hook in refusal(trainer, hook)


@pytest.mark.claim("module.log-not-in-hooks.in-vain")
@pytest.mark.parametrize("hook", NOT_HERE)
def test_hooks_outside_of_the_epochs_log_in_vain(trainer, hook):
    run = trainer()
    fit(run, logs_in(hook), train=loader())
    assert numbers(run.callback_metrics) == {}


@pytest.mark.claim("module.log-not-in-predict")
def test_a_prediction_refuses(trainer):
    with pytest.raises((MisconfigurationException, AssertionError)) as refused:
        predict(trainer(), logs_in("predict_step"), loader())
    assert "log" in [entry.name for entry in refused.traceback]


@pytest.mark.claim("module.log-not-in-predict.in-vain")
def test_a_prediction_logs_in_vain(trainer):
    run = trainer()
    predict(run, logs_in("predict_step"), loader())
    assert numbers(run.callback_metrics) == {}


@pytest.mark.claim("module.log-levels")
@pytest.mark.parametrize(("options", "only"), [({"on_step": True}, "(False,)"), ({"on_epoch": False}, "(True,)")])
def test_a_hook_at_the_end_of_an_epoch_has_no_step(trainer, options, only):
    ((name, value),) = options.items()
    said = f"You can't `self.log({name}={value})` inside `on_train_epoch_end`, must be one of {only}"
    assert refusal(trainer, "on_train_epoch_end", **options).startswith(said)


@pytest.mark.claim("module.log-levels.epoch-is-optional")
def test_a_hook_at_the_end_of_an_epoch_need_not_log_for_it(trainer):
    assert refusal(trainer, "on_train_epoch_end", on_epoch=False) == ""


@pytest.mark.claim("module.log-neither")
def test_neither_step_nor_epoch_is_refused(trainer):
    message = refusal(trainer, "training_step", on_step=False, on_epoch=False)
    assert message == "`self.log(on_step=False, on_epoch=False)` is not useful."


@pytest.mark.claim("module.log-neither.in-vain")
def test_neither_step_nor_epoch_logs_in_vain(trainer):
    run = trainer()
    fit(run, logs_in("training_step", on_step=False, on_epoch=False), train=loader())
    assert numbers(run.callback_metrics) == {}


def twice(first, second):
    """Logs x with these options, then with those, in every training batch."""

    def say(module):
        module.log("x", torch.tensor(1.0, device=module.device), **first)
        module.log("x", torch.tensor(3.0, device=module.device), **second)

    return says("training_step", say)()


OPTIONS = [{"prog_bar": True}, {"logger": False}, {"on_step": False, "on_epoch": True}]
BOTH = {"on_step": True, "on_epoch": True}


@pytest.mark.claim("module.log-twice")
@pytest.mark.parametrize("second", OPTIONS, ids=str)
def test_other_options_for_the_same_name_are_refused(trainer, second):
    message = message_of(fit, trainer(), twice({}, second), loader())
    assert message.startswith("You called `self.log(x, ...)` twice in `training_step` with different arguments.")


@pytest.mark.claim("module.log-twice")
def test_with_the_same_options_both_values_count(trainer):
    run = trainer()
    fit(run, twice(BOTH, BOTH), train=loader())
    assert numbers(run.callback_metrics) == {"x": 2.0, "x_step": 3.0, "x_epoch": 2.0}


@pytest.mark.claim("module.log-twice.last")
def test_the_last_value_of_a_step_counts(trainer):
    run = trainer()
    fit(run, twice(BOTH, BOTH), train=loader())
    assert numbers(run.callback_metrics) == {"x": 3.0, "x_step": 3.0, "x_epoch": 3.0}


TWO = [1.0, 2.0]
NESTED = {"a": {"b": 1.0}}


def logging_of(trainer, value):
    """The run to be, and a module that logs the value as x."""
    return trainer(), says("training_step", lambda module: module.log("x", value))(), loader()


@pytest.mark.claim("module.log-one-number")
def test_a_tensor_of_two_elements_is_refused(trainer):
    message = message_of(fit, *logging_of(trainer, torch.tensor(TWO)), error=ValueError)
    assert message == (
        "`self.log(x, tensor([1., 2.]))` was called, but the tensor must have a single element."
        " You can try doing `self.log(x, tensor([1., 2.]).mean())`"
    )


@pytest.mark.claim("module.log-one-number.several")
def test_a_tensor_of_two_elements_is_kept(trainer):
    run, *others = logging_of(trainer, torch.tensor(TWO))
    fit(run, *others)
    assert run.callback_metrics["x"].tolist() == TWO


@pytest.mark.claim("module.log-numbers-only")
def test_a_nested_dictionary_is_refused(trainer):
    message = message_of(fit, *logging_of(trainer, NESTED), error=ValueError)
    assert message == "`self.log(x, {'a': {'b': 1.0}})` was called, but nested dictionaries cannot be logged"


@pytest.mark.claim("module.log-numbers-only")
def test_a_text_is_refused(trainer):
    message = message_of(fit, *logging_of(trainer, "word"), error=ValueError)
    assert message == "`self.log(x, word)` was called, but `str` values cannot be logged"


@pytest.mark.claim("module.log-numbers-only.nested")
def test_a_nested_dictionary_is_kept(trainer):
    run, *others = logging_of(trainer, NESTED)
    fit(run, *others)
    assert run.callback_metrics["x"] == NESTED
