"""Google and Azure on the wire: the conditions that a claim rests on are sent in their words, and their answers read.

No server of theirs runs here. What answers is the least that their documentation says of an object.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.objects.address import address_in
from chainhub_video.objects.bucket import bucket_at
from chainhub_video.objects.receipts import ObjectReceipt

from tests.support.receipted import script, sent
from tests.support.scripted import Gateway
from tests.support.wires import UNIFIED

from .test_receipts import QUICK, claim


class _Store(BaseHTTPRequestHandler):
    """Objects in memory, with the conditions of both stores."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, tuple[bytes, int]]
    lock: threading.Lock
    heard: list[str]
    keeps = True

    def do_GET(self) -> None:
        """Read an object."""
        found = self.objects.get(self.path)
        self._tell(404 if found is None else 200, found)

    def do_HEAD(self) -> None:
        """Tell of an object what a read would."""
        self.do_GET()

    def do_PUT(self) -> None:
        """Write an object, if it is what it must be."""
        data = self.rfile.read(int(self.headers["content-length"]))
        with self.lock:
            _, now = self.objects.get(self.path, (b"", 0))
            wanted = self._wanted()
            if self.keeps and wanted is not None and wanted != now:
                return self._tell(409 if wanted == 0 and "if-none-match" in self.headers else 412)
            self.objects[self.path] = data, now + 1
            return self._tell(201, (b"", now + 1))

    def _wanted(self) -> int | None:
        """Return the version that must be there; 0 for none, None for any."""
        for name in ("x-goog-if-generation-match", "if-match", "if-none-match"):
            if (text := self.headers.get(name)) is not None:
                self.heard.append(name)
                return 0 if text == "*" else int(text.strip('"'))
        return None

    def do_DELETE(self) -> None:
        """Remove an object."""
        self.objects.pop(self.path, None)
        self._tell(204)

    def do_POST(self) -> None:
        """Refuse: of several at once nothing is known here."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._tell(400)

    def _tell(self, status: int, found: tuple[bytes, int] | None = None) -> None:
        data, version = found or (b"", 0)
        self.send_response(status)
        self.send_header("ETag", f'"{version}"')
        self.send_header("x-goog-generation", str(version))
        self.send_header("Last-Modified", format_datetime(datetime.now(UTC), usegmt=True))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's word
        """Say nothing."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Store]]:
    """A store of both kinds, which the environment leads to."""

    class Fresh(_Store):
        objects: dict[str, tuple[bytes, int]] = {}  # noqa: RUF012 - one for all requests of a server
        lock = threading.Lock()
        heard: list[str] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}"
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
    yield Fresh
    server.shutdown()
    serving.join()
    server.server_close()


CONDITIONS = {
    "gs": {"x-goog-if-generation-match"},
    "az": {"if-none-match", "if-match"},
}


@pytest.mark.parametrize("scheme", CONDITIONS)
def test_a_job_is_paid_once_in_any_store(
    hub: Any, gateway: Gateway, store: type[_Store], video: bytes, scheme: str
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
    hub: Any, gateway: Gateway, store: type[_Store], scheme: str
) -> None:
    """What takes the headers and overwrites all the same is found out before anything is sent."""
    store.keeps = False
    with pytest.raises(InvalidRequest, match="does not keep to"):
        UNIFIED.generate(hub, save_to=f"{scheme}://cats/kitten.mp4")
    assert gateway.arrived == []
