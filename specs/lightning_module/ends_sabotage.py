"""How to make the claims about what follows a step false: the removed hooks are back, or outputs are lost."""

import pytorch_lightning as pl

from fixtures.calls import replace
from fixtures.sabotage import sabotage
from fixtures.steps import patch_verification

TRAINING = "module.training-step-end.inside-training-step"
VALIDATION = "module.validation-step-end.inside-validation-step"
TEST = "module.test-step-end.inside-test-step"


@sabotage(TRAINING, VALIDATION, TEST)
def the_hooks_after_the_steps_are_back(patch):
    """What a step returns goes through the module's hook after that step, if it has one."""
    from pytorch_lightning.trainer import call

    original = call._call_strategy_hook

    def with_end(trainer, name, *args, **kwargs):
        output = original(trainer, name, *args, **kwargs)
        end = getattr(trainer.lightning_module, f"{name}_end", None) if name.endswith("_step") else None
        return end(output) if end else output

    patch.setattr(call, "_call_strategy_hook", with_end)


@sabotage(TRAINING, VALIDATION, TEST)
def the_hooks_after_the_steps_are_warned_about(patch):
    """A module that has such a hook is told that it is gone."""

    def verify(module):
        for step in ("training", "validation", "test"):
            if hasattr(module, f"{step}_step_end"):
                pl.utilities.rank_zero_warn(f"`{step}_step_end` has been removed.")

    patch_verification(patch, verify)


@sabotage(TRAINING, VALIDATION, TEST)
def outputs_end_with_the_step(patch):
    """The hooks after a batch are given no outputs."""
    for run in ("train", "validation", "test"):
        replace(patch, "module", f"on_{run}_batch_end", lambda outputs, *rest: (None, *rest))


@sabotage(TRAINING)
def only_the_loss_is_passed_on(patch):
    """Of what training_step returned, the hook after the batch is given the loss alone."""
    from pytorch_lightning.loops.optimization.automatic import ClosureResult

    patch.setattr(ClosureResult, "asdict", lambda self: {"loss": self.loss})


@sabotage(VALIDATION, TEST)
def outputs_arrive_one_batch_late(patch):
    """The hooks after a batch are given the outputs of the batch before."""
    for hook in ("on_validation_batch_end", "on_test_batch_end"):
        kept = [None]

        def late(outputs, *rest, kept=kept):
            kept.append(outputs)
            return kept[-2], *rest

        replace(patch, "module", hook, late)
