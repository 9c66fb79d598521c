"""Lightning holds the whole training logic: what a hand-written loop spells out happens by itself, in order."""

import pytest
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit, model_checkpoint
from fixtures.modules import Regression, same_weights, weights

TRAIN, VALIDATE = "training_step in train mode with grad", "validation_step in eval mode without grad"
EPOCHS = 2


class LoggedSGD(torch.optim.SGD):
    """Notes when it zeroes gradients and when it steps (after the closure, if it is given one)."""

    def __init__(self, parameters, events):
        super().__init__(parameters, lr=0.1)
        self.events = events

    def zero_grad(self, *args, **kwargs):
        self.events.append("zero_grad")
        super().zero_grad(*args, **kwargs)

    def step(self, closure=None):
        loss = closure() if closure else None
        self.events.append("step")
        super().step()
        return loss


class LoggedStepLR(torch.optim.lr_scheduler.StepLR):
    """Notes when it is stepped, which its own `__init__` does once."""

    def __init__(self, optimizer):
        super().__init__(optimizer, step_size=1, gamma=0.5)
        self.events = optimizer.events
        self.events.clear()

    def step(self, *args):
        if hasattr(self, "events"):
            self.events.append("schedule")
        super().step(*args)

    def state_dict(self):
        return {name: value for name, value in super().state_dict().items() if name != "events"}


class Logged(Regression):
    """Notes what happens to it in `events`."""

    def __init__(self):
        super().__init__()
        self.events = []

    def note(self, step):
        mode = {(True,): "train", (False,): "eval"}.get(tuple({part.training for part in self.modules()}), "mixed")
        self.events.append(f"{step} in {mode} mode {'with' if torch.is_grad_enabled() else 'without'} grad")

    def training_step(self, batch, batch_idx):
        self.note("training_step")
        loss = self.loss(batch)
        loss.register_hook(lambda grad: self.events.append("backward"))
        return loss

    def validation_step(self, batch, batch_idx):
        self.note("validation_step")

    def configure_optimizers(self):
        optimizer = LoggedSGD(self.parameters(), self.events)
        return [optimizer], [LoggedStepLR(optimizer)]

    def on_save_checkpoint(self, checkpoint):
        self.events.append("save")


def run(trainer, tmp_path):
    """A module after a fit of two epochs, each with two training batches, one validation batch and one checkpoint."""
    module = Logged()
    keep = model_checkpoint(dirpath=str(tmp_path), save_top_k=-1)
    fit(
        trainer(max_epochs=EPOCHS, callbacks=[keep], num_sanity_val_steps=0),
        module,
        train=regression_loader(size=4),
        val=regression_loader(size=2),
    )
    return module


def only(events, *kept):
    return [event for event in events if event in kept]


@pytest.mark.claim("compat.complete-training-logic")
def test_forward_backward_and_step_once_a_batch_and_validation_once_an_epoch(device, trainer, tmp_path):
    events = run(trainer, tmp_path).events
    steps = [event for event in events if event not in ("zero_grad", "schedule", "save")]
    assert steps == ([TRAIN, "backward", "step"] * 2 + [VALIDATE]) * EPOCHS


@pytest.mark.claim("compat.complete-training-logic")
def test_gradients_are_zeroed_once_between_two_backwards(device, trainer, tmp_path):
    events = only(run(trainer, tmp_path).events, "zero_grad", "backward")
    assert events in (["zero_grad", "backward"] * 2 * EPOCHS, ["backward", "zero_grad"] * 2 * EPOCHS)


@pytest.mark.claim("compat.complete-training-logic")
def test_the_scheduler_steps_once_after_each_epochs_steps(device, trainer, tmp_path):
    assert only(run(trainer, tmp_path).events, "step", "schedule") == ["step", "step", "schedule"] * EPOCHS


@pytest.mark.claim("compat.complete-training-logic")
def test_a_checkpoint_is_saved_once_after_each_validation(device, trainer, tmp_path):
    assert only(run(trainer, tmp_path).events, VALIDATE, "save") == [VALIDATE, "save"] * EPOCHS
    assert len(list(tmp_path.glob("*.ckpt"))) == EPOCHS


@pytest.mark.claim("compat.complete-training-logic")
def test_the_checkpoint_holds_weights_optimizer_and_scheduler(device, trainer, tmp_path):
    module, keep = Logged(), model_checkpoint(dirpath=str(tmp_path))
    fit(trainer(callbacks=[keep]), module, train=regression_loader(size=4), val=regression_loader(size=2))
    checkpoint = torch.load(keep.best_model_path)
    state = {name.replace("net.", "", 1): value.cpu() for name, value in checkpoint["state_dict"].items()}
    assert same_weights(state, weights(module.net))
    assert [[*state] for state in checkpoint["optimizer_states"]] == [["state", "param_groups"]]
    assert [state["step_size"] for state in checkpoint["lr_schedulers"]] == [1]


@pytest.mark.claim("compat.complete-training-logic")
def test_a_module_is_left_as_after_a_loop(device, trainer, tmp_path):
    ran = run(trainer, tmp_path)
    assert all(part.training for part in ran.modules())
    assert torch.is_grad_enabled()
    assert all(parameter.requires_grad for parameter in ran.parameters())


@pytest.mark.claim("compat.complete-training-logic.zero-grad-before-backward")
def test_gradients_are_zeroed_between_training_step_and_backward(device, trainer, tmp_path):
    events = only(run(trainer, tmp_path).events, TRAIN, "zero_grad", "backward", "step")
    assert events == [TRAIN, "zero_grad", "backward", "step"] * 2 * EPOCHS


@pytest.mark.claim("compat.complete-training-logic.zero-grad-after-step")
def test_gradients_are_zeroed_after_the_step(device, trainer, tmp_path):
    events = only(run(trainer, tmp_path).events, TRAIN, "zero_grad", "backward", "step")
    assert events == [TRAIN, "backward", "step", "zero_grad"] * 2 * EPOCHS


@pytest.mark.claim("compat.complete-training-logic.schedule-before-validation")
def test_the_scheduler_steps_before_validation(device, trainer, tmp_path):
    assert only(run(trainer, tmp_path).events, "schedule", VALIDATE) == ["schedule", VALIDATE] * EPOCHS


@pytest.mark.claim("compat.complete-training-logic.schedule-after-validation")
def test_the_scheduler_steps_after_validation(device, trainer, tmp_path):
    assert only(run(trainer, tmp_path).events, "schedule", VALIDATE) == [VALIDATE, "schedule"] * EPOCHS


@pytest.mark.claim("compat.complete-training-logic.checkpoint-after-schedule")
def test_the_checkpoint_is_saved_after_the_scheduler_stepped(device, trainer, tmp_path):
    assert only(run(trainer, tmp_path).events, "schedule", "save") == ["schedule", "save"] * EPOCHS


@pytest.mark.claim("compat.complete-training-logic.checkpoint-before-schedule")
def test_the_checkpoint_is_saved_before_the_scheduler_steps(device, trainer, tmp_path):
    assert only(run(trainer, tmp_path).events, "schedule", "save") == ["save", "schedule"] * EPOCHS
