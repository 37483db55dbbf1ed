"""Scrubbing: what belongs to somebody never comes through, wherever it is; what is left still says the same."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from cassettes import media, multipart
from cassettes.cassette import Cassette
from cassettes.interactions import Answer, Interaction, Request, header
from cassettes.multipart import Part
from cassettes.scan import scan
from cassettes.scrub import Scrubber, Unclean
from cassettes.secrecy import EPOCH, STAND_IN
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .secrets_to_plant import PLANTED

BASE = "https://gateway.acme-internal.cn/proxy"
SHOWN = "https://gateway.chainhub.invalid"
TASK = "grok:3f2504e0-4f89-41d3-9a0c-0305e82c3301"
HEADERS = {"authorization": "Bearer sk-Ab3dEf9hIj2kLmNo", "content-type": "application/json"}
JSON = {"content-type": ["application/json"]}
CREATED = Interaction(
    Request("POST", f"{BASE}/v1/video/create", HEADERS, b'{"prompt": "a kitten", "images": []}'),
    Answer(200, "OK", JSON, json.dumps({"id": TASK, "status": "pending"}).encode()),
)
QUERY = Request("GET", f"{BASE}/v1/video/query?id={quote(TASK, safe='')}", HEADERS)


def scrubbed(*interactions: Interaction, known: tuple[str, ...] = ()) -> list[Interaction]:
    """The interactions as they would be kept."""
    return Scrubber(BASE, SHOWN, known).scrub(interactions)


def answered(document: object, request: Request = QUERY, **headers: str) -> Interaction:
    """A query and its answer."""
    more = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Interaction(request, Answer(200, "OK", JSON | more, json.dumps(document).encode()))


def said(interaction: Interaction) -> dict[str, object]:
    """What an answer's JSON says."""
    told: dict[str, object] = json.loads(interaction.answer.body)
    return told


PLACES: dict[str, Callable[[str], Any]] = {
    "a header that is kept": lambda s: answered({}, server=f"gateway {s}"),
    "a header that is not": lambda s: answered({}, x_whatever=s, set_cookie=s),
    "a request's header": lambda s: answered({}, replace(QUERY, headers={"cookie": s, "accept": s})),
    "a value": lambda s: answered({"note": s}),
    "a value in a sentence": lambda s: answered({"message": f"refused: {s}, see the log"}),
    "deep inside": lambda s: answered({"data": [{"detail": {"deep": [1, {"x": s}]}}]}),
    "a name": lambda s: answered({f"about {s}": True}),
    "JSON inside of text": lambda s: answered({"message": json.dumps({"error": {"m": s}})}),
    "base64": lambda s: answered({"blob": base64.b64encode(f"user:{s}:x".encode()).decode()}),
    "basic credentials": lambda s: answered({"note": "Basic " + base64.b64encode(s.encode()).decode()}),
    "hex": lambda s: answered({"note": s.encode().hex()}),
    "a link's path": lambda s: answered({"video_url": f"https://cdn.acme.cn/{quote(s, safe='')}/v.mp4"}),
    "a link's query": lambda s: answered({"url": f"https://cdn.acme.cn/v.mp4?t={quote(s, safe='')}"}),
    "an example's query": lambda s: answered({"url": f"https://example.com/v?t={quote(s, safe='')}"}),
    "the gateway's own path": lambda s: answered({"url": f"{BASE}/files/{quote(s, safe='')}.mp4"}),
    "a query of the gateway": lambda s: answered({}, replace(QUERY, url=f"{QUERY.url}&x={quote(s, safe='')}")),
    "the way to a link": lambda s: answered({}, Request("GET", f"https://cdn.acme.cn/{quote(s, safe='')}", {})),
    "a redirect": lambda s: answered({}, location=f"https://cdn.acme.cn/a?token={quote(s, safe='')}"),
    "a page": lambda s: Interaction(QUERY, Answer(502, "Bad", {}, f"<p>no {s} here</p>".encode())),
    "the reason": lambda s: Interaction(QUERY, Answer(502, f"Bad {s}", {}, b"")),
    "a request's field": lambda s: Interaction(
        replace(CREATED.request, body=json.dumps({"user_note": [s]}).encode()), CREATED.answer
    ),
    "a form's field": lambda s: Interaction(form(Part("note", None, "", f"by {s}".encode())), CREATED.answer),
    "a file's name": lambda s: Interaction(
        form(Part("input_reference", f"{s}.png", "image/png", media.PICTURE)), CREATED.answer
    ),
    "what is somebody's": lambda s: answered({"user_id": s, "account": {"name": s}, "tokens": {"session": [s]}}),
}  # fmt: skip


def form(*parts: Part) -> Request:
    """A create with a form."""
    headers = {**HEADERS, "content-type": multipart.CONTENT_TYPE}
    return Request("POST", f"{BASE}/v1/videos", headers, multipart.joined(parts))


