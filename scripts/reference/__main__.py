"""The command `scripts/tables`."""

import argparse
import sys
from pathlib import Path

from .markdown import PageError
from .models_page import models_page
from .reading import reading_tables

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- begin: written by scripts/tables -->"
END = "<!-- end: written by scripts/tables -->"

_DESCRIPTION = """\
Write docs/models.md, and the tables of docs/formats.md that tell what is read from an answer, from the
tables in facade/chainhub_video/models.py and facade/chainhub_video/wire/answers.py."""
_CODES = """\
exit codes: 0 all is well; 1 a page is not what the tables say (--check), or cannot be read or written;
2 the command line is wrong"""


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Args:
        arguments: the command line, without the program's name; that of the process if None.
        root: the folder that holds `docs`.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="scripts/tables", description=_DESCRIPTION, epilog=_CODES)
    parser.add_argument("--check", action="store_true", help="compare only, and write nothing")
    check = parser.parse_args(arguments).check
    try:
        changed = [name for name, text in _pages(root).items() if _read(root / name) != text]
        if not check:
            for name in changed:
                (root / name).write_text(_pages(root)[name], "utf-8")
                print(f"written: {name}")
    except (PageError, OSError) as error:
        print(f"scripts/tables: {error}", file=sys.stderr)
        return 1
    if check:
        for name in changed:
            print(f"{name} is not what the code's tables say: run scripts/tables", file=sys.stderr)
        return 1 if changed else 0
    return 0


def _pages(root: Path) -> dict[str, str]:
    """Return each page as it must be, by its name."""
    return {
        "docs/models.md": models_page(),
        "docs/formats.md": _with_tables(root / "docs/formats.md", reading_tables()),
    }


def _read(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", "replace") if path.exists() else None


def _with_tables(path: Path, tables: str) -> str:
    """Return a page with what is between its two markers replaced.

    Raises:
        PageError: a marker is missing, given twice, or in the wrong order.
    """
    before, begin, rest = (_read(path) or "").partition(f"{BEGIN}\n")
    _old, end, after = rest.partition(f"{END}\n")
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise PageError(
            f"{path} must hold the line {BEGIN} once, and the line {END} once below it: put them around the tables"
        )
    return f"{before}{begin}{tables}{end}{after}"


if __name__ == "__main__":
    sys.exit(main())
