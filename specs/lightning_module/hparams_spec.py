"""save_hyperparameters: in self.hparams, in the checkpoint, and back through load_from_checkpoint."""

from argparse import Namespace

import pytest
import pytorch_lightning as pl
import torch

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.hooks import message
from fixtures.modules import Regression, network, same_weights, weights
from fixtures.resumes import fit_and_save
from fixtures.steps import everything_said


class All(Regression):
    def __init__(self, width, rate=0.1, *, name="net"):
        super().__init__(network(width))
        self.save_hyperparameters()


class Open(Regression):
    def __init__(self, width=3, **more):
        super().__init__(network(width))
        self.save_hyperparameters()


class Wider(All):
    """Has an argument of its own beside those that its base saves."""

    def __init__(self, depth=1, **more):
        super().__init__(**{"width": 5, **more})
        self.save_hyperparameters()


class WithoutOne(Regression):
    def __init__(self, width=3, rate=0.1, name="net"):
        super().__init__(network(width))
        self.save_hyperparameters(ignore="rate")


class WithoutTwo(Regression):
    def __init__(self, width=3, rate=0.1, name="net"):
        super().__init__(network(width))
        self.save_hyperparameters(ignore=["rate", "name"])


class Some(Regression):
    def __init__(self, width, rate=0.1, name="net"):
        super().__init__(network(width))
        self.save_hyperparameters("width", "name")


class Settings(Regression):
    def __init__(self, settings, other=1):
        super().__init__()
        self.save_hyperparameters(settings)
        self.net = network(self.hparams.width)


def saved(trainer, module, folder, **data):
    """The path of a checkpoint of that module after one step."""
    return fit_and_save(trainer(), module, str(folder / "saved.ckpt"), **data or {"train": regression_loader(2)})


def assert_kept(module, expected, trainer, folder):
    """The hyperparameters of the module are these; they are saved, and a module made of the file has them."""
    path = saved(trainer, module, folder)
    loaded = type(module).load_from_checkpoint(path)
    assert dict(module.hparams) == expected
    assert [getattr(module.hparams, name) for name in expected] == [*expected.values()]
    assert dict(torch.load(path, weights_only=False)["hyper_parameters"]) == expected
    assert dict(loaded.hparams) == expected
    assert same_weights(weights(loaded), weights(module))


ALL = {
    "by position": (lambda: All(5, 0.2), {"width": 5, "rate": 0.2, "name": "net"}),
    "by name": (lambda: All(rate=0.2, name="a", width=5), {"width": 5, "rate": 0.2, "name": "a"}),
    "by any name": (lambda: Open(5, rate=0.2), {"width": 5, "rate": 0.2}),
    "of the base as well": (lambda: Wider(2, rate=0.2), {"depth": 2, "rate": 0.2, "width": 5, "name": "net"}),
}


@pytest.mark.claim("module.hparams-all")
@pytest.mark.parametrize(("make", "expected"), ALL.values(), ids=ALL)
def test_without_a_name_all_arguments_are_kept(make, expected, trainer, tmp_path):
    assert_kept(make(), expected, trainer, tmp_path)


@pytest.mark.claim("module.hparams-some")
def test_only_what_is_named_is_kept(trainer, tmp_path):
    assert_kept(Some(5, 0.2), {"width": 5, "name": "net"}, trainer, tmp_path)


@pytest.mark.claim("module.hparams-ignore")
@pytest.mark.parametrize(
    ("make", "expected"),
    [(lambda: WithoutOne(5, 0.2), {"width": 5, "name": "net"}), (lambda: WithoutTwo(5, 0.2), {"width": 5})],
)
def test_what_is_to_be_ignored_is_left_out(make, expected, trainer, tmp_path):
    assert_kept(make(), expected, trainer, tmp_path)


