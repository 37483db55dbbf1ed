"""`/content` that does not send the video, but says where it is: by a redirect, or in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from chainhub_sandbox import InvalidFault, Sandbox

from tests.support.sandbox_caller import Caller

REDIRECTS = (301, 302, 303, 307, 308)


@pytest.fixture(scope="module")
def _finished() -> Iterator[tuple[Sandbox, str]]:
    with Sandbox(fast=True, pace=0) as gateway:
        caller = Caller(gateway)
        task = caller.create_openai().json()["id"]
        gateway.finish(task)
        caller.http.close()
        yield gateway, task


@pytest.fixture
def gateway(_finished: tuple[Sandbox, str]) -> Iterator[Sandbox]:
    """A sandbox with a finished task and no fault."""
    yield _finished[0]
    _finished[0].clear_faults()


@pytest.fixture
def content(_finished: tuple[Sandbox, str]) -> Iterator[Any]:
    """Asks for the task's `/content`."""
    gateway, task = _finished
    with httpx.Client(headers={"Authorization": "Bearer sandbox"}) as http:
        yield lambda: http.get(f"{gateway.url}/v1/videos/{task}/content")


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_leads_to_the_second_origin(gateway: Sandbox, content: Any, status: int) -> None:
    """Each kind of redirect names the second origin, which then serves the same bytes without the key."""
    whole = content().content
    gateway.fault("content", "redirect", status=status)
    answer = content()
    assert (answer.status_code, answer.content) == (status, b"")
    assert answer.headers["location"].startswith(gateway.links_url + "/")
    assert httpx.get(answer.headers["location"]).content == whole


@pytest.mark.parametrize("place", ["url", "video_url", "data.output.url"])
def test_json_holds_the_link_where_it_was_asked_for(
    gateway: Sandbox, content: Any, place: str
) -> None:
    """JSON in place of the video has the second origin's link at the given place, and nothing else."""
    gateway.fault("content", "refer", place=place)
    answer = content()
    told = answer.json()
    for name in place.split("."):
        assert list(told) == [name]
        told = told[name]
    assert answer.status_code == 200
    assert httpx.get(told).headers["content-type"] == "video/mp4"


def test_words_in_place_of_a_video_are_no_part_of_it() -> None:
    """The bytes of an error, a redirect or JSON do not count as delivered bytes of the video."""
    with Sandbox(fast=True, pace=0) as other, httpx.Client() as http:
        http.headers["Authorization"] = "Bearer sandbox"
        caller = Caller(other)
        task = caller.create_openai().json()["id"]
        caller.http.close()
        other.finish(task)
        for kind, parameters in (
            ("refer", {}),
            ("redirect", {}),
            ("status", {"status": 502, "message": "x" * 200_000}),
        ):
            other.fault("content", kind, **parameters)
            http.get(f"{other.url}/v1/videos/{task}/content")
            other.clear_faults()
            assert not other.creates[0].tasks[0].fetched_whole
        http.get(f"{other.url}/v1/videos/{task}/content")
        assert other.creates[0].tasks[0].fetched_whole


def test_an_unfinished_task_is_refused_as_ever() -> None:
    """Where there is no video yet, there is nothing to redirect to, and the usual refusal is sent."""
    with Sandbox(fast=True, pace=60, faults=["content:redirect", "content:refer"]) as slow:
        caller = Caller(slow)
        task = caller.create_openai().json()["id"]
        answers = [caller.http.get(f"/v1/videos/{task}/content") for _ in range(2)]
        caller.http.close()
        assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize(
    ("step", "kind", "parameters", "told"),
    [
        ("content", "redirect", {"status": 304}, "one of 301, 302, 303, 307, 308"),
        ("content", "refer", {"place": "data..url"}, "names with dots between them"),
        ("link", "redirect", {}, "this kind is for content"),
        ("query", "refer", {}, "this kind is for content"),
    ],
)
def test_what_cannot_be_is_refused(
    gateway: Sandbox, step: str, kind: str, parameters: dict[str, Any], told: str
) -> None:
    """A status that is no redirect, a place that is none, and other steps are refused in words."""
    with pytest.raises(InvalidFault, match=told):
        gateway.fault(step, kind, **parameters)
