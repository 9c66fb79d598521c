"""Every hook that the installed Lightning has is in the registry: one that appears in a new release stands out."""

from __future__ import annotations

import pytest
import pytorch_lightning as pl

from fixtures.inspection import hooks_of
from ledger.registry import Registry, load_registry

OWNERS = {"callback": pl.Callback, "module": pl.LightningModule, "datamodule": pl.LightningDataModule}


def unclaimed(registry: Registry) -> list[str]:
    """The hooks of the installed Lightning that no claim names, as they are named in a claim."""
    named = {hook for claim in registry.claims.values() for hook in claim.hooks}
    hooks = [f"{owner}.{hook}" for owner, base in OWNERS.items() for hook in hooks_of(base)]
    return [hook for hook in hooks if hook not in named]


@pytest.fixture(scope="module")
def registry(root):
    return load_registry(root / "specs")


def test_every_hook_of_the_installed_lightning_is_in_a_claim(registry):
    missing = unclaimed(registry)
    assert not missing, (
        f"Lightning {pl.__version__} has hooks that no claim names in its `hooks`: {', '.join(missing)}; "
        "write a claim about each, in specs/since/claims.toml if none fits"
    )


@pytest.mark.parametrize(("owner", "base"), OWNERS.items())
def test_a_new_hook_stands_out(registry, monkeypatch, owner, base):
    before = unclaimed(registry)
    monkeypatch.setattr(base, "on_something_new", lambda self: None, raising=False)
    assert sorted({*unclaimed(registry)} - {*before}) == [f"{owner}.on_something_new"]


def test_a_claim_that_names_the_hook_is_enough(make_registry):
    hooks = ", ".join(f'"{owner}.{hook}"' for owner, base in OWNERS.items() for hook in hooks_of(base))
    claim = (
        f'["a.claim"]\nen = "A."\nzh = "甲。"\ndevices = ["cpu"]\neras = [{{ expect = "holds" }}]\nhooks = [{hooks}]\n'
    )
    assert unclaimed(make_registry(claim)) == []


@pytest.mark.parametrize("base", OWNERS.values())
def test_helpers_and_private_methods_are_no_hooks(base):
    assert not {"log", "save_hyperparameters", "state_key", "freeze", "from_datasets", "trainer"} & {*hooks_of(base)}
    assert not [name for name in hooks_of(base) if name.startswith("_")]


def test_hooks_are_told_from_what_torch_brings():
    assert {"forward", "training_step", "configure_optimizers", "on_load_checkpoint"} <= {*hooks_of(pl.LightningModule)}
    assert not {"state_dict", "train", "register_buffer"} & {*hooks_of(pl.LightningModule)}
    assert {"state_dict", "load_state_dict"} <= {*hooks_of(pl.Callback)} & {*hooks_of(pl.LightningDataModule)}
