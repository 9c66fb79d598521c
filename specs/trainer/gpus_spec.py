"""What the Trainer's `gpus` once meant, what `devices` means in its place, and which precisions there are."""

import pytest
import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fixtures.detection import torch_reports
from fixtures.dialects import bare_trainer, gpu_ids, quiet, root_device
from fixtures.dialects.accelerators import chosen

pytestmark = pytest.mark.usefixtures("as_before")

CPU = ("cpu", [])
ALL = ("cuda:0", [0, 1, 2, 3])


def place(make, **options):
    """The first device, and the ids of all GPUs, of a Trainer that is told so beside four GPUs."""
    with torch_reports(gpus=4), quiet():
        trainer = make(**options)
        return str(root_device(trainer)), gpu_ids(trainer)


@pytest.mark.claim("trainer.gpus-none-is-cpu")
@pytest.mark.parametrize("none", [None, 0])
def test_no_gpus_is_the_cpu(none):
    assert place(pl.Trainer, gpus=none) == CPU


@pytest.mark.claim("trainer.gpus-n")
@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_number_is_so_many_gpus(number):
    assert place(pl.Trainer, gpus=number) == ("cuda:0", list(range(number)))


@pytest.mark.claim("trainer.gpus-string-is-an-id")
@pytest.mark.parametrize("gpu", [0, 1, 3])
def test_a_number_in_a_string_is_the_gpu_with_that_id(gpu):
    assert place(pl.Trainer, gpus=str(gpu)) == (f"cuda:{gpu}", [gpu])


@pytest.mark.claim("trainer.gpus-string-is-an-id.number")
@pytest.mark.parametrize(
    ("gpus", "expected"), [("0", CPU), ("1", ("cuda:0", [0])), ("3", ("cuda:0", [0, 1, 2])), ("3,", ("cuda:3", [3]))]
)
def test_a_number_in_a_string_is_so_many_gpus_and_a_comma_makes_it_an_id(gpus, expected):
    assert place(pl.Trainer, gpus=gpus) == expected


@pytest.mark.claim("trainer.gpus-minus-one-is-all")
@pytest.mark.parametrize("every", [-1, "-1"])
def test_minus_one_is_all_gpus(every):
    assert place(pl.Trainer, gpus=every) == ALL


@pytest.mark.claim("trainer.gpus-list")
@pytest.mark.parametrize("ids", [[2], [1, 3], [3, 0]], ids=str)
def test_a_list_is_the_gpus_with_these_ids(ids):
    assert place(pl.Trainer, gpus=ids) == (f"cuda:{ids[0]}", ids)


@pytest.mark.claim("trainer.gpus-devices")
def test_the_trainer_has_no_argument_gpus():
    with pytest.raises(TypeError) as raised:
        place(pl.Trainer, gpus=1)
    assert "unexpected keyword argument 'gpus'" in str(raised.value)


@pytest.mark.claim("trainer.gpus-devices")
@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (3, ("cuda:0", [0, 1, 2])),
        ("3", ("cuda:0", [0, 1, 2])),
        ("3,", ("cuda:3", [3])),
        (-1, ALL),
        ("-1", ALL),
        ([2], ("cuda:2", [2])),
        ([3, 0], ("cuda:3", [3, 0])),
        ("1,3", ("cuda:1", [1, 3])),
    ],
    ids=repr,
)
def test_devices_of_the_gpu_are_a_number_of_them_or_their_ids(devices, expected):
    assert place(bare_trainer, accelerator="gpu", devices=devices) == expected


@pytest.mark.claim("trainer.gpus-devices")
@pytest.mark.parametrize("none", [0, "0", []], ids=repr)
def test_no_devices_is_refused_and_the_cpu_an_accelerator_of_its_own(none):
    with pytest.raises((MisconfigurationException, ValueError)) as raised:
        place(bare_trainer, accelerator="gpu", devices=none)
    assert str(raised.value) == f"`Trainer(devices={none!r})` value is not a valid input using cuda accelerator."
    assert place(bare_trainer, accelerator="cpu", devices=1) == CPU


@pytest.mark.claim("trainer.device-ids")
@pytest.mark.parametrize(
    ("devices", "said"),
    [(3, [0, 1, 2]), ([0], [0]), ([2], [2]), ([1, 3], [1, 3]), ([3, 0], [3, 1]), ([2, 1, 0], [2, 1, 2])],
    ids=str,
)
def test_every_gpu_is_named_by_its_id_but_gpu_0_by_its_place(devices, said):
    with torch_reports(gpus=4), quiet():
        assert bare_trainer(accelerator="gpu", devices=devices).device_ids == said


REFUSALS = (AssertionError, MisconfigurationException, NotImplementedError, ValueError)


def precision(value):
    """The precision of a Trainer that is told it, in these very words, beside a GPU; None where it is refused."""
    try:
        with torch_reports(gpus=1), quiet():
            return pl.Trainer(precision=value, **chosen(accelerator="gpu", devices=1)).precision
    except REFUSALS as refusal:
        if "precision" in str(refusal).lower():
            return None
        raise


def taken(*values):
    return [value for value in values if precision(value) is not None]


WORDS = ["16-mixed", "bf16-mixed", "32-true", "64-true"]


@pytest.mark.claim("trainer.precision-values")
def test_precision_takes_these_powers_of_two():
    assert taken(2, 4, 8, 16, 32) == [2, 4, 8, 16, 32]


@pytest.mark.claim("trainer.precision-values.two")
def test_precision_takes_16_and_32():
    assert taken(1, 2, 4, 8, 16, 32, 64, 128) == [16, 32]


@pytest.mark.claim("trainer.precision-values.three")
def test_precision_takes_16_and_32_and_64():
    assert taken(1, 2, 4, 8, 16, 32, 64, 128) == [16, 32, 64]


@pytest.mark.claim("trainer.precision-words")
def test_precision_takes_words_and_numbers_stand_for_them():
    assert [precision(word) for word in WORDS] == WORDS
    assert [precision(value) for value in (16, "bf16", 32, 64)] == WORDS
    assert [precision(value) for value in ("16", "32", "64")] == ["16-mixed", "32-true", "64-true"]


@pytest.mark.claim("trainer.precision-words.numbers")
def test_precision_takes_numbers_and_refuses_words():
    assert taken(16, 32, *WORDS) == [16, 32]
