"""Measure a gallery: how long it takes to write, and how soon Chromium shows it. `python -m benchmarks.gallery`."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from chainhub_sandbox.clips import Clip, render
from chainhub_sandbox.drawing import placeholder
from chainhub_video.gallery.writing import write_gallery
from chainhub_video.receipts.file import SUFFIX
from chainhub_video.receipts.receipt import Receipt, ReceiptState, fingerprint_of
from playwright.sync_api import sync_playwright

_CHROMIUM = "/usr/bin/chromium"
_CLIPS = 10  # different ones, which are copied
_MODELS = ("veo_3_1", "veo_3_1-fast", "grok-video-3")
_LOADS = 5
# Runs before the page's own script: notes when the form is offered, and when the first poster is there.
_WATCH = """
window.seen = {};
new MutationObserver(() => {
  const form = document.getElementById('controls');
  if (form && !form.hidden && !window.seen.usable) window.seen.usable = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});
document.addEventListener('load', (event) => {
  if (event.target.tagName === 'IMG') window.seen.poster ??= performance.now();
}, true);
"""
_READ = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  usable: window.seen.usable, poster: window.seen.poster,
})"""
_FILTER = """() => new Promise((done) => {
  const words = document.getElementById('words'), start = performance.now();
  words.value = 'number 7';
  words.dispatchEvent(new Event('input', {bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""
_SORT = """() => new Promise((done) => {
  const order = document.getElementById('order'), start = performance.now();
  order.value = 'name';
  order.dispatchEvent(new Event('input', {bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gallery", description=__doc__)
    parser.add_argument("--videos", type=int, default=500, metavar="N")
    count: int = parser.parse_args().videos
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        root = Path(folder)
        _fill(root, count)
        for words in ("first run, all posters new", "second run, all posters kept"):
            start = perf_counter()
            written = write_gallery(root)
            print(f"{words}: {perf_counter() - start:.2f} s ({written.made} posters made)")
        size = written.path.stat().st_size
        print(f"page: {size / 1e6:.2f} MB, {size / count / 1e3:.1f} kB a video")
        _look(written.path)
    return 0


def _fill(root: Path, count: int) -> None:
    """Write videos with their receipts."""
    clips = root.parent / f"{root.name}-clips"
    clips.mkdir()
    try:
        for number in range(min(_CLIPS, count)):
            words = f"Clip {number}, of a street in the rain"
            clip = Clip(1280, 720, 4, 24, "sandbox", words)
            render(clip, [placeholder(1280, 720, words)], clips / f"{number}.mp4", lambda: False)
        for number in range(count):
            video = root / f"video {number:04}.mp4"
            shutil.copyfile(clips / f"{number % _CLIPS}.mp4", video)
            _receipt(video, number)
    finally:
        shutil.rmtree(clips)


def _receipt(video: Path, number: int) -> None:
    model = _MODELS[number % len(_MODELS)]
    prompt = (
        f"Video number {number}: a street in the rain, lights in the windows, a quiet camera. " * 2
    )
    request: dict[str, Any] = {"prompt": prompt, "model": model}
    receipt = Receipt(
        state=ReceiptState.SAVED,
        fingerprint=fingerprint_of(request),
        request=request,
        times={
            "submitting": f"2026-01-01T{number // 60:02}:{number % 60:02}:00+00:00",
            "saved": f"2026-01-01T{number // 60:02}:{number % 60:02}:59+00:00",
        },
        task={"id": f"task-{number}", "format": "unified", "model": model},
        result={
            "size": video.stat().st_size,
            "sha256": hashlib.sha256(video.read_bytes()).hexdigest(),
        },
    )
    video.with_name(video.name + SUFFIX).write_text(receipt.to_json())


def _look(page: Path) -> None:
    """Open the page several times, each in a new window, and print the medians."""
    figures: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        for _ in range(_LOADS):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            window = context.new_page()
            window.add_init_script(_WATCH)
            window.goto(page.as_uri())
            window.wait_for_function("() => window.seen.poster && window.seen.usable")
            seen = dict(window.evaluate(_READ))
            seen |= {"filter": window.evaluate(_FILTER), "sort": window.evaluate(_SORT)}
            for name, value in seen.items():
                figures.setdefault(name, []).append(value)
            context.close()
        browser.close()
    names = {
        "paint": "first contentful paint",
        "usable": "filters can be used",
        "poster": "first poster is there",
        "filter": "a filter, until the next frame",
        "sort": "another order, until the next frame",
    }
    for key, name in names.items():
        values = sorted(figures[key])
        print(f"{name}: {values[len(values) // 2]:.0f} ms ({values[0]:.0f} to {values[-1]:.0f})")


if __name__ == "__main__":
    sys.exit(main())
