"""What a reader does with the site: search, filter, fold, compare, follow a link, switch the language."""

from __future__ import annotations

import pytest


def texts(page, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def choose(page, name: str, value: str) -> None:
    page.locator(f"select[data-param={name}]").select_option(value)


def rows(page) -> dict[str, str]:
    """The matrix as it is seen: claim → its signs."""
    return {
        row.locator("th a").inner_text(): "".join(row.locator("td").all_inner_texts())
        for row in page.locator("tbody tr:not(.section)").all()
    }


def test_the_tutorial_says_what_holds_on_the_newest_release(reader):
    page = reader.open("index.html")
    assert texts(page, ".card h3") == ["module.training_epoch_end", "trainer.bare-uses-gpu", "steady"]
    assert texts(page, ".card .badge") == ["✗ refuted", "✓ holds", "✓ holds"]
    assert texts(page, ".instead") == [
        "True instead: Use on_train_epoch_end: a training_epoch_end is an error. module.training_epoch_end.now"
    ]
    assert texts(page, ".spans")[0] == "✓ 1.8–1.9 holds ✗ 2.0–2.6 refuted"
    assert reader.state() == "#lang=en&release=2.6.6"


def test_another_release_is_chosen_and_stands_in_the_url(reader):
    page = reader.open("index.html")
    choose(page, "release", "1.9.5")
    assert texts(page, ".card .badge") == ["✓ holds", "✗ refuted", "✓ holds"]
    assert page.locator("#count").inner_text() == "On Lightning 1.9.5 (torch 2.13.0): 3 of 3 claims"
    page.go_back()
    assert texts(page, ".card .badge") == ["✗ refuted", "✓ holds", "✓ holds"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("is training_epoch_end still called?", "module.training_epoch_end"),
        ("bare Trainer() GPU", "trainer.bare-uses-gpu"),
        ("损失", "steady"),
        ("callback.nothing training_epoch_end", "module.training_epoch_end"),
    ],
)
def test_search_from_any_page_finds_the_claim_first(reader, query, first):
    page = reader.open("hooks.html")
    page.get_by_role("searchbox", name="Search the claims").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")
    assert texts(page, ".card h3")[0] == first


def test_search_says_when_it_found_nothing_or_not_all(reader):
    page = reader.open("index.html#q=quux")
    assert texts(page, "#view") == ["No claim matches. Take a filter away."]
    page = reader.open("index.html#q=quux+loss")
    assert page.locator("#count").inner_text().endswith("No claim has all the words; 1 come near")


def test_the_matrix_shows_every_claim_on_every_line(reader):
    page = reader.open("matrix.html")
    assert texts(page, "thead th") == ["Claim", "1.8", "1.9", "2.0", "2.6"]
    assert rows(page) == {
        "module.training_epoch_end": "✓✓✗✗",
        "module.training_epoch_end.now": "✗✗✓✓",
        "trainer.bare-uses-gpu": "✗✗✓✓",
        "trainer.bare-uses-gpu.not": "✓✓✗✗",
        "steady": "✓✓✓✓",
    }
    assert page.locator("td").first.get_attribute("aria-label") == "holds"


def test_the_matrix_is_filtered_by_text_change_verdict_and_device(reader):
    page = reader.open("matrix.html")
    page.get_by_label("Text").fill("trainer")
    assert list(rows(page)) == ["trainer.bare-uses-gpu", "trainer.bare-uses-gpu.not"]
    choose(page, "verdict", "holds")
    choose(page, "in", "2.6.6")
    assert list(rows(page)) == ["trainer.bare-uses-gpu"]
    assert page.locator("#count").inner_text() == "1 of 5 claims"
    assert reader.state() == "#lang=en&q=trainer&verdict=holds&in=2.6.6"
    page = reader.open("matrix.html#changing=1")
    assert "steady" not in rows(page)
    choose(page, "device", "cuda")
    assert rows(page) == {}


def test_older_torch_is_a_column_of_its_own(reader):
    page = reader.open("matrix.html#controls=1")
    assert texts(page, "thead th") == ["Claim", "1.8", "1.9 1.13", "1.9", "2.0", "2.6"]


