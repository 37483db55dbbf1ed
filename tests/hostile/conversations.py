"""Whole conversations with a gateway that answers each step at random: `python -m tests.hostile.conversations`.

A conversation is any order of calls of one client. Whatever is answered, and in whatever pieces: no create is repeated
but one that was surely refused, every error is one of this package, every deadline holds, and a good file is replaced
by a good one only.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from chainhub_video import ChainHubError, SubmissionUncertain, TaskStatus, Timeouts
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.support.colours import Colour
from tests.support.wires import WIRES, Wire

from .measuring import SLACK
from .server import VIDEO, HostileServer, Play
from .server import Wire as Connection

LIMIT = 0.25  # seconds of each deadline
_PATIENCE = 15.0  # seconds of a whole conversation
_REFUSED = frozenset({400, 401, 402, 403, 404, 413, 422})
_STATUSES = (200, 200, 200, 200, 201, 204, 206, 301, 302, 304, 400, 401, 402, 403, 404, 408, 409, 413, 416, 418, 422,
             429, 429, 500, 502, 503, 504, 599)  # fmt: skip
_BODIES: tuple[bytes, ...] = (
    b"", b"{}", b"null", b"[]", b"7", b"{", b"<html>busy</html>", b"\xff\xfe\x00", b'{"id": null}', b'{"id": {}}',
    b'{"id": "x", "status": 7}', b"[" * 3000, b'{"error": {"message": "no", "code": "model_not_found"}}',
    b'{"code": "task_not_exist", "message": "no", "data": null}', VIDEO[:2000], b"\0" * 5000,
)  # fmt: skip
_ENDS = ("whole", "whole", "whole", "fin", "reset", "stall", "drip")


@dataclass(frozen=True)
class Answer:
    """One answer to one request.

    Attributes:
        status: of its head.
        body: before it is encoded.
        framing: how its length is told: `length`, `short`, `long`, `chunked` or `close`.
        encoding: of the body: none, `gzip`, or a `lie` about it.
        interim: how many 1xx answers come first.
        headers: further ones.
        end: how it ends: `whole`, or after `part` of it by `fin`, `reset`, `stall` or `drip`.
        part: the share of its bytes that are sent at once, in per cent, if it is not whole.
    """

    status: int
    body: bytes
    framing: str = "length"
    encoding: str = ""
    interim: int = 0
    headers: str = ""
    end: str = "whole"
    part: int = 100

    def play(self, connection: Connection) -> None:
        """Send it."""
        data = self._bytes()
        if self.end == "whole":
            connection.send(data)
            if self.framing not in ("length", "chunked"):
                connection.end()
            return
        cut = len(data) * self.part // 100
        connection.send(data[:cut])
        match self.end:
            case "fin":
                connection.end()
            case "reset":
                connection.end(reset=True)
            case "stall":
                connection.stall()
            case _:
                connection.drip(data[cut:])
                connection.stall()

    def _bytes(self) -> bytes:
        body = gzip.compress(self.body) if self.encoding == "gzip" else self.body
        lines = [f"HTTP/1.1 {self.status} X", "Content-Type: application/json"]
        lines += [self.headers] if self.headers else []
        lines += ["Content-Encoding: gzip"] if self.encoding else []
        extra = {"length": 0, "short": -1, "long": 7}.get(self.framing)
        if self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        elif extra is not None:
            lines.append(f"Content-Length: {max(0, len(body) + extra)}")
        head = "\r\n".join([*lines, "", ""]).encode()
        return b"HTTP/1.1 103 Hints\r\n\r\n" * self.interim + head + body


def _task(wire: Wire, **fields: Any) -> bytes:
    return json.dumps({"id": wire.task_id, **fields}).encode()


def _good(wire: Wire, step: str) -> list[bytes]:
    """Return the bodies that make sense at a step."""
    if step == "content":
        return [VIDEO]
    states = ("queued", "processing", "completed", "failed", "a word of tomorrow")
    return [_task(wire, status=state) for state in states]


def answers(wire: Wire, step: str) -> st.SearchStrategy[list[Answer]]:
    """Return a strategy for the answers to the requests of a step, the last of which is given for ever."""
    sensible = st.builds(Answer, st.just(200), st.sampled_from(_good(wire, step)))
    odd = st.builds(
        Answer,
        st.sampled_from(_STATUSES),
        st.sampled_from([*_good(wire, step), *_BODIES]) | st.binary(max_size=40),
        st.sampled_from(["length", "length", "short", "long", "chunked", "close"]),
        st.sampled_from(["", "", "gzip", "lie"]),
        st.integers(0, 2),
        st.sampled_from(
            ["", "Retry-After: 0", "Retry-After: 99999", "Location: /v1/videos/x", "ETag: \"a\"",
             "Content-Range: bytes 5-9/10", "Connection: close"]
        ),
        st.sampled_from(_ENDS),
        st.integers(0, 100),
    )  # fmt: skip
    return st.lists(sensible | odd, min_size=1, max_size=3)


class Conversation(RuleBasedStateMachine):
    """One client, one gateway, one output file, and calls in any order."""

    @initialize(
        driver=st.sampled_from(["blocking", "asyncio"]), name=st.sampled_from(list(WIRES)), saved=st.booleans()
    )  # fmt: skip
    def begin(self, driver: str, name: str, saved: bool) -> None:
        """Start the gateway and the client; there may be a good file already."""
        self.closing = ExitStack()
        self.wire = WIRES[name]
        self.folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        self.given: list[tuple[str, Answer]] = []
        self.planned: dict[str, list[Answer]] = {}
        plays = {step: self._player(step) for step in ("create", "query", "content")}
        self.server = self.closing.enter_context(HostileServer(_PATIENCE, plays))
        timeouts = Timeouts(connect=LIMIT, read=LIMIT, write=LIMIT, create=LIMIT)
        self.hub = Colour(driver, self.closing).hub(self.server.url, timeout=timeouts)
        self.output = self.folder / "kitten.mp4"
        self.other = self.folder / "other.mp4"
        self.before = VIDEO + b"\0\0\0\x08free" if saved else None
        if self.before:
            self.other.write_bytes(self.before)
        self.unsure = 0  # creates for the output that may have been accepted

    def teardown(self) -> None:
        """Stop both, and look at what is left."""
        if hasattr(self, "closing"):
            left = {path.name for path in self.folder.iterdir()}
            self.closing.close()
            assert left <= {"kitten.mp4", "kitten.mp4.task.json", "other.mp4"}, left

    @rule(data=st.data())
    def create(self, data: st.DataObject) -> None:
        """A create ends in a task, in a refusal, or in uncertainty; never in two creates that may be accepted."""
        self._plan(data, "create")
        error = self._call(lambda: self.wire.create(self.hub))
        assert self._accepted() <= 1
        self._check_uncertain(error)

    @rule(data=st.data(), timeout=st.sampled_from([LIMIT, 2 * LIMIT]))
    def generate(self, data: st.DataObject, timeout: float) -> None:
        """However often one output is asked for, at most one of its creates may have been accepted."""
        self._plan(data, "create", "query", "content")
        error = self._call(
            lambda: self.wire.generate(self.hub, save_to=self.output, timeout=timeout),
            timeout + LIMIT,
        )
        self.unsure += self._accepted()
        assert self.unsure <= 1
        if error is None:
            assert self.output.read_bytes() == VIDEO
        elif any(step == "create" for step, _ in self.given):
            self._check_uncertain(error)

    @rule(data=st.data())
    def retrieve(self, data: st.DataObject) -> None:
        """A question sends nothing but itself."""
        self._plan(data, "query")
        self._call(lambda: self.hub.videos.retrieve(self.wire.task(), timeout=LIMIT))
        assert {step for step, _ in self.given} <= {"query"}

    @rule(data=st.data())
    def wait(self, data: st.DataObject) -> None:
        """Waiting sends questions only."""
        self._plan(data, "query")
        self._call(lambda: self.hub.videos.wait(self.wire.task(), timeout=LIMIT))
        assert {step for step, _ in self.given} <= {"query"}

    @rule(data=st.data())
    def download(self, data: st.DataObject) -> None:
        """A file that is there stays as it is, unless a whole video takes its place."""
        self._plan(data, "query", "content")
        task = self.wire.task(status=TaskStatus.COMPLETED, raw_status="completed")
        error = self._call(lambda: self.hub.videos.download(task, self.other, timeout=LIMIT))
        if error is None:
            self.before = VIDEO
        assert (self.other.read_bytes() if self.other.exists() else None) == self.before

    def _player(self, step: str) -> Play:
        def play(connection: Connection) -> None:
            waiting = self.planned[step]
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.given.append((step, answer))
            answer.play(connection)

        return play

    def _plan(self, data: st.DataObject, *steps: str) -> None:
        self.given.clear()
        for step in ("create", "query", "content"):
            self.planned[step] = (
                data.draw(answers(self.wire, step), step) if step in steps else [_GONE]
            )

    def _call(self, call: Callable[[], Any], limit: float = LIMIT) -> ChainHubError | None:
        """Make a call; whatever else than an error of this package comes out of it is a finding."""
        error: ChainHubError | None = None
        start = time.monotonic()
        try:
            call()
        except ChainHubError as raised:
            error = raised
        seconds = time.monotonic() - start
        assert seconds < limit + SLACK, f"{seconds:.2f} s instead of {limit:g}"
        return error

    def _accepted(self) -> int:
        """How many creates of the last call a gateway may have accepted, by what it answered."""
        answered = [answer for step, answer in self.given if step == "create"]
        assert all(answer.status == 429 for answer in answered[:-1])
        return sum(not _surely_refused(answer) for answer in answered)

    def _check_uncertain(self, error: ChainHubError | None) -> None:
        """A create that may have been accepted is a task, or uncertain, and nothing else."""
        if self._accepted():
            assert error is None or error.task is not None or isinstance(error, SubmissionUncertain)


def _surely_refused(answer: Answer) -> bool:
    missing = answer.status == 503 and b"model_not_found" in answer.body
    stated = (
        answer.status < 300 and b'"code"' in answer.body
    )  # refusals come with status 200 as well
    return answer.status in _REFUSED or answer.status == 429 or missing or stated


_GONE = Answer(404, b"{}")
SETTINGS = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.generate, Phase.shrink],
    print_blob=False,
)


def converse(seconds: float, first: int, steps: int = 8) -> int:
    """Run conversations until a time has passed, one seed after another; return how many batches there were."""
    until = time.monotonic() + seconds
    batches = 0
    while time.monotonic() < until or not batches:
        print(f"seed {first + batches}", flush=True)
        machine = seed(first + batches)(type("Seeded", (Conversation,), {}))
        options = settings(SETTINGS, max_examples=50, stateful_step_count=steps)
        run_state_machine_as_test(machine, settings=options)
        batches += 1
    return batches


def main() -> int:
    """Run for as long as is said; a finding ends it, with the conversation that shows it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile.conversations", description=__doc__
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    httpx.create_ssl_context = functools.cache(httpx.create_ssl_context)
    batches = converse(options.minutes * 60, options.seed)
    print(f"{batches} batches of 50 conversations: no finding")
    return 0


if __name__ == "__main__":
    sys.exit(main())
