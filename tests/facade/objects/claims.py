"""Every interleaving of processes that claim one receipt in a bucket, with crashes and lost answers at every step.

What a process does next is told by the client's own code: `prepare` and `submit` run on a bucket and a gateway that
answer from a list, up to the first question that the list does not answer. A process knows no more than the answers
it has got, so that a state is what each process has been told, and what is in the bucket.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

import attrs
import pytest
from chainhub_video.drivers.blocking import completed
from chainhub_video.errors import ChainHubError
from chainhub_video.flows import create
from chainhub_video.io import Call, TransportFailure
from chainhub_video.objects.address import ObjectAddress
from chainhub_video.objects.bucket import StoredObject, StoreFailed
from chainhub_video.objects.receipts import ObjectReceipt
from chainhub_video.policies import RetryPolicy
from chainhub_video.receipts import receipt as receipt_module
from chainhub_video.request import build_request
from chainhub_video.settings import Settings

from tests.support.virtual import Body, World, reply

P = ParamSpec("P")
T = TypeVar("T")
Operation: TypeAlias = tuple[Any, ...]
Answers: TypeAlias = tuple[Any, ...]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REQUEST = build_request(
    "A kitten", "grok-video-3", None, (), None, None, "3:2", None, None, None, None
)
ADDRESS = ObjectAddress("s3", "videos", "kitten.mp4")
ACCEPTED, REFUSED, LOST, UNSENT = "accepted", "refused", "lost", "unsent"
CRASHED = "crashed"
FAILED = "failed"  # the store's answer to a request, which it may have done or not
MOMENT, LONG = (
    1.0,
    10_000.0,
)  # seconds that a sleep may take: as long as asked for, or longer than any claim lasts
OTHERS, OWN = "theirs", "mine"


class _Asks(BaseException):
    """The code asks something that is not answered yet."""


class _Script:
    """The world of one process: answers in their order, and then what is asked next."""

    def __init__(self, answers: Answers) -> None:
        self._answers = list(answers)
        self.asked: Operation | None = None
        self.reading = "read"

    def ask(self, *operation: Any) -> Any:
        """Return the next answer."""
        if self.asked is not None or not self._answers:
            self.asked = self.asked or operation
            raise _Asks
        return self._answers.pop(0)


class _Bucket:
    """A bucket that answers from the script."""

    url = "s3://videos"

    def __init__(self, script: _Script) -> None:
        self._script = script
        self._reads = 0

    def check_conditions(self, _key: str) -> None:
        """It keeps to them."""

    def age(self, _key: str, _modified: datetime, *, ask: bool) -> None:
        """Nobody knows: the process itself has to watch a claim for as long as it lasts."""
        assert ask

    def read(self, _key: str) -> StoredObject | None:
        """Read, for a swap or to look what is there."""
        self._reads += 1
        data = _told(self._script.ask(self._script.reading))
        return data and StoredObject(data, {"e_tag": str(self._reads)}, NOON)

    def create(self, _key: str, data: bytes) -> bool:
        """Put if there is nothing."""
        return bool(_told(self._script.ask("create", data)))

    def replace(self, _key: str, data: bytes, version: Mapping[str, str]) -> bool:
        """Put if what was read last is still there."""
        assert version == {"e_tag": str(self._reads)}
        return bool(_told(self._script.ask("replace", data)))


def _told(answer: Any) -> Any:
    if answer == FAILED:
        raise StoreFailed("no answer")
    return answer


class _IO(World):
    """A gateway and a clock that answer from the script."""

    def __init__(self, script: _Script) -> None:
        super().__init__(reply())
        self._script = script

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function; tell a look from what a swap reads."""
        self._script.reading = "look" if function.__name__ == "load" else "read"
        return function(*args, **kwargs)

    async def sleep(self, seconds: float, /) -> None:
        """Let as much time pass as the script says."""
        del seconds
        self.clock += self._script.ask("sleep")

    async def open(self, call: Call, /) -> Body:
        """Send the create."""
        if call.on_turn is not None:
            await call.on_turn()
        outcome = self._script.ask("send")
        if outcome == UNSENT:
            raise TransportFailure(ConnectionRefusedError("refused"), sent=False)
        assert call.leaving is not None
        call.leaving()
        if outcome == LOST:
            raise TransportFailure(TimeoutError("no answer"), sent=True)
        self.open_streams += 1
        status, said = (200, {"id": "grok:1"}) if outcome == ACCEPTED else (401, {"error": "no"})
        told = reply(said, status)
        return Body(self, told.status, told.headers, deque([told.body]))


