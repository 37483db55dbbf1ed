"""The spend guard: never one create more than allowed, and none that `confirm=` did not agree to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chainhub_video import (
    APIError,
    AsyncChainHub,
    ChainHub,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    SpendLimitReached,
    SubmissionUncertain,
    TaskFailed,
    VideoRequest,
)

from tests.support.answering import Answer, hang_up, reset, say, tell
from tests.support.colours import POLL, RETRY, Colour
from tests.support.jobs import Job
from tests.support.receipted import known
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import OPENAI, UNIFIED, Wire

CLIENT: dict[str, Any] = {"api_key": "the-key", "retry": RETRY, "poll": POLL}


def test_one_create_more_than_allowed_is_refused_here(job: Job) -> None:
    """The next one is not sent, leaves no receipt, and says what was spent and how to go on."""
    job.gateway.on("create", tell(job.wire.created()))
    job = job.of(max_creates=2)
    for _ in range(2):
        job.create()
    for call in (lambda: job.create(), lambda: job.generate()):
        with pytest.raises(
            SpendLimitReached, match="paid for 2 creates, and max_creates is 2"
        ) as raised:
            call()
        assert isinstance(raised.value, InvalidRequest)
        assert "nothing was sent" in str(raised.value)
    assert job.creates == 2
    assert names(job.target.parent) == []


def test_the_limit_is_exact_under_threads(gateway: Gateway) -> None:
    """Of 32 threads that create at once exactly as many get through as may."""
    gateway.on("create", tell(UNIFIED.created()))

    def create(hub: ChainHub) -> bool:
        try:
            UNIFIED.create(hub)
        except SpendLimitReached:
            return False
        return True

    with (
        ChainHub(base_url=gateway.url, max_creates=7, **CLIENT) as hub,
        ThreadPoolExecutor(32) as pool,
    ):
        assert sum(pool.map(create, [hub] * 32)) == 7
    assert gateway.count("create") == 7


def test_the_limit_is_exact_under_concurrent_tasks(gateway: Gateway) -> None:
    """Of 200 asyncio tasks exactly as many get through as may, even if some are turned away and try again."""
    gateway.on("create", *[say(429)] * 9, tell(UNIFIED.created()))

    async def race() -> int:
        async with AsyncChainHub(base_url=gateway.url, max_creates=11, **CLIENT) as hub:
            done = await asyncio.gather(
                *(hub.videos.create(**UNIFIED.arguments) for _ in range(200)),
                return_exceptions=True,
            )
        assert all(isinstance(one, SpendLimitReached) for one in done if isinstance(one, Exception))
        return sum(not isinstance(one, Exception) for one in done)

    assert asyncio.run(race()) == 11
    assert gateway.count("create") == 11 + 9


COUNTED: dict[str, Answer] = {
    "reset": reset(),
    "no answer": hang_up(),
    "500": say(500),
    "unreadable": say(200, "<html>"),
    "no id": tell({}),
}
NOT_COUNTED: dict[str, Answer] = {
    **{str(status): say(status) for status in (400, 401, 402, 403, 404, 413, 422, 429)},
    "503 model_not_found": tell({"error": {"code": "model_not_found"}}, 503),
}


def test_what_may_have_been_paid_counts(colour: Colour, wire: Wire, gateway: Gateway) -> None:
    """After a create of unknown outcome the only one that was allowed is spent."""
    for sends, outcome in enumerate(COUNTED, 1):
        gateway.on("create", COUNTED[outcome])
        hub = colour.hub(gateway.url, max_creates=1)
        with pytest.raises(SubmissionUncertain):
            wire.create(hub)
        with pytest.raises(SpendLimitReached):
            wire.create(hub)
        assert gateway.count("create") == sends, outcome


def test_what_surely_was_not_paid_does_not_count(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """After any number of refusals, each of another kind, the only create that is allowed is still there."""
    hub = colour.hub(gateway.url, max_creates=1)
    for outcome in NOT_COUNTED.values():
        gateway.on("create", outcome)
        with pytest.raises(APIError):
            wire.create(hub)
    gateway.on("create", tell(wire.created()))
    wire.create(hub)
    with pytest.raises(SpendLimitReached):
        wire.create(hub)


def test_a_gateway_that_is_not_there_and_a_mistake_cost_nothing(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """Connections that were never made, and requests that are refused here, are not counted."""
    hub = colour.hub("http://127.0.0.1:9", max_creates=1)
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            wire.create(hub)
    for _ in range(2):
        with pytest.raises(InvalidRequest) as raised:
            wire.create(hub, image="missing.png")
        assert not isinstance(raised.value, SpendLimitReached)
    assert gateway.arrived == []


def test_an_interruption_counts_only_if_the_create_had_left(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """Ctrl-C in `confirm` takes nothing from the limit; the create after it may be sent."""
    pressed: list[bool] = []

    def confirm(_: VideoRequest) -> bool:
        if not pressed:
            pressed.append(True)
            raise KeyboardInterrupt
        return True

    gateway.on("create", tell(wire.created()))
    hub = colour.hub(gateway.url, max_creates=1, confirm=confirm)
    with pytest.raises(KeyboardInterrupt):
        wire.create(hub)
    wire.create(hub)
    with pytest.raises(SpendLimitReached):
        wire.create(hub)


def test_the_environment_sets_the_limit_and_the_argument_overrides_it(
    colour: Colour, wire: Wire, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHAINHUB_MAX_CREATES counts where nothing is passed; empty, it sets none."""
    gateway.on("create", tell(wire.created()))
    monkeypatch.setenv("CHAINHUB_MAX_CREATES", "0")
    with pytest.raises(SpendLimitReached):
        wire.create(colour.hub(gateway.url))
    wire.create(colour.hub(gateway.url, max_creates=1))
    monkeypatch.setenv("CHAINHUB_MAX_CREATES", " 1 ")
    hub = colour.hub(gateway.url)
    wire.create(hub)
    with pytest.raises(SpendLimitReached):
        wire.create(hub)
    monkeypatch.setenv("CHAINHUB_MAX_CREATES", "")
    hub = colour.hub(gateway.url)
    for _ in range(3):
        wire.create(hub)


