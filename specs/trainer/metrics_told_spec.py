"""The loggers of a trainer: which they are, what they are told to do, and the folder they write to."""

from os.path import join, relpath

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.loggers import Remembering
from fixtures.modules import Evaluated
from fixtures.runs import DeliberateError
from ledger.plugin.outcomes import Untested


class Logs(Evaluated):
    """Logs in every training batch how many there were, with these options; without any, nothing."""

    def __init__(self, options=None):
        super().__init__()
        self.batches, self.options = 0, options

    def training_step(self, batch, batch_idx):
        self.batches += 1
        if self.options is not None:
            self.log("x", torch.tensor(float(self.batches), device=self.device), **self.options)
        return self.loss(batch)


STEP = {"on_step": True, "on_epoch": False}
BOTH = {"on_step": True, "on_epoch": True}


def sent(trainer, module, size=4, **options):
    """The logger after an epoch of two batches."""
    logger = Remembering()
    run = trainer(logger=logger, num_sanity_val_steps=0, **{"log_every_n_steps": 1, **options})
    fit(run, module, train=regression_loader(size), val=regression_loader(4))
    return logger


@pytest.mark.claim("trainer.metrics-sent-saved")
def test_a_logger_saves_after_each_sending_and_is_finalized_once(trainer):
    assert sent(trainer, Logs(BOTH)).told == ["save", *["log", "save"] * 3, "success"]


@pytest.mark.claim("trainer.metrics-sent-saved")
def test_where_nothing_is_logged_nothing_is_sent(trainer):
    assert sent(trainer, Logs()).told == ["save", "success"]


def told_of_a_failure(trainer):
    """What a logger is told in a run that fails in its second batch."""
    logger, module = Remembering(), Logs(STEP)

    class Fails(pl.Callback):
        def on_train_batch_start(self, trainer, *rest):
            if module.batches == 1:
                raise DeliberateError("in the second batch")

    with pytest.raises(DeliberateError):
        fit(trainer(logger=logger, callbacks=[Fails()], log_every_n_steps=1), module, train=regression_loader(4))
    return logger.told


@pytest.mark.claim("trainer.metrics-sent-failed")
def test_a_run_that_fails_is_finalized_as_failed(trainer):
    assert told_of_a_failure(trainer) == ["save", "log", "save", "failed"]


@pytest.mark.claim("trainer.metrics-sent-failed.untold")
def test_a_logger_is_not_told_that_a_run_fails(trainer):
    told = told_of_a_failure(trainer)
    assert told[:3] == ["save", "log", "save"]
    assert "failed" not in told


@pytest.mark.claim("trainer.metrics-sent-at-a-stop")
def test_the_last_step_before_a_stop_is_sent_whatever_its_number(trainer):
    module = Logs(STEP)

    class Stops(pl.Callback):
        def on_train_batch_end(self, trainer, *rest):
            trainer.should_stop = module.batches >= 2

    logger = sent(trainer, module, size=8, callbacks=[Stops()], log_every_n_steps=50)
    assert logger.values == [(1, {"x": 2.0})]
    assert logger.told == ["save", "log", "save", "save", "success"]


@pytest.mark.claim("trainer.attr-logger")
def test_trainer_and_module_have_the_logger_that_was_given(trainer):
    logger, module = Remembering(), Logs(STEP)
    run = trainer(logger=logger)
    fit(run, module, train=regression_loader(2))
    assert run.logger is logger
    assert module.logger is logger


@pytest.mark.claim("trainer.attr-logger")
def test_without_a_logger_it_is_none(trainer):
    run, module = trainer(logger=False), Logs(STEP)
    fit(run, module, train=regression_loader(2))
    assert run.logger is None
    assert module.logger is None


def with_two(trainer):
    """A trainer after a run with two loggers, and these."""
    loggers = [Remembering(), Remembering()]
    run = trainer(logger=loggers, log_every_n_steps=1)
    fit(run, Logs(STEP), train=regression_loader(4))
    return run, loggers


@pytest.mark.claim("trainer.metrics-sent-to-all")
def test_all_loggers_receive_the_same(trainer):
    _, loggers = with_two(trainer)
    assert [logger.values for logger in loggers] == [[(0, {"x": 1.0}), (1, {"x": 2.0})]] * 2


@pytest.mark.claim("trainer.attr-logger-several")
def test_of_several_loggers_it_is_the_first(trainer):
    run, loggers = with_two(trainer)
    assert run.logger is loggers[0]
    assert run.loggers == loggers


@pytest.mark.claim("trainer.attr-logger-several.collection")
def test_several_loggers_are_one_that_holds_them(trainer):
    run, loggers = with_two(trainer)
    assert list(run.logger) == loggers
    assert run.logger not in loggers


def log_dir(run):
    if not hasattr(run, "log_dir"):
        raise Untested("trainers have no log_dir")
    return run.log_dir


@pytest.mark.claim("trainer.attr-log-dir")
def test_without_a_logger_it_is_the_root_folder(trainer, tmp_path):
    assert log_dir(trainer(logger=False, default_root_dir=str(tmp_path))) == str(tmp_path)


@pytest.mark.claim("trainer.attr-log-dir")
def test_with_a_logger_of_ones_own_it_is_its_save_dir(trainer):
    assert log_dir(trainer(logger=Remembering())) == Remembering.save_dir


def written(trainer, folder):
    """Where log_dir is, seen from the folder of a CSVLogger, and its metrics, seen from there, once it has written."""
    run = trainer(logger=pl.loggers.CSVLogger(str(folder), name="named", version=3), log_every_n_steps=1)
    where = log_dir(run)
    fit(run, Logs(STEP), train=regression_loader(4))
    return relpath(where, folder), [relpath(file, where) for file in folder.rglob("metrics.csv")]


@pytest.mark.claim("trainer.attr-log-dir-csv")
def test_with_a_csv_logger_it_is_the_folder_of_its_version(trainer, tmp_path):
    assert written(trainer, tmp_path) == (join("named", "version_3"), ["metrics.csv"])


@pytest.mark.claim("trainer.attr-log-dir-csv.save-dir")
def test_with_a_csv_logger_it_is_its_save_dir(trainer, tmp_path):
    assert written(trainer, tmp_path) == (".", [join("named", "version_3", "metrics.csv")])
