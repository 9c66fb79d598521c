"""What else torch offers around a module works on a LightningModule: hooks, parametrizations, pruning, compiling, …"""

import inspect
from functools import partial

import pytest
import torch
import torch.fx
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.optim.swa_utils import AveragedModel
from torch.profiler import ProfilerActivity, profile

from fixtures.bench import build
from fixtures.data import regression_loader, regression_tensors
from fixtures.dialects import fit, make_trainer
from fixtures.loops import mse, train_by_hand
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.parity import Recorded, assert_trains_as_by_hand, by_hand, different, sgd
from ledger.plugin.outcomes import Untested

pytestmark = pytest.mark.usefixtures("as_before", "in_its_own_folder")

PARAMETRIZATIONS = [
    name for name, found in vars(parametrizations).items() if inspect.isfunction(found) and not name.startswith("_")
]
INPUTS = regression_tensors()[0]


class Symmetric(nn.Module):
    def forward(self, values):
        return values.tanh()


def parametrized():
    net = network()
    parametrize.register_parametrization(net[0], "weight", Symmetric())
    return net


def weight_norm():
    net = network()
    nn.utils.weight_norm(net[0])
    return net


def spectral_norm():
    net = network()
    nn.utils.spectral_norm(net[0])
    return net


def pruned():
    net = network()
    prune.l1_unstructured(net[0], "weight", amount=0.5)
    return net


def initialized():
    return network().apply(lambda part: nn.init.orthogonal_(part.weight) if isinstance(part, nn.Linear) else None)


def hooked():
    net = network()
    net[0].register_forward_pre_hook(lambda part, inputs: (inputs[0] * 2,))
    net[1].register_forward_hook(lambda part, inputs, output: output + 0.5)
    net[2].register_full_backward_hook(lambda part, inputs, outputs: (inputs[0] * 3,))
    return net


def two_batches():
    return regression_loader(size=4)


@pytest.mark.claim("compat.torch-tools-in-lightning")
@pytest.mark.parametrize(
    "prepare", [parametrized, weight_norm, spectral_norm, pruned, initialized, hooked], ids=lambda given: given.__name__
)
def test_a_prepared_network_trains_as_by_hand(prepare, device, trainer):
    module = assert_trains_as_by_hand(partial(build, prepare, ()), two_batches, device, trainer)
    assert list(weights(module.net)) == list(weights(build(prepare, ())))


@pytest.mark.claim("compat.torch-tools-in-lightning")
@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_a_parametrization_of_torch_trains_as_by_hand(name, device, trainer):
    def prepare():
        net = network()
        getattr(parametrizations, name)(net[0])
        return net

    module = assert_trains_as_by_hand(partial(build, prepare, ()), two_batches, device, trainer)
    assert parametrize.is_parametrized(module.net[0], "weight")


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_pruned_weights_stay_zero(device, trainer):
    module = Regression(pruned())
    fit(trainer(max_epochs=2), module, train=two_batches())
    prune.remove(module.net[0], "weight")
    kept = pruned()[0].weight_mask.bool()
    weight = weights(module.net)["0.weight"]
    assert (weight[~kept] == 0).all()
    assert (weight[kept] != 0).all()
    assert int(kept.sum()) == 6


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_hooks_on_modules_run_as_by_hand(device, trainer):
    def watched(seen):
        net = network()
        for name, part in net.named_children():
            part.register_forward_pre_hook(lambda *_, name=name: seen.append(f"before {name}"))
            part.register_forward_hook(lambda *_, name=name: seen.append(f"after {name}"))
            part.register_full_backward_hook(lambda *_, name=name: seen.append(f"backward {name}"))
        return net

    here, there = [], []
    fit(trainer(), Regression(watched(here)), train=two_batches())
    by_hand(watched(there), two_batches(), sgd, device)
    forward = [f"{when} {name}" for name in "012" for when in ("before", "after")]
    assert here == there == [*forward, "backward 2", "backward 1", "backward 0"] * 2


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_gradients_can_be_clipped_with_torch(device, trainer):
    class Clipped(Recorded):
        def on_after_backward(self):
            nn.utils.clip_grad_norm_(self.parameters(), 0.1)

    module, net = Clipped(network()), network()
    fit(trainer(), module, train=regression_loader())
    by_hand(net, regression_loader(), sgd, device, clip=0.1)
    assert same_weights(weights(module.net), weights(net))
    free = network()
    by_hand(free, regression_loader(), sgd, device)
    assert different(weights(net), weights(free)) == list(weights(net))


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_averaged_weights_are_those_averaged_by_hand(device, trainer):
    class Averaging(Recorded):
        def on_train_start(self):
            self.average = AveragedModel(self.net)

        def on_train_batch_end(self, *_):
            self.average.update_parameters(self.net)

    module, net = Averaging(network()), network().to(device.torch_device)
    fit(trainer(), module, train=regression_loader())
    average = AveragedModel(net)
    for batch in regression_loader():
        train_by_hand(net, [batch], sgd, device=device.torch_device)
        average.update_parameters(net)
    assert same_weights(weights(module.average), weights(average))
    assert int(module.average.n_averaged) == 4