def test_sections_fold_by_keyboard_and_the_url_remembers(reader):
    page = reader.open("matrix.html")
    page.get_by_role("button", name="Part 2: Hooks").focus()
    page.keyboard.press("Enter")
    assert (rows(page), reader.state()) == ({}, "#lang=en&fold=hooks")
    folded = page.get_by_role("button", name="Part 2: Hooks")
    assert folded.get_attribute("aria-expanded") == "false"
    assert folded.evaluate("button => button === document.activeElement")
    page.get_by_role("button", name="Unfold all").click()
    assert len(rows(page)) == 5


def test_two_releases_side_by_side(reader):
    page = reader.open("compare.html#old=1.9&new=2.0")
    assert texts(page, ".flips tbody th a") == ["module.training_epoch_end", "trainer.bare-uses-gpu.not"]
    assert texts(page, ".flips td .badge") == ["✓ holds", "✗ refuted"] * 2
    assert texts(page, ".flips .instead a") == ["module.training_epoch_end.now", "trainer.bare-uses-gpu"]
    changed = [text for text in texts(page, ".order tbody tr") if text.endswith(("moved", "gone", "new"))]
    assert changed == [
        "module.training_epoch_end − gone",
        "callback.on_train_epoch_end ↕ moved",
        "callback.on_train_epoch_end ↕ moved",
        "module.on_train_epoch_end + new",
    ]
    assert texts(page, "#arguments tbody tr") == [
        "devices 'auto' + new",
        "gpus None − gone",
        "max_epochs 1000 None ~ default changed",
    ]


def test_what_a_gpu_was_measured_to_do_is_told_with_its_torch(reader):
    page = reader.open("index.html#device=cuda")
    assert page.locator("#view > p").inner_text() == "cuda was measured with torch 2.11.0 and Python 3.12"
    assert texts(page, "article .said .badge")[0] == "✗ refuted"
    page = reader.open("index.html#device=cuda&release=2.0.9")
    assert page.locator("#view > p").inner_text() == "cuda was not there: no GPU"
    assert set(texts(page, "article .said .badge")) == {"– untested"}
    measured = "cuda was measured with torch 2.11.0 and Python 3.12"
    assert measured in reader.open("claim/module.training_epoch_end.html").locator("main").inner_text()
    assert measured not in reader.open("claim/module.training_epoch_end.now.html").locator("main").inner_text()


def test_a_device_that_only_one_release_was_measured_on_is_not_compared(reader):
    page = reader.open("compare.html#old=2.0&new=2.6&device=cuda")
    assert texts(page, "#flips p") == [
        "On cuda not both were measured, so nothing is compared there.",
        "No verdict changes.",
    ]


def test_a_comparison_is_swapped_and_shown_whole(reader):
    page = reader.open("compare.html#old=1.9.5&new=2.0.9&run=fit")
    page.get_by_role("button", name="Swap").click()
    page.get_by_label("Show the whole order").check()
    assert reader.state() == "#old=2.0.9&new=1.9.5&run=fit&lang=en&whole=1"
    assert texts(page, ".order tbody tr")[0] == "datamodule.setup datamodule.setup"


def test_what_stays_the_same_is_said(reader):
    page = reader.open("compare.html#old=2.0.9&new=2.6.6")
    said = page.locator("main").inner_text()
    for text in ("No verdict changes.", "The order is the same.", "No argument changes."):
        assert text in said


def test_the_order_of_a_fit_stands_in_lanes_and_repeats_are_folded(reader):
    page = reader.open("hooks.html#release=2.6.6")
    assert texts(page, ".lane-heads span") == ["Trainer and optimizer", "Callback", "LightningModule", "Data module"]
    assert page.locator(".lanes > .event").all_text_contents() == ["datamodule.setup"]
    assert texts(page, ".lanes summary:visible") == ["epoch 0", "train batch 0", "again in the same order: × 2"]
    assert page.locator(".event.lane-0").first.inner_text() == "optimizer.step"
    choose(page, "run", "validate")
    assert page.locator("#count").inner_text() == "validate on Lightning 2.6.6, cpu: 3 events"


def test_a_claim_shows_its_evidence(reader):
    page = reader.open("claim/module.training_epoch_end.html#release=1.9.5")
    assert texts(page, ".strip tbody tr") == ["cpu ✓ ✓ ✓ ✗ ✗", "cuda – – – – ✗", "sim ✓ ✓ ✓ ✗ ✗"]
    assert texts(page, ".trace mark") == ["module.training_epoch_end"]
    assert "The change lies between 1.9.5 and 2.0.0 (these two were not run)" in page.locator("main").inner_text()
    assert "pytest --claim module.training_epoch_end" in page.locator("pre").last.inner_text()
    choose(page, "release", "2.6.6")
    assert page.locator(".trace").count() == 0
    assert "No recorded run calls what this claim is about" in page.locator("main").inner_text()


