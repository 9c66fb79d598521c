"""What the tqdm progress bar shows, line by line."""

import re

import pytest
import pytorch_lightning as pl

from fixtures.data import regression_loader
from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.modules import Evaluated
from fixtures.scores import built_in
from ledger.plugin.outcomes import Untested

SHOWN = re.compile(r"([A-Z][A-Za-z ]*\d*):\s*(?:\d+%)?\|[^|]*\| (\d+/[\d?]+)([^\]]*)")


class Logged(Evaluated):
    """Shows numbers of several sizes in the progress bar; takes several loaders."""

    def training_step(self, batch, batch_idx):
        for name, value in {"half": 0.5, "two": 2.0, "third": 1 / 3, "tiny": 1e-8, "big": 123456.0}.items():
            self.log(name, value, prog_bar=True)
        return self.loss(batch)

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        return None

    def test_step(self, batch, batch_idx, dataloader_idx=0):
        return None


class Bars:
    """What the console showed of each bar, in order: `Bars.steps` as in ("Epoch 0", "1/4")."""

    def __init__(self, text):
        self.text = text
        self.lines = SHOWN.findall(text)

    def steps(self, *beginnings):
        """Every step of the bars whose description begins so, without repetitions."""
        found = [(title, count) for title, count, _ in self.lines if title.startswith(beginnings)]
        return [one for index, one in enumerate(found) if index == 0 or found[index - 1] != one]

    def lines_down(self):
        """How many lines below the cursor the bars are drawn, by the beginning of their names."""
        found = re.findall(r"(\n*)\r(Epoch|Sanity|Valid|Test|Predict)", self.text)
        return {name: max(len(lines) for lines, other in found if other == name) for _, name in found}

    def advances(self, *beginnings):
        """Each of these steps once, but for those from which nothing was done yet."""
        return list(dict.fromkeys(step for step in self.steps(*beginnings) if not step[1].startswith("0/")))


@pytest.fixture
def bars(trainer, no_bar_thread, capsys):
    """Run an entry point with a progress bar, and get its `Bars`; options of the Trainer beside those of the bar."""
    name = "TQDMProgressBar" if hasattr(pl.callbacks, "TQDMProgressBar") else "ProgressBar"

    def show(entry, bar=(), options=(), **loaders):
        callback = built_in(name, **dict(bar))
        capsys.readouterr()
        try:
            entry(trainer(callbacks=[callback], **dict(options)), Logged(), **loaders)
        except Unsayable as error:
            raise Untested(str(error)) from error
        return Bars(capsys.readouterr().out)

    return show


def counts(title, *numbers, of):
    return [(title, f"{number}/{of}") for number in numbers]


@pytest.mark.claim("built-in.progress-training")
def test_the_bar_of_training_counts_batches_of_training(bars):
    shown = bars(fit, options={"max_epochs": 2}, train=regression_loader(6), val=regression_loader(4))
    assert [step for step in shown.steps("Epoch") if step != ("Epoch 0", "0/3")] == [
        *counts("Epoch 0", 1, 2, 3, of=3),
        *counts("Epoch 1", 0, 1, 2, 3, of=3),
    ]


@pytest.mark.claim("built-in.progress-training.and-validation")
def test_the_bar_of_training_counts_batches_of_validation_as_well(bars):
    shown = bars(fit, train=regression_loader(6), val=regression_loader(4))
    assert shown.steps("Epoch 0")[-1] == ("Epoch 0", "5/5")


@pytest.mark.claim("built-in.progress-evaluation-in-fit")
def test_validation_in_a_fit_has_a_bar_for_each_loader(bars):
    loaders = [regression_loader(2), regression_loader(6)]
    shown = bars(fit, train=regression_loader(2), val=loaders)
    assert shown.advances("Sanity", "Validation") == [
        *counts("Sanity Checking DataLoader 0", 1, of=1),
        *counts("Sanity Checking DataLoader 1", 1, 2, of=2),
        *counts("Validation DataLoader 0", 1, of=1),
        *counts("Validation DataLoader 1", 1, 2, 3, of=3),
    ]


