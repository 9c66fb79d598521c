"""The hooks that prepare data and hand it over: once each, in their order, with the stage they are for."""

import pytest

from fixtures.data import regression_loader
from fixtures.dialects import fit, test
from fixtures.hooks import Noting
from fixtures.runs import BATCHES, EPOCHS


def stages(trace, hook):
    return [given["stage"] for given in trace.arguments(hook)]


@pytest.mark.claim("module.prepare-data")
@pytest.mark.parametrize("run", ["fit", "test"])
def test_data_is_prepared_once_before_setup(recorded, run):
    trace = recorded(run)
    assert [dict(given) for given in trace.arguments("module.prepare_data")] == [{}]
    assert trace.names("module.prepare_data", "module.setup", "datamodule.*_dataloader", "module.*_step")[:2] == [
        "module.prepare_data",
        "module.setup",
    ]


@pytest.mark.claim("module.setup-stage")
@pytest.mark.parametrize("run", ["fit", "test"])
def test_setup_comes_once_and_first_with_its_stage(recorded, run):
    trace = recorded(run)
    assert stages(trace, "module.setup") == [run]
    after = trace.names("module.setup", "module.configure_optimizers", "module.on_*", "datamodule.*_dataloader")
    assert after[0] == "module.setup"


@pytest.mark.claim("module.setup-stage.of-each-entry-point")
@pytest.mark.parametrize("run", ["validate", "predict"])
def test_validate_and_predict_are_stages_too(recorded, run):
    trace = recorded(run)
    assert stages(trace, "module.setup") == [run]
    assert stages(trace, "module.teardown") == [run]


@pytest.mark.claim("module.teardown-stage")
@pytest.mark.parametrize("run", ["fit", "test"])
def test_teardown_comes_once_and_last_with_its_stage(recorded, run):
    trace = recorded(run)
    assert stages(trace, "module.teardown") == [run]
    assert trace.names("module.teardown", "module.on_*", "module.*_step", "datamodule.*_dataloader")[-1] == (
        "module.teardown"
    )


@pytest.mark.claim("module.teardown-stage.fit-before-test")
def test_testing_tears_down_for_fit_and_then_for_test(recorded):
    trace = recorded("test")
    assert stages(trace, "module.teardown") == ["fit", "test"]
    assert trace.names("module.teardown", "module.on_*", "module.*_step")[-2:] == ["module.teardown"] * 2


class WithLoaders(Noting):
    """Has its loaders as methods; notes these, and what comes before them."""

    batches = ()

    def prepare_data(self):
        self.note("prepare_data")

    def setup(self, stage):
        self.note("setup")

    def train_dataloader(self):
        self.note("train_dataloader")
        return regression_loader(8, seed=1)

    def val_dataloader(self):
        self.note("val_dataloader")
        return regression_loader(4, seed=2)

    def test_dataloader(self):
        self.note("test_dataloader")
        return regression_loader(2, seed=3)

    def loss(self, batch):
        self.batches += (batch[0].tolist(),)
        return super().loss(batch)

    def asked(self):
        """The names of what was asked for since the last time."""
        names = [name for (name,) in self.noted]
        self.noted.clear()
        return names


def inputs(size, seed):
    return [batch[0].tolist() for batch in regression_loader(size, seed=seed)]


@pytest.mark.claim("module.dataloader-hooks")
def test_fit_asks_for_the_training_and_the_validation_loader_once(device, trainer):
    module = WithLoaders()
    fit(trainer(max_epochs=EPOCHS, num_sanity_val_steps=0), module)
    assert sorted(module.asked()) == ["prepare_data", "setup", "train_dataloader", "val_dataloader"]
    assert sorted(module.batches) == sorted(EPOCHS * (inputs(8, seed=1) + inputs(4, seed=2)))
    assert len(module.batches) == EPOCHS * (BATCHES + 2)


@pytest.mark.claim("module.dataloader-hooks")
def test_testing_asks_for_the_test_loader_once(device, trainer):
    module = WithLoaders()
    test(trainer(), module)
    assert sorted(module.asked()) == ["prepare_data", "setup", "test_dataloader"]
    assert list(module.batches) == inputs(2, seed=3)


@pytest.mark.claim("module.dataloader-order")
def test_loaders_are_asked_in_the_order_train_val_test(device, trainer):
    module, own_trainer = WithLoaders(), trainer()
    fit(own_trainer, module)
    assert module.asked() == ["prepare_data", "setup", "train_dataloader", "val_dataloader"]
    test(own_trainer, module)
    assert module.asked() == ["prepare_data", "setup", "test_dataloader"]


@pytest.mark.claim("module.dataloader-order.validation-first")
def test_the_sanity_check_asks_for_the_validation_loader_first(device, trainer):
    module, own_trainer = WithLoaders(), trainer()
    fit(own_trainer, module)
    assert module.asked() == ["prepare_data", "setup", "val_dataloader", "train_dataloader"]
    test(own_trainer, module)
    assert module.asked() == ["prepare_data", "setup", "test_dataloader"]


@pytest.mark.claim("module.dataloader-order.validation-first")
def test_without_sanity_check_the_training_loader_comes_first(device, trainer):
    module = WithLoaders()
    fit(trainer(num_sanity_val_steps=0), module)
    assert module.asked() == ["prepare_data", "setup", "train_dataloader", "val_dataloader"]


def transferred(module, trainer):
    """What the module noted in a fit over four batches with validation of two, and in a test of one."""
    fit(trainer(num_sanity_val_steps=0), module, train=regression_loader(), val=regression_loader(4))
    test(trainer(), module, regression_loader(2))
    return module.noted


@pytest.mark.claim("module.transfer-batch-override")
def test_transfer_gets_each_batch_and_the_device(device, trainer):
    class Transfers(Noting):
        def transfer_batch_to_device(self, batch, device):
            self.note([part.device.type for part in batch], device == self.device)
            return [part.to(device) for part in batch]

    assert transferred(Transfers(), trainer) == [(["cpu", "cpu"], True)] * (BATCHES + 2 + 1)


@pytest.mark.claim("module.transfer-batch-override.with-loader-index")
def test_transfer_gets_the_index_of_the_loader_too(device, trainer):
    class Transfers(Noting):
        def transfer_batch_to_device(self, batch, device, dataloader_idx):
            self.note([part.device.type for part in batch], device == self.device, dataloader_idx)
            return [part.to(device) for part in batch]

    assert transferred(Transfers(), trainer) == [(["cpu", "cpu"], True, 0)] * (BATCHES + 2 + 1)
