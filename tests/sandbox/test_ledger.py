"""The ledger: what arrived, as it arrived, what it would have cost, and what became of it."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from chainhub_sandbox.tasks import SentBytes

from tests.support.sandbox_caller import KITTEN, Caller, data_uri, png, wait_until

LINK = "https://example.com/a.png"
STRANGE_PROMPTS = (
    "two\r\nlines",
    'x\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\nveo_3_1-fast',
    "--boundary--",
    "小猫在吃鱼 🐟 العربية",
    'quote " backslash \\ percent %0d%0a',
    "nul \0 and bell \a",
    "long " * 20_000,
)


def test_form_is_recorded(fresh_caller: Caller) -> None:
    """Text fields, the picture's digest, the answer and the task are remembered."""
    created = fresh_caller.create_openai(prompt="A kitten", unknown="kept")
    (request,) = fresh_caller.gateway.requests
    assert (request.origin, request.step) == ("gateway", "create")
    assert (request.method, request.path) == ("POST", "/v1/videos")
    assert request.body == {
        "model": "veo_3_1",
        "prompt": "A kitten",
        "seconds": "2",
        "size": "1280x720",
        "watermark": "false",
        "unknown": "kept",
    }
    (picture,) = request.pictures
    assert (picture.field, picture.name) == ("input_reference", "kitten.png")
    assert picture.sha256 == hashlib.sha256(KITTEN).hexdigest()
    assert (picture.size, picture.media_type) == (len(KITTEN), "image/png")
    assert (request.status, request.task_id) == (200, created.json()["id"])
    assert request.request_id == created.headers["x-oneapi-request-id"]


def test_document_is_recorded(fresh_caller: Caller) -> None:
    """Unknown fields stay, a data URI is told by its digest, and is shortened even if the create is refused."""
    red = png("red")
    fresh_caller.create_unified(images=[data_uri(red), LINK], unknown={"kept": [1, None]})
    fresh_caller.create_unified(images=["data:image/png;base64," + "A" * 100_000, 5])
    request, refused = fresh_caller.gateway.requests
    assert request.body["unknown"] == {"kept": [1, None]}
    assert request.body["images"] == ["data:image/png;base64,…", LINK]
    carried, linked = request.pictures
    assert (carried.field, carried.media_type) == ("images[0]", "image/png")
    assert (carried.sha256, carried.size) == (hashlib.sha256(red).hexdigest(), len(red))
    assert (linked.field, linked.name, linked.sha256) == ("images[1]", LINK, "")
    assert refused.status == 400
    assert refused.body["images"] == ["data:image/png;base64,…", 5]


def test_query_is_recorded_without_the_key(fresh_caller: Caller) -> None:
    """An id of strange characters arrives as it was; a key, right or wrong, is in no record."""
    fresh_caller.query("grok:a b/c?d=e&f%20ü")
    wrong = {"Authorization": "Bearer sk-secret", "Cookie": "key=sk-secret"}
    httpx.get(f"{fresh_caller.gateway.url}/v1/videos/x", headers=wrong)
    query, other = fresh_caller.gateway.requests
    assert (query.step, query.query) == ("query", {"id": "grok:a b/c?d=e&f%20ü"})
    for request in (query, other):
        assert request.headers["authorization"] == "Bearer ***"
    ledger = fresh_caller.http.get("/_sandbox/ledger").text
    assert "sk-secret" not in ledger
    assert "Bearer sandbox" not in ledger


@pytest.mark.parametrize("prompt", STRANGE_PROMPTS, ids=range(len(STRANGE_PROMPTS)))
def test_strange_prompts(caller: Caller, prompt: str) -> None:
    """Any text arrives unchanged in both formats, and a clip comes of it."""
    created = caller.create_openai(prompt=prompt), caller.create_unified(prompt=prompt)
    for answer, model in zip(created, ("veo_3_1", "grok-video-3"), strict=True):
        state = caller.finish(answer)
        assert state["status"] == "completed"
        (record,) = [each for each in caller.gateway.requests if each.task_id == state["id"]][:1]
        assert (record.body["prompt"], record.body["model"]) == (prompt, model)
    assert caller.query(created[1].json()["id"]).json()["prompt"] == prompt


def test_fingerprints_tell_requests_apart(caller: Caller) -> None:
    """Every field and every picture counts, the format as well; names, spellings and the order of fields do not."""
    red, blue = png("red"), png("blue")

    def last() -> str:
        return caller.gateway.requests[-1].fingerprint

    prints: list[str] = []
    for field, value in {
        "prompt": "The kitten is eating fish",
        "seconds": "3",
        "watermark": "true",
        "job": "1",
    }.items():
        caller.create_openai(red, **{field: value})
        prints.append(last())
    caller.create_openai(blue)
    prints.append(last())
    one, two = data_uri(red), data_uri(blue)
    for images in ([one], [], [two], [one, two], [two, one], [LINK]):
        caller.create_unified(images=images)
        prints.append(last())
    assert len(set(prints)) == len(prints)
    assert all(len(name) == 64 for name in prints)
    caller.create_openai(red, name="another.png")
    assert last() == prints[0]
    reordered = {"size": "720P", "aspect_ratio": "3:2", "model": "grok-video-3"}
    document = {"images": [data_uri(red, "DATA:image/x")], **reordered}
    caller.http.post("/v1/video/create", json={**document, "prompt": "The kitten is eating fish"})
    assert last() == prints[5]


