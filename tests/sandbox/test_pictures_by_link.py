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


class PictureHost(BaseHTTPRequestHandler):
    """Serves a red picture and various mishaps."""

    picture: ClassVar[bytes] = b""
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        """Answers one request, by path."""
        self.asked.append((self.path, self.headers.get("Authorization")))
        body, status, location = self.picture, 200, ""
        if self.path == "/missing.png":
            body, status = b"", 404
        elif self.path == "/text.png":
            body = b"not a picture"
        elif self.path == "/moved.png":
            body, status, location = b"", 302, "/red.png"
        elif self.path == "/away.png":
            body, status, location = b"", 302, "https://example.com/red.png"
        elif self.path == "/circle.png":
            body, status, location = b"", 302, "/circle.png"
        elif self.path == "/huge.png":
            body = self.picture + b"\0" * (33 * 1024 * 1024)
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
def picture_host(caller: Caller) -> Iterator[str]:
    """The address of a server of pictures on this machine."""
    PictureHost.picture = png("red")
    with ThreadingHTTPServer(("127.0.0.1", 0), PictureHost) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["red.png", "moved.png"])
def test_loopback_picture_is_fetched(caller: Caller, picture_host: str, name: str) -> None:
    """Proves that a picture on this machine is shown, also behind a redirect, without any key."""
    clip = caller.watch(caller.create_unified(images=[f"{picture_host}/{name}"]))
    frame = clip.frames[0]
    red, green, blue = ImageStat.Stat(frame.crop((0, 0, frame.width, 100))).mean
    assert red > 200
    assert max(green, blue) < 60
    assert (f"/{name}", None) in PictureHost.asked


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.png", "answered 404"),
        ("text.png", "not a PNG"),
        ("away.png", "leaves this machine"),
        ("circle.png", "redirects"),
        ("huge.png", "larger than"),
    ],
)
def test_unusable_loopback_picture_fails_the_task(
    caller: Caller, picture_host: str, name: str, reason: str
) -> None:
    """Proves that the create is accepted, and the task then fails with the reason."""
    state = caller.finish(caller.create_unified(images=[f"{picture_host}/{name}"]))
    assert state["status"] == "failed"
    assert reason in state["detail"]["failure_reason"]
    assert reason in state["error"]["message"]


def test_closed_port_fails_the_task(caller: Caller) -> None:
    """Proves that a link to a port where nobody listens fails the task in one line."""
    state = caller.finish(caller.create_unified(images=["http://127.0.0.1:9/kitten.png"]))
    assert state["status"] == "failed"
    assert "cannot be fetched" in state["detail"]["failure_reason"]
    assert "\n" not in state["detail"]["failure_reason"]


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/kitten.png",
        "http://192.0.2.1/kitten.png",
        "http://127.0.0.1.example.com/kitten.png",
        "http://localhost.example.com/kitten.png",
        "http://127.0.0.1@example.com/kitten.png",
        "https://127.0.0.1/kitten.png",
        "http://0.0.0.0/kitten.png",
    ],
)
def test_other_links_are_never_fetched(
    caller: Caller, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves that a foreign link, however disguised, gives a drawn clip and no connection."""
    fetched: list[str] = []
    monkeypatch.setattr("chainhub_sandbox.clips.fetch_loopback", lambda url, _: fetched.append(url))
    state = caller.finish(caller.create_unified(images=[link]))
    assert state["status"] == "completed"
    assert fetched == []


@pytest.mark.parametrize(
    ("link", "loopback"),
    [
        ("http://127.0.0.1:8000/a.png", True),
        ("http://localhost/a.png", True),
        ("http://[::1]:8000/a.png", True),
        ("http://127.1.2.3/a.png", True),
        ("http://2130706433/a.png", False),
        ("http://[::ffff:8.8.8.8]/a.png", False),
        ("http://[broken/a.png", False),
        ("ftp://127.0.0.1/a.png", False),
        ("http:///a.png", False),
    ],
)
def test_what_counts_as_this_machine(link: str, loopback: bool) -> None:
    """Proves that only literal loopback addresses and localhost over http count."""
    assert is_loopback_link(link) is loopback
