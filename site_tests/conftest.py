"""The site in a real Chromium: built from a small ledger of known verdicts, and from the committed records."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ledger.ratios import Ratio, ratios_record
from ledger.record import render
from ledger.registry import load_registry
from ledger.site import site

ROOT = Path(__file__).parent.parent
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ARGUMENTS += ["--disable-sync", "--no-first-run"]

CLAIMS = """
[section]
order = 1
part = 2
en = "Hooks"
zh = "钩子"

[[sentence]]
number = 1
says = "The module is told of the end of an epoch."

["module.training_epoch_end"]
en = "training_epoch_end is called once an epoch, with all outputs."
zh = "training_epoch_end 每轮调用一次，得到全部输出。"
devices = ["cpu", "cuda", "sim"]
sentences = [1]
hooks = ["module.training_epoch_end"]
eras = [
    { versions = "<2.0", expect = "holds" },
    { versions = ">=2.0", expect = "refuted", correction = "module.training_epoch_end.now" },
]

["module.training_epoch_end.now"]
en = "Use on_train_epoch_end: a training_epoch_end is an error."
zh = "请改用 on_train_epoch_end：定义 training_epoch_end 会报错。"
devices = ["cpu", "cuda", "sim"]
hooks = ["module.on_train_epoch_end"]
eras = [
    { versions = "<2.0", expect = "refuted", correction = "module.training_epoch_end" },
    { versions = ">=2.0", expect = "holds" },
]

["trainer.bare-uses-gpu"]
en = "A bare Trainer() uses the GPU where there is one."
zh = "不带参数的 Trainer() 在有 GPU 时使用 GPU。"
devices = ["cpu"]
sentences = [1]
eras = [
    { versions = "<2.0", expect = "refuted", correction = "trainer.bare-uses-gpu.not", note = "<b>", note_zh = "`b`" },
    { versions = ">=2.0", expect = "holds" },
]

["trainer.bare-uses-gpu.not"]
en = "A bare Trainer() stays on the CPU, <whatever> there is."
zh = "不带参数的 Trainer() 始终留在 CPU 上。"
devices = ["cpu"]
eras = [
    { versions = "<2.0", expect = "holds" },
    { versions = ">=2.0", expect = "refuted", correction = "trainer.bare-uses-gpu" },
]

