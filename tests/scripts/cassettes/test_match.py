"""Comparing requests: each single difference is told by name, and what is no difference is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from cassettes import media, multipart
from cassettes.interactions import Request
from cassettes.match import differences
from cassettes.multipart import Part

JSON = {"content-type": "application/json", "authorization": "Bearer k"}
BODY = {
    "prompt": "a kitten",
    "images": ["https://example.com/1.png"],
    "n": 1,
    "deep": {"a": [1, None]},
}
URL = "https://gateway.invalid/v1/video/query?id=grok%3A1&b=2"
POST = Request("POST", URL, JSON, json.dumps(BODY).encode())
PARTS = (
    Part("model", None, "text/plain", b"veo_3_1"),
    Part("prompt", None, "text/plain", "ein Kätzchen".encode()),
    Part("input_reference", "kitten.png", "image/png", media.PICTURE),
)


def form(*parts: Part, boundary: str = multipart.BOUNDARY) -> Request:
    """A request with a form."""
    body = multipart.joined(parts).replace(multipart.BOUNDARY.encode(), boundary.encode())
    headers = {"Content-Type": f'{multipart.FORM}; boundary="{boundary}"'}
    return Request("POST", "https://gateway.invalid/v1/videos", headers, body)


def body(**changes: Any) -> Request:
    """The request with some fields changed."""
    return replace(POST, body=json.dumps(BODY | changes).encode())


SAME = {
    "itself": (POST, POST),
    "the query in another order": (POST, replace(POST, url=URL.replace("id=grok%3A1&b=2", "b=2&id=grok:1"))),
    "the default port": (POST, replace(POST, url=URL.replace(".invalid/", ".invalid:443/"))),
    "the host in capitals": (POST, replace(POST, url=URL.replace("gateway", "GATEWAY"))),
    "a path spelled otherwise": (replace(POST, url="https://a.invalid/x/grok:1"), replace(POST, url="https://a.invalid/x/grok%3A1")),
    "JSON spelled otherwise": (POST, replace(POST, body=json.dumps(BODY, indent=3, sort_keys=True).encode())),
    "1 and 1.0": (POST, body(n=1.0)),
    "another key": (POST, replace(POST, headers={**JSON, "authorization": "Bearer other"})),
    "other headers": (POST, replace(POST, headers={**JSON, "user-agent": "another", "accept": "*/*"})),
    "the type with a charset": (POST, replace(POST, headers={**JSON, "content-type": "Application/JSON; q=1"})),
    "another boundary": (form(*PARTS), form(*PARTS, boundary="+++")),
    "parts in another order": (form(*PARTS), form(*reversed(PARTS))),
    "no bodies": (Request("GET", URL, {}), Request("GET", URL, {}, b"")),
}  # fmt: skip

ONE_CHANGE = {
    "method": (replace(POST, method="PUT"), "method: 'PUT' sent, 'POST' recorded"),
    "scheme": (replace(POST, url=URL.replace("https", "http")), "address: 'http://gateway.invalid:80/"),
    "host": (replace(POST, url=URL.replace("gateway", "other")), "address: 'https://other.invalid:443/"),
    "port": (replace(POST, url=URL.replace(".invalid", ".invalid:8443")), "address: 'https://gateway.invalid:8443/"),
    "path": (replace(POST, url=URL.replace("query", "queries")), "address: "),
    "slash": (replace(POST, url=URL.replace("query?", "query/?")), "address: "),
    "value in the query": (replace(POST, url=URL.replace("b=2", "b=3")), "query b: '3' sent, '2' recorded"),
    "name in the query": (replace(POST, url=URL + "&c="), "query c: '' sent, nothing recorded"),
    "twice in the query": (replace(POST, url=URL + "&b=2"), "query b: ['2', '2'] sent, '2' recorded"),
    "no key": (replace(POST, headers={"content-type": "application/json"}), "carries the key: False sent"),
    "type": (replace(POST, headers={**JSON, "content-type": "text/plain"}), "body's type: 'text/plain' sent"),
    "field": (body(prompt="two kittens"), "body, field prompt: 'two kittens' sent, 'a kitten' recorded"),
    "new field": (body(more=None), "body, field more: None sent, nothing recorded"),
    "kind": (body(n="1"), "body, field n: '1' sent, 1 recorded"),
    "true for 1": (body(n=True), "body, field n: True sent, 1 recorded"),
    "item": (body(images=["https://example.com/2.png"]), "body, field images[0]: "),
    "items": (body(images=[]), "body, field images: [] sent"),
    "deep": (body(deep={"a": [1, 0]}), "body, field deep, field a[1]: 0 sent, None recorded"),
    "not JSON": (replace(POST, body=b"{"), "body: 1 bytes with sha256"),
}  # fmt: skip

ONE_PART = {
    "value": (replace(PARTS[1], content=b"ein Hund"), "body, part prompt: 'ein Hund' sent, 'ein K"),
    "name": (replace(PARTS[1], name="words"), "body, part prompt: nothing sent"),
    "filename": (replace(PARTS[2], filename="cat.png"), "body, part input_reference: \"file 'cat.png', image/png"),
    "type": (replace(PARTS[2], media_type="image/jpeg"), "body, part input_reference: \"file 'kitten.png', image/jpeg"),
    "file for text": (replace(PARTS[1], filename="prompt.txt"), "body, part prompt: \"file 'prompt.txt'"),
    "picture": (replace(PARTS[2], content=PARTS[2].content + b"\0"), "3,329 bytes with sha256"),
    "line end": (replace(PARTS[1], content=PARTS[1].content + b"\r\n"), "body, part prompt: 'ein K"),
}  # fmt: skip


def test_what_means_the_same_is_no_difference() -> None:
    """Spelling, order, boundaries and headers that do not matter are not compared, in either direction."""
    for case, (one, other) in SAME.items():
        assert differences(one, other) == differences(other, one) == [], case


def test_one_change_is_one_line_that_names_it() -> None:
    """Each single change is found, alone, and its line begins with its place."""
    for case, (changed, told) in ONE_CHANGE.items():
        (line,) = differences(changed, POST)
        assert line.startswith(told), case
        assert len(differences(POST, changed)) == 1, case


def test_one_change_in_a_form_names_its_part() -> None:
    """A part of another name, file name, type or content is found, as is one that is left out or doubled."""
    for case, (changed, told) in ONE_PART.items():
        turn = 2 if changed.name == "input_reference" else 1
        parts = [*PARTS[:turn], changed, *PARTS[turn + 1 :]]
        found = differences(form(*parts, boundary="another"), form(*PARTS))
        assert told in found[0], case
        assert len(found) == (2 if case == "name" else 1), case
    (left_out,) = differences(form(*PARTS[1:]), form(*PARTS))
    assert left_out.startswith("body, part model: nothing sent")
    (doubled,) = differences(form(*PARTS, PARTS[0]), form(*PARTS))
    assert doubled.startswith("body, part model: [")


def test_a_form_that_is_none_is_told() -> None:
    """A body that is not the form its header says is a difference, and no traceback."""
    for kind, content, told in (
        ("multipart/form-data", b"--x--", "no boundary"),
        ("multipart/form-data; boundary=x", b"no form", "does not begin"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n", "no name"),
    ):
        broken = Request(
            "POST", "https://gateway.invalid/v1/videos", {"content-type": kind}, content
        )
        (line,) = differences(broken, form(*PARTS))
        assert line.startswith("body: ")
        assert told in line


def test_a_form_is_read_as_other_clients_write_it() -> None:
    """Names and boundaries need no quotes, and a file needs no type."""
    body = b'--x\r\nContent-Disposition: form-data; name=a; filename="b c.png"\r\n\r\n\r\n--\r\n--x--\r\n'
    sent = Request("POST", URL, {"content-type": "multipart/form-data; boundary=x"}, body)
    assert multipart.parts_of(sent) == [Part("a", "b c.png", "", b"\r\n--")]
