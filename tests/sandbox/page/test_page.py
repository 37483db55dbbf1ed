"""The page: to whom it answers, what it says of itself, and that nothing a client sends becomes part of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest
from chainhub_sandbox import Sandbox

from tests.support.sandbox_caller import KITTEN, Caller, png

ACTIONS = {
    "create": {"prompt": "A kitten", "model": "openai veo_3_1", "shape": "wide", "seconds": "2"},
    "faults": {"preset": "lost", "on": "yes"},
    "dialects": {"name": "relay", "on": "yes"},
    "tasks": {"task": "0", "do": "fail"},
}
PATHS = ("/", "/_sandbox/page/page.css", "/_sandbox/page/page.js", "/_sandbox/page/icon.svg")


class Browser:
    """What a browser on the page would send, without one."""

    def __init__(self, gateway: Sandbox) -> None:
        self.gateway = gateway
        self.http = httpx.Client(base_url=gateway.url, headers={"Origin": gateway.url}, timeout=30)

    def act(self, action: str, **fields: str) -> httpx.Response:
        """Send one of the page's forms."""
        return self.http.post(f"/_sandbox/page/{action}", data=fields)

    def create(self, picture: bytes | None = None, **fields: str) -> httpx.Response:
        """Send the form for a new task."""
        parts = {name: (None, value) for name, value in {**ACTIONS["create"], **fields}.items()}
        files = {"picture": ("kitten.png", picture)} if picture else {}
        return self.http.post("/_sandbox/page/create", files={**parts, **files})

    def read(self, path: str = "/") -> str:
        """The page."""
        return self.http.get(path).raise_for_status().text


@pytest.fixture
def page() -> Iterator[Browser]:
    """A page of a sandbox of its own, whose tasks end when a test says so."""
    with Sandbox(fast=True, pace=60) as gateway:
        browser = Browser(gateway)
        with browser.http:
            yield browser


def test_its_answers_keep_it_to_itself(page: Browser) -> None:
    """Every answer has a policy that lets nothing in from elsewhere, and nothing written into the page run."""
    answers = [page.http.get(path) for path in PATHS]
    answers += [page.act("faults", **ACTIONS["faults"]), page.act("faults", spec="nonsense")]
    answers += [httpx.post(f"{page.gateway.url}/_sandbox/page/create")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 303, 400, 403]
    for answer in answers:
        policy = answer.headers["content-security-policy"].split("; ")
        assert "default-src 'none'" in policy
        assert {"script-src 'self'", "form-action 'self'", "base-uri 'none'"} <= {*policy}
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_it_names_nothing_elsewhere(page: Browser) -> None:
    """The page, its style and its script hold no inline code, and no address but the sandbox's own."""
    page.create()
    text = "".join(page.read(path) for path in PATHS[:3])
    found = re.findall(r"https?://[\w.:\[\]-]+", text)
    assert {*found} == {page.gateway.url}
    assert not re.search(r"\bon\w+=|style=|<script>|javascript:|@import|url\(", text)