class _Noon(datetime):
    """A clock that stands still, so that all processes claim in the same moment."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        """Return noon."""
        return NOON.astimezone(tz)


def frozen(patch: pytest.MonkeyPatch) -> None:
    """Let the time of day stand still, and number the tokens of each process."""
    for module in (receipt_module, create):
        patch.setattr(module, "datetime", _Noon)


class Processes:
    """What processes do next, told by the client's own code, and remembered.

    Args:
        attempts: how often a create is tried that surely did not arrive.
    """

    def __init__(self, attempts: int) -> None:
        retry = RetryPolicy(attempts=attempts, first=0.1, jitter=0)
        self._settings = Settings(api_key="the-key", retry=retry)
        self._next: dict[tuple[bool, int], Operation] = {}
        self._answers: list[Answers] = [()]
        self._numbers: dict[Answers, int] = {(): 0}

    def next(self, resubmit: bool, answers: int) -> Operation:
        """Return what a process asks next that has got these answers; `("end", how)` if it has ended."""
        known = self._next.get((resubmit, answers))
        if known is None:
            known = self._next[resubmit, answers] = self._run(resubmit, self._answers[answers])
        return known

    def after(self, answers: int, *more: Any) -> int:
        """Return the number of some answers, and more after them."""
        whole = (*self._answers[answers], *more)
        if whole not in self._numbers:
            self._numbers[whole] = len(self._answers)
            self._answers.append(whole)
        return self._numbers[whole]

    def _run(self, resubmit: bool, answers: Answers) -> Operation:
        script, numbers = _Script(answers), iter(range(100))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(secrets, "token_hex", lambda _n: f"{OWN}-{next(numbers)}")
            store: Any = ObjectReceipt(ADDRESS, _Bucket(script))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            try:
                receipt, _task = completed(self._submitted(_IO(script), store, resubmit))
            except _Asks:
                pass
            except ChainHubError as error:
                if script.asked is None:
                    return ("end", type(error).__name__)
            else:
                return ("end", receipt.state.value)
        assert script.asked is not None
        return script.asked

    async def _submitted(self, io: _IO, store: Any, resubmit: bool) -> Any:
        submission = await create.prepare(io, self._settings, REQUEST)
        return await submission.submit(store, resubmit=resubmit)

    def told(self, process: Process, answer: Any) -> Process:
        """Return a process that has got one more answer.

        One that looks what is there, before it has claimed anything, begins from the beginning: what it has seen before
        is of no consequence, but for how long it has watched the claim that it saw last; and for what it saw first, if
        it may send an uncertain create again: only that one.
        """
        answers = self.after(process.answers, answer)
        asked = self.next(process.resubmit, answers)
        if asked[0] == "end":
            return process._replace(answers=0, fresh=False, over=asked[1])
        if asked[0] == "look":
            told = self._answers[answers]
            first = told[: int(process.resubmit)]
            answers = self.after(0, *first, *(told[-2:] if answer == LONG else ()))
        return process._replace(answers=answers)


class Process(NamedTuple):
    """One process, as the others and the bucket know it.

    Attributes:
        resubmit: whether it may send a create again whose outcome is unknown.
        answers: the number of all that it has been told.
        over: how it has ended; empty while it runs.
        owns: whether what is in the bucket is of its writing.
        fresh: whether what is in the bucket is what it has read last.
    """

    resubmit: bool = False
    answers: int = 0
    over: str = ""
    owns: bool = False
    fresh: bool = False


class State(NamedTuple):
    """Everything that there is at one moment.

    Attributes:
        processes: sorted, since it does not matter which is which.
        data: what is in the bucket; None for nothing.
        paid: creates that were accepted, or may have been.
        accepted: those that were accepted, with an answer that arrived.
        faults: answers of the store that may still be lost.
        trouble: whether anything has happened but what should.
    """

    processes: tuple[Process, ...]
    data: bytes | None = None
    paid: int = 0
    accepted: int = 0
    faults: int = 0
    trouble: bool = False

    def said(self) -> str:
        """What the bucket says: the state of the receipt."""
        return _said(self.data)


@cache
def _said(data: bytes | None) -> str:
    return "none" if data is None else str(json.loads(data)["state"])


@attrs.define
class Explorer:
    """Finds all states that can be reached.

    Attributes:
        processes: tell what is done next.
        timely: whether a claim is taken for dead only after its process has crashed or ended; otherwise at any time,
            as if every clock were wrong.
    """

    processes: Processes
    timely: bool = False

    def reach(self, first: State, check: Callable[[State, bool], None]) -> int:
        """Visit every state once, and return how many there are.

        Args:
            first: where to begin.
            check: is called with each state, and whether all processes have ended or crashed in it.
        """
        seen, waiting = {first}, [first]
        while waiting:
            state = waiting.pop()
            following = list(self._following(state))
            check(state, not following)
            for one in following:
                if one not in seen:
                    seen.add(one)
                    waiting.append(one)
        return len(seen)

    def _following(self, state: State) -> Iterator[State]:
        for index, process in enumerate(state.processes):
            if process.over:
                continue
            operation = self.processes.next(process.resubmit, process.answers)
            crashed = process._replace(answers=0, fresh=False, over=CRASHED)
            yield _moved(state, index, crashed, trouble=True)
            step = operation[0].replace("look", "read")
            yield from getattr(self, f"_{step}")(state, index, *operation[1:])

    def _read(self, state: State, index: int) -> Iterator[State]:
        process = state.processes[index]
        data = state.data
        if data is not None and not process.owns:
            data = data.replace(OWN.encode(), OTHERS.encode())
        yield _moved(state, index, self._told_to(process._replace(fresh=True), data))
        if state.faults:
            yield _moved(
                state, index, self._told_to(process, FAILED), faults=state.faults - 1, trouble=True
            )

    def _create(self, state: State, index: int, data: bytes) -> Iterator[State]:
        yield from self._put(state, index, data, possible=state.data is None)

    def _replace(self, state: State, index: int, data: bytes) -> Iterator[State]:
        yield from self._put(state, index, data, possible=state.processes[index].fresh)

    def _put(self, state: State, index: int, data: bytes, *, possible: bool) -> Iterator[State]:
        yes, no, failed = (
            self._told_to(state.processes[index], answer) for answer in (True, False, FAILED)
        )
        yield _put(state, index, yes if possible else no, data, done=possible)
        if state.faults:
            fewer = state._replace(faults=state.faults - 1, trouble=True)
            yield _put(fewer, index, failed, data, done=False)
            if possible:
                # It was done, and its answer was lost: sent again, it is refused; or no answer comes at all.
                yield _put(fewer, index, no, data, done=True)
                yield _put(fewer, index, failed, data, done=True)

    def _sleep(self, state: State, index: int) -> Iterator[State]:
        process = state.processes[index]
        if process.owns or not process.fresh:  # a pause; or what it waits for has changed
            yield _moved(state, index, self._told_to(process, MOMENT))
        if process.owns:
            return
        alive = any(each.owns and not each.over for each in state.processes)
        if process.fresh and not (self.timely and alive):
            yield _moved(state, index, self._told_to(process, LONG))

    def _told_to(self, process: Process, answer: Any) -> Process:
        return self.processes.told(process, answer)

    def _send(self, state: State, index: int) -> Iterator[State]:
        process = state.processes[index]
        for outcome in (ACCEPTED, REFUSED, LOST, UNSENT):
            moved = _moved(state, index, self._told_to(process, outcome))
            paid = outcome in (ACCEPTED, LOST)
            yield moved._replace(
                paid=state.paid + paid,
                accepted=state.accepted + (outcome == ACCEPTED),
                trouble=state.trouble or outcome == LOST,
            )


def _moved(state: State, index: int, process: Process, **changes: Any) -> State:
    others = [each for number, each in enumerate(state.processes) if number != index]
    return state._replace(processes=tuple(sorted([*others, process])), **changes)


def _put(state: State, index: int, process: Process, data: bytes, *, done: bool) -> State:
    if not done:
        return _moved(state, index, process)
    others = [
        each._replace(owns=False, fresh=False)
        for number, each in enumerate(state.processes)
        if number != index
    ]
    process = process._replace(owns=True, fresh=False)
    return state._replace(data=data, processes=tuple(sorted([*others, process])))