@pytest.mark.claim("built-in.progress-evaluation")
@pytest.mark.parametrize(("entry", "title"), [(validate, "Validation"), (test, "Testing"), (predict, "Predicting")])
def test_each_run_has_a_bar_of_its_name(bars, entry, title):
    shown = bars(entry, loaders=[regression_loader(6), regression_loader(2)])
    expected = [*counts(f"{title} DataLoader 0", 1, 2, 3, of=3), *counts(f"{title} DataLoader 1", 1, of=1)]
    assert shown.advances("") == expected
    rarely = bars(entry, bar={"refresh_rate": 2}, loaders=regression_loader(10))
    assert rarely.advances("") == counts(f"{title} DataLoader 0", 2, 4, 5, of=5)


@pytest.mark.claim("built-in.progress-evaluation.all-loaders")
def test_a_bar_counts_the_batches_of_all_loaders(bars):
    shown = bars(test, loaders=[regression_loader(6), regression_loader(2)])
    assert shown.steps("Testing")[-1] == ("Testing", "4/4")


@pytest.mark.claim("built-in.progress-refresh-rate")
def test_every_second_batch_is_shown_and_the_last(bars):
    shown = bars(fit, bar={"refresh_rate": 2}, train=regression_loader(10))
    assert shown.steps("Epoch") == counts("Epoch 0", 0, 2, 4, 5, of=5)


@pytest.mark.claim("built-in.progress-refresh-rate.not-the-last")
def test_every_second_batch_is_shown_and_nothing_after_it(bars):
    shown = bars(fit, bar={"refresh_rate": 2}, train=regression_loader(10))
    assert shown.steps("Epoch") == counts("Epoch 0", 0, 2, 4, of=5)


@pytest.mark.claim("built-in.progress-off")
def test_with_a_refresh_rate_of_zero_nothing_is_shown(bars):
    assert bars(fit, bar={"refresh_rate": 0}, train=regression_loader(4), val=regression_loader(4)).lines == []


@pytest.mark.claim("built-in.progress-environment")
@pytest.mark.parametrize(("rate", "shown_at"), [(1, ["0/5", "2/5", "4/5", "5/5"]), (3, ["0/5", "3/5", "5/5"])])
def test_the_environment_can_only_make_it_rarer(bars, monkeypatch, rate, shown_at):
    monkeypatch.setenv("TQDM_MINITERS", "2")
    shown = bars(fit, bar={"refresh_rate": rate}, train=regression_loader(10))
    assert [count for _, count in shown.steps("Epoch")] == shown_at


@pytest.mark.claim("built-in.progress-environment.ignored")
def test_the_environment_is_ignored(bars, monkeypatch):
    monkeypatch.setenv("TQDM_MINITERS", "2")
    shown = bars(fit, bar={"refresh_rate": 1}, train=regression_loader(10))
    assert shown.steps("Epoch") == counts("Epoch 0", 0, 1, 2, 3, 4, 5, of=5)


@pytest.mark.claim("built-in.progress-colab")
@pytest.mark.parametrize(("rate", "shown_at"), [(1, ["0/5", "5/5"]), (2, ["0/5", "2/5", "4/5", "5/5"])])
def test_in_colab_every_batch_is_too_often(bars, monkeypatch, rate, shown_at):
    monkeypatch.setenv("COLAB_GPU", "1")
    shown = bars(fit, bar={"refresh_rate": rate}, train=regression_loader(10))
    assert [count for _, count in shown.steps("Epoch")] == shown_at


@pytest.mark.claim("built-in.progress-colab.ignored")
def test_in_colab_every_batch_is_shown_as_well(bars, monkeypatch):
    monkeypatch.setenv("COLAB_GPU", "1")
    shown = bars(fit, bar={"refresh_rate": 1}, train=regression_loader(10))
    assert shown.steps("Epoch") == counts("Epoch 0", 0, 1, 2, 3, 4, 5, of=5)


@pytest.mark.claim("built-in.progress-numbers")
def test_numbers_are_padded_to_five_places_but_powers_of_ten(bars):
    shown = bars(fit, train=regression_loader(4))
    assert shown.lines[-1][2].endswith(", half=0.500, two=2.000, third=0.333, tiny=1e-8, big=1.23e+5")


@pytest.mark.claim("built-in.progress-numbers.as-tqdm")
def test_numbers_are_not_padded(bars):
    shown = bars(fit, train=regression_loader(4))
    assert shown.lines[-1][2].endswith(", half=0.5, two=2, third=0.333, tiny=1e-8, big=1.23e+5")