@pytest.mark.claim("module.hparams-namespace.only-hparams")
@pytest.mark.parametrize("kind", [Namespace, dict])
def test_one_object_is_handed_back_only_as_hparams(kind, trainer, tmp_path):
    class Named(Regression):
        def __init__(self, hparams):
            super().__init__()
            self.save_hyperparameters(hparams)

    assert_kept(Named(kind(width=5)), {"width": 5}, trainer, tmp_path)
    said = message(TypeError, lambda: assert_kept(Settings(kind(width=5)), {"width": 5}, trainer, tmp_path))
    assert said.endswith("__init__() missing 1 required positional argument: 'settings'")


@pytest.mark.claim("module.hparams-namespace")
@pytest.mark.parametrize("kind", [Namespace, dict])
def test_one_object_is_kept_by_its_parts(kind, trainer, tmp_path):
    assert_kept(Settings(kind(width=5, rate=0.2)), {"width": 5, "rate": 0.2}, trainer, tmp_path)


@pytest.mark.claim("module.hparams-namespace")
def test_a_number_is_no_collection():
    said = message(ValueError, lambda: Settings(5))
    assert said.startswith("Primitives (<class 'bool'>, <class 'int'>, <class 'float'>, <class 'str'>) are not allowed")


@pytest.mark.claim("module.attr-hparams")
def test_hparams_can_be_read_and_changed_by_name_and_by_key(trainer, tmp_path):
    module = All(5)
    module.hparams.rate = 0.3
    module.hparams["name"] = "b"
    assert (module.hparams["rate"], module.hparams.name) == (0.3, "b")
    loaded = All.load_from_checkpoint(saved(trainer, module, tmp_path))
    assert dict(loaded.hparams) == {"width": 5, "rate": 0.3, "name": "b"}


@pytest.mark.claim("module.attr-hparams")
def test_a_module_that_saves_none_has_none():
    assert dict(Regression().hparams) == {}
    assert "width" in message(AttributeError, lambda: Regression().hparams.width)


@pytest.mark.claim("module.hparams-initial")
def test_what_was_saved_first_can_be_read_and_not_changed():
    module = Settings({"width": 5, "layers": [1, 2]})
    module.hparams.width = 7
    module.hparams.layers.append(3)
    module.hparams_initial.layers.append(4)
    module.hparams_initial.width = 8
    assert dict(module.hparams) == {"width": 7, "layers": [1, 2, 3]}
    assert dict(module.hparams_initial) == {"width": 5, "layers": [1, 2]}
    assert Regression().hparams_initial == {}


@pytest.mark.claim("module.load-from-checkpoint")
def test_what_is_given_overrides_what_was_saved(trainer, tmp_path):
    path = saved(trainer, All(5, 0.2), tmp_path)
    assert dict(All.load_from_checkpoint(path, rate=0.7).hparams) == {"width": 5, "rate": 0.7, "name": "net"}
    said = message(RuntimeError, lambda: All.load_from_checkpoint(path, width=4))
    assert "size mismatch for net.0.weight" in said


@pytest.mark.claim("module.load-from-checkpoint")
def test_what_was_not_saved_is_given_or_missed(trainer, tmp_path):
    class Silent(Regression):
        def __init__(self, width):
            super().__init__(network(width))

    path = saved(trainer, Silent(5), tmp_path)
    assert torch.load(path, weights_only=False).get("hyper_parameters", {}) == {}
    assert len(Silent.load_from_checkpoint(path, width=5).net[0].weight) == 5
    said = message(TypeError, lambda: Silent.load_from_checkpoint(path))
    assert said.endswith("__init__() missing 1 required positional argument: 'width'")


@pytest.mark.claim("module.load-from-checkpoint")
def test_map_location_is_asked_where_each_tensor_goes(trainer, tmp_path):
    path, asked = saved(trainer, All(5), tmp_path), []

    def where(storage, location):
        asked.append(location)
        return storage

    loaded = All.load_from_checkpoint(path, map_location=where)
    assert asked == ["cpu"] * 4
    assert loaded.device == torch.device("cpu")


