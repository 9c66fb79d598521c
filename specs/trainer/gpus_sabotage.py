"""How to make the claims about GPUs and precisions false."""

from pytorch_lightning import Trainer

from fixtures.calls import misread, says
from fixtures.dialects import gpu_ids
from fixtures.sabotage import sabotage


@sabotage("trainer.gpus-devices")
def gpus_are_taken_again(patch):
    """The Trainer takes gpus, and makes nothing of it."""
    init = Trainer.__init__
    patch.setattr(Trainer, "__init__", lambda self, *args, gpus=None, **options: init(self, *args, **options))


@sabotage("trainer.gpus-devices")
def a_string_is_an_id(patch):
    """A number in a string is an id, as it was before 1.5."""
    misread(patch, devices=lambda value: f"{value}," if value == "3" else value)


@sabotage("trainer.gpus-devices")
def ids_are_sorted(patch):
    """The GPUs are taken in the order of their ids."""
    misread(patch, devices=lambda value: sorted(value) if isinstance(value, list) else value)


@sabotage("trainer.gpus-devices")
def all_but_one(patch):
    """-1 is all GPUs but the last."""
    misread(patch, devices=lambda value: 3 if value == -1 else value)


@sabotage("trainer.device-ids")
def gpu_0_is_named_by_its_id(patch):
    """The ids are those of the GPUs, that of GPU 0 as well."""
    says(patch, "device_ids", lambda trainer, ids: gpu_ids(trainer))


@sabotage("trainer.device-ids")
def gpus_are_counted(patch):
    """The ids are how many there are, counted from 0."""
    says(patch, "device_ids", lambda trainer, ids: [*range(len(ids))])


@sabotage("trainer.precision-values.three")
def eight_bits_are_taken(patch):
    """8 is taken, for 16."""
    misread(patch, precision=lambda value: 16 if value == 8 else value)


@sabotage("trainer.precision-values.three")
def double_precision_is_refused(patch):
    """64 is refused."""
    misread(patch, precision=lambda value: 65 if value == 64 else value)


@sabotage("trainer.precision-words")
def sixteen_is_true_half_precision(patch):
    """16 and '16' stand for '16-true'."""
    misread(patch, precision=lambda value: "16-true" if str(value) == "16" else value)


@sabotage("trainer.precision-words")
def bfloat_is_half(patch):
    """'bf16-mixed' is taken for '16-mixed'."""
    misread(patch, precision=lambda value: "16-mixed" if value == "bf16-mixed" else value)
