"""The command `scripts/docs`."""

import re
import subprocess
import sys
from pathlib import Path

from .checking import findings

ROOT = Path(__file__).resolve().parents[2]


def main(root: Path = ROOT) -> int:
    """Build the site into `site/`, and check it.

    Args:
        root: the folder with `zensical.toml`.

    Returns:
        The exit code: 0 if all is well, 1 if there was a warning, or something is wrong with the built pages.
    """
    built = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict", "--clean"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if built.returncode:
        # What follows is the traceback with which Zensical ends after a warning. It colours every letter on its own.
        told = re.sub(r"\x1b\[[\d;]*m", "", built.stdout.partition("Traceback")[0])
        print(told, file=sys.stderr)
        return 1
    site = (root / "site").resolve()
    found = [*findings(site)]
    for line in found:
        print(f"scripts/docs: {line}", file=sys.stderr)
    if not found:
        print(f"site/ is built: {sum(1 for _ in site.rglob('*.html'))} pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
