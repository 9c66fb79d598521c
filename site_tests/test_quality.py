"""What every page must be: accessible, within a phone's width, and quick to paint with all that is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from ledger.ask import compare, find_subject, load_subjects
from ledger.registry import load_registry

ROOT = Path(__file__).parent.parent

PAGES = ["index.html", "index.html#q=epoch", "matrix.html", "compare.html#old=1.9&new=2.0", "hooks.html"]
PAGES += ["claim/module.training_epoch_end.html", "claim/steady.html", "performance.html"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "preload": False}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(make_reader, scheme):
    reader, found = make_reader(color_scheme=scheme), []
    for address in [f"{page}{'&' if '#' in page else '#'}lang={lang}" for page in PAGES for lang in ("en", "zh")]:
        results = Axe().run(reader.open(address), options=RULES).response
        found += [
            (address, one["id"], [node["html"][:120] for node in one["nodes"]][:2])
            for one in results["violations"]
            if one["impact"] in ("serious", "critical")
        ]
    assert found == []


@pytest.mark.parametrize("width", [360, 390, 768])
def test_no_page_is_wider_than_the_screen(make_reader, width):
    reader = make_reader(viewport={"width": width, "height": 800})
    for address in PAGES:
        page = reader.open(address)
        assert (address, page.evaluate("document.documentElement.scrollWidth - innerWidth")) == (address, 0)


def test_every_table_names_its_rows_and_columns(reader):
    for address in PAGES:
        page = reader.open(address)
        assert page.locator("th:not([scope])").count() == 0
        assert page.locator("main, header, nav").count() >= 3


def test_printing_leaves_the_controls_out(reader):
    page = reader.open("matrix.html")
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert not page.locator(".controls").first.is_visible()
    assert page.locator("table").is_visible()


def test_without_javascript_a_page_says_so_and_shows_the_spec(make_reader):
    page = make_reader(java_script_enabled=False).open("claim/steady.html")
    said = page.evaluate("getComputedStyle(document.querySelector('main'), '::before').content")
    assert "This page needs JavaScript." in said
    assert "def test_it_is_a_number():" in page.locator("figure pre").inner_text()


def test_the_matrix_of_all_records_is_painted_soon(real_reader, record_testsuite_property):
    page = real_reader.open("matrix.html")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    record_testsuite_property("first paint of the matrix, ms", round(paint))
    assert page.locator("tbody tr:not(.section)").count() == page.evaluate("LEDGER.claims.length")
    assert paint < 5000


def test_the_whole_site_is_small(real_site):
    files = [file for file in Path(real_site.removeprefix("file://")).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 2_000_000


def test_every_page_of_the_committed_records_opens_without_an_error(real_reader):
    page = real_reader.open("matrix.html")
    ids = page.evaluate("LEDGER.claims.map(claim => claim.id)")
    for id in ids[:: max(1, len(ids) // 25)]:
        assert real_reader.open(f"claim/{id}.html").locator("h1").inner_text() == id


def test_the_newest_comparisons_agree_with_the_command(real_reader):
    """The script in the page finds the same flips as `python -m ledger compare`."""
    registry, subjects = load_registry(ROOT / "specs"), load_subjects(ROOT / "records")
    for old, new in [("1.4", "1.5"), ("1.9", "2.0"), ("1.9", "2.6")]:
        expected = compare(registry, find_subject(subjects, old), find_subject(subjects, new))["claims"]
        page = real_reader.open(f"compare.html#old={old}&new={new}")
        shown = [link.get_attribute("href") for link in page.locator(".flips tbody th a").all()]
        assert sorted(shown) == sorted(f"claim/{flip['id']}.html" for flip in expected)