def test_creates_are_counted_by_fingerprint(fresh_caller: Caller) -> None:
    """Arrived, paid, and by which tasks: per request, as data and over HTTP, which is not listed itself."""
    gateway = fresh_caller.gateway
    gateway.fault("create", "status", status=500, times=1)
    assert fresh_caller.create_unified(prompt="one").status_code == 500
    accepted = [fresh_caller.create_unified(prompt="one") for _ in range(2)]
    other = fresh_caller.create_openai()
    fresh_caller.finish(other)
    first, second = gateway.creates
    assert (first.format, first.body["prompt"], first.arrived) == ("unified", "one", 3)
    assert [task.id for task in first.tasks] == [answer.json()["id"] for answer in accepted]
    assert (second.format, second.arrived) == ("openai", 1)
    assert [task.id for task in second.tasks] == [other.json()["id"]]
    fresh_caller.http.get("/_sandbox/ledger")
    ledger = fresh_caller.http.get("/_sandbox/ledger").json()
    assert ledger["paid"] == gateway.paid == 3
    prints = [create["fingerprint"] for create in ledger["creates"]]
    assert prints == [first.fingerprint, second.fingerprint]
    assert ledger["creates"][0]["tasks"][1]["id"] == accepted[1].json()["id"]
    paths = ["/v1/video/create"] * 3 + ["/v1/videos", f"/v1/videos/{other.json()['id']}"]
    assert [entry["path"] for entry in ledger["requests"]] == paths
    assert (ledger["requests"][0]["body"]["prompt"], ledger["key_leaks"]) == ("one", 0)


def test_a_broken_off_create_is_counted_as_unread(fresh_caller: Caller) -> None:
    """A create that breaks off before its end is no arrival of any request, and still is told."""
    gateway = fresh_caller.gateway
    gateway.fault("create", "reset", moment="arrival", times=1)
    with pytest.raises(httpx.TransportError):
        fresh_caller.create_unified()
    assert (gateway.unread, gateway.creates, gateway.paid) == (1, [], 0)


def test_whether_a_video_was_fetched_whole(fresh_caller: Caller) -> None:
    """Half a download does not count, its other half by a range does; and so for both formats."""
    gateway = fresh_caller.gateway
    openai, unified = fresh_caller.create_openai(), fresh_caller.create_unified()
    content = f"{gateway.url}/v1/videos/{fresh_caller.finish(openai)['id']}/content"
    link = fresh_caller.finish(unified)["video_url"]
    for create, url in zip(gateway.creates, (content, link), strict=True):
        step = "content" if create.format == "openai" else "link"
        key = fresh_caller.http.headers if step == "content" else {}

        def fetched(at: int = gateway.creates.index(create)) -> bool:
            return gateway.creates[at].tasks[0].fetched_whole

        size = create.tasks[0].size or 0
        assert not fetched()
        httpx.head(url, headers=key)
        httpx.get(url, headers={**key, "Range": "bytes=0-99"})
        httpx.get(url, headers={**key, "Range": f"bytes=200-{size}"})
        gateway.fault(step, "cut", bytes=50, times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url, headers={**key, "Range": "bytes=100-"})
        assert not fetched()
        httpx.get(url, headers={**key, "Range": "bytes=140-199"})
        wait_until(fetched)  # it is booked once the last byte has left
        assert gateway.creates[0].tasks[0].status == "completed"


def test_the_digest_is_that_of_the_file(fresh_caller: Caller) -> None:
    """The ledger's sha256 and size are those of the bytes that are sent; before there are any, there is none."""
    video = fresh_caller.video(fresh_caller.create_unified())
    (task,) = fresh_caller.gateway.creates[0].tasks
    assert (task.sha256, task.size) == (hashlib.sha256(video).hexdigest(), len(video))
    fresh_caller.create_openai(seconds="60")
    (early,) = fresh_caller.gateway.creates[1].tasks
    assert (early.sha256, early.size, early.fetched_whole) == (None, None, False)


def test_what_has_left_adds_up() -> None:
    """Parts count in any order, overlapping or not; a gap or a missing end does not."""
    sent = SentBytes()
    assert not sent.covers(10)
    for first, end in [(5, 10), (0, 2), (3, 5), (0, 0)]:
        sent.add(first, end)
    assert not sent.covers(10)
    sent.add(1, 4)
    assert sent.covers(10)
    assert not sent.covers(11)
