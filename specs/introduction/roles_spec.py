"""What data module, loggers and metrics are there for, and that each can be left unlearnt."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from fixtures.data import regression_loader
from fixtures.dialects import Unsayable, fit, predict, test, validate
from fixtures.modules import Evaluated, same_weights, weights
from ledger.plugin.outcomes import Untested


class Data(pl.LightningDataModule):
    """Different data for each purpose; notes which of its hooks are called."""

    def __init__(self):
        super().__init__()
        self.called = []

    def prepare_data(self):
        self.called.append("prepare_data")

    def setup(self, stage=None):
        self.called.append(f"setup {getattr(stage, 'value', stage)}")

    def train_dataloader(self):
        return self.loader("train", 8, seed=1)

    def val_dataloader(self):
        return self.loader("val", 4, seed=2)

    def test_dataloader(self):
        return self.loader("test", 6, seed=3)

    def predict_dataloader(self):
        return self.loader("predict", 2, seed=4)

    def loader(self, purpose, size, seed):
        self.called.append(f"{purpose}_dataloader")
        return regression_loader(size, seed=seed)


class Watching(Evaluated):
    """Notes the inputs of every step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, inputs):
        self.seen.append(inputs.cpu().tolist())
        return super().forward(inputs)


def inputs(loader):
    return [batch[0].tolist() for batch in loader]


def entered(entry, *args, **kwargs):
    """What this entry point of the Trainer returns; not every release has each of them."""
    try:
        return entry(*args, **kwargs)
    except Unsayable as missing:
        raise Untested(str(missing)) from None


ENTRIES = {
    "fit": (fit, ["train_dataloader", "val_dataloader"]),
    "validate": (validate, ["val_dataloader"]),
    "test": (test, ["test_dataloader"]),
    "predict": (predict, ["predict_dataloader"]),
}


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.claim("intro.datamodule-role")
def test_one_data_module_provides_for_every_entry_point(device, trainer, name):
    entry, loaders = ENTRIES[name]
    data, module = Data(), Watching()
    entered(entry, trainer(num_sanity_val_steps=0), module, datamodule=data)
    assert data.called == ["prepare_data", f"setup {name}", *loaders]
    assert module.seen == [batch for loader in loaders for batch in inputs(getattr(data, loader)())]


@pytest.mark.claim("intro.datamodule-optional")
def test_loaders_given_directly_give_the_same_batches_and_weights(device, trainer):
    with_module, without = Watching(), Watching()
    data, loaders = Data(), Data()
    through, direct = trainer(max_epochs=2), trainer(max_epochs=2)
    fit(through, with_module, datamodule=data)
    fit(direct, without, train=loaders.train_dataloader(), val=loaders.val_dataloader())
    test(through, with_module, datamodule=data)
    test(direct, without, loaders.test_dataloader())
    assert without.seen == with_module.seen
    assert same_weights(weights(without), weights(with_module))
    assert not same_weights(weights(without), weights(Watching()))


def logger_base():
    """The class that Lightning's loggers derive from; it was renamed."""
    return [cls for cls in pl.loggers.CSVLogger.__mro__ if cls in vars(pl.loggers).values()][-1]


def remembering_logger():
    """The least logger that Lightning accepts; keeps what it is sent, as (step, metrics)."""

    class Remembering(logger_base()):
        name = "remembering"
        version = 0
        experiment = None

        def __init__(self):
            super().__init__()
            self.received = []

        def log_metrics(self, metrics, step=None):
            self.received.append((step, {name: value for name, value in metrics.items() if name != "epoch"}))

        def log_hyperparams(self, params, *args, **kwargs):
            pass

    return Remembering()


