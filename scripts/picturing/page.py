"""Photograph a page in a browser: of a server on this machine, or a file."""

import io
from pathlib import Path

from .terminal import Theme

CHROMIUM = "/usr/bin/chromium"
LIMIT = 150_000  # bytes of a picture


def photograph(
    address: str,
    to: Path,
    *,
    theme: Theme = "light",
    size: tuple[int, int] = (1280, 800),
    wait_for: str = "body",
) -> None:
    """Write a WebP of a page as a browser shows it.

    Args:
        address: the page's `http://` or `file://` address.
        to: the file; no larger than 150 kB.
        theme: what the page is told the reader prefers.
        size: width and height of the window, in CSS pixels.
        wait_for: a CSS selector that has to be visible first.

    Raises:
        ValueError: the picture cannot be made that small.
    """
    from PIL import Image
    from playwright.sync_api import sync_playwright

    width, height = size
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            page.goto(address, wait_until="load")
            page.locator(wait_for).first.wait_for()
            shot = page.screenshot(animations="disabled")
        finally:
            browser.close()
    with Image.open(io.BytesIO(shot)) as picture:
        for quality in (90, 75, 60, 40):
            packed = io.BytesIO()
            picture.save(packed, "WEBP", quality=quality, method=6)
            if packed.tell() <= LIMIT:
                to.write_bytes(packed.getvalue())
                return
    raise ValueError(
        f"{to.name} is over {LIMIT:,} bytes even at quality 40: photograph less of the page"
    )
