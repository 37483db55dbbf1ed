"""The command `scripts/tables`."""

import argparse
import re
import sys
from pathlib import Path

from chainhub_video import MODELS

from . import models
from .answers import reading_tables
from .markdown import PageError

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/models.md", "docs/formats.md")

_BLOCK = re.compile(
    r"(<!-- begin: written by scripts/tables: ([^\n]+?) -->\n).*?(<!-- end -->\n)", re.DOTALL
)
_DESCRIPTION = """\
Write the tables of docs/models.md, and those of docs/formats.md that tell what is read from an answer, from the tables
in facade/chainhub_video/models.py and facade/chainhub_video/wire/answers.py. They stand between two comments, the
first of which says which table it is."""
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
        before = {name: (root / name).read_text("utf-8") for name in PAGES}
        after = _written(before)
        changed = [name for name in PAGES if after[name] != before[name]]
        for name in [] if check else changed:
            (root / name).write_text(after[name], "utf-8")
            print(f"written: {name}")
    except (PageError, OSError) as error:
        print(f"scripts/tables: {error}", file=sys.stderr)
        return 1
    if check:
        for name in changed:
            print(f"{name} is not what the code's tables say: run scripts/tables", file=sys.stderr)
        return 1 if changed else 0
    return 0


def _written(pages: dict[str, str]) -> dict[str, str]:
    """Return pages with what stands between their comments replaced.

    Raises:
        PageError: a table is missing or there twice, or a row of the models is in none or in several.
    """
    found: list[str] = []

    def block(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        found.append(name)
        return f"{begin}\n{_table(name)}\n{end}"

    after = {name: _BLOCK.sub(block, text) for name, text in pages.items()}
    for name in ("models", "answers"):
        if found.count(name) != 1:
            raise PageError(
                f"{' and '.join(pages)} must hold the table {name!r} once, between the lines "
                f"<!-- begin: written by scripts/tables: {name} --> and <!-- end -->"
            )
    for row in MODELS:
        if sum(row in models.rows_of(name) for name in found) != 1:
            raise PageError(
                f"docs/models.md must tell of the {row.format} row of {row.name} in one table: add the lines "
                f"<!-- begin: written by scripts/tables: {row.format} {row.name} --> and <!-- end -->"
            )
    return after


def _table(name: str) -> str:
    if name == "models":
        return models.overview()
    return reading_tables() if name == "answers" else models.told_together(models.rows_of(name))


if __name__ == "__main__":
    sys.exit(main())
