"""The page in a real browser, from the disk: it plays, filters and sorts, by mouse and by keyboard."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chainhub_video.gallery.writing import write_gallery
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the module, not longer: its event loop would be in the way of others."""
    expect.set_options(timeout=30_000)
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address(happened: Path) -> str:
    """The page of the folder in which everything has happened."""
    return write_gallery(happened).path.as_uri()


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The page, in a window of its own."""
    with window(browser, address, viewport=WIDE, color_scheme="light") as page:
        yield page


@contextmanager
def window(browser: Browser, address: str, **settings: Any) -> Iterator[Page]:
    """Open a page, which must log nothing and ask for nothing but videos of its folder."""
    context = browser.new_context(**settings)
    try:
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        yield page
        folder = address.rpartition("/")[0] + "/"
        assert said == []
        assert [url for url in asked if not url.startswith((folder, "data:image/webp;"))] == []
    finally:
        context.close()


def names(page: Page) -> list[str]:
    """The names of the cards that are shown, in their order."""
    return page.locator(".card h2").all_text_contents()


def link(page: Page, name: str) -> Any:
    """The link that plays a video."""
    return page.get_by_role("link", name=f"Play {name}", exact=True)


def plays(page: Page, selector: str) -> None:
    """Wait until a video moves."""
    page.wait_for_function(
        "selector => { const video = document.querySelector(selector);"
        " return video && !video.paused && video.currentTime > 0 }",
        arg=selector,
    )


def test_it_plays_while_it_is_pointed_at(opened: Page) -> None:
    """Hovering plays without sound and in a loop; leaving takes the video away. Posters come where one looks."""
    expect(opened.locator(".card a.frame img")).to_have_count(4)
    link(opened, "kitten.mp4").hover()
    plays(opened, "video.preview")
    video = opened.locator("video.preview")
    assert video.evaluate("video => [video.muted, video.loop]") == [True, True]
    opened.locator("h1").hover()
    expect(opened.locator("video")).to_have_count(0)


def test_the_keyboard_does_all_of_it(opened: Page) -> None:
    """The focus plays, Enter opens the player with controls, Escape closes it and gives the focus back."""
    order = opened.get_by_label("Sort by")
    order.select_option("Name")
    opened.locator(".state input").last.focus()
    opened.keyboard.press("Tab")
    first = opened.evaluate("document.activeElement.getAttribute('aria-label')")
    assert first == "Play alone.MP4"
    plays(opened, "video.preview")
    opened.keyboard.press("Enter")
    player = opened.get_by_role("dialog", name="alone.MP4")
    expect(player).to_be_visible()
    plays(opened, "dialog video")
    video = opened.locator("dialog video")
    assert video.evaluate("video => [video.controls, video.muted]") == [True, False]
    player.get_by_role("button", name="Next").press("Enter")
    expect(opened.get_by_role("dialog", name="kitten.mp4")).to_be_visible()
    plays(opened, "dialog video")
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("dialog")).to_have_count(0)
    assert opened.evaluate("document.activeElement.getAttribute('aria-label')") == "Play kitten.mp4"


def test_it_filters_and_counts(opened: Page) -> None:
    """Words, states and the model narrow it down; the count follows, and nothing is an answer too."""
    count, words = opened.get_by_role("status"), opened.get_by_label("Search")
    expect(count).to_have_text("9 shown")
    words.fill("KITTEN rain")
    assert names(opened) == ["kitten.mp4"]
    expect(count).to_have_text("1 of 9 shown")
    words.fill("חתול")
    assert names(opened) == ["sub/deep/hebrew.mp4"]
    words.fill("")
    opened.get_by_label("Model", exact=True).select_option("grok-video-3")
    expect(count).to_have_text("8 of 9 shown")
    for state in ("Saved", "Running", "Failed", "Missing", "Unusable"):
        opened.get_by_label(state).uncheck()
    assert names(opened) == ["lost answer.mp4"]
    opened.get_by_label("Uncertain").uncheck()
    expect(opened.get_by_text("Nothing matches.")).to_be_visible()
    opened.get_by_role("button", name="Show everything").click()
    expect(count).to_have_text("9 shown")


def test_it_sorts(opened: Page) -> None:
    """By time, name, duration and time taken; what has none of these comes last."""
    assert names(opened)[0] == "alone.MP4"  # the newest file
    order = opened.get_by_label("Sort by")
    order.select_option("Name")
    by_name = names(opened)
    assert by_name == sorted(by_name, key=str.lower)
    order.select_option("Duration")
    seconds = [float(text) for text in _data(opened, "seconds") if text]
    assert len(seconds) == 4
    assert seconds == sorted(seconds, reverse=True)
    order.select_option("Time taken")
    assert names(opened)[-1] in ("alone.MP4", "lost answer.mp4", "under way.mp4")
    order.select_option("Model")
    assert names(opened)[-1] == "alone.MP4"


def _data(page: Page, name: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        ".card", "(cards, name) => cards.map(card => card.dataset[name] ?? '')", name
    )
    assert not any(found[len([each for each in found if each]) :])
    return found


def test_a_long_prompt_is_shown_whole_on_demand(opened: Page) -> None:
    """The button says whether it is open, and the whole text can be seen then."""
    prompt = opened.locator(".card", has=opened.get_by_role("heading", name="kitten.mp4")).locator(
        ".prompt"
    )
    cut = "element => element.scrollHeight > element.clientHeight + 2"
    assert prompt.evaluate(cut)
    opened.get_by_role("button", name="Whole prompt").click()
    expect(opened.get_by_role("button", name="Shorter")).to_have_attribute("aria-expanded", "true")
    assert not prompt.evaluate(cut)


def test_everybody_can_use_it(browser: Browser, address: str, opened: Page) -> None:
    """Axe finds nothing wrong in light, nor on a narrow screen in the dark before and after a video is opened."""
    judge(opened)
    with window(browser, address, viewport=NARROW, color_scheme="dark") as page:
        judge(page)
        link(page, "kitten.mp4").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        judge(page, "dialog")


def judge(page: Page, context: str | None = None) -> None:
    """Have axe judge the page, or a part of it."""
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    report = Axe().run(page, context=context)
    assert report.violations_count == 0, report.generate_report()


def test_nothing_moves_where_that_is_asked_for(browser: Browser, address: str) -> None:
    """With reduced motion only the player plays."""
    with window(browser, address, viewport=WIDE, reduced_motion="reduce") as page:
        link(page, "kitten.mp4").hover()
        page.wait_for_timeout(300)  # more than the pause before a preview
        expect(page.locator("video")).to_have_count(0)
        link(page, "kitten.mp4").click()
        plays(page, "dialog video")


def test_without_posters_the_browser_finds_a_picture(
    browser: Browser, clip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where PyAV is missing, what is in sight shows its own first frame; an empty folder has words instead."""
    with window(browser, write_gallery(tmp_path).path.as_uri()) as page:
        expect(page.get_by_text("There are no videos and no receipts")).to_be_visible()
        expect(page.get_by_role("search")).to_have_count(0)
    (tmp_path / "a #1.mp4").write_bytes(clip)
    monkeypatch.setitem(sys.modules, "av", None)
    written = write_gallery(tmp_path)
    assert written.posters == 0
    with window(browser, written.path.as_uri()) as page:
        page.wait_for_function("() => document.querySelector('video.still')?.readyState >= 2")
        assert page.locator("video.still").evaluate("video => video.paused")
