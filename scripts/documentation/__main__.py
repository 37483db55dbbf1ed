"""The command `scripts/docs`."""

import os
import subprocess
import sys
from pathlib import Path

from .checking import findings

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Build the site into `site/`, and check it.

    Returns:
        The exit code: 0 if all is well, 1 if there was a warning, or something is wrong with the built pages.
    """
    built = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict", "--clean"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if built.returncode:
        # What follows is the traceback with which Zensical ends after a warning.
        print(built.stdout.partition("Traceback")[0], file=sys.stderr)
        return 1
    site = (ROOT / "site").resolve()
    found = [*findings(site)]
    for line in found:
        print(f"scripts/docs: {line}", file=sys.stderr)
    if not found:
        print(f"site/ is built: {sum(1 for _ in site.rglob('*.html'))} pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
