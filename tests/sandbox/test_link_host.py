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
    """Proves that the port differs from the gateway's, and that no id is part of the path."""
    link = urlsplit(finished["video_url"])
    assert link.port != urlsplit(caller.gateway.url).port
    assert f"http://{link.netloc}" == caller.gateway.links_url
    token = link.path.split("/")[1]
    assert len(token) >= 32
    assert token not in finished["id"]
    other = caller.finish(caller.create_unified())
    assert other["video_url"] != finished["video_url"]


def test_link_serves_the_whole_file(finished: dict[str, Any]) -> None:
    """Proves length, type, ETag and the promise of ranges, also to HEAD."""
    answer = httpx.get(finished["video_url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["accept-ranges"] == "bytes"
    head = httpx.head(finished["video_url"])
    assert head.headers["etag"] == answer.headers["etag"]
    assert int(head.headers["content-length"]) == len(answer.content)
    assert head.content == b""


def test_ranges_make_up_the_file(finished: dict[str, Any]) -> None:
    """Proves that a download continued by Range gives the same bytes."""
    link = finished["video_url"]
    whole = httpx.get(link).content
    middle = len(whole) // 2
    etag = httpx.head(link).headers["etag"]
    first = httpx.get(link, headers={"Range": f"bytes=0-{middle - 1}"})
    rest = httpx.get(link, headers={"Range": f"bytes={middle}-", "If-Range": etag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert rest.headers["content-range"] == f"bytes {middle}-{len(whole) - 1}/{len(whole)}"
    assert first.content + rest.content == whole


def test_changed_file_is_sent_whole(finished: dict[str, Any]) -> None:
    """Proves that If-Range with another ETag gives the whole file, not a piece of a new one."""
    headers = {"Range": "bytes=10-", "If-Range": '"another"'}
    assert httpx.get(finished["video_url"], headers=headers).status_code == 200


def test_range_beyond_the_end(finished: dict[str, Any]) -> None:
    """Proves that an impossible range is 416."""
    headers = {"Range": "bytes=999999999-"}
    assert httpx.get(finished["video_url"], headers=headers).status_code == 416


def test_thumbnail(finished: dict[str, Any]) -> None:
    """Proves that the thumbnail is a JPEG."""
    answer = httpx.get(finished["thumbnail_url"])
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"


@pytest.mark.parametrize("path", ["/", "/nothing", "/guess/video.mp4", "/../etc/passwd"])
def test_unknown_path(caller: Caller, path: str) -> None:
    """Proves that nothing else is served."""
    assert httpx.get(caller.gateway.links_url + path).status_code == 404


def test_link_of_a_running_task_is_not_there(caller: Caller) -> None:
    """Proves that the gateway's paths do not exist on the other origin, and the reverse."""
    assert httpx.get(f"{caller.gateway.links_url}/v1/videos/x").status_code == 404
    assert caller.http.get("/token/video.mp4").status_code == 404


def test_key_on_the_wrong_origin(fresh_caller: Caller) -> None:
    """Proves that a key sent along with a link is refused, counted and remembered unreadable."""
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
