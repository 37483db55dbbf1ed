"""The command `scripts/release`."""

import argparse
import subprocess
import sys
from pathlib import Path

from .readiness import NotReady, check
from .trying import build, interpreters, try_out

_DESCRIPTION = """\
Build the distributions into dist/, check them, install each into an empty environment of every supported Python that
is here, make a video there, and then make the tag v<version>. It uploads nothing and pushes nothing: pushing the tag
is what publishes (.github/workflows/release.yml)."""
_CODES = """\
exit codes: 0 all is well; 1 this checkout cannot be released, or what was built does not work; 2 the command line is
wrong"""


def main() -> int:
    """Run the command in the working directory, which is the checkout.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="scripts/release", description=_DESCRIPTION, epilog=_CODES
    )
    parser.add_argument(
        "--check", action="store_true", help="only tell whether a release can be made"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="do everything but the tag, which may be there"
    )
    chosen = parser.parse_args()
    root = Path.cwd()
    try:
        version = check(root, tag=not chosen.dry_run)
        print(f"chainhub-video {version} can be released")
        if chosen.check:
            return 0
        built = build(root)
        pythons = interpreters()
        for python in pythons:
            for each in built:
                print(f"{each.name} with {python}", flush=True)
                try_out(each, python, version)
        if not pythons:
            raise NotReady("no supported Python was found to try it with")
        if not chosen.dry_run:
            subprocess.run(
                [
                    "git",
                    "tag",
                    "--annotate",
                    f"v{version}",
                    "--message",
                    f"chainhub-video {version}",
                ],
                cwd=root,
                check=True,
            )
            print(f"tagged v{version}; to publish it: git push origin v{version}")
    except (NotReady, subprocess.CalledProcessError) as error:
        for line in str(error).splitlines():
            print(f"scripts/release: {line}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
