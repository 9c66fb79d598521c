"""training_epoch_end, validation_epoch_end and test_epoch_end: the outputs of a whole epoch, then and now."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import Unsayable, fit, test, validate
from fixtures.modules import Evaluated, network, same_weights, weights
from fixtures.steps import by_hand
from ledger.plugin.outcomes import Untested


class Epochs(Evaluated):
    """Keeps what its steps made of the batches, and what the hook at the end of an epoch is given."""

    def __init__(self, returned=lambda loss, batch_idx: loss):
        super().__init__()
        self.returned = returned
        self.losses, self.ended, self.modes = [], [], []

    def output(self, batch, batch_idx):
        loss = self.loss(batch)
        self.losses.append(loss.item())
        return self.returned(loss, batch_idx)

    def end(self, outputs):
        self.ended.append(numbers(outputs))
        self.modes.append((self.training, torch.is_grad_enabled()))


class TrainingEpochs(Epochs):
    def training_step(self, batch, batch_idx):
        return self.output(batch, batch_idx)

    def training_epoch_end(self, outputs):
        self.end(outputs)


class ValidationEpochs(Epochs):
    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        return self.output(batch, batch_idx)

    def validation_epoch_end(self, outputs):
        self.end(outputs)


class EpochsOfTest(Epochs):
    def test_step(self, batch, batch_idx):
        return self.output(batch, batch_idx)

    def test_epoch_end(self, outputs):
        self.end(outputs)


def numbers(outputs):
    """The outputs of steps with numbers for their tensors."""
    if isinstance(outputs, dict):
        return {key: numbers(value) for key, value in outputs.items()}
    if isinstance(outputs, (list, tuple)):
        return [numbers(output) for output in outputs]
    return outputs.tolist() if torch.is_tensor(outputs) else outputs


def fitted(module, trainer, val=None):
    """The module after a fit of two epochs of four batches, without validation before it."""
    fit(trainer(max_epochs=2, num_sanity_val_steps=0), module, regression_loader(), val)
    return module


def refusal(module, run):
    """With what message a run is refused because of the hook."""
    with pytest.raises(NotImplementedError) as refused:
        run()
    assert module.losses == []
    return str(refused.value)


def removed(hook, module, instead):
    """The message's beginning where a module has a hook that is gone."""
    return (
        f"Support for `{hook}` has been removed in v2.0.0. `{type(module).__name__}` implements this method. "
        f"You can use the `{instead}` hook instead. To access outputs, save them in-memory as instance attributes."
    )


@pytest.mark.claim("module.training-epoch-end")
def test_it_gets_the_loss_of_every_step_of_the_epoch_in_order(device, trainer):
    module = fitted(TrainingEpochs(), trainer)
    losses = by_hand(device, epochs=2)[1].losses
    assert module.ended == [[{"loss": loss} for loss in losses[:4]], [{"loss": loss} for loss in losses[4:]]]
    assert module.modes == [(True, True)] * 2


@pytest.mark.claim("module.training-epoch-end.last-loss")
def test_it_gets_the_loss_of_the_last_step_for_every_step(device, trainer):
    module = fitted(TrainingEpochs(), trainer)
    losses = by_hand(device, epochs=2)[1].losses
    assert module.ended == [[{"loss": losses[3]}] * 4, [{"loss": losses[7]}] * 4]


@pytest.mark.claim("module.training-epoch-end")
def test_what_a_step_returned_beside_the_loss_is_there_too(device, trainer):
    module = fitted(TrainingEpochs(lambda loss, batch_idx: {"loss": loss, "batch": batch_idx}), trainer)
    outputs = [{"loss": loss, "batch": index % 4} for index, loss in enumerate(module.losses)]
    assert module.ended == [outputs[:4], outputs[4:]]


@pytest.mark.claim("module.training-epoch-end")
def test_a_step_that_returned_none_is_left_out(device, trainer):
    module = fitted(TrainingEpochs(lambda loss, batch_idx: None if batch_idx == 1 else loss), trainer)
    kept = [{"loss": loss} for index, loss in enumerate(module.losses) if index % 4 != 1]
    assert module.ended == [kept[:3], kept[3:]]


@pytest.mark.claim("module.training-epoch-end.on-train-epoch-end")
def test_training_epoch_end_is_refused_before_anything_is_trained(device, trainer):
    module = TrainingEpochs()
    message = refusal(module, lambda: fitted(module.to(device.torch_device), trainer))
    assert message.startswith(removed("training_epoch_end", module, "on_train_epoch_end"))
    assert same_weights(weights(module.net), weights(network()))


