"""Links to pictures: followed without the key, only where they may be, and only as far as a picture can be long."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from chainhub_video import ConnectionFailed, InvalidRequest
from chainhub_video.flows import pictures as flow_pictures

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, png

MEGABYTE = 1 << 20


def test_a_redirect_to_another_host_is_followed_without_the_key(
    hub: Any, gateway: Gateway, elsewhere: Gateway
) -> None:
    """A picture's link may lead on to other hosts; none of them sees the key or a cookie, and the picture arrives."""
    gateway.on("create", tell(OPENAI.created()))
    with Gateway() as third:
        third.on("/real.png", say(200, png()))
        elsewhere.on(
            "/kitten.png",
            say(302, headers={"Location": f"{third.url}/real.png", "Set-Cookie": "a=b"}),
        )
        OPENAI.create(hub, image=f"{elsewhere.url}/kitten.png")
        assert not any(arrived.holds_key for arrived in third.arrived)
        assert all("authorization" not in arrived.headers for arrived in third.arrived)
    assert gateway.arrived[0].parts["input_reference"] == png()


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "not an http"),
        ("ftp://example.com/x", "not an http"),
        ("/loop.png", "more than 5 redirects"),
        ("http://[half", "no address"),
        ("http://a b/", "not an http"),
        ("http://xn--/", "could not be fetched"),
        ("", "without saying where"),
    ],
)
def test_a_redirect_that_must_not_be_followed(
    hub: Any, gateway: Gateway, elsewhere: Gateway, location: str, words: str
) -> None:
    """A link that leads to a file, in a circle, or nowhere is refused by name; nothing reaches the gateway."""
    elsewhere.on("/loop.png", say(302, headers={"Location": location}))
    with pytest.raises((InvalidRequest, ConnectionFailed), match=words) as raised:
        OPENAI.create(hub, image=f"{elsewhere.url}/loop.png?sig=s3cret")
    assert elsewhere.url in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert gateway.arrived == []


def _endless(head: bytes) -> Answer:
    def play(wire: socket.socket, _: Arrived) -> bool:
        wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + head)
        while True:
            wire.sendall(bytes(MEGABYTE))

    return Answer(play)


def test_a_link_without_end_is_given_up(
    hub: Any, gateway: Gateway, elsewhere: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that never ends is read to the limit and no further, and nothing reaches the gateway."""
    monkeypatch.setattr(flow_pictures, "FETCH_LIMIT", 5 * MEGABYTE)
    elsewhere.on("/big.png", _endless(png()))
    with pytest.raises(InvalidRequest, match="more than 5,242,880 bytes: give a smaller one"):
        OPENAI.create(hub, image=f"{elsewhere.url}/big.png")
    assert gateway.arrived == []


def test_a_link_to_ten_gigabytes_is_refused_at_once(
    hub: Any, gateway: Gateway, elsewhere: Gateway
) -> None:
    """What is announced as too large is not read: its server sends the head, and would wait for ever."""

    def play(wire: socket.socket, _: Arrived) -> bool:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + png())
        return bool(wire.recv(1))

    elsewhere.on("/big.png", Answer(play))
    with pytest.raises(InvalidRequest, match="more than 256,000,000 bytes: give a smaller one"):
        OPENAI.create(hub, image=f"{elsewhere.url}/big.png")
    assert gateway.arrived == []


def test_a_link_keeps_its_file_name(hub: Any, gateway: Gateway, elsewhere: Gateway) -> None:
    """The file name that is sent is the last part of the link's path, not of its query."""
    gateway.on("create", tell(OPENAI.created()))
    elsewhere.on("/a/kitten.png", say(200, png()))
    OPENAI.create(hub, image=f"{elsewhere.url}/a/kitten.png?name=/other.jpg")
    assert b'filename="kitten.png"' in gateway.arrived[0].body
