"""A LightningModule is an nn.Module, and everything an nn.Module does it does as well."""

import copy
import io
import pickle

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from fixtures.data import TARGETS, regression_loader, regression_tensors
from fixtures.dialects import fit
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.parity import different, same, sgd


class Plain(nn.Module):
    """`Both` without Lightning."""

    def __init__(self):
        super().__init__()
        self.net = network(norm=True)
        self.scale = nn.Parameter(torch.full((TARGETS,), 0.5))
        self.register_buffer("shift", torch.arange(float(TARGETS)))
        self.register_buffer("unsaved", torch.zeros(1), persistent=False)

    def forward(self, inputs):
        return self.net(inputs) * self.scale + self.shift + self.unsaved


class Lightning(pl.LightningModule):
    """`Plain`, but for its base."""

    def __init__(self):
        super().__init__()
        self.net = network(norm=True)
        self.scale = nn.Parameter(torch.full((TARGETS,), 0.5))
        self.register_buffer("shift", torch.arange(float(TARGETS)))
        self.register_buffer("unsaved", torch.zeros(1), persistent=False)

    forward = Plain.forward


NAMED = {"named_parameters": 7, "named_buffers": 5, "named_children": 1, "named_modules": 5}
INPUTS = regression_tensors()[0]


@pytest.fixture
def pickling(monkeypatch):
    """Pickling a tensor leaves a cache on its class; with this it is gone after the case."""
    monkeypatch.setattr(torch.Tensor, "__slotnames__", [], raising=False)


@pytest.mark.claim("compat.inherits-torch")
def test_a_lightning_module_is_a_module(device):
    module = Lightning().to(device.torch_device)
    assert isinstance(module, nn.Module)
    assert issubclass(pl.LightningModule, nn.Module)
    assert pl.LightningModule.__call__ is nn.Module.__call__
    inputs = INPUTS.to(device.torch_device)
    assert torch.equal(module(inputs).cpu(), Plain().to(device.torch_device)(inputs).cpu())


@pytest.mark.claim("compat.inherits-torch")
@pytest.mark.parametrize(("kind", "count"), NAMED.items())
def test_its_parts_have_the_names_a_module_gives_them(kind, count):
    def parts(module):
        return [(name, type(part)) for name, part in getattr(module, kind)() if part is not module]

    assert parts(Lightning()) == parts(Plain())
    assert len(parts(Lightning())) == count


@pytest.mark.claim("compat.inherits-torch")
def test_its_parts_can_be_asked_for_without_names():
    module, plain = Lightning(), Plain()
    assert same(list(module.parameters()), list(plain.parameters()))
    assert same(list(module.buffers()), list(plain.buffers()))
    assert [type(child) for child in module.children()] == [type(child) for child in plain.children()]
    assert [type(part) for part in module.modules()][1:] == [type(part) for part in plain.modules()][1:]


@pytest.mark.claim("compat.inherits-torch")
def test_it_shows_itself_as_a_module_does():
    assert repr(Lightning()) == repr(Plain()).replace("Plain", "Lightning")


@pytest.mark.claim("compat.inherits-torch")
def test_a_parameter_buffer_or_child_is_registered_however_it_is_added():
    module = Lightning()
    module.other = nn.Linear(1, 1)
    module.add_module("added", nn.Linear(1, 1))
    module.register_parameter("factor", nn.Parameter(torch.ones(1)))
    module.empty = None
    assert [name for name, _ in module.named_children()] == ["net", "other", "added"]
    assert [name for name, _ in module.named_parameters(recurse=False)] == ["scale", "factor"]
    del module.other
    assert [name for name, _ in module.named_children()] == ["net", "added"]
    with pytest.raises(AttributeError) as caught:
        module.missing  # noqa: B018
    assert "'Lightning' object has no attribute 'missing'" in str(caught.value)


@pytest.mark.claim("compat.inherits-torch")
def test_apply_reaches_every_part_from_the_inside_out():
    seen, plain = [], []
    module = Lightning()
    assert module.apply(lambda part: seen.append(type(part).__name__)) is module
    Plain().apply(lambda part: plain.append(type(part).__name__))
    assert seen == [*plain[:-1], "Lightning"]


@pytest.mark.claim("compat.inherits-torch")
def test_train_and_eval_switch_every_part(device):
    module = Lightning().to(device.torch_device)
    assert all(part.training for part in module.modules())
    assert module.eval() is module
    assert not any(part.training for part in module.modules())
    first = module(INPUTS.to(device.torch_device)).cpu()
    assert torch.equal(module(INPUTS.to(device.torch_device)).cpu(), first)
    assert module.train() is module
    assert all(part.training for part in module.modules())
    assert not torch.equal(module(INPUTS.to(device.torch_device)).cpu(), first)


