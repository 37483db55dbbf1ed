"""Reading a receipt: it is refused, or the rest of the code can work with it."""

from __future__ import annotations

import contextlib
import json
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
    assert _parse_or_refuse(_TEXT) is not None
    assert _parse_or_refuse(_TEXT[:length]) is None
