"""What stands in the progress bar beside the counts."""

import pytest
import pytorch_lightning as pl

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Regression
from fixtures.steps import everything_said


class OwnItems(Regression):
    """Wants its own item in the progress bar."""

    asked = 0

    def get_progress_bar_dict(self):
        self.asked += 1
        return {"own": 7}


@pytest.fixture
def shown(trainer, no_bar_thread, capsys):
    """What the console shows of a fit with the tqdm progress bar, or a subclass made by `change`."""
    name = "TQDMProgressBar" if hasattr(pl.callbacks, "TQDMProgressBar") else "ProgressBar"
    bar = getattr(pl.callbacks, name)

    def show(module, change=lambda cls: cls):
        fit(trainer(callbacks=[change(bar)()]), module, train=regression_loader())
        return "".join(capsys.readouterr())

    return show


@pytest.mark.claim("module.progress-bar-dict")
def test_the_progress_bar_shows_what_it_returns(shown):
    module = OwnItems()
    assert "own=7" in shown(module)
    assert module.asked > 0


@pytest.mark.claim("module.progress-bar-dict.get-metrics")
def test_the_hook_is_silently_ignored(shown):
    module = OwnItems()
    with everything_said() as said:
        text = shown(module)
    assert "4/4" in text
    assert "own=7" not in text
    assert module.asked == 0
    assert [line for line in said if "get_progress_bar_dict" in line] == []


@pytest.mark.claim("module.progress-bar-dict.get-metrics")
def test_a_bar_of_ones_own_shows_the_same(shown):
    def with_own_items(bar):
        class Own(bar):
            def get_metrics(self, trainer, module):
                return {"own": 7}

        return Own

    assert "4/4 " in shown(Regression(), with_own_items)
    assert "own=7" in shown(Regression(), with_own_items)
