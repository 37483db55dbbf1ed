"""How often a create is sent, and after which pauses, on a clock that only the flow moves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from chainhub_video import (
    ConnectionFailed,
    RateLimited,
    RetryPolicy,
    SubmissionUncertain,
    Timeouts,
)
from chainhub_video.flows.create import create
from chainhub_video.io import TransportFailure
from chainhub_video.request import build_request
from chainhub_video.settings import Settings

from tests.support.drivers import every_format
from tests.support.virtual import World, reply
from tests.support.wires import Wire

RETRY = RetryPolicy(attempts=4, first=0.5, maximum=30, jitter=0, patience=120)
SETTINGS = Settings(api_key="the-key", retry=RETRY, timeouts=Timeouts(create=77))
NOT_SENT = TransportFailure(httpx.ConnectError("refused"), sent=False)
SENT = TransportFailure(httpx.ReadTimeout("late"), sent=True)

pytestmark = every_format


def _create(wire: Wire, world: World) -> Any:
    return world.play(create(world, SETTINGS, build_request(**wire.arguments)))


def test_a_create_asks_once_for_a_connection_of_its_own(wire: Wire) -> None:
    """One call, on a fresh connection, with the long timeout for its answer, and no pause."""
    world = World(reply(wire.created()))
    assert _create(wire, world).id == wire.task_id
    (call,) = world.calls
    assert (call.kind, call.read_timeout) == ("create", 77)
    assert world.targets == [f"post {wire.create_target}"]
    assert world.sleeps == []
    assert world.open_streams == 0


@pytest.mark.parametrize("outcome", [NOT_SENT, reply(None, 429)])
def test_the_pauses_between_creates_double(wire: Wire, outcome: Any) -> None:
    """Each further attempt waits twice as long, and the last failure is raised."""
    world = World(outcome)
    with pytest.raises((ConnectionFailed, RateLimited)):
        _create(wire, world)
    assert world.sleeps == [0.5, 1.0, 2.0]
    assert len(world.calls) == 4


def test_retry_after_lengthens_a_pause_and_never_shortens_it(wire: Wire) -> None:
    """A create that was turned away waits what was asked, but no less than its own pause."""
    world = World(
        reply(None, 429, retry_after="40"),
        reply(None, 429, retry_after="0"),
        reply(wire.created()),
    )
    _create(wire, world)
    assert world.sleeps == [40.0, 1.0]


def test_beyond_its_patience_a_create_gives_up_at_once(wire: Wire) -> None:
    """A Retry-After longer than the policy's patience is raised instead of slept, and the error carries it."""
    world = World(reply(None, 429, retry_after="121"))
    with pytest.raises(RateLimited) as raised:
        _create(wire, world)
    assert raised.value.retry_after == 121
    assert world.sleeps == []


@pytest.mark.parametrize("last", [SENT, reply(None, 500), reply(None, 409), reply([])])
def test_whatever_went_before_the_uncertain_outcome_is_the_end(wire: Wire, last: Any) -> None:
    """After attempts that surely were not taken, one of unknown outcome still ends it."""
    world = World(NOT_SENT, reply(None, 429), last, reply(wire.created()))
    with pytest.raises(SubmissionUncertain):
        _create(wire, world)
    assert len(world.calls) == 3
    assert world.open_streams == 0


def test_a_broken_body_is_uncertain_and_closed(wire: Wire) -> None:
    """A failure while the answer is read closes the stream and is an uncertain outcome."""
    world = World([b'{"id": "vid', SENT])
    with pytest.raises(SubmissionUncertain) as raised:
        _create(wire, world)
    assert raised.value.__cause__ is SENT.cause
    assert (len(world.calls), world.open_streams) == (1, 0)


def test_an_answer_that_trickles_has_no_more_time_than_a_late_one(wire: Wire) -> None:
    """Bytes that keep coming do not keep a create waiting beyond its time."""

    class Slow(World):
        def now(self) -> float:
            self.clock += 30
            return self.clock

    world = Slow([b" "] * 100)
    with pytest.raises(SubmissionUncertain, match="took too long"):
        _create(wire, world)
    assert (len(world.calls), world.open_streams) == (1, 0)


def test_one_attempt_is_no_second_one(wire: Wire) -> None:
    """`RetryPolicy.attempts` counts the first try in."""
    world = World(reply(None, 429))
    settings = Settings(api_key="the-key", retry=RetryPolicy(attempts=1))
    with pytest.raises(RateLimited):
        world.play(create(world, settings, build_request(**wire.arguments)))
    assert (len(world.calls), world.sleeps) == (1, [])


def test_the_gateways_word_for_the_model_counts(wire: Wire) -> None:
    """A created task has the model that the gateway names, and the one asked for where it names none."""
    asked = wire.arguments["model"]
    for named, model in (("veo-of-today", "veo-of-today"), (None, asked)):
        assert _create(wire, World(reply(wire.created(model=named)))).model == model
