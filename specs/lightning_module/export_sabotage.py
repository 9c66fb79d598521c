"""How to make the claims about exporting a module false."""

import pytorch_lightning as pl
import torch

from fixtures.sabotage import sabotage


def exported(patch, name, change):
    """Let the method export `change(module, export)` instead, which calls `export` itself."""
    export = getattr(pl.LightningModule, name)
    patch.setattr(
        pl.LightningModule,
        name,
        lambda self, *args, **kwargs: change(self, lambda **more: export(self, *args, **kwargs, **more)),
    )


def into_eval_mode(module, export):
    result = export()
    module.eval()
    return result


def in_eval_mode(module, export):
    mode = module.training
    module.eval()
    result = export()
    module.train(mode)
    return result


@sabotage("module.to-torchscript")
def the_script_is_made_in_train_mode(patch):
    """What is exported drops out."""
    export = pl.LightningModule.to_torchscript

    def exported(self, *args, **kwargs):
        script = export(self, *args, **kwargs)
        return script.train() if kwargs.get("method") != "trace" else script

    patch.setattr(pl.LightningModule, "to_torchscript", exported)


@sabotage("module.to-torchscript")
def the_module_is_left_in_eval_mode(patch):
    """Exporting puts the module into eval mode."""
    exported(patch, "to_torchscript", into_eval_mode)


@sabotage("module.to-onnx")
def the_module_is_left_in_train_mode(patch):
    """Exporting leaves the module in train mode."""
    exported(patch, "to_onnx", lambda module, export: (export(), module.train()))


@sabotage("module.to-onnx")
def any_example_will_do(patch):
    """Without an example zeros are taken."""
    patch.setattr(pl.LightningModule, "example_input_array", torch.zeros(2, 4))


@sabotage("module.to-onnx-in-train-mode")
def the_module_goes_into_eval_mode_for_good(patch):
    """Exporting puts the module into eval mode and leaves it there."""
    exported(patch, "to_onnx", into_eval_mode)


@sabotage("module.to-onnx-in-train-mode")
def dropout_drops_in_the_file(patch):
    """The older exporter is told to export train mode."""
    exported(patch, "to_onnx", lambda module, export: export(training=torch.onnx.TrainingMode.PRESERVE))


@sabotage("module.to-onnx-in-train-mode.as-it-is")
def it_is_exported_in_eval_mode(patch):
    """Eval mode is set for the export."""
    exported(patch, "to_onnx", in_eval_mode)
