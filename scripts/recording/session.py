"""One run of the command: which scenarios, what they may cost, and what became of each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from chainhub_video import ConfigurationError

from . import cassette, sources
from .playing import ScenarioFailed
from .recorder import record
from .scenarios import SCENARIOS, Scenario

_DONE, _FAILED, _MISTAKE = 0, 1, 2


class _Mistake(Exception):
    """Something on this side that must be put right first; nothing was sent."""


def run(options: argparse.Namespace) -> int:
    """Record what the command line asks for, and return the exit status.

    Args:
        options: `names`, `to`, `live`, `yes_spend`.
    """
    try:
        chosen = _chosen(options.names)
        if options.live:
            return _record_live(chosen, options)
        if options.yes_spend is not None:
            raise _Mistake("--yes-spend is for --live: the sandbox charges nothing")
        return _record_all(chosen, options.to, None)
    except (_Mistake, ConfigurationError) as error:
        return _say(str(error), _MISTAKE)
    except KeyboardInterrupt as stop:
        notes = getattr(stop, "__notes__", ())  # where the client says which task was paid for
        return _say(" ".join(["interrupted: the scenario under way was not kept", *notes]), 130)


def _chosen(names: Sequence[str]) -> list[Scenario]:
    for name in names:
        if name not in SCENARIOS:
            near = get_close_matches(name, SCENARIOS, 1)
            hint = f"did you mean {near[0]}?" if near else "scripts/record --list prints all"
            raise _Mistake(f"there is no scenario {name!r}: {hint}")
    return [SCENARIOS[name] for name in dict.fromkeys(names)] or list(SCENARIOS.values())


def _record_live(chosen: list[Scenario], options: argparse.Namespace) -> int:
    """Say what it would cost before anything is sent, and record if that much may be spent."""
    for scenario in chosen:
        if scenario.not_live and options.names:
            raise _Mistake(f"{scenario.name} cannot be recorded live: {scenario.not_live}")
    possible = [scenario for scenario in chosen if not scenario.not_live]
    origin = sources.live()
    charged = sum(scenario.charged for scenario in possible)
    print(f"{_many(charged, 'paid create')} at {origin.base_url}, at most:")
    for scenario in possible:
        print(f"  {scenario.name:24}{scenario.charged}")
    allowed = options.yes_spend or 0
    if charged > allowed:
        raise _Mistake(
            f"{_many(charged, 'create')} may be charged, and --yes-spend allows {allowed}: nothing was sent"
        )
    return _record_all(possible, options.to, origin)


def _record_all(chosen: list[Scenario], folder: Path, live: sources.Origin | None) -> int:
    failures = 0
    for scenario in chosen:
        try:
            made = record(scenario, live or sources.sandbox(scenario))
            path = folder / f"{scenario.name}.yaml"
            fate = cassette.write(path, made)
        except ScenarioFailed as error:
            failures += 1
            print(f"{scenario.name:24}failed, nothing was written", flush=True)
            _say(str(error), _FAILED)
        except OSError as error:
            raise _Mistake(f"{folder} cannot be written ({error.strerror or error})") from error
        else:
            size, count = path.stat().st_size, len(made.interactions)
            said = _many(count, "interaction")
            print(f"{scenario.name:24}{made.head['source']:9}{said:>15}{size:>9,} bytes  {fate}")
            sys.stdout.flush()
    return _FAILED if failures else _DONE


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" + ("" if count == 1 else "s")


def _say(message: str, status: int) -> int:
    print(f"scripts/record: {message}", file=sys.stderr)
    return status
