"""The spend guard: never one create more than allowed, and none that `confirm=` did not agree to."""

from __future__ import annotations

import asyncio
import math
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

from tests.support.answering import hang_up, reset, say, tell
from tests.support.colours import POLL, RETRY
from tests.support.drivers import every_format
from tests.support.jobs import Job
from tests.support.receipted import known
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import UNIFIED

CLIENT: dict[str, Any] = {"api_key": "the-key", "retry": RETRY, "poll": POLL}


def test_one_create_more_than_allowed_is_refused_here(job: Job) -> None:
    """The next one is not sent, leaves no receipt, and says what was spent and how to go on."""
    job.gateway.on("create", tell(job.wire.created()))
    job = job.of(max_creates=2)
    for _ in range(2):
        job.create()
    for call in (job.create, job.generate):
        words = "paid for 2 creates, and max_creates is 2"
        with pytest.raises(SpendLimitReached, match=words) as raised:
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


@every_format
def test_what_may_have_been_paid_counts(job: Job) -> None:
    """After a create of unknown outcome the only one that was allowed is spent."""
    unknown = reset(), hang_up(), say(500), say(200, "<html>"), tell({})
    for sends, outcome in enumerate(unknown, 1):
        job.gateway.on("create", outcome)
        limited = job.of(max_creates=1)
        with pytest.raises(SubmissionUncertain):
            limited.create()
        with pytest.raises(SpendLimitReached):
            limited.create()
        assert job.creates == sends


@every_format
def test_what_surely_was_not_paid_does_not_count(job: Job) -> None:
    """After any number of refusals, here and there, the only create that is allowed is still there."""
    job = job.of(max_creates=1)
    refusals = [say(status) for status in (400, 401, 402, 403, 404, 413, 422, 429)]
    for outcome in (*refusals, tell({"error": {"code": "model_not_found"}}, 503)):
        job.gateway.on("create", outcome)
        with pytest.raises(APIError):
            job.create()
    with pytest.raises(InvalidRequest) as raised:
        job.create(image="missing.png")
    assert not isinstance(raised.value, SpendLimitReached)
    job.gateway.on("create", tell(job.wire.created()))
    job.create()
    with pytest.raises(SpendLimitReached):
        job.create()
    nowhere = job.hub.colour.hub("http://127.0.0.1:9", max_creates=1)
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            job.wire.create(nowhere)


def test_the_environment_sets_the_limit_and_the_argument_overrides_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHAINHUB_MAX_CREATES counts where nothing is passed; empty, it sets none."""
    job.gateway.on("create", tell(job.wire.created()))
    monkeypatch.setenv("CHAINHUB_MAX_CREATES", "0")
    with pytest.raises(SpendLimitReached):
        job.of().create()
    job.of(max_creates=1).create()
    monkeypatch.setenv("CHAINHUB_MAX_CREATES", " 1 ")
    limited = job.of()
    limited.create()
    with pytest.raises(SpendLimitReached):
        limited.create()
    monkeypatch.setenv("CHAINHUB_MAX_CREATES", "")
    unlimited = job.of()
    for _ in range(3):
        unlimited.create()


def test_a_limit_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the argument nor the environment may set a limit that could be taken for none."""
    texts = ["many", "1e3", "-1", "٣", " ", "9" * 5000]
    cases: list[tuple[Any, str]] = [(limit, "") for limit in (-1, 1.5, True, math.nan, [3], *texts)]
    for limit, environment in [*cases, *((None, text) for text in texts)]:
        monkeypatch.setenv("CHAINHUB_MAX_CREATES", environment)
        for kind in (ChainHub, AsyncChainHub):
            with pytest.raises(ConfigurationError, match="whole number of 0 or more") as raised:
                kind(api_key="the-key", base_url="http://127.0.0.1:9", max_creates=limit)
            assert len(str(raised.value)) < 300


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "asynchronous"])
def test_confirm_decides(job: Job, awaited: bool) -> None:
    """Only a true answer lets the create out; a refusal costs nothing, leaves nothing, and is told as such."""
    answers: list[Any] = []
    seen: list[VideoRequest] = []

    def confirm(request: VideoRequest) -> Any:
        seen.append(request)
        return answers[-1]

    async def confirm_later(request: VideoRequest) -> Any:
        await asyncio.sleep(0.01)
        return confirm(request)

    job = job.of(confirm=confirm_later if awaited else confirm, max_creates=1)
    if awaited and not job.hub.colour.asynchronous:
        with pytest.raises(TypeError, match="use it with AsyncChainHub"):
            job.generate()
        return
    for answer in (False, None, ""):
        answers.append(answer)
        for call in (job.create, job.generate):
            with pytest.raises(InvalidRequest, match="did not agree"):
                call()
    assert job.gateway.arrived == []
    assert names(job.target.parent) == []
    seen.clear()
    answers.append(1)
    job.gateway.on("create", say(429), say(429), tell(job.wire.created()))
    job.create()
    (request,) = seen  # once, however often the gateway turns the create away
    assert (request.prompt, request.model) == ("A kitten", job.wire.arguments["model"])
    assert request.format == job.wire.name


@pytest.mark.parametrize("error", [LookupError("mine"), KeyboardInterrupt()], ids=repr)
def test_what_confirm_raises_costs_nothing(job: Job, error: BaseException) -> None:
    """The caller's own exception is not dressed up, and the only create that is allowed is still there."""
    errors = [error]

    def confirm(_: VideoRequest) -> bool:
        if errors:
            raise errors.pop()
        return True

    job.gateway.on("create", tell(job.wire.created()))
    job = job.of(max_creates=1, confirm=confirm)
    with pytest.raises(type(error)) as raised:
        job.generate()
    assert raised.value is error
    assert names(job.target.parent) == []
    job.create()
    with pytest.raises(SpendLimitReached):
        job.create()
    assert job.creates == 1


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