@pytest.mark.claim("module.training-epoch-end.on-train-epoch-end")
def test_collected_by_hand_on_train_epoch_end_has_the_same_numbers(device, trainer):
    class Collecting(Epochs):
        def training_step(self, batch, batch_idx):
            loss = self.loss(batch)
            self.losses.append({"loss": loss.detach()})
            return loss

        def on_train_epoch_end(self, *unused):
            self.end(self.losses)
            self.losses.clear()

    module = fitted(Collecting(), trainer)
    losses = by_hand(device, epochs=2)[1].losses
    assert module.ended == [[{"loss": loss} for loss in losses[:4]], [{"loss": loss} for loss in losses[4:]]]
    assert module.modes == [(True, True)] * 2


@pytest.mark.claim("module.validation-epoch-end")
@pytest.mark.parametrize("returned", [lambda loss, index: loss, lambda loss, index: {"error": loss, "batch": index}])
def test_it_gets_what_every_validation_step_returned_as_it_is(returned, device, trainer):
    module = fitted(ValidationEpochs(returned), trainer, regression_loader(6, seed=5))
    outputs = [returned(loss, index % 3) for index, loss in enumerate(module.losses)]
    assert module.ended == [outputs[:3], outputs[3:]]
    assert module.modes == [(False, False)] * 2


@pytest.mark.claim("module.validation-epoch-end")
def test_with_several_loaders_it_gets_a_list_for_each(device, trainer):
    module = fitted(ValidationEpochs(), trainer, [regression_loader(6, seed=5), regression_loader(2)])
    assert module.ended == [[losses[:3], losses[3:]] for losses in (module.losses[:4], module.losses[4:])]


@pytest.mark.claim("module.validation-epoch-end.on-validation-epoch-end")
@pytest.mark.parametrize("entry", [fit, validate])
def test_validation_epoch_end_is_refused_before_anything_is_run(entry, device, trainer):
    module = ValidationEpochs().to(device.torch_device)
    loaders = [regression_loader()] * (2 if entry is fit else 1)
    try:
        message = refusal(module, lambda: entry(trainer(), module, *loaders))
    except Unsayable as error:
        raise Untested(str(error)) from error
    assert message.startswith(removed("validation_epoch_end", module, "on_validation_epoch_end"))


@pytest.mark.claim("module.validation-epoch-end.on-validation-epoch-end")
def test_collected_by_hand_on_validation_epoch_end_has_the_same_numbers(device, trainer):
    class Collecting(Epochs):
        def validation_step(self, batch, batch_idx):
            self.losses.append(self.loss(batch))

        def on_validation_epoch_end(self):
            self.end(self.losses)
            self.losses.clear()

    module, held_out = fitted(Collecting(), trainer, regression_loader(6, seed=5)), regression_loader(6, seed=5)
    assert module.ended == [by_epoch(device, held_out, epochs) for epochs in (1, 2)]
    assert module.modes == [(False, False)] * 2


def by_epoch(device, held_out, epochs):
    """The losses of the batches held out, after so many epochs of a hand-written loop."""
    module = Evaluated()
    module.net.load_state_dict(by_hand(device, epochs=epochs)[0])
    module.to(device.torch_device)
    return [module.loss([part.to(device.torch_device) for part in batch]).item() for batch in held_out]


@pytest.mark.claim("module.test-epoch-end")
def test_it_gets_what_every_test_step_returned_as_it_is(device, trainer):
    module = EpochsOfTest(lambda loss, batch_idx: {"loss": loss, "batch": batch_idx})
    test(trainer(), module, regression_loader(6, seed=5))
    assert module.ended == [[{"loss": loss, "batch": index} for index, loss in enumerate(module.losses)]]
    assert len(module.losses) == 3
    assert module.modes == [(False, False)]


@pytest.mark.claim("module.test-epoch-end.on-test-epoch-end")
def test_test_epoch_end_is_refused_when_it_comes_to_testing_and_not_before(device, trainer):
    module = EpochsOfTest()
    fit(trainer(), module, regression_loader(2))
    assert not same_weights(weights(module.net), weights(network()))
    message = refusal(module, lambda: test(trainer(), module, regression_loader()))
    assert message.startswith(removed("test_epoch_end", module, "on_test_epoch_end"))


@pytest.mark.claim("module.test-epoch-end.on-test-epoch-end")
def test_collected_by_hand_on_test_epoch_end_has_the_same_numbers(device, trainer):
    class Collecting(Epochs):
        def test_step(self, batch, batch_idx):
            self.losses.append(self.loss(batch))

        def on_test_epoch_end(self):
            self.end(self.losses)

    module, held_out = Collecting(), regression_loader(6, seed=5)
    test(trainer(), module, held_out)
    assert module.ended == [by_epoch(device, held_out, epochs=0)]
    assert module.modes == [(False, False)]
