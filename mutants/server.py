"""One process imports torch and Lightning and collects the specs, once; each mutant is tried in a fork of it.

No case runs in that process itself: a fork finds no trace recorded, and what it changes ends with it. It stops at the
first case that fails, and is killed when it takes far longer than its cases take on the Lightning that is installed.
"""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from mutants.cases import Ended, Normal, run_cases, run_normally
from mutants.drawing import Mutant
from mutants.live import Live
from mutants.reach import module_name

MEMORY = 8 << 30
"""Bytes of data a fork may have."""
SLOWER = 10
CASE_SECONDS = 20
"""A fork may take so many times as long as its cases normally take; but each of them has so many seconds."""
TORCH_AND_ALL = ("torch", "pytorch_lightning", "lightning_fabric", "torchmetrics", "lightning_utilities", "fixtures")


@dataclass
class Fork:
    pid: int
    connection: Connection
    folder: Path
    deadline: float
    started: float = field(default_factory=monotonic)

    def end(self) -> int:
        """Kill what is left of the fork and of the processes it started; return how it ended, as `waitpid` says."""
        status = 0
        try:
            os.killpg(self.pid, signal.SIGKILL)
        finally:
            status = os.waitpid(self.pid, 0)[1]
            self.connection.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return status


@dataclass
class Trial:
    """What became of a mutant. `ended.by` is "assertion", "error", "time" or, of one that survived, empty."""

    mutant: Mutant
    after: str
    ended: Ended
    seconds: float


@dataclass
class Task:
    """Work to do in a fork, and the seconds that it may take there."""

    key: Any
    work: Callable[[], Any]
    seconds: float


class Server:
    """Pytest's run of the collected specs, replaced by `drive`, which is handed this server."""

    def __init__(self, drive: Callable[[Server], None]):
        self.drive = drive
        self.session: Any = None
        self.items: dict[str, pytest.Item] = {}
        self.normal = Normal()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session) -> bool:
        self.session = session
        self.items = {item.nodeid: item for item in session.items}
        self.drive(self)
        return True

    def measure(self) -> Normal:
        """Run every case, in a fork, to know how long each takes, and which fail without any mutant."""
        fork = self.fork(lambda: run_normally(self.session, list(self.items.values())), seconds=3600)
        try:
            self.normal, modules = fork.connection.recv()
        finally:
            fork.end()
        for name in modules:
            if name.partition(".")[0] in TORCH_AND_ALL and name not in sys.modules:
                importlib.import_module(name)
        return self.normal

    def trials(self, mutants: Iterable[Mutant], sample: int, jobs: int) -> Iterator[Trial]:
        """Try the first `sample` mutants that can be made, `jobs` at a time, in the order in which they end."""
        prepared = islice(self._prepared(mutants), sample)
        tasks = (self._task(*one) for one in prepared)
        for (mutant, after), ended, seconds in self.each(tasks, jobs):
            yield Trial(mutant, after, ended, seconds)

    def each(self, tasks: Iterable[Task], jobs: int) -> Iterator[tuple[Any, Any, float]]:
        """Do each task's work in a fork, `jobs` at a time, and yield what became of it, in the order in which they end:
        its key, what the work returned, or how the fork ended without returning, and the seconds it took."""
        waiting = iter(tasks)
        running: dict[Connection, tuple[Fork, Any]] = {}
        try:
            while True:
                for task in islice(waiting, jobs - len(running)):
                    fork = self.fork(task.work, task.seconds)
                    running[fork.connection] = fork, task.key
                if not running:
                    return
                for fork, key in _over(running):
                    del running[fork.connection]
                    yield key, _ended_how(fork), monotonic() - fork.started
        finally:
            for fork, _ in running.values():
                fork.end()

    def _prepared(self, mutants: Iterable[Mutant]) -> Iterator[tuple[Mutant, str, list, list]]:
        """Leaves out those that cannot be made in place, and those none of whose cases is there and green."""
        live = Live(lambda file: bool(module_name(Path(file))))
        for mutant in mutants:
            nodes = [node for node in mutant.cases if node in self.items and node not in self.normal.red]
            nodes.sort(key=self.normal.seconds.__getitem__)
            after, module = mutant.made() if nodes else ("", None)
            replacements = live.replacements(module) if module else []
            if replacements:
                yield mutant, after, [self.items[node] for node in nodes], replacements

    def _task(self, mutant: Mutant, after: str, items: list, replacements: list) -> Task:
        seconds = self.normal.seconds

        def work() -> Ended:
            for function, code in replacements:
                function.__code__ = code
            return run_cases(self.session, items, lambda item: CASE_SECONDS + SLOWER * seconds[item.nodeid])

        return Task((mutant, after), work, self.limit(items))

    def limit(self, items: Iterable[pytest.Item]) -> float:
        """The seconds that a fork may take for these cases."""
        return CASE_SECONDS + SLOWER * sum(self.normal.seconds[item.nodeid] for item in items)

    def fork(self, work: Callable[[], Any], seconds: float) -> Fork:
        """Start a process that does the work, in a folder of its own and where nothing it prints is seen."""
        receiver, sender = Pipe(duplex=False)
        folder = Path(tempfile.mkdtemp(prefix="mutant-"))
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            sender.close()
            return Fork(pid, receiver, folder, monotonic() + seconds)
        try:
            self._settle(folder)
            sender.send(work())
        except BaseException as error:
            sender.send(Ended("error", seen=f"{type(error).__name__}: {error}"))
        finally:
            os._exit(0)

    def _settle(self, folder: Path) -> None:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        for name in ("cwd", "tmp"):
            (folder / name).mkdir()
        os.chdir(folder / "cwd")
        self.session.config._tmp_path_factory._basetemp = folder / "tmp"


def _over(running: dict[Connection, tuple[Fork, Any]]) -> list[tuple[Fork, Any]]:
    """Wait for the first that has something to say, or whose time is over."""
    left = min(fork.deadline for fork, _ in running.values()) - monotonic()
    ready = wait(list(running), timeout=max(0.0, left))
    now = monotonic()
    return [entry for key, entry in running.items() if key in ready or entry[0].deadline <= now]


def _ended_how(fork: Fork) -> Any:
    result = None
    try:
        result = fork.connection.recv() if fork.connection.poll() else Ended("time")
    except EOFError:
        result = None
    status = fork.end()
    if result is not None:
        return result
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ended("time") if number == signal.SIGALRM else Ended("error", seen=f"the process died, signal {number}")