class Logging(pl.LightningModule):
    """Logs whole numbers: of each training batch its index, of an epoch of training or validation their mean."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, batch_idx):
        self.log("each", torch.tensor(float(batch_idx), device=self.device), on_step=True, on_epoch=False)
        self.log("mean", torch.tensor(float(batch_idx), device=self.device), on_step=False, on_epoch=True)
        return (self.weight * batch[0].mean()).sum()

    def validation_step(self, batch, batch_idx):
        self.log("val", torch.tensor(10.0 * batch_idx, device=self.device))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def received(trainer, module, val, *names, **options):
    """The (step, value) pairs that a logger got, for each of the names, in two epochs of five batches."""
    logger = remembering_logger()
    run = trainer(logger=logger, max_epochs=2, num_sanity_val_steps=0, **options)
    fit(run, module, train=regression_loader(10), val=val)
    return tuple([(step, found[name]) for step, found in logger.received if name in found] for name in names)


@pytest.mark.claim("intro.logging-role")
def test_a_logger_receives_what_is_logged_at_every_step(device, trainer):
    (steps,) = received(trainer, Logging(), regression_loader(6), "each", log_every_n_steps=1)
    assert steps == [(step, step % 5) for step in range(10)]


@pytest.mark.claim("intro.logging-role")
def test_a_logger_receives_every_nth_step(device, trainer):
    (steps,) = received(trainer, Logging(), regression_loader(6), "each", log_every_n_steps=3)
    assert steps == [(2, 2.0), (5, 0.0), (8, 3.0)]


@pytest.mark.claim("intro.logging-role")
def test_a_logger_receives_the_means_of_an_epoch_at_its_last_step(device, trainer):
    train, val = received(trainer, Logging(), regression_loader(6), "mean", "val")
    assert train == [(4, 2.0), (9, 2.0)]
    assert val == [(4, 10.0), (9, 10.0)]


@pytest.mark.claim("intro.logging-role.last-of-validation")
def test_a_logger_receives_the_last_value_of_a_validation(device, trainer):
    train, val = received(trainer, Logging(), regression_loader(6), "mean", "val")
    assert train == [(4, 2.0), (9, 2.0)]
    assert val == [(4, 20.0), (9, 20.0)]


def files(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty working directory, and another for the Trainer."""
    root, cwd = tmp_path / "root", tmp_path / "cwd"
    root.mkdir()
    cwd.mkdir()
    monkeypatch.chdir(cwd)
    return root, cwd


@pytest.mark.claim("intro.logging-optional")
def test_without_a_logger_it_trains_and_no_file_appears(device, trainer, elsewhere):
    root, cwd = elsewhere
    module, before = Logging(), weights(Logging())
    run = trainer(logger=False, default_root_dir=str(root), max_epochs=2, log_every_n_steps=1)
    fit(run, module, train=regression_loader(), val=regression_loader())
    assert not same_weights(weights(module), before)
    assert run.logger is None
    assert {name: run.callback_metrics[name].item() for name in ("mean", "val")} == {"mean": 1.5, "val": 15.0}
    assert files(root) == files(cwd) == []


@pytest.mark.claim("intro.logging-optional")
def test_with_the_default_logger_files_would_have_appeared(device, trainer, elsewhere):
    root, cwd = elsewhere
    run = trainer(logger=True, default_root_dir=str(root), max_epochs=1, log_every_n_steps=1)
    fit(run, Logging(), train=regression_loader())
    getattr(run.logger.experiment, "close", lambda: None)()
    assert "lightning_logs/version_0" in files(root)
    assert files(cwd) == []


def squared_error():
    """A metric object: the mean squared error, from the package's own metrics area or from what took its place."""
    if hasattr(pl, "metrics"):
        return pl.metrics.MeanSquaredError()
    import torchmetrics

    return torchmetrics.MeanSquaredError()


class Measured(Logging):
    """Predicts 0, and measures the squared error of every epoch with a metric object and with plain Python."""

    def __init__(self):
        super().__init__()
        self.metric = squared_error()
        self.squares, self.by_hand, self.places = [], [], []

    def validation_step(self, batch, batch_idx):
        self.places += [state.device for state in vars(self.metric).values() if isinstance(state, torch.Tensor)]
        targets = batch[0] + self.current_epoch
        self.metric(torch.zeros_like(targets), targets)
        self.log("mse", self.metric, on_step=False, on_epoch=True)
        self.squares += [target**2 for target in targets.tolist()]

    def on_validation_epoch_end(self):
        self.by_hand.append(sum(self.squares) / len(self.squares))
        self.squares = []


def eight_numbers():
    """The numbers from 1 to 8, five of them in the first batch: the mean of the batches' means is not their mean."""
    return DataLoader(TensorDataset(torch.arange(1.0, 9.0)), batch_size=5)


@pytest.mark.claim("intro.metrics-role")
def test_a_metric_object_accumulates_over_an_epoch_and_starts_afresh(device, trainer):
    (logged,) = received(trainer, Measured(), eight_numbers(), "mse")
    assert logged == [(4, 25.5), (9, 35.5)]


@pytest.mark.claim("intro.metrics-role")
def test_a_metric_object_moves_with_the_module(device, trainer):
    module = Measured()
    fit(trainer(num_sanity_val_steps=0), module, train=regression_loader(), val=eight_numbers())
    assert set(module.places) == {device.torch_device}


@pytest.mark.claim("intro.metrics-optional")
def test_plain_python_gives_the_same_number_as_the_metric_object(device, trainer):
    module = Measured()
    (logged,) = received(trainer, module, eight_numbers(), "mse")
    assert module.by_hand == [value for _, value in logged]
    assert module.by_hand == [25.5, 35.5]
