"""The command `scripts/pictures`."""

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from chainhub_sandbox import Sandbox

from .page import gallery, sandbox_page
from .terminal import THEMES, draw, screen_of

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"


def main() -> int:
    """Take the pictures.

    Returns:
        The exit code, always 0; what cannot be had raises.
    """
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__)
    parser.add_argument(
        "--sandbox-page", metavar="URL", help="photograph this page of a running sandbox, too"
    )
    parser.add_argument("--gallery", metavar="FILE", type=Path, help="photograph this gallery, too")
    chosen = parser.parse_args()
    live_view(PICTURES)
    if chosen.sandbox_page:
        sandbox_page(chosen.sandbox_page, PICTURES)
    if chosen.gallery:
        gallery(chosen.gallery, PICTURES)
    return 0


def live_view(folder: Path) -> None:
    """Draw the live table of a batch while its first rows are saved and the others are under way.

    Args:
        folder: where `live-light.svg` and `live-dark.svg` go.
    """
    command = Path(sys.executable).with_name("chainhub-video")
    with tempfile.TemporaryDirectory() as made, Sandbox(fast=True, pace=2) as gateway:
        shutil.copytree(ROOT / "examples", Path(made) / "examples")
        (Path(made) / "run").write_text(
            "printf '$ chainhub-video batch run examples/batch.csv --out videos --rate 30\\n'\n"
            f'"{command}" batch run examples/batch.csv --out videos --rate 30\n'
        )
        screen = screen_of(
            "bash run",
            lambda text: (
                bool(re.search(r"\b1 saved", text)) and len(re.findall(r"\d+%", text)) >= 3
            ),
            folder=Path(made),
            environment={"CHAINHUB_API_KEY": "sandbox", "CHAINHUB_BASE_URL": gateway.url},
        )
    for theme in THEMES:
        draw(screen, folder / f"live-{theme}.svg", theme)


if __name__ == "__main__":
    sys.exit(main())
