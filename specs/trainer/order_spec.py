"""The outer order of a run: in which state the Trainer calls what, and what is left of it with nothing to train."""

from itertools import groupby

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, predict, test, validate
from fixtures.modules import Evaluated
from fixtures.recording import Recorder
from fixtures.runs import Data, DeliberateError

BEFORE = [
    "callback.setup",
    "module.setup",
    "module.configure_optimizers",
    "callback.on_fit_start",
    "module.on_fit_start",
]
AFTER = ["callback.on_fit_end", "module.on_fit_end", "callback.teardown", "module.teardown"]
HOOKS = (
    "*setup",
    "*teardown",
    "*_start",
    "*_end",
    "*_step",
    "module.configure_optimizers",
)
OLD = ("on_init_start", "on_init_end", "on_pretrain_routine_start", "on_pretrain_routine_end")
OLD += ("on_before_accelerator_backend_setup",)
CHECK, TRAIN, VALIDATE = "sanity_check", "train", "validate"
ENDS = ("start", "end")
WHEN = [*ENDS, *(f"{of}_{end}" for of in ("epoch", "batch") for end in ENDS)]
STAGES = ("train", "validation", "test", "predict")


def run_of_nothing(trainer, loader, **options):
    """What is called in a fit without a sanity check, of which there is nothing to train."""
    recorder = Recorder()
    module, callback = recorder.module(Evaluated), recorder.callback()
    with recorder:
        fit(trainer(callbacks=[callback], num_sanity_val_steps=0, **options), module, loader, regression_loader(4))
    return [name for name in recorder.trace.names(*HOOKS) if name.split(".")[1] not in OLD]


@pytest.mark.claim("trainer.nothing-to-do")
@pytest.mark.parametrize("options", [{"max_epochs": 0}, {"max_steps": 0}, {"limit_train_batches": 0}])
def test_a_fit_of_nothing_only_sets_up_and_tears_down(trainer, options):
    assert run_of_nothing(trainer, regression_loader(4), **options) == BEFORE + AFTER


@pytest.mark.claim("trainer.nothing-to-do.started")
@pytest.mark.parametrize("options", [{"max_epochs": 0}, {"limit_train_batches": 0}])
def test_a_fit_of_nothing_starts_training(trainer, options):
    names = run_of_nothing(trainer, regression_loader(4), **options)
    assert [name for name in names if name.endswith("on_train_start")] == [
        "callback.on_train_start",
        "module.on_train_start",
    ]
    assert not [name for name in names if "epoch" in name or "step" in name]


@pytest.mark.claim("trainer.nothing-to-do.one-batch")
def test_with_a_limit_of_zero_batches_one_is_trained(trainer):
    assert run_of_nothing(trainer, regression_loader(4), limit_train_batches=0).count("module.training_step") == 1
    names = run_of_nothing(trainer, regression_loader(4), max_epochs=0)
    assert "module.on_train_start" in names
    assert "module.training_step" not in names


@pytest.mark.claim("trainer.nothing-to-do-empty")
def test_a_fit_of_an_empty_loader_only_sets_up_and_tears_down(trainer):
    assert run_of_nothing(trainer, torch.utils.data.DataLoader([])) == BEFORE + AFTER


@pytest.mark.claim("trainer.nothing-to-do-empty.refused")
def test_an_empty_loader_is_refused(trainer):
    with pytest.raises(ValueError) as raised:
        run_of_nothing(trainer, torch.utils.data.DataLoader([]))
    assert str(raised.value).startswith("`Dataloader` returned 0 length.")


@pytest.mark.claim("trainer.nothing-to-do-empty.started")
def test_a_fit_of_an_empty_loader_starts_and_ends_training(trainer):
    hooks = [f"{owner}.on_train_{end}" for end in ("start", "end") for owner in ("callback", "module")]
    assert run_of_nothing(trainer, torch.utils.data.DataLoader([])) == BEFORE + hooks + AFTER


def called_states(trainer, run, **options):
    """The states in which the hooks of a callback and the loaders of a data module are called in this run, in order;
    calls in the same state after one another are one."""
    calls = []

    def told(name):
        def hook(self, *arguments, **named):
            state = made.state
            calls.append((name, *(getattr(each, "value", each) for each in (state.fn, state.stage, state.status))))

        return hook

    class Loaders(Data):
        def train_dataloader(self):
            told("train_dataloader")(self)
            return super().train_dataloader()

        def val_dataloader(self):
            told("val_dataloader")(self)
            return super().val_dataloader()

    hooks = [f"on_{stage}_{when}" for stage in STAGES for when in WHEN] + [f"on_fit_{end}" for end in ENDS]
    hooks += [f"on_sanity_check_{end}" for end in ENDS]
    watching = type("Watching", (pl.Callback,), {name: told(name) for name in ["setup", "teardown", *hooks]})
    made = trainer(callbacks=[watching()], **options)
    run(made, Evaluated(), datamodule=Loaders())
    assert {(fn, status) for _, fn, _, status in calls} == {(run.__name__, "running")}
    assert (made.state.status.value, made.state.stage) == ("finished", None)
    return [(stage, [name for name, *_ in group]) for stage, group in groupby(calls, key=lambda call: call[2])]


