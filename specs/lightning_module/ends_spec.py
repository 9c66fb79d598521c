"""training_step_end, validation_step_end and test_step_end: what follows each step, and where to do it instead."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, test
from fixtures.modules import Evaluated, same_weights, weights
from fixtures.steps import by_hand, everything_said


class Parts(Evaluated):
    """Its steps return the parts of a loss, which only the hook after the step puts together."""

    def __init__(self):
        super().__init__()
        self.returned, self.received, self.modes, self.passed_on = [], [], [], []

    def parts(self, batch):
        self.returned.append({"predicted": self(batch[0]), "wanted": batch[1]})
        return self.returned[-1]

    def whole(self, parts):
        self.received.append(parts)
        self.modes.append((self.training, torch.is_grad_enabled()))
        return torch.nn.functional.mse_loss(parts["predicted"], parts["wanted"])

    def in_order(self):
        """Whether the hook received the very objects that the steps returned, one by one."""
        return [id(parts) for parts in self.received] == [id(parts) for parts in self.returned]


class TrainingEnd(Parts):
    def training_step(self, batch, batch_idx):
        return self.parts(batch)

    def training_step_end(self, parts):
        return self.whole(parts)


class ValidationEnd(Parts):
    def validation_step(self, batch, batch_idx):
        return self.parts(batch)

    def validation_step_end(self, parts):
        return self.whole(parts)

    def on_validation_batch_end(self, outputs, *rest):
        self.passed_on.append(numbers(outputs))


class EndOfTest(Parts):
    def test_step(self, batch, batch_idx):
        return self.parts(batch)

    def test_step_end(self, parts):
        return self.whole(parts)

    def on_test_batch_end(self, outputs, *rest):
        self.passed_on.append(numbers(outputs))


def numbers(output):
    """The output of a step with numbers for its tensors."""
    if isinstance(output, dict):
        return {key: numbers(value) for key, value in output.items()}
    return output.tolist() if torch.is_tensor(output) else repr(output)


def losses(parts):
    return [torch.nn.functional.mse_loss(one["predicted"], one["wanted"]).item() for one in parts]


def validated(module, trainer):
    """The module after a fit of two epochs, with two batches of validation after each."""
    fit(trainer(max_epochs=2, num_sanity_val_steps=0), module, regression_loader(), regression_loader(4, seed=5))
    return module


def after_test(module, trainer):
    test(trainer(), module, regression_loader(4, seed=5))
    return module


@pytest.mark.claim("module.training-step-end")
def test_it_gets_what_each_step_returned_and_its_loss_is_back_propagated(device, trainer):
    module = TrainingEnd()
    fit(trainer(max_epochs=2), module, train=regression_loader())
    assert module.modes == [(True, True)] * 8
    assert module.in_order()
    assert same_weights(weights(module.net), by_hand(device, epochs=2)[0])


@pytest.mark.claim("module.validation-step-end")
def test_it_gets_what_each_validation_step_returned_and_decides_what_is_passed_on(device, trainer):
    module = validated(ValidationEnd(), trainer)
    assert module.modes == [(False, False)] * 4
    assert module.in_order()
    assert module.passed_on == losses(module.returned)


@pytest.mark.claim("module.test-step-end")
def test_it_gets_what_each_test_step_returned_and_decides_what_is_passed_on(device, trainer):
    module = after_test(EndOfTest(), trainer)
    assert module.modes == [(False, False)] * 2
    assert module.in_order()
    assert module.passed_on == losses(module.returned)


class Whole(Evaluated):
    """Its steps put the loss together; keeps what the hook after each batch is given."""

    def __init__(self):
        super().__init__()
        self.returned = {"training": [], "validation": [], "test": []}
        self.given = {"training": [], "validation": [], "test": []}

    def step(self, stage, batch):
        output = {"loss": self.loss(batch), "mean": batch[1].mean()}
        self.returned[stage].append(numbers(output))
        return output

    def training_step(self, batch, batch_idx):
        return self.step("training", batch)

    def validation_step(self, batch, batch_idx):
        return self.step("validation", batch)

    def test_step(self, batch, batch_idx):
        return self.step("test", batch)

    def on_train_batch_end(self, outputs, *rest):
        self.given["training"].append(numbers(outputs))

    def on_validation_batch_end(self, outputs, *rest):
        self.given["validation"].append(numbers(outputs))

    def on_test_batch_end(self, outputs, *rest):
        self.given["test"].append(numbers(outputs))


class Behind(Whole):
    """Defines the hooks after the steps as well, and counts their calls."""

    called = 0

    def count(self, output):
        self.called += 1
        return output

    training_step_end = validation_step_end = test_step_end = count


@pytest.mark.claim("module.training-step-end.inside-training-step")
def test_training_step_end_is_silently_ignored(device, trainer):
    module = Behind()
    with everything_said() as said:
        fit(trainer(), module, train=regression_loader())
    assert len(module.returned["training"]) == 4
    assert module.called == 0
    assert [line for line in said if "step_end" in line] == []


@pytest.mark.claim("module.training-step-end.inside-training-step")
def test_a_step_that_leaves_the_loss_to_it_is_an_error(device, trainer):
    module = TrainingEnd()
    with pytest.raises(Exception) as refused:
        fit(trainer(), module, train=regression_loader())
    assert type(refused.value).__name__ == "MisconfigurationException"
    assert "when `training_step` returns a dict, the 'loss' key needs to be present" in str(refused.value)
    assert module.received == []


@pytest.mark.claim("module.training-step-end.inside-training-step")
def test_the_step_can_do_it_and_the_hook_after_the_batch_gets_its_output(device, trainer):
    module = Whole()
    fit(trainer(max_epochs=2), module, train=regression_loader())
    found, history = by_hand(device, epochs=2)
    assert same_weights(weights(module.net), found)
    assert [output["loss"] for output in module.returned["training"]] == history.losses
    assert module.given["training"] == module.returned["training"]


@pytest.mark.claim("module.validation-step-end.inside-validation-step")
def test_validation_step_end_is_silently_ignored(device, trainer):
    with everything_said() as said:
        module = validated(Behind(), trainer)
    assert len(module.returned["validation"]) == 4
    assert module.called == 0
    assert [line for line in said if "step_end" in line] == []


@pytest.mark.claim("module.validation-step-end.inside-validation-step")
def test_the_hook_after_the_validation_batch_gets_the_output(device, trainer):
    module = validated(Whole(), trainer)
    assert len(module.returned["validation"]) == 4
    assert module.given["validation"] == module.returned["validation"]


@pytest.mark.claim("module.test-step-end.inside-test-step")
def test_test_step_end_is_silently_ignored(device, trainer):
    with everything_said() as said:
        module = after_test(Behind(), trainer)
    assert len(module.returned["test"]) == 2
    assert module.called == 0
    assert [line for line in said if "step_end" in line] == []


@pytest.mark.claim("module.test-step-end.inside-test-step")
def test_the_hook_after_the_test_batch_gets_the_output(device, trainer):
    module = after_test(Whole(), trainer)
    assert len(module.returned["test"]) == 2
    assert module.given["test"] == module.returned["test"]
