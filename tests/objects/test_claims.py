"""The claim of a receipt in a bucket, checked in every interleaving: paid once, nothing lost, always a way on."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from chainhub_video.objects.receipts import ObjectReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptState, fingerprint_of

from .claims import ACCEPTED, LONG, OTHERS, Explorer, Process, Processes, State, frozen

PLAIN, RESUBMITTING = Process(), Process(resubmit=True)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """What processes do; asked of the client's code once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        frozen(patch)
        patch.setattr(logging.getLogger("chainhub_video"), "disabled", True)
        yield Processes()


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
        data, answers, sent = found, (), 0
        while True:
            operation = self._processes.next(resubmit, answers)
            if operation[0] == "end":
                return operation[1], sent
            answer: object = True
            if operation[0] == "read":
                answer = data
            elif operation[0] == "sleep":
                answer = LONG
            elif operation[0] == "send":
                answer, sent = ACCEPTED, sent + 1
            elif operation[0] == "create" and data is not None:
                answer = False
            else:
                data = operation[1]
            answers = (*answers, answer)


def test_one_create_is_sent_whatever_happens(processes: Processes) -> None:
    """Two processes with two lost answers and three with one, crashing anywhere, by any clock: paid once at most.

    What may have been paid stands in the bucket in every state, and whoever comes later finds it and pays nothing.
    """
    alone = Alone(processes)
    wrong: set[str] = set()

    def check(state: State, over: bool) -> None:
        if state.paid > 1:
            wrong.add("paid twice")
        if state.paid and state.said() in ("none", "released"):
            wrong.add("what was paid is not in the bucket")
        if over:
            how, sent = alone.end(state.data, resubmit=False)
            if how not in ("submitted", "SubmissionUncertain"):
                wrong.add(f"a later run ends with {how}")
            if state.paid and sent:
                wrong.add("a later run pays again")
            if alone.end(state.data, resubmit=True)[0] != "submitted":
                wrong.add("no way on, even with resubmit_uncertain")

    explorer = Explorer(processes)
    counts = [
        explorer.reach(State((PLAIN,) * number, faults=faults), check)
        for number, faults in ((2, 0), (2, 2), (3, 0), (3, 1))
    ]
    print(counts, processes.runs)
    assert wrong == set()
