"""How to make the claims about hardware false."""

import torch

from fixtures.calls import misread
from fixtures.sabotage import sabotage


@sabotage("compat.hardware-detected-through-torch")
def the_number_of_gpus_is_not_asked_of_torch(patch):
    """Lightning counts the devices itself, and finds one."""
    from lightning_fabric.accelerators import cuda

    patch.setattr(cuda, "num_cuda_devices", lambda: 1)


@sabotage("compat.hardware-detected-through-torch")
def the_last_gpu_is_overlooked(patch):
    """The list of devices is one too short."""
    from lightning_fabric.accelerators import cuda

    patch.setattr(cuda, "_get_all_visible_cuda_devices", lambda: list(range(cuda.num_cuda_devices() - 1)))


@sabotage("compat.hardware-detected-through-torch")
def auto_takes_one_gpu(patch):
    """As many as there are is one."""
    from pytorch_lightning.accelerators import CUDAAccelerator

    patch.setattr(CUDAAccelerator, "auto_device_count", staticmethod(lambda: 1))


@sabotage("compat.hardware-detected-through-torch")
def auto_prefers_the_cpu(patch):
    """`auto` does not look for GPUs."""
    patch_connector(patch, "_choose_auto_accelerator", staticmethod(lambda: "cpu"))


@sabotage("compat.hardware-detected-through-torch")
def building_a_trainer_starts_cuda(patch):
    """Detection initialises CUDA."""
    from lightning_fabric.accelerators import cuda

    def start_and_count():
        torch.cuda.init()
        return torch.cuda.device_count()

    patch.setattr(cuda, "num_cuda_devices", start_and_count)


@sabotage("compat.apple-gpu-needs-arm")
def an_apple_gpu_is_taken_at_torchs_word(patch):
    """The processor's name is not asked for."""
    from lightning_fabric.accelerators import MPSAccelerator

    patch.setattr(MPSAccelerator, "is_available", staticmethod(lambda: torch.backends.mps.is_available()))


@sabotage("compat.hardware-set-through-trainer")
def the_accelerator_is_ignored(patch):
    """What is detected overrules what was said."""
    misread(patch, accelerator=lambda value: "auto" if value == "cpu" else value)


@sabotage("compat.hardware-set-through-trainer")
def the_ids_are_ignored(patch):
    """The run takes the first devices, whichever were named."""
    misread(patch, devices=lambda value: len(value) if isinstance(value, list) else value)


@sabotage("compat.hardware-set-through-trainer")
def a_string_names_one_device(patch):
    """Of the devices in a string only the first counts."""
    misread(patch, devices=lambda value: [int(value[0])] if str(value)[1:2] == "," else value)


@sabotage("compat.hardware-set-through-trainer")
def devices_are_not_checked(patch):
    """Devices that are not there are accepted."""
    from lightning_fabric.utilities import device_parser

    patch.setattr(device_parser, "_sanitize_gpu_ids", lambda gpus, **kinds: gpus)


@sabotage("compat.unknown-hardware-is-refused")
def unknown_hardware_is_the_cpu(patch):
    """The name of the accelerator is not checked."""
    misread(patch, accelerator=lambda value: "cpu" if value == "abacus" else value)


def patch_connector(patch, name, value):
    from pytorch_lightning.trainer.connectors.accelerator_connector import _AcceleratorConnector

    patch.setattr(_AcceleratorConnector, name, value)
