"""How to make the claims about the order of a validation false: a hook or a switch comes late, early, or not at all."""

import torch

from fixtures.calls import patch_calls
from fixtures.sabotage import sabotage
from fixtures.steps import postpone

LOOP = "module.validation-loop-order"
GRAD_OFF_FIRST = f"{LOOP}-eval-before-grad-off.grad-off-first"
EPOCH_END = f"{LOOP}-batch-end-before-validation-epoch-end.on-validation-epoch-end"


def with_gradients(patch, method):
    """Let this method of the evaluation loop run with gradients on."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = getattr(_EvaluationLoop, method)

    def changed(self, *args):
        with torch.inference_mode(False), torch.enable_grad():
            return original(self, *args)

    patch.setattr(_EvaluationLoop, method, changed)


@sabotage(f"{LOOP}.now", GRAD_OFF_FIRST)
def gradients_are_off_only_after_eval_mode_is_on(patch):
    """The switch to eval mode comes before gradients are off."""
    with_gradients(patch, "_on_evaluation_model_eval")


@sabotage(f"{LOOP}-grad-off-before-epoch-start", f"{LOOP}.now")
def the_epoch_starts_with_gradients(patch):
    """Gradients are still on when the epoch of validation starts."""
    with_gradients(patch, "_on_evaluation_epoch_start")


@sabotage(f"{LOOP}-grad-off-before-epoch-start", f"{LOOP}.now", GRAD_OFF_FIRST)
def the_epoch_starts_before_eval_mode(patch):
    """The switch to eval mode follows the start of the epoch."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    switch, start = _EvaluationLoop._on_evaluation_model_eval, _EvaluationLoop._on_evaluation_epoch_start

    def late(self):
        start(self)
        switch(self)

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_eval", lambda self: None)
    patch.setattr(_EvaluationLoop, "_on_evaluation_epoch_start", late)


@sabotage(f"{LOOP}-epoch-start-before-batch-start", f"{LOOP}.now")
def the_epoch_starts_after_its_first_batch(patch):
    """on_validation_epoch_start is called after on_validation_batch_start of the first batch."""
    postpone(patch, "on_validation_epoch_start", "on_validation_batch_start")


@sabotage(f"{LOOP}-batch-start-before-step", f"{LOOP}.now")
def a_batch_starts_when_it_ends(patch):
    """on_validation_batch_start is called after on_validation_batch_end."""
    postpone(patch, "on_validation_batch_start", "on_validation_batch_end")


@sabotage(f"{LOOP}-step-before-batch-end", f"{LOOP}.now")
def a_batch_ends_when_it_starts(patch):
    """on_validation_batch_end is called before the step."""

    def change(call, trainer, name, *args, **kwargs):
        if name == "on_validation_batch_end":
            return None
        result = call(trainer, name, *args, **kwargs)
        if name == "on_validation_batch_start":
            call(trainer, "on_validation_batch_end", None, *args, **kwargs)
        return result

    patch_calls(patch, "module", change)


@sabotage(EPOCH_END, f"{LOOP}.now")
def the_epoch_ends_before_its_last_batch(patch):
    """on_validation_batch_end is called after on_validation_epoch_end."""
    postpone(patch, "on_validation_batch_end", "on_validation_epoch_end")


@sabotage(f"{LOOP}-epoch-end-before-train", f"{LOOP}.now")
def train_mode_is_back_before_the_epoch_ends(patch):
    """The switch to train mode comes before on_validation_epoch_end."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._on_evaluation_epoch_end

    def end(self):
        self._on_evaluation_model_train()
        original(self)

    patch.setattr(_EvaluationLoop, "_on_evaluation_epoch_end", end)


@sabotage(f"{LOOP}-train-before-grad-on", f"{LOOP}.now")
def train_mode_is_back_after_gradients_are(patch):
    """The switch to train mode waits until gradients are on again."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    run, switch = _EvaluationLoop.run, _EvaluationLoop._on_evaluation_model_train

    def run_and_switch(self):
        result = run(self)
        switch(self)
        return result

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_train", lambda self: None)
    patch.setattr(_EvaluationLoop, "run", run_and_switch)


@sabotage(f"{LOOP}-train-before-grad-on", f"{LOOP}-epoch-end-before-train", f"{LOOP}.now")
def train_mode_does_not_come_back(patch):
    """Validation leaves the module in eval mode."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    patch.setattr(_EvaluationLoop, "_on_evaluation_model_train", lambda self: None)
