"""Which loaders a Trainer takes, how often it asks for them, and what it says about those that it does not like."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from fixtures.data import regression_loader
from fixtures.dialects import fit, predict, test, validate
from fixtures.modules import Evaluated
from fixtures.passes import Passes, batches
from fixtures.steps import everything_said

EVALUATIONS = [(validate, "val", "validation_step"), (test, "test", "test_step"), (predict, "predict", "predict_step")]
each_evaluation = pytest.mark.parametrize(("run", "stage", "step"), EVALUATIONS, ids=["validate", "test", "predict"])
entries = pytest.mark.parametrize("run", [fit, validate, test, predict])


class Asked(Passes):
    """Writes down in its passes also that it is asked for a loader: T for training, V for validation."""

    def train_dataloader(self):
        self.passes += "T"
        return batches(1)

    def val_dataloader(self):
        self.passes += "V"
        return batches(1)


def asked(trainer, every, **options):
    """The steps of four epochs whose loaders are reloaded after so many, and when they were asked for."""
    module = Asked()
    fit(trainer(max_epochs=4, reload_dataloaders_every_n_epochs=every, **options), module)
    return module.passes


@pytest.mark.claim("trainer.reload-dataloaders-every-epoch")
def test_loaders_are_asked_for_again_in_every_epoch(trainer):
    assert asked(trainer, 0) == "VvT tv tv tv tv"
    assert asked(trainer, 1) == "VvT tvT tVvT tVvT tVv"
    assert asked(trainer, 1, check_val_every_n_epoch=2) == "VvT tT tVvT tT tVv"


@pytest.mark.claim("trainer.reload-dataloaders-every-epoch.after-the-sanity-check")
def test_the_loader_of_the_sanity_check_is_asked_for_again(trainer):
    assert asked(trainer, 0) == "VvT tv tv tv tv"
    assert asked(trainer, 1) == "VvT tVvT tVvT tVvT tVv"


@pytest.mark.claim("trainer.reload-dataloaders-every-n-epochs")
def test_loaders_are_asked_for_again_every_second_epoch(trainer):
    assert asked(trainer, 2) == "VvT tv tvT tVv tv"
    assert asked(trainer, 2, num_sanity_val_steps=0) == "TV tv tvT tVv tv"


@pytest.mark.claim("trainer.reload-after-sanity-check")
def test_the_sanity_check_is_no_reload_where_its_epoch_is_not_validated(trainer):
    assert asked(trainer, 2, check_val_every_n_epoch=2) == "VvT t tVvT t tVv"


@pytest.mark.claim("trainer.reload-after-sanity-check.counts")
def test_the_sanity_check_is_a_reload_even_where_its_epoch_is_not_validated(trainer):
    assert asked(trainer, 2, check_val_every_n_epoch=2) == "VvT t tvT t tVv"


@pytest.mark.claim("trainer.shuffled-evaluation-warned")
@each_evaluation
def test_a_shuffled_loader_is_warned_about_where_no_training_is(trainer, run, stage, step):
    with everything_said() as said:
        run(trainer(), Evaluated(), regression_loader(4, shuffle=True))
    assert [f"{stage}_dataloader" in line for line in said if "shuffl" in line] == [True]


@pytest.mark.claim("trainer.shuffled-evaluation-warned")
def test_a_shuffled_loader_is_not_warned_about_in_training(trainer):
    with everything_said() as said:
        fit(trainer(), Evaluated(), regression_loader(4, shuffle=True), regression_loader(4))
    assert [line for line in said if "shuffl" in line] == []


class Inputs(Passes):
    """Keeps the first input of each batch, by step."""

    def __init__(self):
        super().__init__()
        self.inputs = {"training": [], "validation": []}

    def training_step(self, batch, batch_idx):
        self.inputs["training"].append(batch[0].flatten()[0].item())
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        self.inputs["validation"].append(batch[0].flatten()[0].item())


def shuffled():
    return regression_loader(6, batch_size=1, shuffle=True, generator=torch.Generator().manual_seed(3))


def in_order(loader):
    return [batch[0].flatten()[0].item() for batch in loader]


@pytest.mark.claim("trainer.shuffled-as-by-hand")
def test_a_shuffled_loader_stays_shuffled(trainer):
    module = Inputs()
    fit(trainer(num_sanity_val_steps=0), module, shuffled(), shuffled())
    assert module.inputs == {"training": in_order(shuffled()), "validation": in_order(shuffled())}
    assert in_order(shuffled()) != in_order(regression_loader(6, batch_size=1))


def overfit(trainer, number):
    """The inputs of two epochs of so many batches of loaders that shuffle, and how often that was said to stop."""
    module = Inputs()
    with everything_said() as said:
        made = trainer(overfit_batches=number, max_epochs=2, num_sanity_val_steps=0)
        fit(made, module, *(regression_loader(6, batch_size=1, shuffle=True) for _ in range(2)))
    warnings = [line for line in said if line.startswith("You requested to overfit but enabled ")]
    return module.inputs["training"], module.inputs["validation"], len(warnings)


@pytest.mark.claim("trainer.overfit-in-order")
@pytest.mark.parametrize("number", [1, 2])
def test_where_a_few_batches_are_overfit_they_are_the_first_ones_in_every_epoch(trainer, number):
    first = in_order(regression_loader(6, batch_size=1))[:number]
    assert overfit(trainer, number) == (2 * first, 2 * first, 2)


@pytest.mark.claim("trainer.overfit-in-order.without-validation")
def test_where_a_few_batches_are_overfit_nothing_is_validated(trainer):
    first = in_order(regression_loader(6, batch_size=1))[:2]
    assert overfit(trainer, 2) == (2 * first, [], 1)


@pytest.mark.claim("trainer.loader-that-is-none")
@entries
def test_what_cannot_be_gone_through_is_no_loader(trainer, run):
    with pytest.raises(TypeError) as raised:
        run(trainer(), Evaluated(), 3)
    name = "train_dataloaders" if run is fit else "dataloaders"
    assert str(raised.value).startswith("An invalid dataloader was passed to `Trainer.")
    assert str(raised.value).endswith(f"({name}=...)`. Found 3.")


@pytest.mark.claim("trainer.loader-that-is-none")
def test_what_a_hook_returns_is_looked_at_too(trainer):
    class Wrong(Evaluated):
        def val_dataloader(self):
            return 3

    with pytest.raises(TypeError) as raised:
        fit(trainer(), Wrong(), regression_loader(4))
    assert str(raised.value) == "An invalid dataloader was returned from `Wrong.val_dataloader()`. Found 3."


def with_step(name, function):
    return type("Users", (Evaluated,), {name: function})()


@pytest.mark.claim("trainer.several-loaders-need-dataloader-idx")
@each_evaluation
def test_a_step_for_several_loaders_takes_their_index(trainer, run, stage, step):
    with pytest.raises(RuntimeError) as raised:
        run(trainer(), with_step(step, lambda self, batch, batch_idx: None), [batches(1), batches(1)])
    assert str(raised.value) == (
        f"You provided multiple `{stage}_dataloader`, but no `dataloader_idx` argument in `Users.{step}()`. Try adding"
        " `dataloader_idx=0` to its signature."
    )


@pytest.mark.claim("trainer.several-loaders-need-dataloader-idx")
@each_evaluation
def test_the_hooks_around_it_take_their_index(trainer, run, stage, step):
    hook = "on_" + step.replace("step", "batch_start")
    users = type("Users", (Passes,), {hook: lambda self, batch, batch_idx: None})()
    with pytest.raises(RuntimeError) as raised:
        run(trainer(), users, [batches(1), batches(1)])
    assert str(raised.value).startswith(f"You provided multiple `{stage}_dataloader`, but no `dataloader_idx` argument")
    assert f"`Users.{hook}()`" in str(raised.value)


@pytest.mark.claim("trainer.several-loaders-need-dataloader-idx")
@each_evaluation
def test_a_step_for_one_loader_takes_none(trainer, run, stage, step):
    with pytest.raises(RuntimeError) as raised:
        run(trainer(), with_step(step, lambda self, batch, batch_idx, dataloader_idx: None), batches(1))
    assert str(raised.value) == (
        f"You provided only a single `{stage}_dataloader`, but have included `dataloader_idx` in `Users.{step}()`."
        " Either remove the argument or give it a default value i.e. `dataloader_idx=0`."
    )


@pytest.mark.claim("trainer.several-loaders-need-dataloader-idx")
@each_evaluation
def test_a_hook_for_one_loader_takes_none(trainer, run, stage, step):
    hook = "on_" + step.replace("step", "batch_start")
    users = type("Users", (Passes,), {hook: lambda self, batch, batch_idx: calls.append(batch_idx)})
    calls = []
    run(trainer(), users(), batches(2))
    assert calls == [0, 1]
    users = type("Users", (Passes,), {hook: lambda self, batch, batch_idx, dataloader_idx: None})
    with pytest.raises(RuntimeError) as raised:
        run(trainer(), users(), batches(1))
    assert str(raised.value).startswith(f"You provided only a single `{stage}_dataloader`, but have included")
    assert f"`Users.{hook}()`" in str(raised.value)


@pytest.mark.claim("trainer.combined-evaluation-loader")
def test_a_combined_loader_goes_through_validation_in_its_own_mode(trainer):
    from pytorch_lightning.utilities.combined_loader import CombinedLoader

    class Side(Evaluated):
        def validation_step(self, batches, batch_idx):
            seen.append((batch_idx, [batch and len(batch[0]) for batch in batches]))

        def on_validation_batch_start(self, batches, batch_idx):
            seen.append(batch_idx)

    seen = []
    validate(trainer(), Side(), CombinedLoader([batches(2), regression_loader(9, batch_size=3)], "min_size"))
    assert seen == [0, (0, [2, 3]), 1, (1, [2, 3])]


@pytest.mark.claim("trainer.several-loaders-in-one-iterator")
@each_evaluation
def test_a_step_that_iterates_itself_needs_no_index(trainer, run, stage, step):
    taken = []

    def iterates(self, dataloader_iter):
        taken.append(next(dataloader_iter)[1:])

    run(trainer(), with_step(step, iterates), [batches(1), batches(2)])
    assert taken == [(0, 0), (0, 1), (1, 1)]


@pytest.mark.claim("trainer.iterator-hooks-are-behind")
@each_evaluation
def test_hooks_are_told_the_indices_of_the_batch_before(trainer, run, stage, step):
    told = []

    def iterates(self, dataloader_iter):
        next(dataloader_iter)

    def before_batch(batch, batch_idx, dataloader_idx=0):
        told.append((batch_idx, dataloader_idx))

    module = with_step(step, iterates)
    setattr(module, f"on_{step[: -len('_step')]}_batch_start", before_batch)
    run(trainer(), module, [batches(1), batches(2)])
    assert told == [(0, 0), (0, 0), (0, 1)]


class Resumable:
    """A loader of four batches that knows how many of them it gave, and goes on from there where it is told to."""

    def __init__(self):
        self.given, self.loaded = 0, []

    def __iter__(self):
        for batch in [*batches(4)][self.given :]:
            self.given += 1
            yield batch
        self.given = 0

    def state_dict(self):
        return {"given": self.given}

    def load_state_dict(self, state):
        self.loaded.append(state)
        self.given = state["given"]


class Saves(pl.Callback):
    def __init__(self, path):
        self.path = path

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if batch_idx == 1:
            trainer.save_checkpoint(self.path)


@pytest.mark.claim("trainer.loader-state")
def test_the_state_of_a_training_loader_is_saved_and_given_back(trainer, tmp_path):
    path, first, second = str(tmp_path / "saved.ckpt"), Resumable(), Resumable()
    fit(trainer(callbacks=[Saves(path)]), Evaluated(), first)
    module = Passes()
    fit(trainer(), module, second, ckpt_path=path)
    assert first.loaded == []
    assert second.loaded == [{"given": 3}]


@pytest.mark.claim("trainer.loader-state")
def test_a_loader_without_a_state_leaves_none(trainer, tmp_path):
    path = str(tmp_path / "saved.ckpt")
    fit(trainer(callbacks=[Saves(path)]), Evaluated(), DataLoader([*batches(4)], batch_size=None))
    assert "combined_loader" not in torch.load(path, weights_only=False)["loops"]["fit_loop"]["state_dict"]
