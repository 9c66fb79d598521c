"""torch's autograd works in training_step as in a loop written by hand: the same losses, the same weights."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad, functional, graph
from torch.utils.checkpoint import checkpoint

from fixtures.data import regression_loader
from fixtures.dialects import Unsayable, fit
from fixtures.dialects import test as run_test
from fixtures.loops import mse, to_device
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.parity import Recorded, assert_trains_as_by_hand, by_hand, same, sgd
from ledger.plugin.outcomes import Untested


class Reversed(torch.autograd.Function):
    """The identity whose gradient is reversed."""

    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values.clone()

    @staticmethod
    def backward(ctx, gradient):
        (values,) = ctx.saved_tensors
        return -gradient * values.sign()


def custom_function(net, batch):
    inputs, targets = batch
    return mse(nn.Sequential(net[0], net[1]), (inputs, targets[:, :1])) + Reversed.apply(net(inputs)).square().mean()


def gradient_penalty(net, batch):
    inputs = batch[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(inputs).sum(), inputs, create_graph=True)
    return mse(net, (inputs, batch[1])) + gradient.square().mean()


def hessian_vector_product(net, batch):
    loss = mse(net, batch)
    gradients = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
    products = torch.autograd.grad(gradients, list(net.parameters()), gradients, retain_graph=True)
    return loss + sum(product.square().sum() for product in products)


def jacobian(net, batch):
    return mse(net, batch) + functional.jacobian(net, batch[0], create_graph=True).square().mean()


def forward_mode(net, batch):
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(batch[0], torch.ones_like(batch[0]))
        change = forward_ad.unpack_dual(net(dual)).tangent
    return mse(net, batch) + change.square().mean()


def checkpointed(net, batch):
    return mse(lambda inputs: net[2](checkpoint(net[:2], inputs, use_reentrant=False, preserve_rng_state=False)), batch)


def tensor_hook(net, batch):
    hidden = net[:2](batch[0])
    hidden.register_hook(lambda gradient: gradient * 2)
    return mse(net[2], (hidden, batch[1]))


def saved_tensors_hooks(net, batch):
    with graph.saved_tensors_hooks(lambda tensor: tensor * 2, lambda tensor: tensor):
        return mse(net, batch)


def no_grad(net, batch):
    with torch.no_grad():
        teacher = net(batch[0]).sign()
    return mse(net, batch) + mse(net, (batch[0], teacher))


def inference_mode(net, batch):
    with torch.inference_mode():
        scale = net(batch[0]).abs().mean().item()
    return mse(net, batch) * scale


USES = [
    custom_function,
    gradient_penalty,
    hessian_vector_product,
    jacobian,
    forward_mode,
    checkpointed,
    tensor_hook,
    saved_tensors_hooks,
    no_grad,
    inference_mode,
]


@pytest.mark.claim("compat.torch-autograd-in-lightning")
@pytest.mark.parametrize("loss", USES, ids=lambda loss: loss.__name__)
def test_autograd_in_training_step_trains_as_by_hand(loss, device, trainer):
    module = assert_trains_as_by_hand(network, lambda: regression_loader(size=4), device, trainer, loss=loss)
    assert len(module.losses) == 4


@pytest.mark.claim("compat.torch-autograd-in-lightning")
def test_a_graph_kept_by_retain_graph_can_be_used_again(device, trainer):
    class Twice(Regression):
        def backward(self, loss, *args, **kwargs):
            loss.backward(retain_graph=True)
            loss.backward()

    def twice(net, batch):
        loss = mse(net, batch)
        loss.backward(retain_graph=True)
        return loss

    module, net = Twice(optimizer=sgd), network()
    fit(trainer(), module, train=regression_loader())
    by_hand(net, regression_loader(), sgd, device, loss=twice)
    assert same_weights(weights(module.net), weights(net))
    assert not same_weights(weights(net), weights(network()))


def nan_gradient(net, batch):
    return mse(net, batch) + (net(batch[0]) * 0).sqrt().sum() * 0


NAN = "Function 'SqrtBackward0' returned nan values in its 0th output."


class Anomalous(Recorded):
    """Switches anomaly mode on, where the Trainer itself has set it as it wants it."""

    def on_train_start(self):
        torch.autograd.set_detect_anomaly(True)


@pytest.mark.claim("compat.torch-autograd-in-lightning")
def test_anomaly_mode_names_the_operation_that_gave_nan(device, trainer):
    module = Anomalous(network(), sgd, nan_gradient)
    with torch.autograd.set_detect_anomaly(False), pytest.raises(RuntimeError) as caught:
        fit(trainer(), module, train=regression_loader())
    assert str(caught.value) == NAN
    assert same_weights(weights(module.net), weights(network()))


@pytest.mark.claim("compat.anomaly-mode-around-fit")
def test_anomaly_mode_around_fit_finds_nan(device, trainer):
    module = Recorded(network(), sgd, nan_gradient)
    with torch.autograd.detect_anomaly(), pytest.raises(RuntimeError) as caught:
        fit(trainer(), module, train=regression_loader())
    assert str(caught.value) == NAN


@pytest.mark.claim("compat.anomaly-mode-around-fit.now")
def test_the_trainer_sets_anomaly_mode_by_its_own_option(device, trainer):
    seen = []

    def watching(net, batch):
        seen.append(torch.is_anomaly_enabled())
        return mse(net, batch)

    with torch.autograd.detect_anomaly():
        fit(trainer(), Recorded(network(), sgd, watching), train=regression_loader())
        assert torch.is_anomaly_enabled()
    assert seen == [False] * 4
    fit(trainer(detect_anomaly=True), Recorded(network(), sgd, watching), train=regression_loader())
    assert seen == [False] * 4 + [True] * 4
    assert not torch.is_anomaly_enabled()


class Sensitivity(Regression):
    """Asks in test_step and validation_step how the loss changes with the inputs; keeps the gradients."""

    def __init__(self, recording):
        super().__init__(optimizer=partial(torch.optim.SGD, lr=0.0))
        self.recording, self.gradients, self.inference = recording, [], []

    def test_step(self, batch, batch_idx):
        self.inference.append(torch.is_inference_mode_enabled())
        with self.recording():
            inputs, targets = batch[0].clone().requires_grad_(), batch[1].clone()
            loss = self.loss((inputs, targets))
        assert loss.requires_grad
        self.gradients.append(torch.autograd.grad(loss, inputs)[0].cpu())

    validation_step = test_step


def gradients_by_hand(device):
    net, found = network().to(device.torch_device), []
    for batch in regression_loader():
        inputs, targets = to_device(batch, device.torch_device)
        inputs.requires_grad_()
        found.append(torch.autograd.grad(mse(net, (inputs, targets)), inputs)[0].cpu())
    return found


@pytest.mark.claim("compat.enable-grad-in-test")
def test_enable_grad_in_test_step_gives_gradients(device, trainer):
    module = Sensitivity(torch.enable_grad)
    run_test(trainer(), module, regression_loader())
    assert same(module.gradients, gradients_by_hand(device))


@pytest.mark.claim("compat.enable-grad-in-test.now")
def test_leaving_inference_mode_in_test_step_gives_gradients(device, trainer):
    if device.name == "sim":
        raise Untested("no simulated tensor can leave inference mode")
    module = Sensitivity(lambda: torch.inference_mode(False))
    run_test(trainer(), module, regression_loader())
    assert module.inference == [True] * 4
    assert same(module.gradients, gradients_by_hand(device))


@pytest.mark.claim("compat.enable-grad-in-test.now")
def test_enable_grad_gives_no_gradients_in_inference_mode(device, trainer):
    class Asking(Sensitivity):
        def test_step(self, batch, batch_idx):
            with torch.enable_grad():
                self.inference.append((torch.is_inference_mode_enabled(), self.loss(batch).requires_grad))

    module = Asking(torch.enable_grad)
    run_test(trainer(), module, regression_loader())
    assert module.inference == [(True, False)] * 4


@pytest.mark.claim("compat.enable-grad-in-test.now")
def test_a_trainer_without_inference_mode_lets_enable_grad_give_gradients(device, trainer):
    module = Sensitivity(torch.enable_grad)
    try:
        running = trainer(inference_mode=False)
    except Unsayable as missing:
        raise Untested(str(missing)) from missing
    run_test(running, module, regression_loader())
    assert same(module.gradients, gradients_by_hand(device))


@pytest.mark.claim("compat.enable-grad-in-test.now")
def test_enable_grad_gives_gradients_in_the_validation_of_fit(device, trainer):
    module = Sensitivity(torch.enable_grad)
    fit(trainer(num_sanity_val_steps=0), module, train=regression_loader(), val=regression_loader())
    assert module.inference == [False] * 4
    assert same(module.gradients, gradients_by_hand(device))
