"""How to make the claims about the distribution false: what a release declares is patched where it is read."""

import subprocess
from importlib import metadata

import pytorch_lightning as pl

from fixtures.sabotage import sabotage


def _change(patch, name, change):
    """Let pytorch-lightning alone have another text in its metadata."""
    original = metadata.PathDistribution.read_text

    def read_text(self, filename):
        text = original(self, filename)
        own = filename == name and text and self._path.name.startswith("pytorch_lightning-")
        return change(text) if own else text

    patch.setattr(metadata.PathDistribution, "read_text", read_text)


@sabotage("install.torch-floor.higher")
def floor_is_lowered(patch):
    """A release declares the floor of Lightning 1.0."""
    declared = metadata.requires
    old = ["torch>=1.3"]
    patch.setattr(metadata, "requires", lambda name: old + [r for r in declared(name) if not r.startswith("torch>")])


@sabotage("install.pip-name")
def package_reports_another_version(patch):
    """The package was released without its version being raised."""
    patch.setattr(pl, "__version__", "0.0.1")


@sabotage("install.pip-name")
def distribution_is_renamed(patch):
    """The package comes from a distribution of another name."""
    _change(patch, "METADATA", lambda text: text.replace("Name: pytorch-lightning", "Name: lightning", 1))


@sabotage("install.conda-name")
def conda_does_not_find_it(patch):
    """The channel has no package of this name."""
    answer = subprocess.CompletedProcess([], 1, '{"exception_name": "PackagesNotFoundError"}', "")
    patch.setattr(subprocess, "run", lambda *args, **kwargs: answer)


@sabotage("install.hardware-independent")
def wheel_is_built_for_one_platform(patch):
    """A compiled part makes it a wheel for one platform."""
    _change(patch, "WHEEL", lambda text: text.replace("py3-none-any", "cp311-cp311-manylinux_2_28_x86_64"))


@sabotage("install.hardware-independent")
def cuda_is_required(patch):
    """A requirement that only NVIDIA's hardware has a use for."""
    declared = metadata.requires
    patch.setattr(metadata, "requires", lambda name: [*declared(name), "nvidia-cudnn-cu12"])
