"""The hooks around the transfer of a batch, of the module and of the data module."""

import pytest

from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import fit
from fixtures.modules import Regression
from fixtures.runs import BATCHES, EPOCHS, HELD_OUT, Data

AROUND = [
    f"module.{hook}" for hook in ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")
]
STEPS = [f"module.{run}_step" for run in ("training", "validation", "test", "predict")]


def each_batch_is_transferred_before_its_step(trace, steps):
    events = [name for name in trace.names(*AROUND, *STEPS)]
    assert [name for name in events if name not in STEPS] == AROUND * steps
    assert [one for one, step in zip(events, events[1:]) if step in STEPS] == AROUND[-1:] * steps
    assert trace.count(AROUND[0], dataloader_idx=0) == trace.count(AROUND[2], dataloader_idx=0) == steps


@pytest.mark.claim("since.module-batch-transfer-hooks")
@pytest.mark.parametrize(("run", "steps"), [("fit", HELD_OUT + EPOCHS * (BATCHES + HELD_OUT)), ("test", HELD_OUT)])
def test_every_batch_passes_three_hooks_before_its_step(recorded, run, steps):
    each_batch_is_transferred_before_its_step(recorded(run), steps)


@pytest.mark.claim("since.module-batch-transfer-hooks-validate-predict")
@pytest.mark.parametrize("run", ["validate", "predict"])
def test_so_does_every_batch_of_validating_and_predicting(recorded, run):
    each_batch_is_transferred_before_its_step(recorded(run), HELD_OUT)


class Passing:
    """Adds to the inputs before their transfer, doubles them after it, and writes down where they are."""

    places = ()

    def on_before_batch_transfer(self, batch, dataloader_idx):
        self.places += (("before", batch[0].device.type),)
        return batch[0] + 1, batch[1]

    def on_after_batch_transfer(self, batch, dataloader_idx):
        self.places += (("after", batch[0].device.type),)
        return batch[0] * 2, batch[1]


class Receiving(Regression):
    received = ()

    def training_step(self, batch, batch_idx):
        self.received += (batch[0].tolist(),)
        return super().training_step(batch, batch_idx)


class PassingModule(Passing, Receiving):
    """A module that changes its own batches."""


class PassingData(Passing, Data):
    """A data module that changes the module's batches."""


EXPECTED = ((regression_tensors(2)[0] + 1) * 2).tolist()
"""The one batch of inputs, after both hooks of `Passing`."""


@pytest.mark.claim("since.module-batch-transfer-hooks")
def test_each_hook_is_given_what_the_one_before_it_returned(device, trainer):
    module = PassingModule()
    fit(trainer(), module, train=regression_loader(2))
    assert module.places == (("before", "cpu"), ("after", device.torch_device.type))
    assert module.received == (EXPECTED,)


@pytest.mark.claim("since.datamodule-batch-transfer-hooks")
def test_the_data_modules_hooks_change_the_modules_batches(device, trainer):
    module, data = Receiving(), PassingData(batches=1)
    fit(trainer(), module, datamodule=data)
    assert data.places[:2] == (("before", "cpu"), ("after", device.torch_device.type))
    assert module.received == (EXPECTED,)


@pytest.mark.claim("since.datamodule-batch-transfer-hooks")
def test_the_data_modules_hooks_are_called_instead_of_the_modules(trainer):
    module, data = PassingModule(), PassingData(batches=1)
    fit(trainer(), module, datamodule=data)
    assert module.places == ()
    assert module.received == (EXPECTED,)


class Moves(Data):
    """Moves the batch itself, and turns the sign of the inputs."""

    def transfer_batch_to_device(self, batch, device, dataloader_idx=0):
        return -batch[0].to(device), batch[1].to(device)


@pytest.mark.claim("since.datamodule-transfer_batch_to_device")
def test_the_data_module_may_move_batches_itself(trainer):
    module = Receiving()
    fit(trainer(), module, datamodule=Moves(batches=1))
    assert module.received == ((-regression_tensors(2)[0]).tolist(),)


def at_batch_start(trace):
    """The devices of all tensors that the start of a training or validation batch is told with."""
    starts = [f"{owner}.on_{run}_batch_start" for owner in ("callback", "module") for run in ("train", "validation")]
    return {part.device.type for name in starts for given in trace.arguments(name) for part in given["batch"]}


@pytest.mark.claim("since.transfer-before-batch-start")
def test_a_batch_is_on_the_device_when_its_start_is_told(device, recorded):
    trace = recorded("fit")
    assert trace.before("module.on_after_batch_transfer", "callback.on_validation_batch_start")
    assert at_batch_start(trace) == {device.torch_device.type}


@pytest.mark.claim("since.transfer-before-batch-start.after")
def test_a_batch_is_as_the_loader_made_it_when_its_start_is_told(recorded):
    trace = recorded("fit")
    assert trace.before("callback.on_validation_batch_start", "module.on_before_batch_transfer")
    assert at_batch_start(trace) == {"cpu"}
