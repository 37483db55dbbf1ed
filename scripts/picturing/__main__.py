"""The command `scripts/pictures`."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub

from .page import photograph
from .terminal import THEMES, draw, screen_of

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
COMMAND = Path(sys.executable).with_name("chainhub-video")


def main() -> int:
    """Take the pictures.

    Returns:
        The exit code, always 0; what cannot be had raises.
    """
    parser = argparse.ArgumentParser(
        prog="scripts/pictures", description="Take the documentation's pictures anew."
    )
    parser.add_argument("what", nargs="*", help=f"of {', '.join(TAKEN)}; all if none is named")
    for name in parser.parse_args().what or TAKEN:
        if name not in TAKEN:
            parser.error(f"there is no picture {name!r}; there are {', '.join(TAKEN)}")
        with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
            shutil.copytree(ROOT / "examples", Path(folder) / "examples")
            TAKEN[name](Path(folder))
    return 0


def live_view(folder: Path) -> None:
    """Draw the live table of a batch while its first row is saved and the others are under way.

    Args:
        folder: an empty one, but for the examples.
    """
    (folder / "run").write_text(
        "printf '$ chainhub-video batch run examples/batch.csv --out videos --rate 30\\n'\n"
        f'"{COMMAND}" batch run examples/batch.csv --out videos --rate 30\n'
    )
    with Sandbox(fast=True, pace=2) as gateway:
        screen = screen_of(
            "bash run",
            lambda text: (
                bool(re.search(r"\b1 saved", text)) and len(re.findall(r"\d+%", text)) >= 4
            ),
            folder=folder,
            environment=_environment(gateway),
        )
    for theme in THEMES:
        draw(screen, PICTURES / f"live-{theme}.svg", theme)


def sandbox_page(folder: Path) -> None:
    """Photograph the sandbox's page, with tasks that have ended and one that is under way.

    Args:
        folder: an empty one, but for the examples.
    """
    asked: dict[str, Any] = {"model": "grok-video-3", "aspect_ratio": "3:2"}
    with (
        Sandbox(fast=True) as gateway,
        ChainHub(base_url=gateway.url, api_key="sandbox", inline_images=True) as hub,
    ):
        picture = folder / "examples" / "kitten.png"
        hub.videos.wait(hub.videos.create("A fox in the snow", **asked))
        hub.videos.wait(hub.videos.create("A kitten is eating fish", **asked, image=picture))
        gateway.hold()
        hub.videos.create("A horse at night", **asked)
        for theme in THEMES:
            photograph(gateway.url, PICTURES / f"sandbox-{theme}.webp", theme, wait_for="video")


def gallery(folder: Path) -> None:
    """Photograph the gallery of a batch.

    Args:
        folder: an empty one, but for the examples.
    """
    with Sandbox(fast=True) as gateway:
        environment = {**os.environ, **_environment(gateway)}
        for words in ("batch run examples/batch.csv --out videos", "gallery videos"):
            subprocess.run([COMMAND, *words.split()], cwd=folder, env=environment, check=True)
    for theme in THEMES:
        page = (folder / "videos" / "index.html").as_uri()
        photograph(page, PICTURES / f"gallery-{theme}.webp", theme)


def _environment(gateway: Sandbox) -> dict[str, str]:
    return {"CHAINHUB_API_KEY": "sandbox", "CHAINHUB_BASE_URL": gateway.url}


TAKEN: Mapping[str, Callable[[Path], None]] = {
    "live": live_view,
    "sandbox": sandbox_page,
    "gallery": gallery,
}


if __name__ == "__main__":
    sys.exit(main())
