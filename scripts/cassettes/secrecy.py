"""Find what looks like a secret: one set of rules, by which recordings are scrubbed and cassettes are scanned."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

STAND_IN = "scrubbed"
EPOCH = 1_760_000_000  # Unix seconds that stand in for every time
NUMBERED = "00000000-0000-4000-8000-"  # begins every stand-in for an id; twelve digits follow

# What belongs to somebody, whatever its value looks like.
PRIVATE_NAME = re.compile(
    r"""(?ix) ^ (x[-_])? (
        authorization | proxy[-_]authorization | (set[-_])?cookie2? | .*secret.* | .*passw(or)?d.* | .*api[-_]?key
        | (.*[-_])?(access|private|session|security|auth|id|refresh|bearer|csrf)[-_]?(key|token)([-_]?id)? | token
        | (.*[-_])?(signature|credentials?|session) | sig | key
        | (.*[-_])?(user|account|owner|customer|tenant|organi[sz]ation|org|project|team)([-_]?(id|name|no))?
        | (.*[-_])?(e[-_]?mail|phone|mobile)([-_]?(address|number))? | (client|remote|user)[-_]?ip | ip
        | (.*[-_])?(trace|span|correlation)[-_]?id | traceparent | cf[-_]ray
    ) $"""
)

_SHORTEST_RUN = 16  # characters below which nothing is taken for a token
_ODD = 12  # characters of a run that belong to no word, from which on it is a token
_RUN = re.compile(rf"[A-Za-z0-9_+/=~%-]{{{_SHORTEST_RUN},}}")
_NUMBERED_IDS = re.compile(rf"{NUMBERED}\d{{12}}")
_PIECE = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WORD = re.compile(r"[A-Za-z][a-z]{0,15}|[A-Z]{2,12}|\d{1,8}")
_SHORTEST_KNOWN = 6  # characters below which a known secret would be found in any text

_SPARED = rf"(?!{STAND_IN}(?![\w.-]))"
_PATTERNS = {
    "a key": r"\b(?:(?:sk|pk|rk|ak)-|AKIA|ASIA|LTAI|AKLT|AIza|ghp_|gho_|xox[a-z]-|hf_)[A-Za-z0-9_-]{8,}",
    "a JWT": r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?",
    "credentials": rf"(?i)\b(?:bearer|basic) +{_SPARED}[A-Za-z0-9+/=._~-]{{6,}}",
    "a signature": r"(?i)[?&;](?:[a-z-]*(?:signature|credential|token|key(?:id)?)|sig|auth|policy)"
    rf"={_SPARED}[^&\s\"']+",
    "a cookie": r"(?i)\b(?:session(?:id)?|sid|jsessionid|phpsessid|csrftoken|__cf_bm)=[^;\s\"'&]{4,}",
    "an e-mail address": r"[A-Za-z0-9._%+-]+@(?!2x)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    "an id": rf"(?i)\b(?!{NUMBERED})[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}\b",
    "an address of a machine": r"(?<![\w.])(?!192\.0\.2\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w.])",
    "a request id": r"(?<=request id: )(?!request-\d+\b)[\w-]+",
    "a number that may name an account": rf"(?<![\w.-])(?!{EPOCH}(?:000){{0,2}}\b)\d{{9,}}(?![\w.-])",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}


class Suspicion(NamedTuple):
    """Something in a text that looks like a secret.

    Attributes:
        start: where it begins.
        end: where it ends.
        kind: what it looks like.
    """

    start: int
    end: int
    kind: str


class Detector:
    """Finds secrets in a text: the known ones, and what looks like one.

    Args:
        known: secrets that must not occur in any spelling.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        long = [secret for secret in known if len(secret) >= _SHORTEST_KNOWN]
        self._known = {spelling for secret in long for spelling in _spellings(secret)}

    def suspicions(self, text: str) -> Iterator[Suspicion]:
        """Yield what in a text looks like a secret; what is found may overlap."""
        for secret in self._known:
            for found in re.finditer(f"(?={re.escape(secret)})", text):
                yield Suspicion(found.start(), found.start() + len(secret), "a known secret")
        for kind, pattern in _COMPILED.items():
            for found in pattern.finditer(text):
                yield Suspicion(*found.span(), kind)
        for found in _RUN.finditer(text):
            if is_token(found[0]) or any(secret in _decoded(found[0]) for secret in self._known):
                yield Suspicion(*found.span(), "a token")

    def suspects(self, text: str) -> bool:
        """Return whether anything in a text, or in what it says if it is part of an address, looks like a secret."""
        return any(True for each in (text, unquote(text)) for _ in self.suspicions(each))

    def covered(self, text: str) -> str:
        """Return a text with a stand-in for everything that looks like a secret."""
        spans = sorted((each.start, each.end) for each in self.suspicions(text))
        pieces, position = list[str](), 0
        for start, end in spans:
            if start >= position:
                pieces += [text[position:start], STAND_IN]
            position = max(position, end)
        return "".join([*pieces, text[position:]])


def is_token(run: str) -> bool:
    """Return whether a run of letters and digits is made of something else than words, versions and short numbers."""
    return sum(_odd(piece) for piece in _PIECE.findall(_NUMBERED_IDS.sub("", run))) >= _ODD


def _odd(piece: str) -> int:
    """How many characters between two separators belong to no word."""
    if _WORD.fullmatch(piece):
        return 0
    # Words in camel case are long, and digits come last; a random text changes its case at almost every step.
    letters = piece.rstrip("0123456789")
    parts = _CAMEL.findall(letters)
    words = len(letters) >= 4 * len(parts) and all(
        len(part) >= 3 and _WORD.fullmatch(part) for part in parts
    )
    return 0 if words and letters.isalpha() and len(piece) - len(letters) <= 2 else len(piece)


def _spellings(secret: str) -> set[str]:
    """A secret as it is, in an address, in JSON, in hex, and the part of its base64 that no neighbour changes."""
    raw = secret.encode()
    spelled = {secret, quote(secret, safe=""), raw.hex(), raw.hex().upper(), secret[::-1]}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        sure = encoded[-(-before * 8 // 6) : -1]
        if len(sure) >= _SHORTEST_KNOWN:
            spelled |= {sure, sure.replace("+", "-").replace("/", "_")}
    return spelled


def _decoded(run: str) -> str:
    """What a run says if it is base64, else nothing."""
    text = run.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
