"""The order of a fit as the tutorial's pseudo-code has it, one claim for every two neighbours in it."""

import pytest

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Regression, same_weights, weights
from fixtures.runs import BATCHES, EPOCHS

BATCH = [
    "module.on_train_batch_start",
    "module.training_step",
    "torch.backward",
    "module.on_after_backward",
    "module.optimizer_step",
    "module.on_before_zero_grad",
    "module.optimizer_zero_grad",
    "module.on_train_batch_end",
]
VALIDATION = "module.on_validation_epoch_start"
PSEUDO_CODE = [
    "module.on_fit_start",
    "module.prepare_data",
    "module.setup",
    "module.configure_optimizers",
    "module.on_pretrain_routine_start",
    *["module.on_train_epoch_start", *BATCH * BATCHES, VALIDATION, "module.training_epoch_end"] * EPOCHS,
    "module.teardown",
    "module.on_fit_end",
]


@pytest.fixture
def trace(recorded):
    """Two epochs of four batches, with validation of two batches after each."""
    return recorded("fit")


@pytest.fixture
def epochs(trace):
    """The trace from the first epoch of training on, without the validation that precedes it."""
    return trace[trace.index("module.on_train_epoch_start") :]


@pytest.mark.claim("module.loop-order")
def test_the_whole_fit_is_as_the_pseudo_code_has_it(trace, epochs):
    begun = trace[: len(trace) - len(epochs)]
    names = [name for name in begun.names(*PSEUDO_CODE) if name != VALIDATION] + epochs.names(*PSEUDO_CODE)
    assert names == PSEUDO_CODE


@pytest.mark.claim("module.loop-order.always")
def test_this_much_of_the_order_never_changed(trace):
    batch = [
        "module.on_train_batch_start",
        "module.training_step",
        "torch.backward",
        "module.on_after_backward",
        "module.on_train_batch_end",
    ]
    order = [
        "module.prepare_data",
        "module.setup",
        "module.configure_optimizers",
        "module.on_fit_start",
        "module.on_train_start",
        *["module.on_train_epoch_start", *batch * BATCHES, "module.on_train_epoch_end"] * EPOCHS,
        "module.on_train_end",
        "module.on_fit_end",
        "module.teardown",
    ]
    assert trace.names(*order) == order


@pytest.mark.claim("module.loop-order.now")
def test_the_whole_fit_as_it_is_now(epochs):
    batch = [
        "module.on_train_batch_start",
        "module.optimizer_step",
        "module.training_step",
        "module.on_before_zero_grad",
        "module.optimizer_zero_grad",
        "torch.backward",
        "module.on_after_backward",
        "module.on_train_batch_end",
    ]
    epoch = ["module.on_train_epoch_start", *batch * BATCHES, VALIDATION, "module.on_train_epoch_end"]
    order = [*epoch * EPOCHS, "module.on_train_end", "module.on_fit_end", "module.teardown"]
    assert epochs.names(*order) == order


@pytest.mark.claim("module.loop-order-fit-start-before-prepare-data")
def test_fit_starts_before_data_is_prepared(trace):
    assert trace.names("module.on_fit_start", "module.prepare_data") == ["module.on_fit_start", "module.prepare_data"]


@pytest.mark.claim("module.loop-order-fit-start-before-prepare-data.last-of-all")
def test_fit_starts_after_all_that_prepares_it(trace):
    order = ["module.prepare_data", "module.setup", "module.configure_optimizers", "module.on_fit_start"]
    assert trace.names(*order) == order


@pytest.mark.claim("module.loop-order-prepare-data-before-setup")
def test_data_is_prepared_before_setup(trace):
    order = ["datamodule.prepare_data", "module.prepare_data", "datamodule.setup", "module.setup"]
    assert trace.names(*order) == order


@pytest.mark.claim("module.loop-order-setup-before-configure-optimizers")
def test_setup_comes_before_configure_optimizers(trace):
    assert trace.names("module.setup", "module.configure_optimizers") == ["module.setup", "module.configure_optimizers"]


@pytest.mark.claim("module.loop-order-configure-optimizers-before-pretrain-routine")
def test_optimizers_are_configured_before_the_pretrain_routine(trace):
    order = ["module.configure_optimizers", "module.on_pretrain_routine_start", "module.on_pretrain_routine_end"]
    assert trace.names(*order) == order


@pytest.mark.claim("module.loop-order-pretrain-routine-before-epoch-start")
def test_the_pretrain_routine_comes_before_the_first_epoch(trace):
    order = ["module.on_pretrain_routine_start", *["module.on_train_epoch_start"] * EPOCHS]
    assert trace.names(*order) == order


@pytest.mark.claim("module.loop-order-pretrain-routine-before-epoch-start.on-fit-start")
def test_on_fit_start_stands_where_the_pretrain_routine_stood(trace):
    order = ["module.configure_optimizers", "module.on_fit_start", *["module.on_train_epoch_start"] * EPOCHS]
    assert trace.names("module.on_pretrain_routine_*", *order) == order


@pytest.mark.claim("module.loop-order-epoch-start-before-batch-start")
def test_an_epoch_starts_before_its_first_batch(trace):
    order = ["module.on_train_epoch_start", *["module.on_train_batch_start"] * BATCHES]
    assert trace.names(*order) == order * EPOCHS


def alternate(trace, *names):
    """Whether the trace has these events in this order in every batch of training, and nowhere else."""
    return trace.names(*names) == [*names] * BATCHES * EPOCHS


