"""Google and Azure on the wire: the conditions that a claim rests on are sent in their words, and their answers read.

No server of theirs runs here. What answers is the least that their documentation says of an object.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.objects.address import address_in
from chainhub_video.objects.bucket import bucket_at
from chainhub_video.objects.receipts import ObjectReceipt
from werkzeug import Request, Response

from tests.support.receipted import script, sent
from tests.support.scripted import Gateway
from tests.support.wires import UNIFIED

from .s3server import serving
from .test_receipts import QUICK, claim


class Store:
    """Objects in memory, each with the number of its version, and the conditions of both stores.

    Attributes:
        objects: by their paths.
        heard: the headers of conditions.
        keeps: whether it keeps to conditions.
    """

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, int]] = {}
        self.heard: list[str] = []
        self.keeps = True
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Response:
        """Read, write or remove an object; of several at once nothing is known here."""
        with self._lock:
            found = self.objects.get(request.path)
            if request.method in ("GET", "HEAD"):
                return self._answer(200, found) if found else self._answer(404)
            if request.method == "DELETE":
                self.objects.pop(request.path, None)
                return self._answer(204)
            if request.method == "POST":
                return self._answer(400)
            now = found[1] if found else 0
            wanted = self._wanted(request)
            if self.keeps and wanted is not None and wanted != now:
                return self._answer(409 if wanted == 0 and request.if_none_match else 412)
            self.objects[request.path] = request.data, now + 1
            return self._answer(201, (b"", now + 1))

    def _wanted(self, request: Request) -> int | None:
        """Return the version that must be there; 0 for none, None for any."""
        for name in ("x-goog-if-generation-match", "if-match", "if-none-match"):
            if (text := request.headers.get(name)) is not None:
                self.heard.append(name)
                return 0 if text == "*" else int(text.strip('"'))
        return None

    def _answer(self, status: int, found: tuple[bytes, int] = (b"", 0)) -> Response:
        data, version = found
        answer = Response(data, status, {"x-goog-generation": str(version)})
        answer.set_etag(str(version))
        answer.last_modified = datetime.now(UTC)
        return answer


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of both kinds, which the environment leads to."""
    made = Store()
    with serving(Request.application(made.answer)) as url:
        google = {"gcs_base_url": url, "disable_oauth": True}
        google |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        for name, text in {
            "AZURE_STORAGE_ACCOUNT_NAME": "account",
            "AZURE_STORAGE_ACCOUNT_KEY": base64.b64encode(b"k" * 32).decode(),
            "AZURE_ENDPOINT": url,
            "AZURE_ALLOW_HTTP": "true",
            "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(google),
            "GOOGLE_ALLOW_HTTP": "true",
        }.items():
            monkeypatch.setenv(name, text)
        yield made


CONDITIONS = {"gs": {"x-goog-if-generation-match"}, "az": {"if-none-match", "if-match"}}


@pytest.mark.parametrize("scheme", CONDITIONS)
def test_a_job_is_paid_once_in_any_store(
    hub: Any, gateway: Gateway, store: Store, video: bytes, scheme: str
) -> None:
    """A whole job, and a second run of it: the claim went by the store's own conditions, the video is there."""
    script(gateway, UNIFIED, video)
    url = f"{scheme}://cats/kitten.mp4"
    assert UNIFIED.generate(hub, save_to=url).url == url
    assert UNIFIED.generate(hub, save_to=url).size == len(video)
    assert sent(gateway) == (1, 1, 1)
    assert set(store.heard) == CONDITIONS[scheme]
    assert video in [data for data, _version in store.objects.values()]
    address = address_in(url)
    assert address is not None
    late = ObjectReceipt(address, bucket_at(address, QUICK))
    assert not late.swap(None, claim())


@pytest.mark.parametrize("scheme", CONDITIONS)
def test_any_store_that_ignores_conditions_is_refused(
    hub: Any, gateway: Gateway, store: Store, scheme: str
) -> None:
    """What takes the headers and overwrites all the same is found out before anything is sent."""
    store.keeps = False
    with pytest.raises(InvalidRequest, match="does not keep to"):
        UNIFIED.generate(hub, save_to=f"{scheme}://cats/kitten.mp4")
    assert gateway.arrived == []