def sensitivity_of_each_sample(net, batch):
    def loss_of(parameters, inputs, targets):
        return nn.functional.mse_loss(torch.func.functional_call(net, parameters, (inputs,)), targets)

    each = torch.func.vmap(torch.func.grad(loss_of), in_dims=(None, 0, 0))(dict(net.named_parameters()), *batch)
    return mse(net, batch) + sum(gradient.square().mean() for gradient in each.values())


def autocast(net, batch):
    with torch.autocast(batch[0].device.type, dtype=torch.bfloat16):
        outputs = net(batch[0])
    return nn.functional.mse_loss(outputs.float(), batch[1])


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_functional_transforms_train_as_by_hand(device, trainer):
    if not hasattr(torch, "func"):
        raise Untested("this torch has no torch.func")
    module = assert_trains_as_by_hand(network, two_batches, device, trainer, loss=sensitivity_of_each_sample)
    assert len(module.losses) == 4


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_autocast_in_training_step_trains_as_by_hand(device, trainer):
    module = assert_trains_as_by_hand(network, two_batches, device, trainer, loss=autocast)
    plain = Recorded(network())
    fit(trainer(max_epochs=2), plain, train=two_batches())
    assert plain.losses != module.losses


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_the_profiler_counts_what_it_counts_by_hand(tmp_path):
    def counts(run):
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            run()
        names = ("aten::linear", "aten::mse_loss", "aten::tanh_backward", "Optimizer.step#SGD.step")
        return {found.key: found.count for found in profiler.key_averages() if found.key in names}

    trainer = make_trainer("cpu", default_root_dir=str(tmp_path))
    in_fit = counts(lambda: fit(trainer, Regression(optimizer=sgd), train=two_batches()))
    in_loop = counts(lambda: train_by_hand(network(), two_batches(), sgd))
    assert in_fit == in_loop
    assert in_fit["Optimizer.step#SGD.step"] == 2


@pytest.fixture
def fitted(tmp_path):
    """A trained module in eval mode, while its Trainer lives."""
    module = Regression()
    trainer = make_trainer("cpu", default_root_dir=str(tmp_path))
    fit(trainer, module, train=two_batches())
    return module.eval(), trainer


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_a_traced_module_computes_the_same(fitted):
    module, _ = fitted
    assert torch.equal(torch.jit.trace(module, INPUTS)(INPUTS), module(INPUTS))
    assert torch.equal(torch.fx.symbolic_trace(module)(INPUTS), module(INPUTS))


@pytest.mark.claim("compat.torch-tools-in-lightning")
def test_an_exported_module_computes_the_same(fitted):
    module, _ = fitted
    if not hasattr(torch, "export"):
        raise Untested("this torch has no torch.export")
    assert torch.equal(torch.export.export(module, (INPUTS,)).module()(INPUTS), module(INPUTS))


def wrap_the_network(module, backend):
    module.net = torch.compile(module.net, backend=backend)
    return module


def wrap_the_module(module, backend):
    return torch.compile(module, backend=backend)


def compile_in_place(module, backend):
    module.compile(backend=backend)
    return module


@pytest.mark.claim("compat.torch-tools-in-lightning")
@pytest.mark.parametrize(
    "compiled", [wrap_the_network, wrap_the_module, compile_in_place], ids=lambda given: given.__name__
)
def test_a_compiled_module_trains_as_by_hand(compiled, tmp_path, monkeypatch):
    if not hasattr(torch, "compile"):
        raise Untested("this torch has no torch.compile")
    monkeypatch.setattr(nn.Module, "___needs_generation_tag_patch", False, raising=False)  # else dynamo patches Module
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    net, module = network(), Regression(optimizer=sgd)
    own = module.net
    fit(make_trainer("cpu", default_root_dir=str(tmp_path)), compiled(module, backend), train=two_batches())
    train_by_hand(net, two_batches(), sgd)
    assert same_weights(weights(own), weights(net))
    assert len(graphs) >= 1


@pytest.mark.claim("compat.jit-script-before-fit")
def test_a_module_that_was_never_fitted_can_be_scripted():
    scripted = torch.jit.script(Regression().eval())
    assert torch.equal(scripted(INPUTS), Regression().eval()(INPUTS))


@pytest.mark.claim("compat.jit-script-before-fit.now")
def test_scripting_needs_a_trainer_or_to_torchscript(fitted):
    module, _ = fitted
    with pytest.raises(RuntimeError) as caught:
        torch.jit.script(Regression().eval())
    assert str(caught.value) == "Regression is not attached to a `Trainer`."
    assert torch.equal(torch.jit.script(module)(INPUTS), module(INPUTS))
    assert torch.equal(Regression().eval().to_torchscript()(INPUTS), Regression().eval()(INPUTS))
