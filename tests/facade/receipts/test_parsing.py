"""Reading a receipt: it is refused, or the rest of the code can work with it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from chainhub_video import Receipt, ReceiptConflict, ReceiptState, VideoTask
from chainhub_video.receipts.receipt import fingerprint_of, parse
from hypothesis import given, settings
from hypothesis import strategies as st

REQUEST = {"gateway": "https://gateway.example", "prompt": "A kitten", "pictures": []}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_WHOLE = {
    "version": 1,
    "state": "submitting",
    "fingerprint": fingerprint_of(REQUEST),
    "request": REQUEST,
    "times": {"submitting": "2026-11-21T10:00:00+00:00"},
    "expires": "2026-11-21T10:05:00+00:00",
    "task": None,
    "result": None,
    "reason": None,
}
_TEXT = json.dumps(_WHOLE, indent=2) + "\n"
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "version": st.sampled_from([1, 1.0, True, 0, -1]),
    "state": st.sampled_from([*ReceiptState, "paid"]),
    "times": st.dictionaries(
        st.sampled_from([*ReceiptState]), st.datetimes().map(str) | st.text(max_size=9), max_size=3
    ),
    "expires": st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
    | st.just("9999-12-31T23:59:59-23:59"),
    "task": st.fixed_dictionaries(
        {"id": st.text(max_size=3), "format": st.sampled_from(["openai", "unified", "soap"])},
        optional={"model": st.none() | st.text(max_size=3), "status": JSON},
    ),
    "result": st.fixed_dictionaries(
        {"size": st.integers() | st.booleans(), "sha256": st.text("0a", min_size=63, max_size=65)}
    ),
    "request": st.just(REQUEST) | st.dictionaries(st.text(max_size=5), JSON, max_size=2),
}
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={field: _LIKELY.get(field, st.just(value)) | JSON for field, value in _WHOLE.items()}
).flatmap(
    lambda odd: st.sampled_from([{**_WHOLE, **odd}, odd]) | st.sampled_from(
        [{**_WHOLE, **odd, "fingerprint": fingerprint_of(cast("Any", odd["request"]))}]
        if isinstance(odd.get("request"), dict) else [odd]
    )
)  # fmt: skip


TASK = {"id": "video_1", "format": "openai", "model": None}


def _changed(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps({**json.loads(text), **changes}).encode()


def _without(field: str) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps(
        {k: v for k, v in json.loads(text).items() if k != field}
    ).encode()


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "torn": lambda text: text[: len(text) // 2],
    "zeros": lambda text: bytes(len(text)),
    "not UTF-8": lambda text: text.replace(b"A kitten", b"A k\xfftten"),
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "not an object": lambda _: b"[1, 2]",
    "null": lambda _: b"null",
    "deep": lambda _: b"[" * 100_000,
    "a huge number": lambda _: b'{"version": ' + b"9" * 5000 + b"}",
    "prompt edited": lambda text: text.replace(b"A kitten", b"A puppy."),
    "fingerprint edited": _changed(fingerprint="0" * 64),
    "version 0": _changed(version=0),
    "version as text": _changed(version="1"),
    "version as truth": _changed(version=True),
    "version missing": _without("version"),
    "another state": _changed(state="paid"),
    "state missing": _without("state"),
    "no id": _changed(task={"format": "openai", "model": None}),
    "empty id": _changed(task={"id": " ", "format": "openai", "model": None}),
    "id as a number": _changed(task={"id": 7, "format": "openai", "model": None}),
    "another format": _changed(task={"id": "video_1", "format": "soap", "model": None}),
    "a field of the task": _changed(task={**TASK, "video_url": "http://x.example/"}),
    "no task": _changed(task=None),
    "times as text": _changed(times="now"),
    "a time that is none": _changed(times={"submitting": "yesterday"}),
    "an end that is none": _changed(expires=5),
    "a result before": _changed(result={"size": "big", "sha256": "0" * 64}),
    "a size below 0": _changed(state="saved", result={"size": -1, "sha256": "0" * 64}),
    "half a digest": _changed(state="saved", result={"size": 1, "sha256": "0" * 8}),
    "saved without a result": _changed(state="saved"),
    "a reason that is none": _changed(reason=["x"]),
    "an etag that is none": _changed(
        state="saved", result={"size": 1, "sha256": "0" * 64, "etag": 7}, task=TASK
    ),
    "a time left": _changed(remaining=5.0),
    "one field more": _changed(paid=True),
}


def _parse_or_refuse(text: str | bytes) -> Receipt | None:
    with contextlib.suppress(ReceiptConflict):
        return parse(text, "kitten.mp4.task.json")
    with pytest.raises(ReceiptConflict, match=r"^receipt kitten\.mp4\.task\.json "):
        parse(text, "kitten.mp4.task.json")
    return None


@settings(max_examples=100)
@given(DOCUMENTS)
def test_a_receipt_is_refused_or_usable(document: dict[str, Any]) -> None:
    """Whatever JSON says, what is accepted can be waited for, shown, turned into a task, and written and read again."""
    receipt = _parse_or_refuse(json.dumps(document))
    if receipt is None:
        return
    assert receipt.seconds_left() < 10_000 * 366 * 86_400
    for state in ReceiptState:
        receipt.when(state)
    if receipt.state not in (ReceiptState.SUBMITTING, ReceiptState.UNCERTAIN):
        assert isinstance(receipt.video_task(), VideoTask)
        assert receipt.video_task().format in ("openai", "unified")
    else:
        assert receipt.task is None
    again = parse(receipt.to_json().encode("utf-8", "backslashreplace"), "x")
    assert (
        json.loads(again.to_json()) == json.loads(receipt.to_json()) or "NaN" in receipt.to_json()
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    """No bytes that are not a receipt do anything else than to be refused."""
    assert _parse_or_refuse(content) is None


@given(st.integers(0, len(_TEXT) - 3))
def test_every_cut_is_noticed(length: int) -> None:
    """A receipt that was cut anywhere before its closing brace is not taken for a whole one."""
    assert _parse_or_refuse(_TEXT[:length]) is None


def test_a_receipt_that_is_not_right_is_refused() -> None:
    """Whatever field is missing, edited or of another kind, with the name of the receipt and the next step."""
    submitted = json.dumps({**_WHOLE, "state": "submitted", "expires": None, "task": TASK})
    for whole in (_TEXT, submitted):
        assert _parse_or_refuse(whole) is not None
    for wrong, damage in WRONG.items():
        text = submitted.encode()
        damaged = damage(text)
        assert damaged != text, wrong
        with pytest.raises(
            ReceiptConflict, match=r"^receipt kitten .*torn or was edited.*restore it"
        ):
            parse(damaged, "kitten")
