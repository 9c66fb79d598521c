"""How to make the claims about the progress bar false."""

from fixtures.sabotage import sabotage

CLAIM = "module.progress-bar-dict.get-metrics"


@sabotage(CLAIM)
def the_old_hook_is_asked_again(patch):
    """What the bar shows starts with what the module's get_progress_bar_dict returns."""
    from pytorch_lightning.callbacks import ProgressBar

    original = ProgressBar.get_metrics

    def get_metrics(self, trainer, module):
        own = module.get_progress_bar_dict() if hasattr(module, "get_progress_bar_dict") else {}
        return {**own, **original(self, trainer, module)}

    patch.setattr(ProgressBar, "get_metrics", get_metrics)


@sabotage(CLAIM)
def the_bar_shows_its_counts_only(patch):
    """The bar drops its metrics."""
    from pytorch_lightning.callbacks.progress.tqdm_progress import Tqdm

    patch.setattr(Tqdm, "set_postfix", lambda self, *args, **kwargs: None, raising=False)
