"""The dialects of time and of links: what comes late, and links that need the key, are refused or expire."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from tests.support.sandbox_caller import FORMATS

from .deployment import deployed, is_video

BOTH = pytest.mark.parametrize("wire_format", FORMATS)


@BOTH
def test_not_found_at_first(wire_format: str) -> None:
    """A new task is unknown for two seconds from the first question, with 404 or with 400."""
    seen: Counter[int] = Counter()
    with deployed("late") as there:
        for _ in range(4):
            task_id, created = there.create(wire_format)
            assert created.json()["id"] == task_id
            for pause in (0.0, 1.0, 0.9):
                there.gateway.advance(pause)
                answer = there.query(task_id, wire_format)
                assert answer.json()["code"] == "task_not_exist"
                seen[answer.status_code] += 1
            there.gateway.advance(0.1)
            assert there.query(task_id, wire_format).json()["id"] == task_id
    assert seen == {404: 6, 400: 6}


@BOTH
@pytest.mark.parametrize(("asked_after", "missing"), [(30.0, 2.0), (59.0, 1.0), (60.0, 0.0)])
def test_never_lost_for_more_than_a_minute(
    wire_format: str, asked_after: float, missing: float
) -> None:
    """A task that is first asked for after a while is missing, too, but never after a minute."""
    with deployed("late") as there:
        task_id, _ = there.create(wire_format)
        there.gateway.advance(asked_after)
        if missing:
            assert there.query(task_id, wire_format).status_code in (400, 404)
            there.gateway.advance(missing)
        assert there.query(task_id, wire_format).status_code == 200


@BOTH
@pytest.mark.parametrize("step", ["content", "link"])
def test_link_and_file_come_after_completion(wire_format: str, step: str) -> None:
    """The link comes three seconds late; then content and link answer 400, 502 or an error for five seconds."""
    seen: set[tuple[int, str]] = set()
    with deployed("late") as there:
        for _ in range(3):
            task_id, _ = there.create(wire_format)
            there.query(task_id, wire_format)
            there.gateway.finish(task_id)
            there.gateway.advance(2)
            links: list[str] = []
            for pause in (0.0, 2.9, 0.1):
                there.gateway.advance(pause)
                document = there.query(task_id, wire_format).json()
                assert document["status"] == "completed"
                links.append(document["video_url"])
            *too_early, link = links
            assert too_early == ["", ""]
            answers: list[httpx.Response] = []
            for pause in (0.0, 4.9, 0.1):
                there.gateway.advance(pause)
                answers.append(there.content(task_id) if step == "content" else httpx.get(link))
            assert answers[0].status_code == answers[1].status_code
            assert not is_video(answers[0])
            code = "error" in answers[0].text and answers[0].json()["error"]["code"]
            seen.add((answers[0].status_code, code or answers[0].text.strip()))
            assert is_video(answers[2])
        assert all(task.fetched_whole for task in there.gateway.tasks)
    assert seen == {(400, "video_not_ready"), (502, "Bad gateway"), (200, "upstream_error")}


def test_old_video_comes_at_once() -> None:
    """A video that was completed a minute ago is handed out to the first who asks."""
    with deployed("late") as there:
        task_id, _ = there.create("unified")
        there.gateway.finish(task_id)
        there.gateway.advance(61)
        link = there.query(task_id, "unified").json()["video_url"]
        assert is_video(httpx.get(link))
        assert is_video(there.content(task_id))


@BOTH
def test_own_links(wire_format: str) -> None:
    """Six kinds of links come, each with its answers with the key and without; content always works."""
    seen: Counter[tuple[str, int, int]] = Counter()
    with deployed("own-links") as there:
        url, links_url = there.gateway.url, there.gateway.links_url
        for _ in range(6):
            task_id, document = there.finished(wire_format)
            video, link = there.content(task_id), document["video_url"]
            assert is_video(video)
            kind = "relative" if link.startswith("/") else "third" if links_url in link else "own"
            address = httpx.URL(url).join(link)
            bare = httpx.get(address)
            if kind == "third":
                after = httpx.get(there.query(task_id, wire_format).json()["video_url"])
            else:
                assert str(address).startswith(f"{url}/v1/")
                after = there.http.get(link)
            if after.status_code == 200:
                assert after.content == video.content
            seen[kind, bare.status_code, after.status_code] += 1
        assert there.gateway.key_leaks == 0
    assert seen == {
        ("relative", 401, 200): 1,  # with the key
        ("own", 401, 200): 2,
        ("own", 401, 403): 1,  # refused to everyone
        ("third", 403, 403): 1,
        ("third", 403, 200): 1,  # expired; the next query had a fresh one
    }


def test_own_links_know_ranges_and_faults() -> None:
    """Faults of the step `link` hit links to the gateway's own origin, and those know Range."""
    with deployed("own-links") as there:
        ended = [there.finished("unified") for _ in range(6)]
        links = {document["video_url"]: task_id for task_id, document in ended}
        link = next(each for each in links if each.startswith("/"))
        part = there.http.get(link, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
        there.gateway.fault("link", "cut", bytes=100, times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            there.http.get(link)
        there.gateway.fault("link", "expire", status=410, times=1)
        assert there.http.get(link).status_code == 410
        fresh = there.query(links[link], "unified").json()["video_url"]
        assert fresh != link
        assert is_video(there.http.get(fresh))
        assert there.http.get("/v1/files/unknown/video.mp4").status_code == 404
        assert [each.step for each in there.gateway.requests if "files" in each.path] == [
            "link"
        ] * 5