@pytest.mark.claim("module.loop-order-batch-start-before-training-step")
def test_a_batch_starts_before_its_training_step(trace):
    assert alternate(trace, "module.on_train_batch_start", "module.training_step")


@pytest.mark.claim("module.loop-order-training-step-before-backward")
def test_training_step_comes_before_backward(trace):
    assert alternate(trace, "module.training_step", "module.backward", "torch.backward")


@pytest.mark.claim("module.loop-order-backward-before-after-backward")
def test_backward_comes_before_on_after_backward(trace):
    assert alternate(trace, "module.backward", "torch.backward", "module.on_after_backward")


@pytest.mark.claim("module.loop-order-after-backward-before-optimizer-step")
def test_on_after_backward_comes_before_optimizer_step(trace):
    assert alternate(trace, "module.on_after_backward", "module.optimizer_step")


@pytest.mark.claim("module.loop-order-after-backward-before-optimizer-step.inside")
def test_backward_happens_inside_optimizer_step(trace):
    order = ["module.training_step", "torch.backward", "module.on_after_backward"]
    assert alternate(trace, "module.optimizer_step", *order)
    assert [name for name in trace.inside("module.optimizer_step") if name in order] == order


@pytest.mark.claim("module.loop-order-after-backward-before-optimizer-step.inside")
def test_the_weights_change_only_after_on_after_backward(device, trainer):
    class Comparing(Regression):
        compared = ()

        def on_train_batch_start(self, *rest):
            self.before = weights(self.net)

        def compare(self):
            self.compared += (same_weights(weights(self.net), self.before),)

        def on_after_backward(self):
            self.compare()

        def optimizer_step(self, *args, **kwargs):
            self.compare()
            super().optimizer_step(*args, **kwargs)
            self.compare()

    module = Comparing()
    fit(trainer(), module, train=regression_loader())
    assert module.compared == (True, True, False) * 4


@pytest.mark.claim("module.loop-order-optimizer-step-before-before-zero-grad")
def test_the_optimizer_steps_before_on_before_zero_grad(trace):
    assert alternate(trace, "optimizer.step", "module.on_before_zero_grad")
    assert "module.on_before_zero_grad" not in trace.inside("optimizer.step")


@pytest.mark.claim("module.loop-order-optimizer-step-before-before-zero-grad.before-backward")
def test_gradients_are_zeroed_between_training_step_and_backward(trace):
    order = ["module.training_step", "module.on_before_zero_grad", "module.optimizer_zero_grad", "torch.backward"]
    assert alternate(trace, *order)
    assert [name for name in trace.inside("optimizer.step") if name in order] == order


@pytest.mark.claim("module.loop-order-before-zero-grad-before-zero-grad")
def test_on_before_zero_grad_comes_before_optimizer_zero_grad(trace):
    assert alternate(trace, "module.on_before_zero_grad", "module.optimizer_zero_grad", "optimizer.zero_grad")


@pytest.mark.claim("module.loop-order-zero-grad-before-batch-end")
def test_gradients_are_zeroed_before_the_batch_ends(trace):
    assert alternate(trace, "module.optimizer_zero_grad", "module.on_train_batch_end")


@pytest.mark.claim("module.loop-order-batch-end-before-validation")
def test_validation_follows_the_end_of_the_batch_after_which_it_is_due(recorded):
    """Validation after every second of four batches."""
    names = ["module.on_train_batch_start", "module.on_train_batch_end"]
    assert recorded("fit-inside").names(*names, VALIDATION) == [*names * 2, VALIDATION] * 2


@pytest.mark.claim("module.loop-order-validation-before-training-epoch-end")
def test_validation_comes_before_training_epoch_end(epochs):
    order = ["module.on_train_batch_end"] * BATCHES + [VALIDATION, "module.training_epoch_end"]
    assert epochs.names(*order) == order * EPOCHS


@pytest.mark.claim("module.loop-order-validation-before-training-epoch-end.validation-last")
def test_training_epoch_end_comes_before_the_validation_of_its_epoch(epochs):
    order = ["module.on_train_batch_end"] * BATCHES + ["module.training_epoch_end", VALIDATION]
    assert epochs.names(*order) == order * EPOCHS


@pytest.mark.claim("module.loop-order-validation-before-training-epoch-end.on-train-epoch-end")
def test_on_train_epoch_end_comes_after_the_validation_of_its_epoch(epochs):
    epoch = ["module.on_train_batch_end"] * BATCHES + [VALIDATION, "module.on_train_epoch_end"]
    order = [*epoch * EPOCHS, "module.teardown"]
    assert epochs.names("module.training_epoch_end", *order) == order


@pytest.mark.claim("module.loop-order-training-epoch-end-before-teardown")
def test_training_epoch_end_comes_before_teardown(trace):
    order = ["module.training_epoch_end"] * EPOCHS + ["module.teardown"]
    assert trace.names(*order) == order


@pytest.mark.claim("module.loop-order-teardown-before-fit-end")
def test_teardown_comes_before_fit_ends(trace):
    assert trace.names("module.teardown", "module.on_fit_end") == ["module.teardown", "module.on_fit_end"]


@pytest.mark.claim("module.loop-order-teardown-before-fit-end.teardown-last")
def test_teardown_comes_last_of_all(trace):
    names = [name for name in trace.names("module") if name not in ("module.to", "module.cpu", "module.train")]
    assert names[-2:] == ["module.on_fit_end", "module.teardown"]
