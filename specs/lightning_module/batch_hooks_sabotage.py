"""How to make the claims about the hooks around a batch false: left out, misplaced, given something else."""

from fixtures.calls import patch_calls, replace, skip
from fixtures.sabotage import sabotage

TRAIN, VALIDATION, TEST = (f"module.{run}-batch-hooks" for run in ("train", "validation", "test"))
ALL = tuple(f"{claim}.without-index" for claim in (TRAIN, VALIDATION, TEST))
SEVERAL = tuple(f"{claim}.several-loaders" for claim in (VALIDATION, TEST))


@sabotage(*ALL, *SEVERAL)
def the_end_of_a_batch_is_not_told(patch):
    """The hooks at the end of a batch are forgotten."""
    skip(patch, "module", "on_train_batch_end", "on_validation_batch_end", "on_test_batch_end")


@sabotage(*ALL, *SEVERAL)
def batches_count_from_one(patch):
    """The hooks at the start of a batch get the index of the next."""
    for run in ("train", "validation", "test"):
        replace(patch, "module", f"on_{run}_batch_start", lambda batch, number, *rest: (batch, number + 1, *rest))


@sabotage(*ALL, *SEVERAL)
def the_start_of_a_batch_comes_at_its_end(patch):
    """The hooks at the start of a batch are called right before those at its end."""
    waiting = []

    def change(call, trainer, name, *args, **kwargs):
        if name.endswith("_batch_start"):
            return waiting.append((name, args))
        while name.endswith("_batch_end") and waiting:
            hook, arguments = waiting.pop()
            call(trainer, hook, *arguments)
        return call(trainer, name, *args, **kwargs)

    patch_calls(patch, "module", change)


@sabotage(*SEVERAL)
def every_loader_is_the_first(patch):
    """The hooks at the end of a batch get 0 for the loader, whichever it is."""
    for run in ("validation", "test"):
        replace(
            patch, "module", f"on_{run}_batch_end", lambda output, batch, number, loader: (output, batch, number, 0)
        )


@sabotage(*ALL[1:], *SEVERAL)
def the_step_returns_nothing_to_the_hooks(patch):
    """The hooks at the end of a batch of validation or testing get None for what the step returned."""
    for run in ("validation", "test"):
        replace(patch, "module", f"on_{run}_batch_end", lambda output, *rest: (None, *rest))


@sabotage(f"{TRAIN}.outputs")
def the_outputs_hold_a_scaled_loss(patch):
    """The loss in the outputs is doubled."""
    replace(patch, "module", "on_train_batch_end", lambda outputs, *rest: ({"loss": 2 * outputs["loss"]}, *rest))


@sabotage(f"{TRAIN}.outputs")
def the_outputs_are_the_bare_loss(patch):
    """on_train_batch_end gets what training_step returned as it is, without a dict."""
    replace(patch, "module", "on_train_batch_end", lambda outputs, *rest: (outputs["loss"], *rest))


@sabotage(f"{TRAIN}.outputs")
def the_outputs_keep_the_graph(patch):
    """The loss in the outputs is not detached."""

    def attached(outputs, *rest):
        return ({"loss": outputs["loss"].requires_grad_()}, *rest)

    replace(patch, "module", "on_train_batch_end", attached)
