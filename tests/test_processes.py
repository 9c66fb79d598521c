import os
import signal
import time
from multiprocessing import active_children

import pytest
import torch

from fixtures import processes
from fixtures.processes import ProcessError, together


def rank() -> int:
    return int(os.environ["RANK"])


def test_each_process_returns_its_value_and_they_come_by_rank():
    found = together(lambda: (rank(), torch.full((2,), rank())), processes=3)
    assert [(number, values.tolist()) for number, values in found] == [(0, [0, 0]), (1, [1, 1]), (2, [2, 2])]
    assert "RANK" not in os.environ


def test_they_can_talk_to_each_other():
    def work():
        torch.distributed.init_process_group("gloo")
        total = torch.tensor([1.0 + rank()])
        torch.distributed.all_reduce(total)
        return total.item()

    assert together(work) == [3.0, 3.0]


def test_what_one_raises_is_raised_although_the_other_goes_on():
    def work():
        if rank():
            raise ValueError("in the second")
        time.sleep(600)

    with pytest.raises(ValueError, match="in the second"):
        together(work)
    assert active_children() == []


def test_a_process_that_dies_is_told():
    def work():
        os.kill(os.getpid(), signal.SIGKILL if rank() else signal.SIGSTOP)

    with pytest.raises(ProcessError, match="the process of rank 1 died"):
        together(work)
    assert active_children() == []


def test_processes_that_wait_in_vain_are_ended(monkeypatch):
    monkeypatch.setattr(processes, "SECONDS", 0.2)

    with pytest.raises(ProcessError, match=r"after 0.2 s 1 of 2 processes still ran"):
        together(lambda: time.sleep(600 * rank()))
    assert active_children() == []
