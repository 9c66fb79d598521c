"""How to make the claims about the callback hooks around batches of validation and of test false."""

from fixtures.sabotage import sabotage

SUFFIX = "loader-index-of-several-only"
STARTS = [f"callback.hook-on_{run}_batch_start.{SUFFIX}" for run in ("validation", "test")]
ENDS = [f"callback.hook-on_{run}_batch_end.{SUFFIX}" for run in ("validation", "test")]
HOOKS = {f"on_{run}_batch_{end}" for run in ("validation", "test") for end in ("start", "end")}


def replace_batch_hooks(patch, replacement):
    """`replacement(original, trainer, hook, *args)` takes the place of what calls a hook of all callbacks."""
    from pytorch_lightning.trainer import call

    original = call._call_callback_hooks

    def replaced(trainer, hook, *args, **options):
        call_hook = replacement if hook in HOOKS else lambda original, *given: original(*given, **options)
        call_hook(original, trainer, hook, *args)

    patch.setattr(call, "_call_callback_hooks", replaced)


@sabotage(*STARTS, *ENDS)
def the_index_of_the_only_loader_is_told(patch):
    """Hooks are given dataloader_idx where there is a single loader too, as before 2.0."""
    from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop

    original = _EvaluationLoop._build_kwargs
    steps = _EvaluationLoop._build_step_args_from_hook_kwargs

    def build(self, batch, batch_idx, dataloader_idx):
        return original(self, batch, batch_idx, dataloader_idx or 0)

    def build_step_args(self, hook_kwargs, step_hook_name):
        return steps(self, hook_kwargs, step_hook_name)[:2]

    patch.setattr(_EvaluationLoop, "_build_kwargs", build)
    patch.setattr(_EvaluationLoop, "_build_step_args_from_hook_kwargs", build_step_args)


@sabotage(*STARTS, *ENDS)
def the_index_of_the_loader_is_never_told(patch):
    """Hooks are given no dataloader_idx even where there are several loaders."""

    def forgetful(original, trainer, hook, *args):
        original(trainer, hook, *args[: 3 if hook.endswith("end") else 2])

    replace_batch_hooks(patch, forgetful)


@sabotage(*STARTS, *ENDS)
def batches_count_from_one(patch):
    """batch_idx is off by one in the hooks around a batch."""

    def off_by_one(original, trainer, hook, *args):
        place = 2 if hook.endswith("end") else 1
        original(trainer, hook, *args[:place], args[place] + 1, *args[place + 1 :])

    replace_batch_hooks(patch, off_by_one)


@sabotage(*STARTS, *ENDS)
def hooks_around_a_batch_are_called_twice(patch):
    """Every hook around a batch is called twice."""

    def twice(original, trainer, hook, *args):
        original(trainer, hook, *args)
        original(trainer, hook, *args)

    replace_batch_hooks(patch, twice)


@sabotage(*STARTS, *ENDS)
def a_batch_starts_after_its_step(patch):
    """Callbacks hear of the start of a batch only once its step has been made."""
    from pytorch_lightning.trainer import call

    hooks, strategy_hooks = call._call_callback_hooks, call._call_strategy_hook
    held = []

    def hold(trainer, hook, *args, **options):
        if hook not in HOOKS:
            hooks(trainer, hook, *args, **options)
        elif hook.endswith("start"):
            held[:] = [(hook, args)]

    def release(trainer, hook, *args, **options):
        output = strategy_hooks(trainer, hook, *args, **options)
        if hook in ("validation_step", "test_step"):
            start, given = held.pop()
            hooks(trainer, start, *given)
            hooks(trainer, start.replace("start", "end"), output, *given)
        return output

    patch.setattr(call, "_call_callback_hooks", hold)
    patch.setattr(call, "_call_strategy_hook", release)


@sabotage(*ENDS)
def the_end_of_a_batch_is_told_the_output_before(patch):
    """The hook after a batch receives what the step of the batch before returned."""
    before = {}

    def late(original, trainer, hook, *args):
        if hook.endswith("end"):
            output, args = args[0], (before.get(id(trainer), args[0]), *args[1:])
            before[id(trainer)] = output
        original(trainer, hook, *args)

    replace_batch_hooks(patch, late)


@sabotage(*STARTS)
def the_start_of_a_batch_is_told_the_batch_before(patch):
    """The hook before a batch receives the batch before."""
    before = {}

    def late(original, trainer, hook, *args):
        if hook.endswith("start"):
            batch, args = args[0], (before.get(id(trainer), args[0]), *args[1:])
            before[id(trainer)] = batch
        original(trainer, hook, *args)

    replace_batch_hooks(patch, late)