["steady"]
en = "The loss is a number."
zh = "损失是一个数。"
devices = ["cpu", "sim"]
sentences = [1]
eras = [{ expect = "holds" }]
"""
SPEC = '''
import pytest

def helper():
    return len('<b>') - 2

@pytest.mark.claim("steady")
def test_it_is_a_number():
    """Says so."""
    assert helper() == 1
'''
BATCHES = [
    line.format(i)
    for i in range(3)
    for line in (
        "callback.on_train_batch_start(batch_idx={0})",
        "module.training_step(batch_idx={0})",
        "optimizer.step",
        "callback.on_train_batch_end(batch_idx={0})",
    )
]
VALIDATION = ["callback.on_validation_start", "module.validation_step(batch_idx=0)", "callback.on_validation_end"]
EPOCH = ["callback.on_train_epoch_start", *BATCHES]
OLD_FIT = ["datamodule.setup", *EPOCH, "module.training_epoch_end", "callback.on_train_epoch_end", *VALIDATION]
NEW_FIT = ["datamodule.setup", *EPOCH, *VALIDATION, "callback.on_train_epoch_end", "module.on_train_epoch_end"]
RELEASES = [("1.8.6", "1.13.1"), ("1.9.5", "1.13.1"), ("1.9.5", "2.13.0"), ("2.0.9", "2.13.0"), ("2.6.6", "2.13.0")]


def small_records(registry, folder: Path) -> None:
    """A record of each release, in which every verdict is the expected one; of the newest one of a GPU too."""
    folder.mkdir()
    for lightning, torch in RELEASES:
        new = lightning.startswith("2")
        claims = {}
        for id, claim in registry.claims.items():
            era = claim.era(lightning).expect
            told = {"verdict": era, "expected": era, "cases": 1}
            absent = {"verdict": "untested", "reason": "no GPU"}
            claims[id] = {device: absent if device == "cuda" else told for device in claim.devices}
        gone, default = ({"devices": "'auto'"}, "None") if new else ({"gpus": "None"}, "1000")
        claims["steady"]["observed"] = {"Trainer arguments": {**gone, "max_epochs": default}, "loss": 0.5 + new}
        record = {
            "schema": 1,
            "subject": {"lightning": lightning, "torch": torch, "python": "3.11"},
            "devices": {"cpu": "available", "cuda": "no GPU", "sim": "available"},
            "claims": claims,
            "traces": {"fit": {"cpu": NEW_FIT if new else OLD_FIT}, "validate": {"cpu": VALIDATION}},
        }
        (folder / f"{lightning}-{torch}.json").write_text(render(record), encoding="utf-8")
    told = {id: entry["cpu"] for id, entry in claims.items() if "cuda" in entry and not id.endswith(".now")}
    gpu = {"subject": {**record["subject"], "torch": "2.11.0", "python": "3.12"}, "devices": {"cuda": "available"}}
    gpu |= {"claims": {id: {"cuda": entry} for id, entry in told.items()}, "traces": {}}
    (folder / "cuda").mkdir()
    (folder / "cuda" / "2.6.6-2.13.0.json").write_text(render({**record, **gpu}), encoding="utf-8")


def small_benchmarks(folder: Path) -> None:
    """A benchmark record of each release but the oldest, in which newer ones cost more."""
    folder.mkdir()
    for cost, (lightning, torch) in enumerate(RELEASES[1:], start=2):
        subject = {"lightning": lightning, "torch": torch, "python": "3.11"}
        ratios = [
            Ratio("step, 3 units, batch of 2", "by hand", cost, (cost - 0.5, cost + 1), 99, cost * 1e-4, 1e-4),
            Ratio("fit, 3 units, 64 batches of 2", "by hand", 2 * cost, (cost, 3 * cost), 20, cost * 1e-2, 5e-3),
        ]
        (folder / f"{lightning}-{torch}.json").write_text(render(ratios_record(subject, ratios)), encoding="utf-8")


@pytest.fixture(scope="session")
def small_site(tmp_path_factory) -> str:
    root = tmp_path_factory.mktemp("small")
    (root / "specs" / "hooks").mkdir(parents=True)
    (root / "specs" / "hooks" / "claims.toml").write_text(CLAIMS, encoding="utf-8")
    (root / "specs" / "hooks" / "it_spec.py").write_text(SPEC, encoding="utf-8")
    registry = load_registry(root / "specs")
    small_records(registry, root / "records")
    small_benchmarks(root / "records" / "benchmarks")
    site(registry, Namespace(records=root / "records", folder=root / "site"))
    return (root / "site").as_uri()


@pytest.fixture(scope="session")
def real_site(tmp_path_factory) -> str:
    if not any((ROOT / "records").glob("*.json")):
        pytest.fail("records/ is empty; write records with `tox -m ledger`")
    folder = tmp_path_factory.mktemp("real")
    site(load_registry(ROOT / "specs"), Namespace(records=ROOT / "records", folder=folder))
    return folder.as_uri()


@pytest.fixture(scope="session")
def browser():
    """Chromium: the one in CHROMIUM, else one on the path, else playwright's own."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Reader:
    """A page in a browser of its own, which notes every error and every request that leaves the folder."""

    def __init__(self, browser: Browser, base: str, **options):
        self.context = browser.new_context(**{"locale": "en-GB", **options})
        self.base, self.wrong = base, []
        self.page = self.watched(self.context.new_page())

    def watched(self, page: Page) -> Page:
        page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", lambda request: self._inside(request.url))
        return page

    def _inside(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.wrong.append(f"request: {url}")

    def open(self, address: str) -> Page:
        self.page.goto(f"{self.base}/{address}")
        self.page.reload()
        self.page.wait_for_selector("[aria-busy=true]", state="detached")
        return self.page

    def state(self) -> str:
        return self.page.evaluate("decodeURIComponent(location.hash)")


@pytest.fixture
def reader(browser, small_site):
    """Opens pages of the small site; fails at the end where a page had an error or asked for anything outside."""
    one = Reader(browser, small_site)
    yield one
    one.context.close()
    assert one.wrong == []


@pytest.fixture
def real_reader(browser, real_site):
    one = Reader(browser, real_site)
    yield one
    one.context.close()
    assert one.wrong == []


@pytest.fixture
def make_reader(browser, small_site):
    """Readers with other browsers: phones, other languages, other colours."""
    made = []

    def make(**options) -> Reader:
        made.append(Reader(browser, small_site, **options))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
    assert [one.wrong for one in made] == [[] for _ in made]