def kept(*interactions: Interaction, known: tuple[str, ...] = ()) -> str:
    """The text that would be written, which must be clean by the rules of the scan as well."""
    text = Cassette({"scenario": "x"}, scrubbed(*interactions, known=known)).text()
    assert scan(text, "cassette", known) == []
    return text


def spellings(secret: str) -> list[str]:
    """A secret as it is, in an address, in hex and in base64."""
    raw = secret.encode()
    middle = base64.b64encode(raw).decode().rstrip("=")[:-1]
    return [secret, quote(secret, safe=""), raw.hex(), middle]


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@st.composite
def random_tokens(draw: st.DrawFn) -> str:
    """Something random of 24 characters or more, as it is made in many alphabets."""
    number = int.from_bytes(hashlib.sha512(draw(st.binary(min_size=1, max_size=9))).digest())
    alphabet = draw(st.sampled_from([LETTERS, LETTERS[26:], LETTERS[:32], "0123456789abcdef"]))
    token = ""
    for _ in range(draw(st.integers(24, 60))):
        number, digit = divmod(number, len(alphabet))
        token += alphabet[digit]
    return draw(st.sampled_from(["", "sk-", "task_", "ghp_"])) + token


@given(st.sampled_from(sorted(PLACES)), random_tokens())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_random_token_survives_nowhere(place: str, secret: str) -> None:
    """Nobody said that it is a secret; it looks like one, and is gone from wherever it was, in every spelling."""
    text = kept(CREATED, PLACES[place](secret))
    assert not [spelling for spelling in spellings(secret) if spelling in text]


