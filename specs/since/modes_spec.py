"""Who switches the module's mode and clears its gradients around validation, testing and prediction."""

from functools import partial

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, predict, test
from fixtures.loops import mse, train_by_hand
from fixtures.modules import Evaluated, Regression, network, same_weights, weights
from fixtures.overrides import manual_backward
from fixtures.runs import EPOCHS


class Modes(Evaluated):
    """Writes down its mode in every step, and which hooks were called."""

    def __init__(self):
        super().__init__()
        self.notes = []

    def note(self, what):
        self.notes.append((what, self.training))

    def training_step(self, batch, batch_idx):
        self.note("train")
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        self.note("validate")

    def test_step(self, batch, batch_idx):
        self.note("test")

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        self.note("predict")


@pytest.mark.claim("since.module-evaluation-modes")
def test_validation_runs_in_the_mode_that_the_module_gives_itself(trainer):
    class StaysInTraining(Modes):
        def on_validation_model_eval(self):
            self.note("on_validation_model_eval")

    module = StaysInTraining()
    fit(trainer(num_sanity_val_steps=0), module, train=regression_loader(2), val=regression_loader(2))
    assert module.notes == [("train", True), ("on_validation_model_eval", True), ("validate", True)]


@pytest.mark.claim("since.module-evaluation-modes")
def test_testing_runs_in_the_mode_that_the_module_gives_itself(trainer):
    class StaysInTraining(Modes):
        def on_test_model_eval(self):
            self.note("on_test_model_eval")

    module = StaysInTraining()
    test(trainer(), module, regression_loader(2))
    assert module.notes == [("on_test_model_eval", True), ("test", True)]


@pytest.mark.claim("since.module-prediction-mode")
def test_prediction_runs_in_the_mode_that_the_module_gives_itself(trainer):
    class StaysInTraining(Modes):
        def on_predict_model_eval(self):
            self.note("on_predict_model_eval")

    module = StaysInTraining()
    predict(trainer(), module, regression_loader(2))
    assert module.notes == [("on_predict_model_eval", True), ("predict", True)]


@pytest.mark.claim("since.module-modes-after-evaluation")
def test_the_mode_after_validation_is_the_modules_own_affair(trainer):
    class StaysInEval(Modes):
        def on_validation_model_train(self):
            self.note("on_validation_model_train")

    module = StaysInEval()
    fit(trainer(val_check_interval=1, num_sanity_val_steps=0), module, regression_loader(4), regression_loader(2))
    validated = [("validate", False), ("on_validation_model_train", False)]
    assert module.notes == [("train", True), *validated, ("train", False), *validated]


@pytest.mark.claim("since.module-modes-after-evaluation")
def test_the_mode_after_testing_is_the_modules_own_affair(trainer):
    class StaysInEval(Modes):
        def on_test_model_train(self):
            self.note("on_test_model_train")

    module = StaysInEval()
    test(trainer(), module, regression_loader(2))
    assert module.notes == [("test", False), ("on_test_model_train", False)]
    assert not module.training


class Frozen(Modes):
    """Keeps one layer in eval mode."""

    def on_train_start(self):
        self.net[0].eval()

    def note(self, what):
        self.notes.append((what, self.training, self.net[0].training))


@pytest.mark.claim("since.evaluation-restores-modes")
def test_after_validation_each_layer_is_in_the_mode_it_had(trainer):
    module = Frozen()
    fit(trainer(val_check_interval=1, num_sanity_val_steps=0), module, regression_loader(4), regression_loader(2))
    assert module.notes == [("train", True, False), ("validate", False, False)] * 2


@pytest.mark.claim("since.evaluation-restores-modes.all-to-train")
def test_after_validation_every_layer_is_in_train_mode(trainer):
    module = Frozen()
    fit(trainer(val_check_interval=1, num_sanity_val_steps=0), module, regression_loader(4), regression_loader(2))
    validated = ("validate", False, False)
    assert module.notes == [("train", True, False), validated, ("train", True, True), validated]


def modes_after_predicting(trainer):
    """The modes of the whole and of a layer that was in eval mode, and of a module that was in eval mode as a whole."""
    partly, wholly = Modes(), Modes()
    partly.net[0].eval()
    wholly.eval()
    for module in (partly, wholly):
        predict(trainer(), module, regression_loader(2))
    return partly.training, partly.net[0].training, wholly.training