@pytest.mark.parametrize(
    "limit", [-1, 1.5, True, "many", "1e3", "-1", "٣", " ", float("nan"), "9" * 5000, [3]], ids=repr
)
def test_a_limit_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, limit: Any) -> None:
    """Neither the argument nor the environment may set a limit that could be taken for none."""
    for options, environment in (({"max_creates": limit}, None), ({}, limit)):
        if environment is not None:
            if not isinstance(environment, str):
                continue
            monkeypatch.setenv("CHAINHUB_MAX_CREATES", environment)
        for kind in (ChainHub, AsyncChainHub):
            with pytest.raises(ConfigurationError, match="whole number of 0 or more") as raised:
                kind(api_key="the-key", base_url="http://127.0.0.1:9", **options)
            assert len(str(raised.value)) < 300


def _asynchronous(answer: Any) -> Callable[[VideoRequest], Any]:
    async def confirm(_: VideoRequest) -> Any:
        await asyncio.sleep(0.01)
        return answer

    return confirm


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "asynchronous"])
@pytest.mark.parametrize("answer", [True, False, None, 1, ""], ids=repr)
def test_confirm_decides(job: Job, answer: Any, awaited: bool) -> None:
    """Only a true answer lets the create out; a refusal costs nothing, leaves nothing, and is told as such."""
    if awaited and not job.hub.colour.asynchronous:
        job = job.of(confirm=_asynchronous(answer))
        with pytest.raises(TypeError, match="use it with AsyncChainHub"):
            job.generate()
    else:
        confirm = _asynchronous(answer) if awaited else lambda _: answer
        job = job.of(confirm=confirm, max_creates=1)
        job.gateway.on("create", tell(job.wire.created()))
        if answer:
            job.create()
            return
        for call in (lambda: job.create(), lambda: job.generate()) * 2:
            with pytest.raises(InvalidRequest, match="did not agree"):
                call()
    assert job.gateway.arrived == []
    assert names(job.target.parent) == []


def test_what_confirm_raises_comes_out_as_it_is(job: Job) -> None:
    """The caller's own exception is not dressed up; nothing is sent, and nothing is left."""

    def confirm(_: VideoRequest) -> bool:
        raise LookupError("mine")

    job = job.of(confirm=confirm)
    with pytest.raises(LookupError, match="mine"):
        job.generate()
    assert job.gateway.arrived == []
    assert names(job.target.parent) == []


def test_confirm_sees_what_is_asked_for_once_a_create(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """It is given the checked request, once, however often the gateway turns the create away."""
    seen: list[VideoRequest] = []

    def confirm(request: VideoRequest) -> bool:
        seen.append(request)
        return True

    gateway.on("create", say(429), say(429), tell(wire.created()))
    wire.create(colour.hub(gateway.url, confirm=confirm))
    (request,) = seen
    assert (request.prompt, request.model) == ("A kitten", wire.arguments["model"])
    assert request.format == wire.name


@pytest.mark.parametrize("state", ["submitted", "saved", "failed", "uncertain"])
def test_neither_guard_is_asked_where_no_create_is_needed(job: Job, state: str) -> None:
    """With a receipt of an earlier create, `confirm=` is not called, and a limit of 0 does not matter."""

    def confirm(_: VideoRequest) -> bool:
        raise AssertionError("nothing is to be confirmed")

    task = None if state == "uncertain" else known(job.wire)
    result = {"size": 1, "sha256": "0" * 64} if state == "saved" else None
    job.leave(state, task=task, result=result)
    job.script()
    job = job.of(confirm=confirm, max_creates=0)
    if state in ("submitted", "saved"):
        assert job.generate().path.read_bytes() == job.video
    else:
        with pytest.raises(TaskFailed if state == "failed" else SubmissionUncertain):
            job.generate()
    assert job.creates == 0


def test_each_client_has_its_own_count(colour: Colour, gateway: Gateway) -> None:
    """What one client spends is not taken from another's limit."""
    gateway.on("create", tell(OPENAI.created()))
    for _ in range(2):
        OPENAI.create(colour.hub(gateway.url, max_creates=1))
    assert gateway.count("create") == 2
