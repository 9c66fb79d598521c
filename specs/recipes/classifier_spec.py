"""A classifier of handwritten digits with a loss, a metric, a history and callbacks of one's own."""

import io

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from fixtures.dialects import fit
from fixtures.loops import to_device
from fixtures.modules import Regression, same_weights, weights
from fixtures.overrides import called_hooks
from fixtures.recipe_callbacks import LearningCurve, ProgressLine
from fixtures.recipes import (
    HELD_OUT,
    classified,
    classified_by_hand,
    cross_entropies,
    digits_network,
    held_out,
    number_right,
    torchs_cross_entropy,
)


@pytest.mark.claim("recipe.digits-classifier")
def test_it_learns_what_a_loop_written_by_hand_learns(device, trainer, tmp_path):
    bar, curve = ProgressLine(io.StringIO()), LearningCurve()
    module = classified(trainer, bar, curve, train=384, epochs=4)
    net, expected = classified_by_hand(device, train=384, epochs=4)
    right = sum(number_right(net, to_device(batch, device.torch_device)) for batch in held_out())
    accuracies = module.history.pop("val_accuracy")
    assert module.history == expected
    assert same_weights(weights(module.net), weights(net))
    assert accuracies[-1] == right / HELD_OUT > 0.8
    assert (len(curve.drawings), bar.stream.getvalue().count("=")) == (4, 24)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.claim("recipe.own-loss-equals-torch")
def test_every_sample_has_the_loss_it_has_in_torch(device, trainer):
    net = digits_network().to(device.torch_device)
    for batch in held_out():
        images, shown = to_device(batch, device.torch_device)
        losses = nn.functional.cross_entropy(net(images), shown, reduction="none")
        assert cross_entropies(net(images), shown).tolist() == losses.tolist()


@pytest.mark.claim("recipe.own-loss-equals-torch")
def test_it_trains_to_the_same_weights(device, trainer):
    net, _ = classified_by_hand(device, loss=torchs_cross_entropy)
    assert same_weights(weights(classified(trainer).net), weights(net))


class Given(Regression):
    """Has given losses, keeps the mean of those collected in an epoch, and logs them as well."""

    def __init__(self, *losses):
        super().__init__()
        self.given, self.collected, self.history = losses, [], []

    def training_step(self, batch, batch_idx):
        loss = 0 * self.loss(batch) + self.given[batch_idx]
        self.collected.append(loss.detach())
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def end(self, losses):
        self.history.append(torch.stack(losses).mean().item())
        self.collected = []


def means(trainer, rows, *losses):
    """The means that the module kept, and what was logged, after two epochs of batches of four rows."""
    outputs = {"training_epoch_end": lambda module, outputs: module.end([output["loss"] for output in outputs])}
    own = {"on_train_epoch_end": lambda module: module.end(module.collected)}
    module = type("Collecting", (Given,), called_hooks(outputs) or own)(*losses)
    made = trainer(max_epochs=2)
    fit(made, module, DataLoader(TensorDataset(torch.ones(rows, 4), torch.ones(rows, 2)), batch_size=4))
    return module.history, made.callback_metrics["loss"].item()


@pytest.mark.claim("recipe.epoch-end-mean-loss")
def test_of_batches_of_one_size_it_is_what_is_logged_for_the_epoch(device, trainer):
    assert means(trainer, 12, 1.0, 2.0, 6.0) == ([3.0, 3.0], 3.0)


@pytest.mark.claim("recipe.epoch-end-mean-loss")
def test_a_smaller_last_batch_counts_as_much_as_any_other(device, trainer):
    kept, _ = means(trainer, 6, 1.0, 4.0)
    assert kept == [2.5, 2.5]
