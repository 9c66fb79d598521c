"""How many steps there are, of which batches each of them is made, and what comes of them."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.passes import Passes, StopsAt, batches, passes


@pytest.mark.claim("trainer.max-steps-per-epoch")
def test_every_epoch_ends_after_max_steps(trainer):
    assert passes(trainer, train=4, max_epochs=2, max_steps=3) == " ttt ttt"


@pytest.mark.claim("trainer.max-steps-per-epoch.of-the-fit")
@pytest.mark.parametrize(("train", "steps"), [(4, " ttt"), (2, " tt t"), (1, " t t")])
def test_the_fit_ends_after_max_steps_or_after_max_epochs(trainer, train, steps):
    module, made = Passes(), trainer(max_epochs=2, max_steps=3)
    fit(made, module, train=batches(train))
    assert (module.passes, made.global_step) == (steps, steps.count("t"))


@pytest.mark.claim("trainer.min-steps-per-epoch")
def test_no_epoch_ends_before_min_steps(trainer):
    assert passes(trainer, train=4, max_epochs=3, min_steps=3, callbacks=[StopsAt(5)]) == " tttt ttt"


@pytest.mark.claim("trainer.min-steps-per-epoch.of-the-fit")
@pytest.mark.parametrize("least", [3, 6])
def test_the_steps_of_earlier_epochs_count_too(trainer, least):
    assert passes(trainer, train=4, max_epochs=3, min_steps=least, callbacks=[StopsAt(5)]) == " tttt tt"


@pytest.mark.claim("trainer.val-check-interval-is-a-share-of-validation-data")
@pytest.mark.parametrize("interval", [0.5, 2])
def test_validation_has_that_much_of_its_data(trainer, interval):
    assert passes(trainer, train=4, val=4, val_check_interval=interval) == " ttttvv"


@pytest.mark.claim("trainer.val-check-interval-is-a-share-of-validation-data.of-training-batches")
@pytest.mark.parametrize(
    ("interval", "steps"),
    [(0.5, " ttvvttvvt"), (0.4, " ttvvttvvt"), (1.0, " tttttvv"), (1, " tvvtvvtvvtvvtvv"), (3, " tttvvtt")],
)
def test_all_of_validation_follows_so_many_batches_of_training(trainer, interval, steps):
    assert passes(trainer, train=5, val=2, max_epochs=2, val_check_interval=interval) == 2 * steps


class Inputs(Passes):
    """Keeps the first input of each batch, by step."""

    def __init__(self):
        super().__init__()
        self.inputs = {"t": [], "v": []}

    def training_step(self, batch, batch_idx):
        self.inputs["t"].append(batch[0].flatten()[0].item())
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        self.inputs["v"].append(batch[0].flatten()[0].item())


def overfit(trainer, limit):
    """The inputs of training and of validation in two epochs, and those that the two loaders have, each of six."""
    module, loaders = Inputs(), [regression_loader(6, batch_size=1, seed=seed) for seed in (7, 8)]
    fit(trainer(overfit_batches=limit, max_epochs=2, num_sanity_val_steps=0), module, *loaders)
    return module.inputs, *([batch[0].flatten()[0].item() for batch in loader] for loader in loaders)


@pytest.mark.claim("trainer.overfit-batches")
@pytest.mark.parametrize(("limit", "number"), [(2, 2), (0.5, 3)])
def test_the_same_few_batches_of_training_are_trained_and_validated(trainer, limit, number):
    inputs, train, _ = overfit(trainer, limit)
    assert inputs == {"t": 2 * train[:number], "v": 2 * train[:number]}


@pytest.mark.claim("trainer.overfit-batches.own-validation")
@pytest.mark.parametrize(("limit", "number"), [(2, 2), (0.5, 3)])
def test_validation_has_as_few_batches_of_its_own(trainer, limit, number):
    inputs, train, val = overfit(trainer, limit)
    assert inputs == {"t": 2 * train[:number], "v": 2 * val[:number]}


class Noting(torch.optim.SGD):
    """Notes the norm of all gradients together at each step, and after how many training steps it is made."""

    def __init__(self, module, parameters):
        super().__init__(parameters, lr=0.1)
        self.module, self.noted, self.norms = module, [], []

    def step(self, closure=None):
        loss = closure() if closure else None
        self.noted.append(self.module.passes.count("t"))
        gradients = [parameter.grad.cpu() for group in self.param_groups for parameter in group["params"]]
        self.norms.append(torch.stack([gradient.norm() for gradient in gradients]).norm().item())
        super().step()
        return loss


class Noted(Passes):
    def configure_optimizers(self):
        self.optimizer = Noting(self, self.parameters())
        return self.optimizer


@pytest.mark.claim("trainer.accumulate-grad-batches")
def test_one_step_is_made_of_so_many_batches(device, trainer):
    module, made = Noted(), trainer(accumulate_grad_batches=2, max_epochs=2)
    fit(made, module, train=batches(5))
    assert module.optimizer.noted == [2, 4, 5, 7, 9, 10]
    assert made.global_step == 6


def norms(trainer, **options):
    """The norm of all gradients at each of four steps."""
    module = Noted()
    fit(trainer(**options), module, train=batches(4))
    return module.optimizer.norms


@pytest.mark.claim("trainer.gradient-clipping")
def test_the_norm_of_all_gradients_is_bounded(device, trainer):
    free = norms(trainer)
    bound = sorted(free)[1]
    assert norms(trainer, gradient_clip_val=bound / 100) == pytest.approx(4 * [bound / 100], rel=1e-4)


@pytest.mark.claim("trainer.gradient-clipping")
def test_smaller_gradients_are_left_alone_as_all_are_with_nought(device, trainer):
    free = norms(trainer)
    assert norms(trainer, gradient_clip_val=2 * max(free)) == free
    assert norms(trainer, gradient_clip_val=0) == free
    assert norms(trainer, gradient_clip_val=0.0) == free
