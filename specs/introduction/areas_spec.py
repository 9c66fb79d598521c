"""The API areas that the introduction lists: each is a part of the package, with a base class for all that it ships."""

import importlib
import inspect
import pkgutil
import re
from importlib import metadata
from importlib.util import find_spec

import pytest
import pytorch_lightning as pl


def classes(area):
    """The public classes of a sub-package and, where it exports none itself (plugins, once), of its modules."""
    package = importlib.import_module(f"{pl.__name__}.{area}")
    parts = [package]
    if not _public(package):
        names = [module.name for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
        parts = [importlib.import_module(name) for name in names]
    return {name: cls for part in parts for name, cls in _public(part).items()}


def _public(module):
    return {name: cls for name, cls in vars(module).items() if inspect.isclass(cls) and not name.startswith("_")}


def strangers(found, base, ending):
    """The names with this ending whose classes do not derive from the base class."""
    return sorted(name for name, cls in found.items() if name.endswith(ending) and not issubclass(cls, base))


def required():
    """The distributions that pip installs together with Lightning."""
    return {
        re.match(r"[\w.-]+", text).group() for text in metadata.requires("pytorch-lightning") if "extra ==" not in text
    }


@pytest.mark.claim("intro.api-accelerators")
def test_accelerators_are_a_sub_package_with_a_base_class(observe):
    found = classes("accelerators")
    base = found["Accelerator"]
    assert issubclass(found["CPUAccelerator"], base)
    assert {name for name, cls in found.items() if issubclass(cls, base)} > {"Accelerator", "CPUAccelerator"}
    observe("accelerators without the base class", strangers(found, base, "Accelerator"))


@pytest.mark.claim("intro.api-callback")
def test_callbacks_are_a_sub_package_with_a_base_class():
    found = classes("callbacks")
    assert found["Callback"] is pl.Callback
    assert [name for name, cls in found.items() if not issubclass(cls, pl.Callback)] == []
    assert {"EarlyStopping", "ModelCheckpoint", "LearningRateMonitor"} < set(found)


@pytest.mark.claim("intro.api-datamodule")
def test_the_data_module_is_a_class_with_a_hook_for_each_step_of_providing_data():
    assert inspect.getmodule(pl.LightningDataModule).__name__ == "pytorch_lightning.core.datamodule"
    hooks = ["prepare_data", "setup", "train_dataloader", "val_dataloader", "test_dataloader"]
    assert [hook for hook in hooks if not callable(getattr(pl.LightningDataModule, hook, None))] == []


@pytest.mark.claim("intro.api-logging")
def test_loggers_are_a_sub_package_with_a_base_class(observe):
    found = classes("loggers")
    base = [cls for cls in inspect.getmro(found["CSVLogger"]) if cls in found.values()][-1]
    assert inspect.isabstract(base)
    assert issubclass(found["TensorBoardLogger"], base)
    observe("base class of loggers", base.__name__)
    observe("loggers without the base class", strangers(found, base, "Logger"))


@pytest.mark.claim("intro.api-plugins")
def test_plugins_are_a_sub_package_with_a_base_class(observe):
    found = classes("plugins")
    base = found.get("Precision") or found["PrecisionPlugin"]
    kinds = sorted(name for name, cls in found.items() if issubclass(cls, base) and cls is not base)
    assert [name for name in kinds if "Precision" in name or "AMP" in name or "Apex" in name] == kinds != []
    observe("base class of precision plugins", base.__name__)


@pytest.mark.claim("intro.api-plugins.no-base-class")
def test_plugins_for_precision_have_no_base_class():
    found = classes("plugins")
    assert [cls.__bases__ for name, cls in found.items() if name.startswith(("Apex", "NativeAMP"))] == [(object,)] * 2
    assert [name for name in found if "Precision" in name] == []


@pytest.mark.claim("intro.api-metrics")
def test_metrics_are_a_sub_package_with_a_base_class():
    assert find_spec("pytorch_lightning.metrics") is not None
    assert {"add_state", "update", "compute", "reset"} < set(dir(pl.metrics.Metric))
    assert "Metric" in [cls.__name__ for cls in inspect.getmro(pl.metrics.MeanSquaredError)]


@pytest.mark.claim("intro.api-metrics.elsewhere")
def test_metrics_are_a_package_of_their_own_that_comes_along():
    assert "torchmetrics" in required()
    torchmetrics = importlib.import_module("torchmetrics")
    assert issubclass(torchmetrics.MeanSquaredError, torchmetrics.Metric)
