"""How to make the claims about data types false."""

from contextlib import nullcontext

import torch

from fixtures.sabotage import sabotage


@sabotage("compat.dtype-converts-itself.by-precision")
def integers_are_converted_as_well(patch):
    """Labels take the dtype of the precision, like the floats."""
    from pytorch_lightning.plugins.precision import double, half

    for module in (double, half):
        patch.setattr(module, "_convert_fp_tensor", lambda tensor, dst_type: tensor.to(dst_type))


@sabotage("compat.dtype-converts-itself.by-precision")
def batches_are_not_converted(patch):
    """True precision converts the module and forgets its batches."""
    from pytorch_lightning.plugins.precision import DoublePrecision

    patch.setattr(DoublePrecision, "convert_input", lambda self, data: data)


@sabotage("compat.dtype-converts-itself.by-precision")
def the_module_is_not_converted(patch):
    """True precision converts batches and forgets the module."""
    from pytorch_lightning.plugins.precision import HalfPrecision

    patch.setattr(HalfPrecision, "convert_module", lambda self, module: module)


@sabotage("compat.dtype-converts-itself.by-precision")
def bfloat_is_half(patch):
    """bf16-true is taken for 16-true."""
    from pytorch_lightning.plugins.precision import HalfPrecision

    init = HalfPrecision.__init__
    patch.setattr(HalfPrecision, "__init__", lambda self, precision="16-true": init(self, "16-true"))


@sabotage("compat.dtype-converts-itself.by-precision")
def prediction_keeps_the_default_dtype(patch):
    """The prediction step is not run in the context of the precision."""
    from pytorch_lightning.plugins.precision import Precision

    patch.setattr(Precision, "predict_step_context", lambda self: nullcontext())


@sabotage("compat.dtype-converts-itself.by-precision")
def the_default_converts_doubles(patch):
    """Without a precision, float64 is converted to float32."""
    from pytorch_lightning.plugins.precision import Precision

    def shorten(self, data):
        inputs, others = data
        return inputs, [value.float() if value.dtype == torch.float64 else value for value in others]

    patch.setattr(Precision, "convert_input", shorten)


@sabotage("compat.dtype-converts-itself.by-precision")
def autocast_is_off(patch):
    """Mixed precision runs its steps without autocast."""
    from pytorch_lightning.plugins.precision import MixedPrecision

    patch.setattr(MixedPrecision, "forward_context", lambda self: nullcontext())


@sabotage("compat.dtype-converts-itself.by-precision")
def mixed_precision_is_true_precision(patch):
    """Mixed precision converts the module's parameters."""
    from pytorch_lightning.plugins.precision import MixedPrecision

    patch.setattr(MixedPrecision, "convert_module", lambda self, module: module.bfloat16())


@sabotage("compat.mixed-half-is-bfloat-on-cpu")
def the_cpu_computes_in_float16(patch):
    """Mixed 16-bit precision is float16 on the CPU, too."""
    from pytorch_lightning.plugins.precision import MixedPrecision

    patch.setattr(MixedPrecision, "autocast_context_manager", lambda self: torch.autocast("cpu", dtype=torch.float16))
