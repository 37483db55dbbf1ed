"""Photograph a page in a browser: of a server on this machine, or a file."""

import io
from pathlib import Path

from .terminal import Theme

CHROMIUM = "/usr/bin/chromium"


def photograph(address: str, to: Path, theme: Theme, wait_for: str = "body") -> None:
    """Write a WebP of a page as a browser shows it.

    Args:
        address: the page's `http://` or `file://` address.
        to: the file.
        theme: what the page is told the reader prefers.
        wait_for: a CSS selector that has to be visible first.
    """
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=theme)
            page.goto(address, wait_until="load")
            page.locator(wait_for).first.wait_for()
            shot = page.screenshot(animations="disabled")
        finally:
            browser.close()
    with Image.open(io.BytesIO(shot)) as picture:
        picture.save(to, "WEBP", quality=90, method=6)
