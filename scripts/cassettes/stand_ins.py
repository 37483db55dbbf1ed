"""Replace ids and addresses by numbered stand-ins, the same ones throughout a cassette."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from .secrecy import NUMBERED, STAND_IN, Detector

GATEWAY = "https://sandbox.chainhub.invalid"
LINKS = "https://links.chainhub.invalid"

_URL = re.compile(r"https?://[^\s\"'<>\\^`{|}]+")
_NOBODYS = re.compile(r"(?:.*\.)?(?:example\.(?:com|org|net)|invalid|example|test)")
_PREFIX = re.compile(r"(?:[A-Za-z0-9.-]{1,40}:)?(?:[a-z]{1,12}_)?")
_OURS = re.compile(rf"(?:[A-Za-z0-9.-]{{1,40}}:)?(?:[a-z]{{1,12}}_)?{NUMBERED}\d{{12}}")
# Files that have their stand-in already are among them, so that scrubbing twice changes nothing.
_OPERATION = re.compile(
    r"/v1/(?:videos(?:/[^/]+(?:/(?:content|remix))?)?|video/(?:create|query))|/file-\d+(?:\.\w{3,4})?"
)
_SUFFIX = re.compile(r"\.(?:mp4|webm|mov|jpe?g|png|webp|gif)$", re.IGNORECASE)
_SHORTEST_ID = 8  # characters below which an id would be found in any text


class StandIns:
    """The stand-ins of one cassette.

    Args:
        base_url: what the client was given.
        shown: what stands in for it.
        detector: finds what looks like a secret.
    """

    def __init__(self, base_url: str, shown: str, detector: Detector) -> None:
        self._base = base_url.rstrip("/")
        self._shown = shown
        self._detector = detector
        self._ids: dict[str, str] = {}
        self._requests: dict[str, str] = {}
        self._files: dict[object, str] = {}

    def note_id(self, task_id: str) -> str:
        """Return the stand-in for a task's id, with the prefix that tells its format."""
        if not task_id or _OURS.fullmatch(task_id) or task_id == STAND_IN:
            return task_id
        if task_id not in self._ids:
            found = _PREFIX.match(task_id)
            prefix = self._detector.covered(found[0]) if found else ""
            self._ids[task_id] = f"{prefix}{NUMBERED}{len(self._ids) + 1:012d}"
        return self._ids[task_id]

    def note_request_id(self, request_id: str) -> str:
        """Return the stand-in for a request's id."""
        return self._requests.setdefault(request_id, f"request-{len(self._requests) + 1}")

    def replaced(self, text: str) -> str:
        """Return a text with stand-ins for all addresses and for all ids noted so far."""
        text = _URL.sub(lambda found: self.url(found[0]), text)
        for known in (self._ids, self._requests):
            for name in sorted(known, key=len, reverse=True):
                if len(name) >= _SHORTEST_ID:
                    text = text.replace(name, known[name])
                    text = text.replace(quote(name, safe=""), quote(known[name], safe=""))
        return text

    def url(self, url: str) -> str:
        """Return the stand-in for an address: of one of the gateway's operations, of a file, or of nobody's host."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return f"{LINKS}/{STAND_IN}"
        beyond = self._beyond_base(url)
        if beyond is not None and (not beyond or _OPERATION.fullmatch(beyond.partition("?")[0])):
            return self._shown + self._operation(beyond)
        if beyond is None and _NOBODYS.fullmatch(host):
            return f"{parts.scheme}://{host}/{STAND_IN}" if self._detector.suspects(url) else url
        key = host, port, unquote(parts.path), tuple(sorted(parse_qsl(parts.query)))
        if key not in self._files:
            suffix = _SUFFIX.search(parts.path)
            name = f"file-{len(self._files) + 1}{suffix[0].lower() if suffix else ''}"
            self._files[key] = f"{LINKS if beyond is None else self._shown}/{name}"
        signed = f"?signature={STAND_IN}" if parts.query else ""
        return self._files[key] + signed

    def _beyond_base(self, url: str) -> str | None:
        """What follows the gateway's address; None for another origin."""
        rest = url.removeprefix(self._base)
        return None if rest == url or rest[:1] not in ("", "/", "?") else rest

    def _operation(self, rest: str) -> str:
        """Path and query of one of the gateway's operations."""
        path, _, query = rest.partition("?")
        parts = path.split("/")
        if path.startswith("/v1/videos/"):
            parts[3] = quote(self.note_id(unquote(parts[3])), safe="")
        pairs = [
            (name, self.note_id(value)) if name == "id" else self._unknown(name, value)
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        told = urlencode(pairs, safe="", quote_via=quote)
        return "/".join(parts) + (f"?{told}" if told else "")

    def _unknown(self, name: str, value: str) -> tuple[str, str]:
        """A parameter that no operation has."""
        hidden = self._detector.suspects(f"?{name}={value}") or self._detector.suspects(
            quote(value, safe="")
        )
        shown = STAND_IN if hidden else value
        return STAND_IN if self._detector.suspects(name) else name, shown