@pytest.mark.claim("compat.inherits-torch")
def test_requires_grad_and_zero_grad_reach_every_parameter(device):
    module = Lightning().to(device.torch_device)
    module(INPUTS.to(device.torch_device)).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    module.zero_grad(set_to_none=True)
    assert all(parameter.grad is None for parameter in module.parameters())
    assert module.requires_grad_(False) is module
    assert not any(parameter.requires_grad for parameter in module.parameters())


@pytest.mark.claim("compat.inherits-torch")
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_has_equal_weights_of_its_own(copied, device, trainer, pickling):
    module = Regression(network(), sgd)
    twin = copied(module)
    assert type(twin) is Regression
    assert same_weights(weights(twin), weights(module))
    fit(trainer(), twin, train=regression_loader())
    assert different(weights(twin), weights(module)) == list(weights(module))
    assert same_weights(weights(module.net), weights(network()))


@pytest.mark.claim("compat.inherits-torch")
def test_its_state_dict_is_that_of_a_module(device, pickling):
    module, plain = Lightning().to(device.torch_device), Plain()
    assert list(module.state_dict()) == list(plain.state_dict())
    assert {value.device.type for value in module.state_dict().values()} == {device.torch_device.type}
    with torch.no_grad():
        plain.scale.fill_(3.0)
    result = module.load_state_dict(plain.state_dict())
    assert (result.missing_keys, result.unexpected_keys) == ([], [])
    assert same_weights(weights(module), weights(plain))
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    assert same({n: v.cpu() for n, v in torch.load(file).items()}, weights(plain))


@pytest.mark.claim("compat.inherits-torch")
def test_load_state_dict_is_as_strict_as_that_of_a_module():
    state = {**Plain().state_dict(), "other": torch.zeros(1)}
    del state["scale"]
    result = Lightning().load_state_dict(state, strict=False)
    assert (result.missing_keys, result.unexpected_keys) == (["scale"], ["other"])
    messages = []
    for module in (Lightning(), Plain()):
        with pytest.raises(RuntimeError) as caught:
            module.load_state_dict(state)
        messages.append(str(caught.value).replace(type(module).__name__, "Module"))
    assert messages[0] == messages[1]


@pytest.mark.claim("compat.inherits-torch")
def test_moves_and_conversions_reach_every_parameter_and_buffer(device):
    module = Lightning()
    assert module.to(device.torch_device) is module
    assert {value.device for value in [*module.parameters(), *module.buffers()]} == {device.torch_device}
    for convert, dtype in (
        (module.double, torch.float64),
        (module.half, torch.float16),
        (module.bfloat16, torch.bfloat16),
        (module.float, torch.float32),
    ):
        assert convert() is module
        floats = [v for v in [*module.parameters(), *module.buffers()] if v.is_floating_point()]
        assert {value.dtype for value in floats} == {dtype}
    module.type(torch.float64)
    assert module.scale.dtype == torch.float64
    module.cpu()
    assert {value.device.type for value in module.parameters()} == {"cpu"}


@pytest.mark.claim("compat.inherits-torch")
def test_hooks_run_around_forward_and_backward_as_on_a_module(device):
    def seen_by(module):
        seen = []
        module.to(device.torch_device)
        module.register_forward_pre_hook(lambda *_: seen.append("before forward"))
        module.register_forward_hook(lambda *_: seen.append("after forward"))
        module.register_full_backward_hook(lambda *_: seen.append("after backward"))
        module.net[0].register_forward_hook(lambda *_: seen.append("child"))
        inputs = INPUTS.to(device.torch_device).requires_grad_()
        module(inputs).sum().backward()
        return seen

    order = ["before forward", "child", "after forward", "after backward"]
    assert seen_by(Lightning()) == seen_by(Plain()) == order


@pytest.mark.claim("compat.inherits-torch")
def test_hooks_of_the_state_dict_run_as_on_a_module():
    module = Lightning()
    module._register_state_dict_hook(lambda _, state, *rest: state.update(note=torch.ones(1)))
    assert list(module.state_dict())[-1] == "note"


@pytest.mark.claim("compat.inherits-torch")
def test_its_parts_can_be_reached_by_path():
    module = Lightning()
    assert module.get_submodule("net.0") is module.net[0]
    assert module.get_parameter("net.0.weight") is module.net[0].weight
    assert module.get_buffer("shift") is module.shift


@pytest.mark.claim("compat.inherits-torch")
def test_it_overrides_nothing_of_a_module_but_what_it_extends(observe):
    public = {name for name in vars(nn.Module) if not name.startswith("_") and callable(getattr(nn.Module, name))}
    changed = sorted(name for name in public if getattr(pl.LightningModule, name) is not getattr(nn.Module, name))
    observe("methods of nn.Module that LightningModule overrides", changed)
    assert set(changed) <= {"to", "cuda", "cpu", "type", "float", "double", "half", "forward"}