@pytest.mark.claim("trainer.state")
def test_a_fit_is_in_training_except_for_its_validations(trainer):
    states = called_states(trainer, fit, max_epochs=2)
    assert [stage for stage, _ in states] == [TRAIN, CHECK, TRAIN, VALIDATE, TRAIN, VALIDATE, TRAIN]
    ends = [(names[0], names[-1]) for _, names in states]
    assert ends == [
        ("setup", "on_fit_start"),
        ("on_sanity_check_start", "on_sanity_check_end"),
        ("train_dataloader", "on_train_batch_end"),
        ("on_validation_start", "on_validation_end"),
        ("on_train_epoch_end", "on_train_batch_end"),
        ("on_validation_start", "on_validation_end"),
        ("on_train_epoch_end", "teardown"),
    ]


@pytest.mark.claim("trainer.state.left-before-teardown")
def test_a_fit_has_left_its_last_stage_when_it_is_torn_down(trainer):
    states = called_states(trainer, fit, max_epochs=2)
    assert [stage for stage, _ in states] == [TRAIN, CHECK, TRAIN, VALIDATE, TRAIN, VALIDATE, TRAIN, None]
    assert states[-1][1][-1] == "teardown"


@pytest.mark.claim("trainer.state")
@pytest.mark.parametrize("run", [validate, test, predict])
def test_an_evaluation_is_in_one_state_from_setup_to_teardown(trainer, run):
    [(stage, names)] = called_states(trainer, run)
    assert (stage, names[0], names[-1]) == (run.__name__, "setup", "teardown")


@pytest.mark.claim("trainer.val-loader-before-training")
def test_without_sanity_check_the_validation_loader_is_asked_for_before_training_starts(trainer):
    names = [name for _, names in called_states(trainer, fit, num_sanity_val_steps=0) for name in names]
    assert names[:5] == ["setup", "on_fit_start", "train_dataloader", "val_dataloader", "on_train_start"]
    assert names.count("val_dataloader") == 1


@pytest.mark.claim("trainer.val-loader-in-validation")
def test_the_trainer_is_validating_while_it_asks_for_the_validation_loader(trainer):
    states = called_states(trainer, fit, num_sanity_val_steps=0)
    assert states[:2] == [(TRAIN, ["setup", "on_fit_start", "train_dataloader"]), (VALIDATE, ["val_dataloader"])]
    assert (states[2][0], states[2][1][0]) == (TRAIN, "on_train_start")


@pytest.mark.claim("trainer.val-loader-in-validation.in-training")
def test_the_trainer_is_training_while_it_asks_for_the_validation_loader(trainer):
    states = called_states(trainer, fit, num_sanity_val_steps=0)
    assert states[0][0] == TRAIN
    assert states[0][1][:5] == ["setup", "on_fit_start", "train_dataloader", "val_dataloader", "on_train_start"]


@pytest.mark.claim("trainer.val-loader-before-training.when-due")
def test_a_first_epoch_without_validation_does_not_ask_for_its_loader(trainer):
    states = called_states(trainer, fit, num_sanity_val_steps=0, max_epochs=2, check_val_every_n_epoch=2)
    names = [name for _, names in states for name in names]
    assert names.index("val_dataloader") > names.index("on_train_start")


class Fails(pl.Callback):
    def on_train_batch_start(self, *arguments):
        raise DeliberateError("in the first batch")


@pytest.mark.claim("trainer.exception-then-teardown")
def test_the_exception_is_told_before_the_strategy_is_torn_down(trainer):
    recorder = Recorder()
    callback, module = recorder.callback(base=Fails), recorder.module(Evaluated)
    made = trainer(callbacks=[callback])
    with recorder, pytest.raises(DeliberateError):
        fit(made, module, regression_loader(4))
    events = ["callback.on_train_batch_start", "callback.on_exception", "module.cpu"]
    assert recorder.trace.names(*events) == events
    assert (made.state.status.value, made.state.stage) == ("interrupted", None)


@pytest.mark.claim("trainer.exception-then-teardown")
def test_the_module_is_on_its_device_when_the_exception_is_told(device, trainer):
    devices = []

    class Looks(Fails):
        def on_exception(self, trainer, pl_module, exception):
            devices.append((trainer.state.status.value, pl_module.device.type))

    module = Evaluated()
    with pytest.raises(DeliberateError):
        fit(trainer(callbacks=[Looks()]), module, regression_loader(4))
    assert devices == [("interrupted", device.torch_device.type)]
    assert module.device.type == "cpu"