def test_what_does_not_come_from_the_page_changes_nothing(caller: Caller) -> None:
    """Without the page's own origin each action is refused with 403 in words, and nothing has changed."""
    gateway = caller.gateway
    before = gateway.paid, gateway.fault_counts, len(gateway.requests)
    own, elsewhere = gateway.url, "other origins are not answered"
    strangers: list[tuple[dict[str, str], str]] = [
        ({}, "only the sandbox's own page"),
        ({"Origin": "https://evil.example"}, elsewhere),
        ({"Origin": "null"}, elsewhere),
        ({"Origin": "http://localhost:1"}, elsewhere),
        ({"Origin": own, "Sec-Fetch-Site": "cross-site"}, "another page has sent you"),
        ({"Origin": own, "Sec-Fetch-Site": "same-site"}, "another page has sent you"),
        ({"Sec-Fetch-Site": "none"}, "only the sandbox's own page"),
        ({"Origin": own, "Host": "evil.example"}, "use one of these addresses"),
    ]
    for (action, fields), (headers, words) in product(ACTIONS.items(), strangers):
        answer = httpx.post(f"{own}/_sandbox/page/{action}", data=fields, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/plain")
        assert words in answer.text, headers
    assert (gateway.paid, gateway.fault_counts, len(gateway.requests)) == before


def test_the_page_is_not_shown_to_others(caller: Caller) -> None:
    """Neither under a foreign name nor for another origin's page: 403, with words."""
    strangers = (
        ("Host", "evil.example"),
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    )
    for path, header in product(PATHS, strangers):
        answer = httpx.get(f"{caller.gateway.url}{path}", headers=dict([header]))
        assert answer.status_code == 403
        assert answer.text.startswith("Refused: ")


def test_looking_at_it_is_no_request_of_a_client(page: Browser) -> None:
    """The page and what is on it are not in the ledger; its creates are, like everybody's."""
    page.create()
    before = len(page.gateway.requests)
    for path in PATHS:
        page.read(path)
    assert (before, len(page.gateway.requests)) == (1, 1)
    (received,) = page.gateway.requests
    assert received.headers["authorization"] == "Bearer ***"
    assert (received.step, received.body["seconds"], received.body["size"]) == ("create", "2", "1280x720")  # fmt: skip
    assert [picture.name for picture in received.pictures] == ["example.png"]


def test_an_uploaded_picture_gets_a_link(page: Browser) -> None:
    """In the unified format it is linked from this machine, byte for byte, fetched for the clip, and shown small."""
    page.create(KITTEN, model="unified grok-video-3", shape="square")
    (received,) = page.gateway.requests
    (link,) = received.body["images"]
    answer = httpx.get(link)
    assert (answer.content, answer.headers["content-type"]) == (KITTEN, "image/png")
    assert received.body["aspect_ratio"] == "1:1"
    page.gateway.finish(page.gateway.tasks[0].id)
    (thumbnail,) = re.findall(r'src="(/_sandbox/page/pictures/[^"]+)"', page.read())
    small = page.http.get(thumbnail)
    assert small.headers["content-type"] == "image/jpeg"
    assert 1000 < len(small.content) < 40_000


def test_what_the_gateway_refuses_is_told(page: Browser) -> None:
    """Its own words are shown, the form keeps what was in it, and nothing is paid."""
    grok = {"model": "unified grok-video-3"}
    refusals: list[tuple[dict[str, str], bytes | None, str]] = [
        ({"shape": "square"}, None, "is not one of"),
        ({"seconds": "many"}, None, "seconds"),
        ({"model": "unified nothing"}, None, "no available channel"),
        ({"model": "unified veo3", "shape": "square"}, None, "aspect_ratio"),
        (grok, b"<svg onload=alert(1)>", "these bytes are not a PNG"),
        ({**grok, "link": "ftp://kitten"}, None, "neither an http"),
    ]
    for fields, picture, words in refusals:
        answer = page.create(picture, prompt="Keep me", **fields)
        assert answer.status_code == 400
        message = re.search(r'id="message"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
        assert message
        assert words in message[1]
        assert ">Keep me</textarea>" in answer.text
    assert page.gateway.paid == 0


def test_every_kind_of_model_is_created(page: Browser) -> None:
    """The form's few words become the fields that the model has, and the gateway takes them."""
    names = ("sora-2", "sora-2-pro", "veo2", "veo3.1")
    for name in (*(f"unified {each}" for each in names), "openai sora-2-pro"):
        assert page.create(model=name, seconds="4", shape="tall").status_code == 303, name
    assert page.gateway.paid == 5


def test_a_form_that_is_too_large_is_refused(page: Browser) -> None:
    """Beyond the limit it is told so, and nothing is created."""
    answer = page.create(b"x" * (34 * 1024 * 1024))
    assert answer.status_code == 413
    assert "larger than" in answer.text
    assert page.gateway.paid == 0


HOSTILE = (
    "</textarea></pre></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\0\u202e"
)


def test_nothing_that_is_sent_becomes_markup(page: Browser) -> None:
    """A prompt, a file's name, a link and a broken form's fields are letters only, in text and in attributes."""
    with Caller(page.gateway) as caller:
        link = f"http://x.example/{HOSTILE.replace(chr(0), '')}"
        caller.create_unified(prompt=HOSTILE, images=[link])
        caller.create_openai(png("red"), name="<b>.png", seconds="1")
    assert page.gateway.paid == 2
    fields: dict[str, Any] = dict.fromkeys(("prompt", "model", "seconds", "link", "shape"), HOSTILE)
    broken, fault = page.create(**fields), page.act("faults", spec=HOSTILE)
    for text in (page.read(), broken.text, fault.text):
        for markup in ("<script>", "<img src=x", "<b>", "\0"):
            assert markup not in text
        assert text.count("</textarea>") == 1
    assert page.read().count("&lt;script&gt;alert(1)") >= 4


def test_a_long_prompt_is_cut_and_can_be_seen_whole(page: Browser) -> None:
    """The first few characters are shown, and all on demand; a very long request has a page of its own."""
    found = re.compile(r'<p class="prompt" dir="auto">(.*?)</p>')
    for length in (1_000, 10_000):
        prompt = "".join(chr(0x4E00 + number) for number in range(length))
        page.create(prompt=prompt)
        text = page.read()
        assert text.count(prompt[-10:]) == (4 if length == 1_000 else 0)
        shown = found.findall(text)
        assert shown[0] == f"{prompt[:280]}…"
        if length == 1_000:
            assert shown[1] == prompt
            assert "Show all 1,000 characters" in text
    (path,) = re.findall(r'href="(/_sandbox/page/tasks/[^"]+)"', text)
    whole = page.read(path)
    assert found.findall(whole) == [prompt]
    assert whole.count(prompt[-10:]) == 4
    assert "Task 2" in whole
    assert page.http.get("/_sandbox/page/tasks/0").status_code == 404


def test_switches_and_buttons_do_what_they_say(page: Browser) -> None:
    """Faults are set, removed singly and cleared; dialects come together for the next task; others are refused."""
    page.act("faults", preset="lost", on="yes")
    page.act("faults", preset="lost", on="yes")  # twice is once
    page.act("faults", spec="query:status,status=502,moment=done,times=2")
    assert [str(fault) for fault in page.gateway.faults] == ["reset at done", "status at done"]
    assert "query:status,moment=done,times=2,status=502" in page.read()
    page.act("faults", preset="lost", on="")
    assert [fault.kind for fault in page.gateway.faults] == ["status"]
    (number,) = re.findall(r'name="remove" value="(\d+)"', page.read())
    page.act("faults", remove=number)
    assert page.gateway.faults == []
    refused = page.act("faults", spec="create:refuse,seconds=5")
    assert (refused.status_code, page.http.get("/").status_code) == (400, 200)
    page.act("dialects", name="relay", on="yes")
    page.act("dialects", name="own-links", on="yes")
    page.act("dialects", name="numeric-ids", on="yes")
    page.create(model="unified veo3")
    assert "numeric-ids, own-links, relay" in page.read()
    page.act("dialects", name="relay", on="")
    page.act("dialects", name="numeric-ids", on="")
    page.create(model="unified veo3")
    numeric, plain = page.gateway.tasks
    assert (numeric.id.isdigit(), plain.id.isdigit()) == (True, False)
    assert page.act("dialects", name="nonsense", on="yes").status_code == 400
    assert page.act("tasks", task="0", do="fail").status_code == 404
    text = page.read()
    assert len(re.findall(r'id="dialects-[^"]+" role="switch" aria-checked="true"', text)) == 1


def test_a_task_is_held_and_ended_by_its_buttons(page: Browser) -> None:
    """One is stopped, goes on and fails; another is finished; an action that there is not changes nothing."""
    page.create()
    page.create()
    second, first = dict.fromkeys(re.findall(r'name="task" value="([^"]+)"', page.read()))
    held: list[bool] = []
    for action in ("hold", "release", "fail"):
        page.act("tasks", task=first, do=action)
        held.append(">held<" in page.read(f"/_sandbox/page/tasks/{first}"))
    page.act("tasks", task=second, do="finish")
    assert page.act("tasks", task=first, do="nothing").status_code == 400
    assert held == [True, False, False]
    assert [task.status for task in page.gateway.tasks] == ["failed", "completed"]


def test_a_task_spoken_in_own_links_keeps_them(page: Browser) -> None:
    """Links to the gateway go on working for their task after the dialect is switched off, and were unknown before."""
    key = {"Authorization": "Bearer sandbox"}
    assert (
        page.http.get("/v1/files/x/video.mp4", headers=key).json()["error"]["code"] == "not_found"
    )
    page.act("dialects", name="own-links", on="yes")
    for _ in range(6):
        page.create(model="unified veo3")
    page.act("dialects", name="own-links", on="")
    for task in page.gateway.tasks:
        page.gateway.finish(task.id)
    said = [
        page.http.get("/v1/video/query", params={"id": task.id}, headers=key).json()
        for task in page.gateway.tasks
    ]
    links = [each["video_url"] for each in said if each["video_url"].startswith("/v1/files/")]
    assert len(links) == 1
    assert page.http.get(links[0], headers=key).headers["content-type"] == "video/mp4"


def test_the_sandbox_stops_while_the_page_waits(page: Browser) -> None:
    """A create of the page that gets no answer does not keep the sandbox from stopping."""
    page.act("faults", spec="create:hang")
    failures: list[Exception] = []

    def create() -> None:
        try:
            page.create()
        except httpx.TransportError as error:
            failures.append(error)

    waiting = threading.Thread(target=create)
    waiting.start()
    page.gateway.wait_for("create")
    began = time.monotonic()
    page.gateway.stop()
    waiting.join()
    assert time.monotonic() - began < 8  # not the ten seconds that the page waits for an answer


def test_hundreds_of_tasks_are_shown_by_fifties(page: Browser) -> None:
    """The newest come first, more on demand; an unchanged page is not sent again."""
    with Caller(page.gateway) as api:
        for _ in range(120):
            assert api.create_unified(prompt="Same").status_code == 200
    for task in page.gateway.tasks:
        page.gateway.finish(task.id)
    first = page.http.get("/")
    names = re.findall(r'data-name="Task (\d+)"', first.text)
    assert names == [str(number) for number in range(120, 70, -1)]
    assert "Show more (70 older)" in first.text
    more = page.read("/?show=100")
    assert len(re.findall(r'data-name="Task \d+"', more)) == 100
    assert "/?show=150#tasks" in more
    for odd in ("-1", "x", "²", "9" * 50):
        assert len(re.findall(r'data-name="Task \d+"', page.read(f"/?show={odd}"))) == 50
    again = page.http.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_video_is_served_in_ranges(page: Browser) -> None:
    """A browser that jumps in a video gets the part it asks for; a task that is not there has none."""
    page.create()
    page.gateway.finish(page.gateway.tasks[0].id)
    (source,) = re.findall(r'src="([^"]+\.mp4)"', page.read())
    part = page.http.get(source, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert page.http.get("/_sandbox/page/videos/0.mp4").status_code == 404
    assert page.gateway.tasks[0].fetched_whole is False
