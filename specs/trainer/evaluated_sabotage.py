"""How to make the claims about the weights that are evaluated false."""

from pytorch_lightning import Trainer
from pytorch_lightning.trainer.connectors import checkpoint_connector
from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector

from fixtures.sabotage import sabotage

ID = "trainer.evaluation-"
BEST, NONE = (f"{ID}best", f"{ID}best-predict"), f"{ID}none.best"
PATH, GIVEN, LAST = f"{ID}checkpoint", f"{ID}checkpoint-given", f"{ID}last"


def parsed(patch, change):
    """After a fit, `change(parse, ckpt_path, model_provided)` says which checkpoint is taken."""
    original = _CheckpointConnector._parse_ckpt_path

    def changed(self, state_fn, ckpt_path, model_provided, model_connected):
        def parse(path, provided):
            return original(self, state_fn, path, model_provided=provided, model_connected=model_connected)

        if state_fn.value == "fit":
            return parse(ckpt_path, model_provided)
        return change(parse, ckpt_path, model_provided)

    patch.setattr(_CheckpointConnector, "_parse_ckpt_path", changed)


@sabotage(*BEST, NONE, f"{ID}best-missing")
def the_module_of_the_fit_is_taken_as_if_it_was_given(patch):
    """Without a module, the one of the fit is evaluated as it is."""
    parsed(patch, lambda parse, ckpt_path, provided: parse(ckpt_path, True))


@sabotage(f"{ID}given")
def the_best_checkpoint_is_loaded_into_a_module_that_is_given(patch):
    """A module that is given is evaluated with the weights of the best checkpoint."""
    parsed(patch, lambda parse, ckpt_path, provided: parse(ckpt_path, False))


@sabotage(PATH, GIVEN, LAST)
def a_path_is_ignored(patch):
    """What is said as ckpt_path changes nothing."""
    parsed(patch, lambda parse, ckpt_path, provided: parse(None, provided))


@sabotage(*BEST, GIVEN, NONE)
def the_best_is_the_last(patch):
    """The checkpoint that was saved last is taken for the best."""

    def last(parse, ckpt_path, provided):
        found = parse(ckpt_path, provided)
        return found if ckpt_path not in (None, "best") or found is None else found.replace("epoch=1", "epoch=2")

    parsed(patch, last)


@sabotage(LAST)
def the_last_is_the_best(patch):
    """The best checkpoint is taken for the one that was saved last."""
    parsed(patch, lambda parse, ckpt_path, provided: parse("best" if ckpt_path == "last" else ckpt_path, provided))


@sabotage(NONE)
def nothing_is_said_of_the_best(patch):
    """That the best checkpoint is taken is not warned of."""
    patch.setattr(checkpoint_connector, "rank_zero_warn", lambda *args, **kwargs: None)


@sabotage(*BEST, PATH, GIVEN, NONE, LAST)
def the_weights_come_back_after_the_run(patch):
    """After the run the module has the weights that it had before."""
    run = Trainer._run

    def changed(self, model, *args, **kwargs):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        result = run(self, model, *args, **kwargs)
        if self.state.fn.value != "fit":
            model.load_state_dict(before)
        return result

    patch.setattr(Trainer, "_run", changed)
