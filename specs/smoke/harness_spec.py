"""No Lightning can refute the first claim, every one must refute the second: is it the harness or Lightning?"""

import inspect

import pytest
import pytorch_lightning
from packaging.version import Version

from fixtures.data import regression_loader
from fixtures.dialects import fit
from fixtures.modules import Regression, same_weights, weights


@pytest.mark.claim("smoke.never-refuted")
def test_the_package_reports_a_version(observe):
    parameters = inspect.signature(pytorch_lightning.Trainer.__init__).parameters.values()
    observe("Trainer arguments", {parameter.name: repr(parameter.default) for parameter in list(parameters)[1:]})
    assert Version(pytorch_lightning.__version__) >= Version("1.0")


@pytest.mark.claim("smoke.always-refuted")
def test_fit_leaves_the_weights(device, trainer):
    module = Regression()
    before = weights(module)
    fit(trainer(max_steps=1), module, train=regression_loader())
    assert same_weights(weights(module), before)


@pytest.mark.claim("smoke.fit-changes-weights")
def test_fit_moves_the_weights(device, trainer):
    module = Regression()
    before = weights(module)
    fit(trainer(max_steps=1), module, train=regression_loader())
    assert not same_weights(weights(module), before)
