"""Record scenarios as cassettes, from the sandbox, or with --live from a real gateway."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .cassette import Unreadable, read
from .scenarios import SCENARIOS

CASSETTES = Path(__file__).parents[2] / "tests" / "cassettes"


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    options = _options(argv)
    if options.list:
        _list(options.to)
        return 0
    from .session import run  # the sandbox is slow to import, and of no use to a list

    return run(options)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/record", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios (default: all)")
    parser.add_argument(
        "--list", action="store_true", help="print the scenarios and their cassettes, and end"
    )
    parser.add_argument(
        "--to",
        type=Path,
        default=CASSETTES,
        metavar="DIR",
        help="where the cassettes go (default: tests/cassettes)",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="from the gateway of CHAINHUB_BASE_URL (default: production), with CHAINHUB_API_KEY",
    )
    parser.add_argument(
        "--yes-spend", type=_count, metavar="N", help="with --live: the creates that may be charged"
    )
    return parser.parse_args(argv)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of creates")
    return int(text)


def _list(folder: Path) -> None:
    print(
        f"{'scenario':24}{'charged':>8}  {'live':6}{'recorded':40}{'interactions':>12}  what happens"
    )
    for name, scenario in SCENARIOS.items():
        source, count = _recorded(folder / f"{name}.yaml")
        live = "no" if scenario.not_live else "yes"
        print(f"{name:24}{scenario.charged:>8}  {live:6}{source:40}{count:>12}  {scenario.does}")


def _recorded(path: Path) -> tuple[str, str]:
    """Tell where, when and with what a cassette was recorded, and how many interactions it holds."""
    if not path.exists():
        return "-", "-"
    try:
        cassette = read(path)
    except Unreadable:
        return "unreadable", "-"
    head = cassette.head
    told = f"{head.get('source')}, {str(head.get('at'))[:10]}, {head.get('server') or head.get('client')}"
    return told, str(len(cassette.interactions))


if __name__ == "__main__":
    sys.exit(main())