def shows_half(bars):
    """At which counts the bar shows the metric that every batch logs."""
    shown = bars(fit, train=regression_loader(6))
    return list(dict.fromkeys(count for _, count, more in shown.lines if "half=" in more))


@pytest.mark.claim("built-in.progress-numbers-at-once")
def test_what_a_batch_logs_is_shown_with_it(bars):
    assert shows_half(bars) == ["1/3", "2/3", "3/3"]


@pytest.mark.claim("built-in.progress-numbers-at-once.next")
def test_what_a_batch_logs_is_shown_with_the_next(bars):
    assert shows_half(bars) == ["2/3", "3/3"]


@pytest.mark.claim("built-in.progress-version")
def test_the_version_of_the_logger_is_shown_as_it_is(bars, tmp_path):
    logger = pl.loggers.CSVLogger(str(tmp_path), version=3)
    shown = bars(fit, options={"logger": logger}, train=regression_loader(2))
    assert re.findall("v_num=[^,]*", shown.lines[-1][2]) == ["v_num=3"]


@pytest.mark.claim("built-in.progress-max-steps")
def test_without_an_end_in_epochs_the_last_bar_is_as_long_as_steps_remain(bars):
    shown = bars(fit, options={"max_epochs": -1, "max_steps": 6}, train=regression_loader(8))
    assert shown.steps("Epoch 1") == counts("Epoch 1", 0, 1, 2, of=2)


@pytest.mark.claim("built-in.progress-max-steps.whole")
def test_without_an_end_in_epochs_every_bar_is_as_long_as_the_data(bars):
    shown = bars(fit, options={"max_epochs": -1, "max_steps": 6}, train=regression_loader(8))
    assert shown.steps("Epoch 1")[1:3] == counts("Epoch 1", 1, 2, of=4)
    assert {count.split("/")[1] for _, count in shown.steps("Epoch")} == {"4"}


def left(shown):
    """The names of the bars that are left in the console, each on its line."""
    without_those_below = re.sub(r"\n+\r[^\r\n]*(\x1b\[A)+", "", shown.text)
    return re.findall(r"(Epoch|Sanity|Valid|Test|Predict)[^\r\n]*\n", without_those_below)


@pytest.mark.claim("built-in.progress-left")
def test_bars_of_whole_runs_stay_in_the_console(bars):
    assert left(bars(fit, train=regression_loader(2), val=regression_loader(2))) == ["Epoch"]
    assert left(bars(validate, loaders=regression_loader(2))) == ["Valid"]
    assert left(bars(test, loaders=regression_loader(2))) == ["Test"]
    assert left(bars(predict, loaders=regression_loader(2))) == ["Predict"]


@pytest.mark.claim("built-in.progress-left.but-validate")
def test_the_bar_of_validate_vanishes(bars):
    assert left(bars(fit, train=regression_loader(2), val=regression_loader(2))) == ["Epoch"]
    assert left(bars(validate, loaders=regression_loader(2))) == []


@pytest.mark.claim("built-in.progress-position")
def test_bars_can_be_moved_down(bars):
    moved = {"process_position": 1}
    in_fit = bars(fit, bar=moved, train=regression_loader(2), val=regression_loader(2)).lines_down()
    assert (in_fit["Epoch"], in_fit.get("Sanity", 2), in_fit["Valid"]) == (2, 2, 3)
    assert bars(validate, bar=moved, loaders=regression_loader(2)).lines_down()["Valid"] == 2
    assert bars(test, bar=moved, loaders=regression_loader(2)).lines_down()["Test"] == 2
    assert bars(predict, bar=moved, loaders=regression_loader(2)).lines_down()["Predict"] == 2


@pytest.mark.claim("built-in.progress-leave")
@pytest.mark.parametrize(("leave", "kept"), [(True, 2), (False, 1)])
def test_the_bar_of_every_epoch_can_be_left_in_the_console(bars, leave, kept):
    shown = bars(fit, bar={"leave": leave}, options={"max_epochs": 2}, train=regression_loader(2))
    assert len(re.findall(r"Epoch \d[^\r\n]* 1/1 [^\r\n]*\n", shown.text)) == kept
