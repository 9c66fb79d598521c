"""How to make the claims about loaders, steps and what becomes of their outputs false."""

from pytorch_lightning.loops import evaluation_loop, fetchers, fit_loop, prediction_loop
from pytorch_lightning.strategies import Strategy
from pytorch_lightning.trainer.connectors import data_connector
from pytorch_lightning.utilities.combined_loader import CombinedLoader
from torch.utils.data import DataLoader

from fixtures.sabotage import sabotage

FitLoop, EvaluationLoop = fit_loop._FitLoop, evaluation_loop._EvaluationLoop


@sabotage(
    "trainer.reload-dataloaders-every-n-epochs",
    "trainer.reload-dataloaders-every-epoch",
    "trainer.reload-after-sanity-check",
)
def validation_keeps_its_loader(patch):
    """The validation loader is not asked for again."""
    patch.setattr(EvaluationLoop, "_should_reload_val_dl", property(lambda self: False))


@sabotage("trainer.reload-dataloaders-every-n-epochs")
def training_keeps_its_loader(patch):
    """The training loader is not asked for again."""
    patch.setattr(FitLoop, "_should_reload_train_dl", property(lambda self: False))


@sabotage("trainer.shuffled-evaluation-warned")
def nothing_is_said_about_shuffling(patch):
    """No loader is taken for one that shuffles."""
    patch.setattr(data_connector, "_is_dataloader_shuffled", lambda loader: False)


@sabotage("trainer.overfit-in-order")
def overfit_batches_are_shuffled(patch):
    """A loader that shuffles does so with overfit_batches as well."""
    for module in (fit_loop, evaluation_loop):
        patch.setattr(module, "_resolve_overfit_batches", lambda loader, mode: None)


@sabotage("trainer.shuffled-as-by-hand")
def nothing_is_shuffled(patch):
    """Every loader is gone through in order."""
    original = fit_loop._process_dataloader

    def processed(trainer, trainer_fn, stage, loader):
        loader = original(trainer, trainer_fn, stage, loader)
        return DataLoader(loader.dataset, batch_size=loader.batch_size)

    for module in (fit_loop, evaluation_loop):
        patch.setattr(module, "_process_dataloader", processed)


@sabotage("trainer.loader-that-is-none")
def nobody_says_whose_fault_it_is(patch):
    """What is no loader is refused without a word about where it came from."""

    def check(loader, source, trainer_fn):
        iter(loader)

    for module in (fit_loop, evaluation_loop, prediction_loop):
        patch.setattr(module, "_check_dataloader_iterable", check)


@sabotage("trainer.several-loaders-need-dataloader-idx")
def nobody_says_which_step_it_is(patch):
    """A step without dataloader_idx is refused without naming it."""
    original = evaluation_loop._verify_dataloader_idx_requirement

    def verify(*arguments):
        try:
            original(*arguments)
        except RuntimeError as error:
            raise RuntimeError("dataloader_idx") from error

    for module in (evaluation_loop, prediction_loop):
        patch.setattr(module, "_verify_dataloader_idx_requirement", verify)


@sabotage("trainer.combined-evaluation-loader")
def the_longest_loader_decides(patch):
    """A combined loader goes on until its longest loader is through."""
    combine = CombinedLoader.__init__
    patch.setattr(CombinedLoader, "__init__", lambda self, loaders, mode: combine(self, loaders, "max_size"))


@sabotage("trainer.several-loaders-in-one-iterator")
def indices_are_swapped(patch):
    """The iterator gives the loader's index before the batch's."""
    original = fetchers._DataFetcherWrapper.__next__

    def swapped(self):
        batch, batch_idx, dataloader_idx = original(self)
        return batch, dataloader_idx, batch_idx

    patch.setattr(fetchers._DataFetcherWrapper, "__next__", swapped)


@sabotage("trainer.iterator-hooks-are-behind")
def the_first_batch_is_told_another_loader(patch):
    """The iterator begins with the index of the second loader."""
    original = fetchers._DataLoaderIterDataFetcher.reset

    def reset(self):
        original(self)
        self._dataloader_idx = 1

    patch.setattr(fetchers._DataLoaderIterDataFetcher, "reset", reset)


@sabotage("trainer.loader-state")
def states_of_loaders_are_not_saved(patch):
    """No loader is asked for a state."""
    patch.setattr(CombinedLoader, "_state_dicts", lambda self: [])


@sabotage("trainer.loader-state")
def states_of_loaders_are_not_given_back(patch):
    """What a checkpoint has of loaders is left there."""
    patch.setattr(FitLoop, "_load_combined_loader_states", lambda self: None)


@sabotage("trainer.predict-returns")
def one_loader_is_a_list_of_one(patch):
    """Predictions of one loader are nested as those of several are."""
    patch.setattr(prediction_loop._PredictionLoop, "predictions", property(lambda self: self._predictions))


@sabotage("trainer.steps-are-called-directly")
def steps_go_through_forward(patch):
    """Every step is a call of the module."""

    def through_forward(name):
        def step(self, *arguments, **named):
            return self._forward_redirection(self.model, self.lightning_module, name, *arguments, **named)

        return step

    for name in ("training_step", "validation_step", "test_step", "predict_step"):
        patch.setattr(Strategy, name, through_forward(name))


@sabotage("trainer.simple-profiler")
def fetching_takes_no_time(patch):
    """The next batch of an evaluation is not timed."""
    for name in ("_on_before_fetch", "_on_after_fetch"):
        patch.setattr(EvaluationLoop, name, lambda self: None)
