"""Hooks of LightningModule that the tutorial could not know: predicting, modes, building the network, its schedule."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from fixtures.data import FEATURES, regression_loader, regression_tensors
from fixtures.dialects import fit, predict
from fixtures.hooks import message
from fixtures.modules import Evaluated, Regression, network, same_weights, weights
from fixtures.overrides import arguments_of
from fixtures.resumes import fit_and_save
from fixtures.runs import EPOCHS, HELD_OUT


@pytest.mark.claim("since.module-predict-hooks")
def test_the_modules_hooks_frame_a_prediction(recorded):
    hooks = ["start", "epoch_start", "batch_start", "batch_end", "epoch_end", "end", "model_eval"]
    trace = recorded("predict")
    assert trace.names(*[f"module.on_predict_{hook}" for hook in hooks], "module.predict_step") == [
        "module.on_predict_model_eval",
        "module.on_predict_start",
        "module.on_predict_epoch_start",
        *["module.on_predict_batch_start", "module.predict_step", "module.on_predict_batch_end"] * HELD_OUT,
        "module.on_predict_epoch_end",
        "module.on_predict_end",
    ]
    for name in ("module.on_predict_batch_start", "module.predict_step", "module.on_predict_batch_end"):
        assert [given["batch_idx"] for given in trace.arguments(name)] == [*range(HELD_OUT)]


def inputs_loader():
    """Two batches of inputs without targets."""
    return DataLoader(regression_tensors(4)[0], batch_size=2)


def computed(net, device):
    """What the net computes for these batches on the device, as numbers."""
    with torch.no_grad():
        return [net.to(device)(batch.to(device)).tolist() for batch in inputs_loader()]


class Forward(pl.LightningModule):
    """A network, and nothing else."""

    def __init__(self):
        super().__init__()
        self.net = network(dropout=0.5)
        self.seen = []

    def forward(self, inputs):
        outputs = self.net(inputs)
        self.seen.append((self.training, outputs.requires_grad))
        return outputs


@pytest.mark.claim("since.module-predict_step")
def test_without_a_predict_step_forward_predicts(device, trainer):
    module = Forward()
    outputs = predict(trainer(), module, inputs_loader())
    assert [output.tolist() for output in outputs] == computed(network(), device.torch_device)
    assert module.seen == [(False, False)] * HELD_OUT


@pytest.mark.claim("since.module-predict_step")
def test_predict_step_replaces_forward(trainer):
    class Names(Forward):
        def predict_step(self, batch, batch_idx, dataloader_idx=0):
            return f"batch {batch_idx} of {len(batch)}"

    assert predict(trainer(), Names(), inputs_loader()) == ["batch 0 of 2", "batch 1 of 2"]


@pytest.mark.claim("since.module-predict_dataloader")
def test_the_modules_own_loader_is_predicted_from(trainer):
    class WithData(Forward):
        asked = 0

        def predict_dataloader(self):
            self.asked += 1
            return inputs_loader()

        def predict_step(self, batch, batch_idx, dataloader_idx=0):
            return batch.tolist()

    module = WithData()
    assert predict(trainer(), module) == [batch.tolist() for batch in inputs_loader()]
    assert module.asked == 1


@pytest.mark.claim("since.module-evaluation-start-end")
def test_validation_and_testing_start_and_end_once_each(recorded):
    for run, stage, times in (("fit", "validation", 1 + EPOCHS), ("test", "test", 1)):
        around = [f"module.on_{stage}_{when}" for when in ("start", "epoch_start", "epoch_end", "end")]
        assert recorded(run).names(*around) == around * times


@pytest.mark.claim("since.module-lr_scheduler_step")
def test_the_schedule_goes_through_the_module_once_an_epoch(recorded):
    trace = recorded("fit")
    assert (
        trace.names("module.lr_scheduler_step", "scheduler.step")
        == [
            "module.lr_scheduler_step",
            "scheduler.step",
        ]
        * EPOCHS
    )
    given = trace.arguments("module.lr_scheduler_step")
    schedulers = [event.source for event in trace if event.name == "scheduler.step"]
    assert all(one["scheduler"] is scheduler for one, scheduler in zip(given, schedulers))
    assert [one["metric"] for one in given] == [None] * EPOCHS


@pytest.mark.claim("since.module-lr_scheduler_step")
def test_a_schedule_that_watches_a_number_is_given_it(device, trainer):
    class Watched(Regression):
        metrics, logged = (), ()

        def configure_optimizers(self):
            optimizer = super().configure_optimizers()
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
            return {"optimizer": optimizer, "lr_scheduler": scheduler, "monitor": "watched"}

        def training_step(self, batch, batch_idx):
            self.log("watched", torch.tensor(3.0 + self.current_epoch, device=device.torch_device))
            return super().training_step(batch, batch_idx)

        def lr_scheduler_step(self, *args, **kwargs):
            self.metrics += (float(arguments_of("lr_scheduler_step", args, kwargs)["metric"]),)

    module = Watched()
    fit(trainer(max_epochs=2), module, train=regression_loader(4))
    assert module.metrics == (3.0, 4.0)


class Notes(pl.Callback):
    """Notes its name at the start of a run."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def on_fit_start(self, trainer, pl_module):
        self.notes.append(self.name)


