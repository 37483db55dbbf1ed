"""The processes of a run: the server, and the workers that it measures. Every wait has an end."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from .environments import Environment
from .failing import BenchFailed

_HERE = Path(__file__).resolve().parent
_PATIENCE = 120.0  # seconds for one answer of a process
_QUIET = ("-W", "ignore::DeprecationWarning")  # the peer calls its videos deprecated


@attrs.frozen
class Subject:
    """One client in one colour, in the environment that has it.

    Attributes:
        module: the module of `subjects`.
        colour: `Blocking` or `Asyncio`.
        environment: where it is installed.
    """

    module: str
    colour: str
    environment: Environment = attrs.field(repr=False)


@attrs.frozen
class Worker:
    """A process that runs one subject."""

    subject: Subject
    _process: Process

    async def ask(
        self, call: Mapping[str, Any], *, measure: str = "seconds", count: int = 1
    ) -> Any:
        """Have a call performed some times, and return what was measured."""
        command = {**call, "measure": measure, "count": count}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return json.loads(await _line(self._process, f"{self.subject.module}, {call['call']}"))


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """Run the server; gives its address."""
    async with _running(sys.executable, "-I", _HERE / "server.py") as process:
        port = int(await _line(process, "the server"))
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def worker(subject: Subject, url: str) -> AsyncIterator[Worker]:
    """Run a worker for a subject."""
    program = (subject.environment.python, "-I", _HERE / "worker.py")
    async with _running(*program, subject.module, subject.colour, url) as process:
        yield Worker(subject, process)


@asynccontextmanager
async def workers(subjects: Sequence[Subject], url: str) -> AsyncIterator[dict[str, Worker]]:
    """Run a worker for each subject; gives them by the subjects' modules."""
    async with AsyncExitStack() as stack:
        yield {
            subject.module: await stack.enter_async_context(worker(subject, url))
            for subject in subjects
        }


def turns(names: Iterable[str], number: int) -> list[str]:
    """Return names in another order each round, so that none always comes first."""
    order = list(names)
    turn = number % len(order)
    return order[turn:] + order[:turn]


async def output_of(environment: Environment, program: str) -> str:
    """Run a program in a fresh interpreter, and return what it prints."""
    async with _running(environment.python, "-I", *_QUIET, "-c", program) as process:
        return await _line(process, program)


async def output_of_program(environment: Environment, *program: str | Path, patience: float) -> str:
    """Run a program of ours in a fresh interpreter, and return the line that it prints.

    Args:
        environment: whose interpreter.
        program: its path and arguments.
        patience: seconds to wait for the line.
    """
    async with _running(environment.python, "-I", *program) as process:
        return await _line(process, str(program[0]), patience)


@asynccontextmanager
async def _running(*program: str | Path) -> AsyncIterator[Process]:
    """Run a program that ends when its standard input does."""
    process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()
        await asyncio.wait_for(process.wait(), _PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _line(process: Process, what: str, patience: float = _PATIENCE) -> str:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), patience)
    except TimeoutError as error:
        raise BenchFailed(f"{what}: no answer within {patience:.0f} s") from error
    if not line:
        raise BenchFailed(f"{what}: the process ended without an answer (see above)")
    return line.decode()
