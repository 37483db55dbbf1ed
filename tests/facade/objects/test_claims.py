"""The claim of a receipt in a bucket, checked in every interleaving: paid once, nothing lost, always a way on."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from chainhub_video.objects.receipts import ObjectReceipt

from .claims import ACCEPTED, LONG, OTHERS, Explorer, Process, Processes, State, frozen

PLAIN, RESUBMITTING = Process(), Process(resubmit=True)


@pytest.fixture(scope="module")
def asked() -> dict[int, Processes]:
    """What the client's code was asked already: it answers all tests alike."""
    return {}


@pytest.fixture
def processes(request: pytest.FixtureRequest, asked: dict[int, Processes]) -> Iterator[Processes]:
    """Processes that try so often to reach the gateway."""
    with pytest.MonkeyPatch.context() as patch:
        frozen(patch)
        patch.setattr(logging.getLogger("chainhub_video"), "disabled", True)
        yield asked.setdefault(request.param, Processes(request.param))


class Alone:
    """What a later run does that finds what the others have left, and has nobody beside it."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._ends: dict[tuple[bytes | None, bool], tuple[str, int]] = {}

    def end(self, data: bytes | None, *, resubmit: bool) -> tuple[str, int]:
        """Return how it ends, and how many creates it has sent, all of which are accepted."""
        if data is not None:
            data = data.replace(b"mine", OTHERS.encode())
        if (data, resubmit) not in self._ends:
            self._ends[data, resubmit] = self._run(data, resubmit)
        return self._ends[data, resubmit]

    def _run(self, found: bytes | None, resubmit: bool) -> tuple[str, int]:
        data, answers, sent = found, 0, 0
        while True:
            operation = self._processes.next(resubmit, answers)
            if operation[0] == "end":
                return operation[1], sent
            answer: object = True
            if operation[0] in ("look", "read"):
                answer = data
            elif operation[0] == "sleep":
                answer = LONG
            elif operation[0] == "send":
                answer, sent = ACCEPTED, sent + 1
            elif operation[0] == "create" and data is not None:
                answer = False
            else:
                data = operation[1]
            answers = self._processes.after(answers, answer)


@pytest.mark.parametrize(
    ("processes", "number", "faults", "states"),
    [(2, 2, 0, 739), (1, 2, 1, 2382), (1, 3, 0, 4165)],
    indirect=["processes"],
    ids=["two, trying twice", "two, one lost answer", "three"],
)
def test_one_create_is_sent_whatever_happens(
    processes: Processes, number: int, faults: int, states: int
) -> None:
    """Processes that crash anywhere, by clocks that may all be wrong, pay once at most.

    What may have been paid stands in the bucket in every state. Whoever comes later, when all have ended or crashed,
    pays nothing if it was; and always gets to a task if it may send an uncertain create again.
    """
    alone = Alone(processes)
    wrong: set[str] = set()

    def check(state: State, over: bool) -> None:
        if state.paid > 1:
            wrong.add("paid twice")
        if state.paid and state.said() in ("none", "released"):
            wrong.add("what was paid is not in the bucket")
        if not over:
            return
        how, sent = alone.end(state.data, resubmit=False)
        if how not in ("submitted", "SubmissionUncertain"):
            wrong.add(f"a later run ends with {how}")
        if state.paid and sent:
            wrong.add("a later run pays again")
        if alone.end(state.data, resubmit=True)[0] != "submitted":
            wrong.add("there is no way on")

    reached = Explorer(processes).reach(State((PLAIN,) * number, faults=faults), check)
    assert wrong == set()
    assert reached == states  # docs/receipts.md says so


@pytest.mark.parametrize(
    ("processes", "number", "faults", "states"),
    [(1, 2, 1, 3111), (1, 3, 0, 16699)],
    indirect=["processes"],
    ids=["two, one lost answer", "three"],
)
def test_an_uncertain_create_is_sent_again_once(
    processes: Processes, number: int, faults: int, states: int
) -> None:
    """Of processes that may all send it again at the same time, one does, unless that one comes to grief as well.

    Here a claim is taken for dead only when its process is: by a clock that is right, or by watching it long enough.
    """
    uncertain = _left(processes, "uncertain")
    wrong: set[str] = set()

    def check(state: State, over: bool) -> None:
        if state.accepted > 1 and not state.trouble:
            wrong.add("sent again twice")
        if state.said() in ("none", "released"):
            wrong.add("what was paid is not in the bucket")
        if over and not state.trouble and not state.accepted and state.said() != "uncertain":
            wrong.add("refused, and not uncertain any more")

    first = State((RESUBMITTING,) * number, uncertain, faults=faults)
    reached = Explorer(processes, timely=True).reach(first, check)
    assert wrong == set()
    assert reached == states  # docs/receipts.md says so


def _left(processes: Processes, said: str) -> bytes:
    """What a process leaves in the bucket that ended in this way."""
    states: list[State] = []
    Explorer(processes).reach(State((PLAIN,)), lambda state, _over: states.append(state))
    left = next(state.data for state in states if state.said() == said)
    assert left is not None
    return left.replace(b"mine", OTHERS.encode())


@pytest.mark.parametrize("mistake", ["no token", "no condition"])
@pytest.mark.parametrize("processes", [1], indirect=True)
def test_a_mistake_in_the_claim_would_be_found(
    processes: Processes, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the token of a write, or with a swap of whatever is there, some state is wrong: the check can fail."""
    released = _left(processes, "released")
    if mistake == "no token":
        monkeypatch.setattr(ObjectReceipt, "_is", lambda _self, found, old: found.receipt == old)
        monkeypatch.setattr(ObjectReceipt, "_landed", lambda _self, _token: True)
    else:
        put = Explorer._put
        monkeypatch.setattr(
            Explorer, "_put", lambda *args, possible: put(*args, possible=possible or True)
        )
    twice: list[State] = []
    first = State((PLAIN, PLAIN), released)
    Explorer(Processes(1)).reach(
        first, lambda state, _over: twice.append(state) if state.paid > 1 else None
    )
    assert twice