class General(Notes):
    """A callback."""


class Special(General):
    """A callback of a class derived from `General`."""


class Other(Notes):
    """A callback of another class."""


class Configured(Regression):
    def __init__(self, *callbacks):
        super().__init__()
        self.callbacks = callbacks

    def configure_callbacks(self):
        return [*self.callbacks]


def noted(trainer, ours, modules):
    """The names of the callbacks that ran, of one class each: the Trainer's and the one that the module returns."""
    notes = []
    given = [cls("trainer's", notes) for cls in ours]
    fit(trainer(callbacks=given), Configured(modules("module's", notes)), train=regression_loader(4))
    return notes


@pytest.mark.claim("since.module-configure_callbacks")
def test_the_modules_callbacks_run_after_the_trainers(trainer):
    assert noted(trainer, [Other, Special], General) == ["trainer's", "trainer's", "module's"]


@pytest.mark.claim("since.module-configure_callbacks")
def test_the_modules_callback_replaces_one_of_the_same_class(trainer):
    assert noted(trainer, [General, Other], General) == ["trainer's", "module's"]


@pytest.mark.claim("since.module-configure_callbacks-derived")
def test_the_modules_callback_replaces_one_of_the_class_it_is_derived_from(trainer):
    assert noted(trainer, [General, Other], Special) == ["trainer's", "module's"]


@pytest.mark.claim("since.module-configure_callbacks-derived.both")
def test_the_modules_callback_runs_beside_one_of_the_class_it_is_derived_from(trainer):
    assert noted(trainer, [General, Other], Special) == ["trainer's", "trainer's", "module's"]


class Built(Evaluated):
    """Makes its network in a hook, unless it has one, and writes down what happens around that."""

    def __init__(self):
        super().__init__(net=torch.nn.Identity())
        self.calls = []

    def build(self, name):
        self.calls.append(name)
        if isinstance(self.net, torch.nn.Identity):
            self.net = network()

    def setup(self, stage=None):
        self.calls.append("setup")

    def configure_optimizers(self):
        self.calls.append("configure_optimizers")
        return super().configure_optimizers()


class BuiltByModel(Built):
    def configure_model(self):
        self.build("configure_model")


class BuiltBySharded(Built):
    def configure_sharded_model(self):
        self.build("configure_sharded_model")


@pytest.mark.claim("since.module-configure_model")
def test_configure_model_builds_between_setup_and_configure_optimizers(device, trainer):
    module, places = BuiltByModel(), set()

    class Looks(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            places.update(parameter.device.type for parameter in pl_module.net.parameters())

    fit(trainer(callbacks=[Looks()]), module, train=regression_loader(4))
    assert module.calls == ["setup", "configure_model", "configure_optimizers"]
    assert places == {device.torch_device.type}
    trained = [parameter.cpu() for parameter in module.net.parameters()]
    assert not any(torch.equal(one, other) for one, other in zip(trained, network().parameters()))


@pytest.mark.claim("since.module-configure_model")
def test_configure_model_is_called_in_every_run(trainer):
    module, ours = BuiltByModel(), trainer()
    fit(ours, module, train=regression_loader(4))
    predict(ours, module, regression_loader(4))
    assert module.calls.count("configure_model") == 2


@pytest.mark.claim("since.module-configure_model-loaded")
def test_load_from_checkpoint_builds_the_network_before_it_loads_it(trainer, tmp_path):
    module, found = BuiltByModel(), []
    path = fit_and_save(trainer(), module, tmp_path / "built.ckpt", train=regression_loader(4))
    assert message(RuntimeError, lambda: found.append(BuiltByModel.load_from_checkpoint(path))) == ""
    [loaded] = found
    assert loaded.calls == ["configure_model"]
    assert same_weights(weights(loaded.net), weights(module.net))
    assert not same_weights(weights(loaded.net), weights(network()))


@pytest.mark.claim("since.module-configure_model-loaded.not-built")
def test_load_from_checkpoint_does_not_know_the_weights_of_the_network(trainer, tmp_path):
    path = fit_and_save(trainer(), BuiltByModel(), tmp_path / "built.ckpt", train=regression_loader(4))
    said = message(RuntimeError, lambda: BuiltByModel.load_from_checkpoint(path))
    unexpected = ", ".join(f'"net.{name}"' for name in network().state_dict())
    assert said.endswith(f"Unexpected key(s) in state_dict: {unexpected}. ")


@pytest.mark.claim("since.module-configure_sharded_model")
def test_configure_sharded_model_builds_between_setup_and_configure_optimizers(trainer):
    module = BuiltBySharded()
    fit(trainer(), module, train=regression_loader(4))
    assert module.calls == ["setup", "configure_sharded_model", "configure_optimizers"]
    assert module.net[0].in_features == FEATURES


@pytest.mark.claim("since.module-configure_sharded_model.deprecated")
def test_configure_sharded_model_is_answered_with_a_hint(trainer, recwarn):
    fit(trainer(), BuiltBySharded(), train=regression_loader(4))
    hints = [str(warning.message) for warning in recwarn if "configure_sharded_model" in str(warning.message)]
    assert len(hints) == 1
    assert "Please override the `configure_model` hook instead" in hints[0]
