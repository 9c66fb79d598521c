"""Questions that a reader of the site answers with one search or at most three clicks, on the committed records."""

from __future__ import annotations


def texts(page, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def search(page, query: str) -> None:
    page.get_by_role("searchbox", name="Search the claims").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")


def compare(page, old: str, new: str) -> None:
    """Three clicks: the page, and the two releases."""
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_selector("#arguments table")
    page.locator("select[data-param=old]").select_option(label=old)
    page.locator("select[data-param=new]").select_option(label=new)


def test_is_training_epoch_end_still_called_and_what_to_use_now(real_reader):
    page = real_reader.open("index.html")
    search(page, "is training_epoch_end still called?")
    first = page.locator(".card").first
    assert "✗ refuted" in first.locator(".badge").inner_text()
    assert "on_train_epoch_end" in first.locator(".instead").inner_text()
    assert "✗ 2.0–2.6 refuted" in " ".join(first.locator(".spans").inner_text().split())


def test_did_validation_move_relative_to_the_end_of_the_train_epoch(real_reader):
    page = real_reader.open("index.html")
    compare(page, "1.3", "1.4")
    moved = [text for text in texts(page, ".order tr.moved") if "on_train_epoch_end" in text]
    assert moved
    compare(page, "2.5", "2.6")
    assert [text for text in texts(page, ".order tr.moved") if "on_train_epoch_end" in text] == []


def test_does_a_bare_trainer_use_the_gpu(real_reader):
    page = real_reader.open("index.html")
    search(page, "does a bare Trainer() use my GPU?")
    found = dict(zip(texts(page, ".card h3"), texts(page, ".card")))
    assert list(found)[0] == "install.otherwise-gpu"
    assert "✗ 1.0–1.9 refuted ✓ 2.0–2.6 holds" in found["install.otherwise-gpu"]


def test_what_moving_to_the_newest_line_changes_for_callbacks(real_reader):
    page = real_reader.open("compare.html#section=callback")
    compare(page, "1.9", "2.6")
    changed = texts(page, ".flips tbody th a")
    assert "callback.hook-on_validation_batch_start" in changed
    refuted = [text for text in texts(page, ".flips td:last-child") if "✗ refuted" in text]
    assert refuted
    assert all("True instead" in text for text in refuted)
