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


def in_mode(training):
    """Export in train mode, or in eval mode, whatever the module is in."""

    def change(module, export):
        mode = module.training
        module.train(training)
        result = export()
        module.train(mode)
        return result

    return change


@sabotage("module.to-torchscript")
def the_script_is_made_in_train_mode(patch):
    """What is exported drops out."""
    export = pl.LightningModule.to_torchscript

    def scripted(self, *args, **kwargs):
        script = export(self, *args, **kwargs)
        return script.train() if kwargs.get("method") != "trace" else script

    patch.setattr(pl.LightningModule, "to_torchscript", scripted)


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


@sabotage("module.to-onnx")
def dropout_drops_in_the_file(patch):
    """What is exported is the module in train mode."""
    exported(patch, "to_onnx", in_mode(True))


@sabotage("module.to-onnx-in-train-mode.as-it-is")
def it_is_exported_in_eval_mode(patch):
    """Eval mode is set for the export."""
    exported(patch, "to_onnx", in_mode(False))
