"""The garbage collector looks only through what the file of specs that is running has made."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import pytest

from fixtures.plugin import pytest_runtest_protocol


class Made:
    """Refers to itself, so that only the collector can tell that nobody else does."""

    def __init__(self):
        self.itself = self


@pytest.mark.parametrize(("following", "looked_at"), [("a_spec.py", True), ("b_spec.py", False)])
def test_what_is_left_of_another_file_is_not_looked_at_and_no_garbage_is_kept(following, looked_at):
    running = pytest_runtest_protocol(SimpleNamespace(path="a_spec.py"), SimpleNamespace(path=following))
    next(running)
    kept, garbage = Made(), weakref.ref(Made())
    with pytest.raises(StopIteration) as ended:
        running.send(True)
    assert ended.value.value is True
    assert any(found is kept for found in gc.get_objects()) is looked_at
    assert looked_at or garbage() is None


def test_nothing_is_done_after_the_last_case():
    running, before = pytest_runtest_protocol(SimpleNamespace(path="a_spec.py"), None), gc.get_freeze_count()
    next(running)
    with pytest.raises(StopIteration):
        running.send(True)
    assert gc.get_freeze_count() == before
