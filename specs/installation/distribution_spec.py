"""What is installed: the names it installs under, what it requires, and what it is built for."""

import json
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from packaging.requirements import Requirement
from packaging.version import Version

from ledger.plugin.outcomes import Untested

NAME = "pytorch-lightning"
IMPORTED = "pytorch_lightning"


def requirements():
    """What pip installs together with Lightning, by name; `>=1.9.*` (1.7) is read as pip read it then."""
    declared = [Requirement(re.sub(r"(>=\s*[\d.]+)\.\*", r"\1", text)) for text in metadata.requires(NAME)]
    return {found.name.lower(): found for found in declared if "extra" not in str(found.marker)}


def floor(requirement):
    """The lowest version that the requirement admits."""
    (lowest,) = [Version(part.version) for part in requirement.specifier if part.operator == ">="]
    return lowest


@pytest.mark.parametrize("version", ["1.3.0", "1.3.1"])
@pytest.mark.claim("install.torch-floor")
def test_the_declared_requirement_admits_torch_from_1_3_on(version):
    torch_requirement = requirements()["torch"]
    assert torch_requirement.specifier.contains(version)
    assert torch_requirement.specifier.contains(Version(torch.__version__).base_version)


@pytest.mark.claim("install.torch-floor.higher")
def test_the_declared_requirement_begins_above_torch_1_3(observe):
    torch_requirement = requirements()["torch"]
    observe("torch requirement", str(torch_requirement))
    assert floor(torch_requirement) >= Version("1.4")
    assert not torch_requirement.specifier.contains("1.3.1")
    assert torch_requirement.specifier.contains(Version(torch.__version__).base_version)


@pytest.mark.claim("install.pip-name")
def test_the_distribution_of_this_name_brings_the_package_that_is_imported():
    installed = metadata.distribution(NAME)
    assert installed.metadata["Name"] == NAME
    assert Version(installed.version) == Version(pl.__version__)
    (init,) = [file for file in installed.files if str(file) == f"{IMPORTED}/__init__.py"]
    assert Path(installed.locate_file(init)).samefile(pl.__file__)


@pytest.mark.claim("install.pip-name")
def test_no_other_distribution_brings_a_package_of_this_name():
    line = re.compile(f"^{IMPORTED}/__init__.py,", re.MULTILINE)
    brought = [found for found in metadata.distributions() if line.search(found.read_text("RECORD") or "")]
    assert [found.metadata["Name"] for found in brought] == [NAME]


@pytest.mark.claim("install.conda-name")
def test_conda_finds_the_package_under_this_name():
    client = shutil.which("conda") or shutil.which("mamba") or shutil.which("micromamba")
    if client is None:
        raise Untested("no conda client on this machine (conda, mamba or micromamba)")
    command = [client, "search", "--json", "--override-channels", "--channel", "conda-forge", NAME]
    unreachable = "conda's channel conda-forge cannot be reached from this machine"
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        raise Untested(unreachable) from None
    if "HTTP" in answer.stdout + answer.stderr:
        raise Untested(unreachable)
    assert f'"name": "{NAME}"' in json.dumps(json.loads(answer.stdout))


@pytest.mark.claim("install.hardware-independent")
def test_it_is_one_wheel_of_pure_python_for_every_platform():
    wheel = metadata.distribution(NAME).read_text("WHEEL").splitlines()
    assert "Root-Is-Purelib: true" in wheel
    assert [line for line in wheel if line.startswith("Tag:")] == ["Tag: py3-none-any"]


@pytest.mark.claim("install.hardware-independent")
def test_it_brings_no_compiled_file_and_requires_nothing_made_for_one_kind_of_hardware():
    files = [Path(str(file)) for file in metadata.distribution(NAME).files]
    assert [str(file) for file in files if file.suffix in {".so", ".pyd", ".dll", ".dylib", ".cu"}] == []
    made_for_hardware = re.compile("nvidia|cuda|cupy|rocm|apex|triton|xla|horovod|deepspeed|habana|intel|bitsandbytes")
    assert [name for name in requirements() if made_for_hardware.search(name)] == []
