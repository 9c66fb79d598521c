"""How to make the claims about the callback hooks of validation, of the sanity check and of test false."""

from fixtures.sabotage import sabotage

CLAIM = "callback.hook-"
EVALUATION = ("validation", "test")
ENDS = tuple(f"on_{run}_{end}" for run in EVALUATION for end in ("start", "end", "epoch_start", "epoch_end"))
AROUND = [CLAIM + hook for hook in ENDS]
AROUND_SANITY_CHECK = [f"{CLAIM}on_sanity_check_start", f"{CLAIM}on_sanity_check_end"]
EVERY_VALIDATION = "callback.validation-start-is-first-validation-only.every-validation"


def replace_hooks(patch, replacement):
    """`replacement(original, trainer, hook, *args)` takes the place of what calls a hook of all callbacks."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def replaced(trainer, hook, *args, **options):
        replacement(lambda *given: original(*given, **options), trainer, hook, *args)

    patch.setattr(call, "_call_callback_hooks", replaced)


@sabotage(*AROUND, *AROUND_SANITY_CHECK, EVERY_VALIDATION)
def hooks_around_evaluation_are_called_twice(patch):
    """Every hook of callbacks at an end of an evaluation, of its epoch or of the sanity check is called twice."""

    def twice(original, trainer, hook, *args):
        original(trainer, hook, *args)
        if hook in ENDS or hook.startswith("on_sanity_check_"):
            original(trainer, hook, *args)

    replace_hooks(patch, twice)


@sabotage(*AROUND, *AROUND_SANITY_CHECK)
def hooks_around_evaluation_are_given_the_module_first(patch):
    """Callbacks receive (module, trainer) instead of (trainer, module)."""

    def swapped(original, trainer, hook, *args):
        if not (hook in ENDS or hook.startswith("on_sanity_check_")):
            original(trainer, hook, *args)
            return
        for callback in trainer.callbacks:
            getattr(callback, hook)(trainer.lightning_module, trainer, *args)

    replace_hooks(patch, swapped)


@sabotage(*AROUND)
def start_and_epoch_start_change_places(patch):
    """The epoch starts before the evaluation does, and ends after it."""

    def swapped(original, trainer, hook, *args):
        start, end = hook.endswith("start"), hook.endswith("end")
        if hook in ENDS and (start or end):
            hook = hook.replace("_epoch_", "_") if "_epoch_" in hook else hook.replace("_start", "_epoch_start")
            hook = hook if "_epoch_" in hook or start else hook.replace("_end", "_epoch_end")
        original(trainer, hook, *args)

    replace_hooks(patch, swapped)


@sabotage(*AROUND[:4], EVERY_VALIDATION)
def the_sanity_check_calls_no_hooks_of_validation(patch):
    """Callbacks hear of validation only once training has started."""

    def late(original, trainer, hook, *args):
        if not (hook in ENDS and trainer.sanity_checking):
            original(trainer, hook, *args)

    replace_hooks(patch, late)


@sabotage(EVERY_VALIDATION, f"{CLAIM}on_validation_start", f"{CLAIM}on_validation_end")
def validation_starts_and_ends_only_once(patch):
    """Only the first validation of a fit calls on_validation_start and on_validation_end."""
    seen = set()

    def once(original, trainer, hook, *args):
        if hook not in ("on_validation_start", "on_validation_end") or (id(trainer), hook) not in seen:
            original(trainer, hook, *args)
        seen.add((id(trainer), hook))

    replace_hooks(patch, once)


@sabotage(*AROUND_SANITY_CHECK)
def the_sanity_check_starts_when_it_has_ended(patch):
    """on_sanity_check_start and on_sanity_check_end change places."""
    other = {"on_sanity_check_start": "on_sanity_check_end", "on_sanity_check_end": "on_sanity_check_start"}

    def swapped(original, trainer, hook, *args):
        original(trainer, other.get(hook, hook), *args)

    replace_hooks(patch, swapped)


@sabotage(*AROUND_SANITY_CHECK)
def the_sanity_check_is_announced_although_there_is_none(patch):
    """The hooks of the sanity check are called where num_sanity_val_steps is 0 as well."""
    from pytorch_lightning import Trainer
    from pytorch_lightning.trainer import call

    original = Trainer._run_sanity_check

    def run(self):
        original(self)
        if self.num_sanity_val_steps == 0:
            call._call_callback_hooks(self, "on_sanity_check_start")
            call._call_callback_hooks(self, "on_sanity_check_end")

    patch.setattr(Trainer, "_run_sanity_check", run)


@sabotage(*AROUND[4:])
def tests_call_the_hooks_of_validation(patch):
    """A test calls the hooks of validation of the callbacks instead of those of test."""

    def mistaken(original, trainer, hook, *args):
        original(trainer, hook.replace("on_test_", "on_validation_") if hook in ENDS else hook, *args)

    replace_hooks(patch, mistaken)