def test_what_an_era_notes_is_told_in_both_languages(reader):
    page = reader.open("claim/trainer.bare-uses-gpu.html")
    assert texts(page, ".eras li:has(.instead) .why") == ["(<b>)"]
    page = reader.open("claim/trainer.bare-uses-gpu.html#lang=zh")
    assert texts(page, ".eras li:has(.instead) .why") == ["(b)"]
    assert page.locator(".why code").all_inner_texts() == ["b"]


def test_a_claim_shows_its_spec_and_what_the_spec_leans_on(reader):
    page = reader.open("claim/steady.html")
    assert texts(page, "figcaption") == ["specs/hooks/it_spec.py:8"]
    assert "def test_it_is_a_number():" in page.locator("figure pre").inner_text()
    assert texts(page, "main > table tr") == ["loss 1.8 – 1.9 0.5", "2.0 – 2.6 1.5"]
    page.get_by_text("What it leans on").click()
    page.get_by_text("def helper():").wait_for()
    helper = page.locator("details pre")
    assert helper.locator("b").all_inner_texts() == ["def", "return"]
    assert helper.locator("u").all_inner_texts() == ["helper"]
    assert helper.locator("i").all_inner_texts() == ["'<b>'"]


def test_what_the_trainer_costs_is_a_plot_and_a_table(reader):
    page = reader.open("index.html")
    page.get_by_role("link", name="Performance", exact=True).click()
    page.wait_for_selector(".plot")
    assert texts(page, "h1, h2") == [
        "Performance",
        "One step: 3 units, batches of 2",
        "A whole fit: 3 units, 64 batches of 2",
    ]
    assert page.get_by_role("img", name="One step: 3 units, batches of 2").count() == 1
    assert page.locator(".plot").first.locator("g g").count() == 4
    assert page.locator(".plot title").first.text_content() == "Lightning 1.9.5, torch 1.13.1: 2.00 × (1.50–3.00)"
    assert texts(page, ".plots p")[0] == (
        "Between 2.00 × (Lightning 1.9.5, torch 1.13.1) and 5.00 × (Lightning 2.6.6, torch 2.13.0)."
    )
    assert texts(page, ".ratios tbody tr")[-1] == (
        "2.6.6 2.13.0 Python 3.11 5.00 × 4.50–6.00 500 / 100 µs 10.00 × 5.00–15.00 50 / 5 ms"
    )


def test_a_link_to_one_comparison_in_chinese(reader):
    page = reader.open("performance.html#lang=zh")
    assert texts(page, "h2")[0] == "一步：3 个单元，每批 2 个样本"
    assert texts(page, ".plots p")[0].startswith("介于 2.00 ×（Lightning 1.9.5，torch 1.13.1）与 5.00 ×")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page = reader.open("performance.html#fit-3-units-64-batches-of-2")
    assert reader.state() == "#fit-3-units-64-batches-of-2"
    assert page.locator("#fit-3-units-64-batches-of-2").is_visible()


def test_the_language_is_switched_carried_along_and_remembered(reader):
    page = reader.open("index.html")
    page.get_by_role("button", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert texts(page, ".card .badge") == ["✗ 被推翻", "✓ 成立", "✓ 成立"]
    page.locator(".card h3 a").first.click()
    page.wait_for_selector(".statement")
    assert reader.state() == "#lang=zh&release=2.6.6"
    assert page.locator(".statement").inner_text().strip() == "training_epoch_end 每轮调用一次，得到全部输出。"
    again = reader.watched(reader.context.new_page())
    again.goto(f"{reader.base}/matrix.html")
    assert texts(again, "h1") == ["矩阵"]


def test_a_browser_in_chinese_gets_chinese_and_a_link_in_english_stays_english(make_reader):
    chinese = make_reader(locale="zh-CN")
    assert texts(chinese.open("matrix.html"), "h1") == ["矩阵"]
    assert texts(chinese.open("matrix.html#lang=en"), "h1") == ["Matrix"]


def test_the_keyboard_reaches_the_content_at_once(reader):
    page = reader.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert reader.state() == "#lang=en&release=2.6.6"
