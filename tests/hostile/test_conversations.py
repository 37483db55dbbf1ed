"""Random conversations go on where the list of stalls ends; `python -m tests.hostile.conversations` takes longer."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .conversations import SETTINGS, Conversation

_BRIEF = settings(SETTINGS, stateful_step_count=5, derandomize=True, phases=[Phase.generate])


def test_the_promises_hold_in_every_conversation() -> None:
    """The money rule, the deadlines, the errors and the files hold with any answer to each step."""
    bounded = settings(_BRIEF, max_examples=12)
    run_state_machine_as_test(Conversation, settings=bounded)


def test_a_broken_promise_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine itself sees a client that takes every failure for one that may be repeated."""
    from chainhub_video.flows import create
    from chainhub_video.flows.decision import Decision

    monkeypatch.setattr(create, "decide", lambda _: Decision.AGAIN)
    bounded = settings(_BRIEF, max_examples=40)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Conversation, settings=bounded)