class Longer(All):
    """Has a weight that is not in the checkpoint of an `All`."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.more = torch.nn.Linear(1, 1, bias=False)


@pytest.mark.claim("module.load-from-checkpoint-strict")
@pytest.mark.parametrize("strict", [{}, {"strict": True}])
def test_weights_that_do_not_fit_are_refused(strict, trainer, tmp_path):
    path = saved(trainer, All(5), tmp_path)
    said = message(RuntimeError, lambda: Longer.load_from_checkpoint(path, **strict, width=5))
    assert 'Missing key(s) in state_dict: "more.weight"' in said
    path = saved(trainer, Longer(width=5), tmp_path)
    said = message(RuntimeError, lambda: All.load_from_checkpoint(path, **strict))
    assert 'Unexpected key(s) in state_dict: "more.weight"' in said


@pytest.mark.claim("module.load-from-checkpoint-strict")
def test_where_strict_is_false_the_others_are_loaded(trainer, tmp_path):
    module = All(5)
    loaded = Longer.load_from_checkpoint(saved(trainer, module, tmp_path), strict=False, width=5)
    assert same_weights(weights(loaded.net), weights(module.net))
    module = Longer(width=5)
    loaded = All.load_from_checkpoint(saved(trainer, module, tmp_path), strict=False)
    assert same_weights(weights(loaded.net), weights(module.net))


@pytest.mark.claim("module.load-from-checkpoint-strict.warns")
def test_where_strict_is_false_the_keys_are_named(trainer, tmp_path):
    shorter, longer = All(5), Longer(width=5)
    with everything_said() as said:
        Longer.load_from_checkpoint(saved(trainer, shorter, tmp_path), strict=False, width=5)
        All.load_from_checkpoint(saved(trainer, longer, tmp_path), strict=False)
    assert [each for each in said if each.startswith("Found keys")] == [
        "Found keys that are in the model state dict but not in the checkpoint: ['more.weight']",
        "Found keys that are not in the model state dict but in the checkpoint: ['more.weight']",
    ]


class Batches(pl.LightningDataModule):
    def __init__(self, size=2, seed=7):
        super().__init__()
        self.save_hyperparameters()
        self.state = 0

    def train_dataloader(self):
        return regression_loader(self.hparams.size, seed=self.hparams.seed)

    def state_dict(self):
        return {"state": self.state + 1}

    def load_state_dict(self, state_dict):
        self.state = state_dict["state"]


@pytest.mark.claim("module.hparams-datamodule")
def test_a_data_module_comes_back_with_its_settings_and_its_state(trainer, tmp_path):
    path = saved(trainer, All(5), tmp_path, datamodule=Batches(4))
    assert dict(torch.load(path, weights_only=False)["datamodule_hyper_parameters"]) == {"size": 4, "seed": 7}
    loaded = Batches.load_from_checkpoint(path)
    assert type(loaded) is Batches
    assert dict(loaded.hparams) == {"size": 4, "seed": 7}
    assert loaded.state == 1
    assert dict(Batches.load_from_checkpoint(path, seed=3).hparams) == {"size": 4, "seed": 3}
    assert dict(All.load_from_checkpoint(path).hparams) == {"width": 5, "rate": 0.1, "name": "net"}


@pytest.mark.claim("module.hparams-logged")
@pytest.mark.parametrize("logged", [True, False])
def test_the_logger_is_told_them_unless_it_is_not_to_be(logged, trainer, tmp_path):
    told = []

    class Told(pl.loggers.CSVLogger):
        def log_hyperparams(self, params, *more):
            told.append(dict(params))

    class Silent(Regression):
        def __init__(self, width=3):
            super().__init__(network(width))
            self.save_hyperparameters(**{} if logged else {"logger": False})

    fit(trainer(logger=Told(str(tmp_path))), Silent(5), train=regression_loader(2))
    assert told == [{"width": 5}] * logged
