"""The steps: what training_step, validation_step and test_step are given, and what becomes of what they return."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, test
from fixtures.modules import Evaluated, Regression, network, same_weights, weights
from fixtures.overrides import manual_backward, with_optimizer_idx
from fixtures.steps import by_hand


class Watching(Evaluated):
    """Keeps what every step is given, where it is, and in which modes the step runs."""

    def __init__(self):
        super().__init__()
        self.seen = {"training": [], "validation": [], "test": []}

    def watch(self, step, batch, batch_idx):
        where = [part.device for part in batch]
        modes = self.training, torch.is_grad_enabled()
        self.seen[step].append((batch_idx, [part.tolist() for part in batch], where, *modes))
        return self.loss([part.to(self.device) for part in batch])

    def training_step(self, batch, batch_idx):
        return self.watch("training", batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        return self.watch("validation", batch, batch_idx)

    def test_step(self, batch, batch_idx):
        return self.watch("test", batch, batch_idx)


def watched(loader, device, training):
    """What a step of `Watching` should see of the loader; gradients are computed in training only."""
    where = [device.torch_device] * 2
    batches = [[part.tolist() for part in batch] for batch in loader]
    return [(index, batch, where, training, training) for index, batch in enumerate(batches)]


@pytest.mark.claim("module.training-step")
def test_it_gets_every_batch_in_order_on_the_device_in_train_mode(device, trainer):
    module = Watching()
    fit(trainer(max_epochs=2), module, train=regression_loader())
    assert module.seen["training"] == watched(regression_loader(), device, training=True) * 2


@pytest.mark.claim("module.training-step")
@pytest.mark.parametrize("returned", [lambda loss: loss, lambda loss: {"loss": loss, "other": -loss}])
def test_the_loss_it_returns_is_back_propagated(returned, device, trainer):
    class Returning(Regression):
        def training_step(self, batch, batch_idx):
            return returned(self.loss(batch))

    module = Returning()
    fit(trainer(max_epochs=2), module, train=regression_loader())
    assert same_weights(weights(module.net), by_hand(device, epochs=2)[0])


@pytest.mark.claim("module.training-step")
def test_returning_none_leaves_the_batch_out(device, trainer):
    class Picky(Regression):
        def training_step(self, batch, batch_idx):
            return None if batch_idx in (0, 2) else self.loss(batch)

    module = Picky()
    fit(trainer(), module, train=regression_loader())
    assert same_weights(weights(module.net), by_hand(device, [*regression_loader()][1::2])[0])


@pytest.mark.claim("module.validation-step")
def test_validation_gets_every_batch_in_order_on_the_device_without_gradients(device, trainer):
    module, held_out = Watching(), regression_loader(6, seed=5)
    fit(trainer(max_epochs=2, num_sanity_val_steps=0), module, train=regression_loader(), val=held_out)
    assert module.seen["validation"] == watched(held_out, device, training=False) * 2
    assert module.seen["training"] == watched(regression_loader(), device, training=True) * 2


@pytest.mark.claim("module.validation-step")
def test_nothing_is_learnt_from_validation(device, trainer):
    module = Evaluated()
    fit(trainer(max_epochs=2), module, train=regression_loader(), val=regression_loader(6, seed=5))
    assert same_weights(weights(module.net), by_hand(device, epochs=2)[0])


@pytest.mark.claim("module.test-step")
def test_testing_gets_every_batch_in_order_on_the_device_without_gradients(device, trainer):
    module, held_out = Watching(), regression_loader(6, seed=5)
    test(trainer(), module, held_out)
    assert module.seen == {"training": [], "validation": [], "test": watched(held_out, device, training=False)}
    assert same_weights(weights(module.net), weights(network()))


class Half(Regression):
    """Has one optimizer for each half of its network, and notes for which of them it is asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def configure_optimizers(self):
        return [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (self.net[0], self.net[2])]


class Indexed(Half):
    def training_step(self, batch, batch_idx, optimizer_idx=None):
        self.asked.append((batch_idx, optimizer_idx))
        return self.loss(batch)


@with_optimizer_idx
class ByHand(Half):
    """Does what Lightning did for `Indexed`."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, batch_idx):
        for index, optimizer in enumerate(self.optimizers()):
            self.asked.append((batch_idx, index))
            loss = self.loss(batch)
            optimizer.zero_grad()
            manual_backward(self, loss, optimizer)
            optimizer.step()


def halves_by_hand(device):
    """The weights after one half of the network and then the other was trained on every batch."""
    net = network().to(device.torch_device)
    optimizers = [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (net[0], net[2])]
    for inputs, targets in regression_loader():
        for optimizer in optimizers:
            net.zero_grad()
            inputs, targets = inputs.to(device.torch_device), targets.to(device.torch_device)
            torch.nn.functional.mse_loss(net(inputs), targets).backward()
            optimizer.step()
    return weights(net)


BOTH_ON_EVERY_BATCH = [(batch, optimizer) for batch in range(4) for optimizer in range(2)]


@pytest.mark.claim("module.training-step-optimizer-idx")
def test_with_several_optimizers_it_is_told_for_which(device, trainer):
    module = Indexed()
    fit(trainer(), module, train=regression_loader())
    assert module.asked == BOTH_ON_EVERY_BATCH
    assert same_weights(weights(module.net), halves_by_hand(device))


@pytest.mark.claim("module.training-step-optimizer-idx.manual-only")
def test_several_optimizers_are_refused_before_anything_is_trained(device, trainer, observe):
    module = Indexed()
    with pytest.raises(RuntimeError) as refused:
        fit(trainer(), module, train=regression_loader())
    message = str(refused.value)
    assert message.startswith("Training with multiple optimizers is only supported with manual optimization.")
    assert "set `self.automatic_optimization = False`" in message.replace("Set", "set")
    assert module.asked == []
    assert same_weights(weights(module.net), weights(network()))
    observe("message for several optimizers", message)


@pytest.mark.claim("module.training-step-optimizer-idx.manual-only")
def test_the_same_is_done_by_hand_with_the_same_numbers(device, trainer):
    module = ByHand()
    fit(trainer(automatic_optimization=False), module, train=regression_loader())
    assert module.asked == BOTH_ON_EVERY_BATCH
    assert same_weights(weights(module.net), halves_by_hand(device))
