"""How to make the claims about where it runs false."""

from fixtures.sabotage import sabotage


@sabotage("install.hardware-independent")
def optimizer_does_not_step(patch):
    """Lightning's wrapper computes the gradients and forgets to step the optimizer."""
    from pytorch_lightning.core.optimizer import LightningOptimizer

    patch.setattr(LightningOptimizer, "step", lambda self, closure=None, **kwargs: closure())


@sabotage("install.cpu-build-means-cpu")
def gpu_is_always_found(patch):
    """The detection answers that there is a GPU without asking torch."""
    import lightning_fabric.accelerators.cuda as of_fabric
    import pytorch_lightning.accelerators.cuda as of_lightning

    for module in (of_fabric, of_lightning):
        patch.setattr(module, "num_cuda_devices", lambda: 1)


@sabotage("install.otherwise-gpu")
def gpu_must_be_asked_for(patch):
    """A Trainer that is told nothing takes the CPU, as it did before 2.0."""
    from pytorch_lightning.trainer.connectors.accelerator_connector import _AcceleratorConnector

    patch.setattr(_AcceleratorConnector, "_choose_auto_accelerator", staticmethod(lambda: "cpu"))


@sabotage("install.otherwise-gpu")
def one_gpu_is_enough(patch):
    """A Trainer that is told nothing takes one GPU of several."""
    from pytorch_lightning.accelerators import CUDAAccelerator

    patch.setattr(CUDAAccelerator, "auto_device_count", staticmethod(lambda: 1))
