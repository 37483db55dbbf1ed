"""Record scenarios as cassettes, from the sandbox, or with --live from a real gateway."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from chainhub_video import ConfigurationError
from pipeline.report import PipelineError, count

from . import cassette
from .scenarios import SCENARIOS, Scenario

if TYPE_CHECKING:
    from .gateways import Origin

CASSETTES = Path(__file__).parents[2] / "tests" / "cassettes"
_DONE, _FAILED, _MISTAKE, _INTERRUPTED = 0, 1, 2, 130


class _Mistake(Exception):
    """Something on this side that must be put right first; nothing was sent."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.list:
            _list(options.to)
            return _DONE
        return _record(options)
    except (_Mistake, ConfigurationError) as error:
        return _say(str(error), _MISTAKE)
    except KeyboardInterrupt as stop:
        notes = getattr(stop, "__notes__", ())  # where the client says which task was paid for
        told = " ".join(["interrupted: the scenario under way was not kept", *notes])
        return _say(told, _INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/record", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="scenarios (default: all)")
    add("--list", action="store_true", help="print the scenarios and their cassettes, and end")
    add("--to", type=Path, default=CASSETTES, metavar="DIR",
        help="where the cassettes go (default: tests/cassettes)")  # fmt: skip
    add("--live", action="store_true",
        help="from the gateway of CHAINHUB_BASE_URL (default: production), with CHAINHUB_API_KEY")  # fmt: skip
    add("--yes-spend", type=int, metavar="N", help="with --live: the creates that may be charged")
    return parser


def _list(folder: Path) -> None:
    row = "{:24}{:>8}  {:6}{:40}{:>12}  {}"
    print(row.format("scenario", "charged", "live", "recorded", "interactions", "what happens"))
    for name, scenario in SCENARIOS.items():
        source, held = _recorded(folder / f"{name}.yaml")
        live = "no" if scenario.not_live else "yes"
        print(row.format(name, scenario.charged, live, source, held, scenario.does))


def _recorded(path: Path) -> tuple[str, str]:
    """Return where, when and with what a cassette was recorded, and how many interactions it holds."""
    if not path.exists():
        return "-", "-"
    try:
        tape = cassette.read(path)
    except PipelineError:
        return "unreadable", "-"
    head = tape.head
    told = f"{head.get('source')}, {str(head.get('at'))[:10]}, {head.get('server') or head.get('client')}"
    return told, str(len(tape.interactions))


def _chosen(names: Sequence[str]) -> list[Scenario]:
    for name in names:
        if name not in SCENARIOS:
            near = get_close_matches(name, SCENARIOS, 1)
            hint = f"did you mean {near[0]}?" if near else "scripts/record --list prints all"
            raise _Mistake(f"there is no scenario {name!r}: {hint}")
    return [SCENARIOS[name] for name in dict.fromkeys(names)] or list(SCENARIOS.values())


def _record(options: argparse.Namespace) -> int:
    """Record from the sandbox; live, say first what it would cost, and record if that much may be spent."""
    from .gateways import live, sandbox  # they are slow to import, and of no use to a list

    chosen = _chosen(options.names)
    if not options.live:
        if options.yes_spend is not None:
            raise _Mistake("--yes-spend is for --live: the sandbox charges nothing")
        return _record_all(chosen, options.to, sandbox)
    for scenario in chosen:
        if scenario.not_live and options.names:
            raise _Mistake(f"{scenario.name} cannot be recorded live: {scenario.not_live}")
    possible = [scenario for scenario in chosen if not scenario.not_live]
    origin = live()
    charged, allowed = sum(each.charged for each in possible), options.yes_spend or 0
    print(f"{count(charged, 'paid create')} at {origin.base_url}, at most:")
    for scenario in possible:
        print(f"  {scenario.name:24}{scenario.charged}")
    if charged > allowed:
        told = f"{count(charged, 'create')} may be charged, and --yes-spend allows {allowed}"
        raise _Mistake(f"{told}: nothing was sent")
    return _record_all(possible, options.to, lambda _: nullcontext(origin))


def _record_all(
    chosen: list[Scenario],
    folder: Path,
    gateway: Callable[[Scenario], AbstractContextManager[Origin]],
) -> int:
    from .play import ScenarioFailed
    from .record import record

    status = _DONE
    for scenario in chosen:
        path = folder / f"{scenario.name}.yaml"
        try:
            with gateway(scenario) as origin:
                made = record(scenario, origin)
            fate = cassette.write(path, made)
        except ScenarioFailed as error:
            print(f"{scenario.name:24}failed, nothing was written", flush=True)
            status = _say(str(error), _FAILED)
        except OSError as error:
            raise _Mistake(f"{folder} cannot be written ({error.strerror or error})") from error
        else:
            said = count(len(made.interactions), "interaction")
            size, source = path.stat().st_size, made.head["source"]
            print(f"{scenario.name:24}{source:9}{said:>15}{size:>9,} bytes  {fate}", flush=True)
    return status


def _say(message: str, status: int) -> int:
    print(f"scripts/record: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
