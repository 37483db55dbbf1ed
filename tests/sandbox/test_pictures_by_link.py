"""Links to pictures: this machine's are fetched, all others never."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from chainhub_sandbox.pictures import is_loopback_link
from PIL import ImageStat

from tests.support.sandbox_caller import Caller, png

RED = png("red")
ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "red.png": (200, "", RED),
    "missing.png": (404, "", b""),
    "text.png": (200, "", b"not a picture"),
    "moved.png": (302, "/red.png", b""),
    "away.png": (302, "https://example.com/red.png", b""),
    "circle.png": (302, "/circle.png", b""),
    "huge.png": (200, "", RED.ljust(33 * 1024 * 1024, b"\0")),
}
"""What the host of pictures answers: status, Location, body."""


class PictureHost(BaseHTTPRequestHandler):
    """Serves a red picture and various mishaps."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        """Answers one request, by path."""
        self.asked.append((self.path, self.headers.get("Authorization")))
        status, location, body = ANSWERS[self.path.removeprefix("/")]
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            # Whoever asked has seen enough.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Says nothing."""


@pytest.fixture(scope="module")
def picture_host() -> Iterator[str]:
    """The address of a server of pictures on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), PictureHost) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_loopback_picture_is_fetched(caller: Caller, picture_host: str) -> None:
    """A picture on this machine is shown, also behind a redirect, without any key."""
    for name in ("red.png", "moved.png"):
        clip = caller.watch(caller.create_unified(images=[f"{picture_host}/{name}"]))
        frame = clip.frames[0]
        red, green, blue = ImageStat.Stat(frame.crop((0, 0, frame.width, 100))).mean
        assert red > 200 > 60 > max(green, blue)
        assert (f"/{name}", None) in PictureHost.asked


def test_unusable_loopback_picture_fails_the_task(caller: Caller, picture_host: str) -> None:
    """The create is accepted, and the task then fails with the reason in one line."""
    reasons = {
        f"{picture_host}/missing.png": "answered 404",
        f"{picture_host}/text.png": "not a PNG",
        f"{picture_host}/away.png": "leaves this machine",
        f"{picture_host}/circle.png": "redirects",
        f"{picture_host}/huge.png": "larger than",
        "http://127.0.0.1:9/kitten.png": "cannot be fetched",
    }
    for link, reason in reasons.items():
        state = caller.finish(caller.create_unified(images=[link]))
        assert state["status"] == "failed"
        assert reason in state["detail"]["failure_reason"]
        assert reason in state["error"]["message"]
        assert "\n" not in state["detail"]["failure_reason"]


LOOPBACK = (
    *("http://127.0.0.1:8000/a.png", "http://localhost/a.png", "http://[::1]:8000/a.png"),
    "http://127.1.2.3/a.png",
)
ELSEWHERE = (
    "https://example.com/kitten.png",
    "http://192.0.2.1/kitten.png",
    "http://127.0.0.1.example.com/kitten.png",
    "http://localhost.example.com/kitten.png",
    "http://127.0.0.1@example.com/kitten.png",
    "https://127.0.0.1/kitten.png",
    "http://0.0.0.0/kitten.png",
)
UNUSABLE = (
    *("http://2130706433/a.png", "http://[::ffff:8.8.8.8]/a.png", "http://[broken/a.png"),
    *("ftp://127.0.0.1/a.png", "http:///a.png"),
)


def test_other_links_are_never_fetched(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign link, however disguised, gives a drawn clip and no connection."""
    fetched: list[str] = []
    monkeypatch.setattr("chainhub_sandbox.clips.fetch_loopback", lambda url, _: fetched.append(url))
    for link in ELSEWHERE:
        assert caller.finish(caller.create_unified(images=[link]))["status"] == "completed"
    assert fetched == []


def test_what_counts_as_this_machine() -> None:
    """Only literal loopback addresses and localhost over http count."""
    links = (*LOOPBACK, *ELSEWHERE, *UNUSABLE)
    assert tuple(filter(is_loopback_link, links)) == LOOPBACK