@given(
    st.sampled_from(sorted(PLACES)),
    st.text(LETTERS + "-_.~+/:@!$ ", min_size=8, max_size=40).map(str.strip),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_known_secret_survives_nowhere(place: str, secret: str) -> None:
    """A key that was used is gone from wherever it was, in every spelling, even if it looks like a word."""
    benign = kept(CREATED, PLACES[place]("x"))
    assume(len(secret) >= 8 and secret not in benign and secret not in STAND_IN)
    text = kept(CREATED, PLACES[place](secret), known=(secret,))
    assert not [spelling for spelling in spellings(secret) if spelling in text]


def test_what_looks_like_a_secret_survives_nowhere() -> None:
    """Keys, tokens, signed links, cookies and addresses are gone from each place where they were."""
    for kind, secret in PLANTED.items():
        for place, plant in PLACES.items():
            text = kept(CREATED, plant(secret))
            survived = [each for each in (secret, secret.encode().hex()) if each in text]
            assert not survived, f"{kind} in {place}"


def test_an_id_has_one_stand_in_throughout() -> None:
    """The id of the create's answer is the same in paths, queries, messages and nested answers, with its prefix."""
    made, asked, content = scrubbed(
        CREATED,
        answered({"id": TASK, "detail": {"id": TASK}, "message": f"task {TASK} runs"}),
        answered({"id": "sora-2:task_01KABCDEF"}, Request("GET", f"{BASE}/v1/videos/{TASK}/content", {})),
    )  # fmt: skip
    new = "grok:00000000-0000-4000-8000-000000000001"
    assert said(made)["id"] == new
    assert asked.request.url == f"{SHOWN}/v1/video/query?id={quote(new, safe='')}"
    assert said(asked) == {"id": new, "detail": {"id": new}, "message": f"task {new} runs"}
    assert content.request.url == f"{SHOWN}/v1/videos/{quote(new, safe='')}/content"
    assert said(content)["id"] == "sora-2:task_00000000-0000-4000-8000-000000000002"


def test_a_link_has_one_stand_in_throughout() -> None:
    """The link in an answer and the request that follows it stay the same, on another host, and another is another."""
    link = "https://cdn.acme.cn/v%2Bx/a.mp4?X-Amz-Signature=aa&b=1"
    told, followed, other = scrubbed(
        answered({"video_url": link}),
        answered({}, Request("GET", "https://cdn.acme.cn/v+x/a.mp4?b=1&X-Amz-Signature=aa", {})),
        answered({"video_url": link.replace("=aa", "=bb")}),
    )
    assert said(told)["video_url"] == followed.request.url
    assert followed.request.url == f"https://links.chainhub.invalid/file-1.mp4?signature={STAND_IN}"
    assert said(other)["video_url"] != followed.request.url


def test_a_redirect_leads_to_what_is_asked_next() -> None:
    """A relative or absolute Location has the stand-in of the address that was then asked for."""
    there = Request("GET", "https://cdn.acme.cn/secret/v.mp4", {})
    first, second = scrubbed(answered({}, location=there.url), answered({}, there))
    assert header(first.answer.headers, "location") == second.request.url
    here = Request("GET", "https://gateway.acme-internal.cn/files/q.mp4", {})
    first, second = scrubbed(answered({}, location="/files/q.mp4"), answered({}, here))
    assert header(first.answer.headers, "location") == second.request.url


def test_times_stand_still_and_keep_their_unit() -> None:
    """Seconds, milliseconds, ISO text and HTTP dates become one moment; zero, small numbers and words stay."""
    (told,) = scrubbed(
        answered(
            {
                "a": 1762336916, "b": 1762336916123, "c": "2025-11-05T10:01:56.123Z", "d": 0, "e": 93,
                "f": 0.93, "g": "1762336916", "h": "8", "i": "Wed, 05 Nov 2025 10:01:56 GMT", "j": 48151623420,
            },
            last_modified="Wed, 05 Nov 2025 10:01:56 GMT",
            etag='"d41d8cd98f00b204e9800998ecf8427e"',
            date="Wed, 05 Nov 2025 10:01:56 GMT",
        )
    )  # fmt: skip
    fixed = "Thu, 09 Oct 2025 08:53:20 GMT"
    assert said(told) == {
        "a": EPOCH, "b": EPOCH * 1000, "c": "2025-10-09T08:53:20Z", "d": 0, "e": 93,
        "f": 0.93, "g": str(EPOCH), "h": "8", "i": fixed, "j": 0,
    }  # fmt: skip
    assert told.answer.headers["last-modified"] == [fixed]
    assert told.answer.headers["etag"] == ['"stand-in"']
    assert "date" not in told.answer.headers


def test_a_request_id_is_the_same_in_header_and_message() -> None:
    """The request id has one stand-in in its header and inside the message, and the next one another."""
    one, two = scrubbed(
        answered({"message": "no (request id: 20251109AbCdEf)"}, X_Oneapi_Request_Id="20251109AbCdEf"),
        answered({"message": "no (request id: 20251109XyZ)"}, X_Oneapi_Request_Id="20251109XyZ"),
    )  # fmt: skip
    assert said(one)["message"] == "no (request id: request-1)"
    assert one.answer.headers["x-oneapi-request-id"] == ["request-1"]
    assert said(two)["message"] == "no (request id: request-2)"


def test_every_video_is_the_stand_in() -> None:
    """A whole MP4 becomes the tiny one, with its length; a cut one and a part of one are refused."""
    video = media.VIDEO + b"\0\0\0\x10free" + b"jane@doe"
    whole = Answer(200, "OK", {"content-type": ["video/mp4"], "content-length": ["988"]}, video)
    (told,) = scrubbed(Interaction(QUERY, whole))
    assert told.answer.body == media.VIDEO
    assert told.answer.headers["content-length"] == [str(len(media.VIDEO))]
    for bad in (replace(whole, body=video[:-3]), replace(whole, status=206)):
        with pytest.raises(Unclean, match="video"):
            scrubbed(Interaction(QUERY, bad))


def test_what_nothing_can_stand_in_for_is_refused() -> None:
    """Bytes that are no text and no video, and pictures that are not clean, are refused by name."""
    picture = Answer(200, "OK", {"content-type": ["image/jpeg"]}, b"\xff\xd8")
    file = form(Part("f", "f.jpg", "image/jpeg", b"\xff\xd8"))
    for said, told in (
        (Interaction(QUERY, picture), "a body of the type 'image/jpeg' that is no text"),
        (Interaction(file, CREATED.answer), "a file of 2 bytes that is not kitten.png"),
        (
            answered({"images": ["data:image/jpeg;base64,/9j/"]}),
            "a data URI that is not kitten.png",
        ),
    ):
        with pytest.raises(Unclean, match=told):
            scrubbed(said)


def test_the_key_is_shown_to_have_been_there() -> None:
    """Which requests carried a key is kept, and the key is not."""
    made, followed = scrubbed(
        CREATED, answered({}, Request("GET", "https://cdn.acme.cn/v.mp4", {}))
    )
    assert made.request.headers["authorization"] == f"Bearer {STAND_IN}"
    assert not followed.request.carries_key


def test_what_is_nobodys_stays() -> None:
    """Words, states, codes, models, ratios, percents and links to example.com come through untouched."""
    document = {
        "status": "video_upsampling_completed", "code": "pre_consume_token_quota_failed", "progress": "30%",
        "model": "veo3.1-components", "ratio": "3:2", "size": "1280x720", "prompt": "Ein Kätzchen, 8 s, 小猫",
        "images": ["https://example.com/kitten.png"], "error": {"message": "", "code": ""}, "n": None, "ok": True,
        "message": "unsupported media type application/json; use multipart/form-data",
    }  # fmt: skip
    (told,) = scrubbed(answered(document))
    assert said(told) == document