@pytest.mark.claim("since.prediction-restores-modes")
def test_after_predicting_each_layer_is_in_the_mode_it_had(trainer):
    assert modes_after_predicting(trainer) == (True, False, False)


@pytest.mark.claim("since.prediction-restores-modes.left-in-eval")
def test_after_predicting_all_layers_are_in_eval_mode(trainer):
    assert modes_after_predicting(trainer) == (False, False, False)


class Gradients(Evaluated):
    """Whether validation finds gradients that are not zero."""

    def __init__(self):
        super().__init__()
        self.found = []

    def validation_step(self, batch, batch_idx):
        gradients = [parameter.grad for parameter in self.net.parameters() if parameter.grad is not None]
        self.found.append(any(gradient.abs().sum().item() > 0 for gradient in gradients))


@pytest.mark.claim("since.module-on_validation_model_zero_grad")
def test_validation_in_a_fit_starts_without_gradients(recorded, trainer):
    trace = recorded("fit")
    around = ("module.on_validation_model_zero_grad", "module.on_validation_model_eval", "callback.on_validation_start")
    assert trace.names(*around) == [*around[1:], *[*around] * EPOCHS]
    module = Gradients()
    fit(trainer(num_sanity_val_steps=0), module, regression_loader(2), regression_loader(2))
    assert module.found == [False]


@pytest.mark.claim("since.module-on_validation_model_zero_grad")
def test_the_module_may_keep_its_gradients(trainer):
    class Keeps(Gradients):
        def on_validation_model_zero_grad(self):
            """Nothing is cleared."""

    module = Keeps()
    fit(trainer(num_sanity_val_steps=0), module, regression_loader(2), regression_loader(2))
    assert module.found == [True]


@pytest.mark.claim("since.module-on_validation_model_zero_grad")
def test_validation_outside_a_fit_clears_nothing(recorded):
    trace = recorded("validate")
    assert trace.count("module.on_validation_model_eval") == 1
    assert trace.count("module.on_validation_model_zero_grad") == 0


def accumulated(trainer):
    """The weights after one step of two batches, with a validation after each of them."""
    module = Evaluated()
    settings = {"val_check_interval": 1, "accumulate_grad_batches": 2, "num_sanity_val_steps": 0}
    fit(trainer(**settings), module, regression_loader(4), regression_loader(2))
    return weights(module.net)


def by_hand(device, batches, **options):
    """The weights after a hand-written loop over these batches."""
    net = network()
    train_by_hand(net, batches, partial(torch.optim.SGD, lr=0.1), device=device.torch_device, **options)
    return weights(net)


@pytest.mark.claim("since.validation-keeps-accumulated-gradients")
def test_validation_leaves_gradients_that_are_still_adding_up(device, trainer):
    assert same_weights(accumulated(trainer), by_hand(device, regression_loader(4), accumulate=2))


@pytest.mark.claim("since.validation-keeps-accumulated-gradients.lost")
def test_the_step_has_only_the_gradients_that_came_after_validation(device, trainer):
    second = [*regression_loader(4)][1:]
    half = by_hand(device, second, loss=lambda net, batch: mse(net, batch) / 2)
    assert same_weights(accumulated(trainer), half)


class NeverClears(Regression):
    """Makes a step of every batch by hand, and clears no gradients."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, batch_idx):
        optimizer = self.optimizers()
        manual_backward(self, self.loss(batch), optimizer)
        optimizer.step()


def stepped(device, trainer):
    """The weights after a step of one batch, in a fit of a module that has gradients of that batch already."""
    module, loader = NeverClears().to(device.torch_device), regression_loader(2)
    module.loss([tensor.to(device.torch_device) for tensor in next(iter(loader))]).backward()
    fit(trainer(automatic_optimization=False), module, train=loader)
    return weights(module.net)


@pytest.mark.claim("since.fit-clears-gradients")
def test_gradients_from_before_do_not_count(device, trainer):
    assert same_weights(stepped(device, trainer), by_hand(device, regression_loader(2)))


@pytest.mark.claim("since.fit-clears-gradients.kept")
def test_gradients_from_before_are_added_to_those_of_the_first_step(device, trainer):
    twice = by_hand(device, regression_loader(2), loss=lambda net, batch: 2 * mse(net, batch))
    assert same_weights(stepped(device, trainer), twice)
