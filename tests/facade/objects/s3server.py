"""A real S3 server on loopback (moto's), with a place in front of it where tests inject faults."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]
Fault = Callable[[Environ, Any, Application], Iterable[bytes]]
"""Answers in place of the server, or lets it answer."""

BUCKET = "videos"
_SIGNED = {  # the server looks whether a request is signed, and not how
    "Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve a WSGI application on loopback, a thread for each request, and give its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    listening = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


@contextmanager
def s3server() -> Iterator[S3Server]:
    """Run the server, with one empty bucket."""
    server = S3Server()
    with serving(server) as server.url:
        server.empty()
        yield server


class S3Server:
    """The server.

    Attributes:
        url: of the server.
        requests: method and path with query of what has arrived.
        fault: stands in front of the server, if it is set.
    """

    url: str

    def __init__(self) -> None:
        self._server: Application = DomainDispatcherApplication(create_backend_app)
        self._conditions = threading.Lock()
        self.requests: list[str] = []
        self.fault: Fault | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process to the server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def __call__(self, environ: Environ, start: Any) -> Iterable[bytes]:
        """Answer a request."""
        query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query}")
        if self.fault is not None:
            return self.fault(environ, start, self._serve)
        return self._serve(environ, start)

    def _serve(self, environ: Environ, start: Any) -> Iterable[bytes]:
        """Serve a request; one with a condition alone, since moto looks and writes in two steps, and S3 in one."""
        if not {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"} & environ.keys():
            return self._server(environ, start)
        with self._conditions:
            return self._server(environ, start)

    def empty(self) -> None:
        """Have one empty bucket, and no fault."""
        self.fault = None
        self._ask("PUT", "")
        for key, upload in self.uploads():
            self._ask("DELETE", f"/{key}?uploadId={upload}")
        for key in self.keys():
            self.remove(key)
        self.requests.clear()

    def keys(self) -> list[str]:
        """The names of all objects."""
        listed = re.findall(r"<Key>(.*?)</Key>", self._ask("GET", "?list-type=2").text)
        return [unescape(key) for key in listed]

    def uploads(self) -> list[tuple[str, str]]:
        """Key and id of the uploads that have begun and not ended."""
        text = self._ask("GET", "?uploads").text
        return re.findall(r"<Key>(.*?)</Key>\s*<UploadId>(.*?)</UploadId>", text)

    def read(self, key: str) -> bytes:
        """The content of an object."""
        return self._ask("GET", f"/{quote(key)}").content

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        self._ask("PUT", f"/{quote(key)}", data)

    def remove(self, key: str) -> None:
        """Remove an object."""
        self._ask("DELETE", f"/{quote(key)}")

    def _ask(self, method: str, what: str, data: bytes = b"") -> httpx.Response:
        """Ask the server itself, past the fault."""
        fault, self.fault = self.fault, None
        answer = httpx.request(
            method, f"{self.url}/{BUCKET}{what}", content=data, headers=_SIGNED, trust_env=False
        )
        self.fault = fault
        self.requests.pop()
        return answer.raise_for_status()


def where(pattern: str, then: Fault, *, after: int = 0, times: int = sys.maxsize) -> Fault:
    """Return a fault of the requests that match a pattern, as in `PUT /videos/a.mp4?x`, but for the first ones.

    Args:
        pattern: a regular expression that is searched for.
        then: what happens to them.
        after: how many of them are answered before.
        times: how often it happens.
    """
    seen: list[str] = []

    def fault(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        if re.search(pattern, asked):
            seen.append(asked)
            if after < len(seen) <= after + times:
                return then(environ, start, server)
        return server(environ, start)

    return fault


def refusing(status: str, code: str) -> Fault:
    """Return a fault that answers with one error."""
    return lambda _environ, start, _server: refuse(start, status, code)


def refuse(start: Any, status: str, code: str) -> Iterable[bytes]:
    """An error of S3."""
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>No</Message></Error>'.encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def unheard(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
    """Let the server do it, and lose its answer: the client is told to come again."""
    b"".join(server(environ, lambda *_: None))
    return refuse(start, "503 Slow Down", "SlowDown")
