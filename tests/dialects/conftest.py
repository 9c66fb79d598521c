"""A run in the words of Lightning 2.6, skipped where the installed release has no words for it."""

from __future__ import annotations

import warnings

import pytest

from fixtures import dialects


@pytest.fixture(autouse=True)
def _quietly():
    """What Lightning warns of is its own affair; these tests are about words."""
    with dialects.quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def sayable():
    """Do what may be unsayable on this release, and skip where it is."""

    def attempt(action):
        try:
            return action()
        except dialects.Unsayable as refusal:
            pytest.skip(str(refusal))

    return attempt
