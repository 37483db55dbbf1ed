"""The second origin: finished files under unguessable paths, and never the key."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.sandbox_caller import Caller


@pytest.fixture(scope="module")
def finished(caller: Caller) -> dict[str, Any]:
    """A completed unified task."""
    return caller.finish(caller.create_unified())


def test_link_is_on_another_origin_and_unguessable(
    caller: Caller, finished: dict[str, Any]
) -> None:
    """The port differs from the gateway's, and no id is part of the path."""
    link = urlsplit(finished["video_url"])
    assert link.port != urlsplit(caller.gateway.url).port
    assert f"http://{link.netloc}" == caller.gateway.links_url
    token = link.path.split("/")[1]
    assert len(token) >= 32
    assert token not in finished["id"]
    other = caller.finish(caller.create_unified())
    assert other["video_url"] != finished["video_url"]


def test_link_serves_the_whole_file(finished: dict[str, Any]) -> None:
    """The file comes with length, type, ETag and the promise of ranges, also to HEAD; its thumbnail is a JPEG."""
    answer = httpx.get(finished["video_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["accept-ranges"] == "bytes"
    head = httpx.head(finished["video_url"])
    assert head.headers["etag"] == answer.headers["etag"]
    assert int(head.headers["content-length"]) == len(answer.content)
    assert head.content == b""
    thumbnail = httpx.get(finished["thumbnail_url"])
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert thumbnail.content[:2] == b"\xff\xd8"


def test_ranges_make_up_the_file(finished: dict[str, Any]) -> None:
    """A download continued by Range gives the same bytes, or the whole file if it has changed; none beyond its end."""
    link = finished["video_url"]
    whole, etag = httpx.get(link).content, httpx.head(link).headers["etag"]
    middle = len(whole) // 2
    first = httpx.get(link, headers={"Range": f"bytes=0-{middle - 1}"})
    rest = httpx.get(link, headers={"Range": f"bytes={middle}-", "If-Range": etag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert rest.headers["content-range"] == f"bytes {middle}-{len(whole) - 1}/{len(whole)}"
    assert first.content + rest.content == whole
    changed = httpx.get(link, headers={"Range": "bytes=10-", "If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, whole)
    assert httpx.get(link, headers={"Range": "bytes=999999999-"}).status_code == 416


def test_nothing_else_is_served(caller: Caller) -> None:
    """Unknown paths are 404, those of the gateway as well, and the reverse."""
    for path in ("/", "/nothing", "/guess/video.mp4", "/../etc/passwd", "/v1/videos/x"):
        assert httpx.get(caller.gateway.links_url + path).status_code == 404
    assert caller.http.get("/token/video.mp4").status_code == 404


def test_key_on_the_wrong_origin(fresh_caller: Caller) -> None:
    """A key sent along with a link is refused, counted and remembered unreadable."""
    gateway = fresh_caller.gateway
    link = fresh_caller.finish(fresh_caller.create_unified())["video_url"]
    answer = httpx.get(link, headers={"Authorization": "Bearer sandbox"})
    assert answer.status_code == 400
    assert "never send it the API key" in answer.text
    elsewhere = httpx.get(f"{gateway.links_url}/x", headers={"Authorization": "Bearer sandbox"})
    assert elsewhere.status_code == 400
    assert gateway.key_leaks == 2
    leaks = [request for request in gateway.requests if request.origin == "links"]
    assert [leak.headers["authorization"] for leak in leaks] == ["Bearer ***", "Bearer ***"]
    assert [leak.status for leak in leaks] == [400, 400]
    assert httpx.get(link).status_code == 200
    assert gateway.key_leaks == 2
