"""Write the page of a gallery: one HTML file that needs no other but the videos themselves."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import attrs

from chainhub_video.gallery.cards import Card, CardState, Notice

_MARKER = "<!-- Made by chainhub-video gallery; it is replaced when that is run again. -->"
_START = f"<!doctype html>\n{_MARKER}\n"
_POSTERS = '<script type="application/json" id="posters">'
_MOST_PROMPT = 8000  # characters that are shown
_LONG_PROMPT = 180  # characters of which the page shows only the beginning at first
_LABELS = {
    CardState.SAVED: "Saved",
    CardState.RUNNING: "Running",
    CardState.UNCERTAIN: "Uncertain",
    CardState.FAILED: "Failed",
    CardState.MISSING: "Missing",
    CardState.UNUSABLE: "Unusable",
    CardState.UNRECEIPTED: "No receipt",
}
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@attrs.frozen(kw_only=True)
class Poster:
    """A poster that was made of one state of a file.

    Attributes:
        name: of the video, below the gallery's folder.
        size: of the video in bytes.
        changed: when the video was last changed, in nanoseconds since the epoch.
        image: a WebP in base64.
    """

    name: str
    size: int
    changed: int
    image: str


def is_ours(page: bytes) -> bool:
    """Return whether a file, by its first bytes, is a page of a gallery."""
    return page.startswith(_START.encode())


def posters_in(page: str) -> list[Poster]:
    """Return the posters of an earlier page; none where it was edited into something else."""
    _, found, rest = page.rpartition(_POSTERS)
    if not found:
        return []
    try:
        rows = json.loads(rest.partition("</script>")[0])
        return [
            Poster(name=str(name), size=int(size), changed=int(changed), image=image)
            for name, size, changed, image in rows
            if isinstance(image, str) and base64.b64decode(image, validate=True)
        ]
    except (ValueError, TypeError):
        return []


def render(
    title: str,
    cards: Sequence[Card],
    skipped: Sequence[str],
    posters: Sequence[Poster],
    prefix: str,
) -> bytes:
    """Return the page.

    Args:
        title: shown on top.
        cards: what is shown, the newest first.
        skipped: folders that were not entered, each with why.
        posters: of these cards.
        prefix: the way from the page's folder to the gallery's, "" or with a "/" at its end.
    """
    places = {poster.name: number for number, poster in enumerate(posters)}
    style, script = (_resource(f"page.{kind}") for kind in ("css", "js"))
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    rows = [[one.name, one.size, one.changed, one.image] for one in posters]
    parts = [
        _START,
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n',
        f"<title>{_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n",
        f'<header>\n<h1 dir="auto">{_text(title)}</h1>\n<p class="sum">{_summary(cards)}</p>\n</header>\n',
        _controls(cards) if cards else "",
        "<main>\n",
        '<ul class="grid" id="grid">\n' if cards else _NOTHING,
        *(_card(card, number, places, prefix) for number, card in enumerate(cards)),
        f"</ul>\n{_NO_MATCH}" if cards else "",
        "</main>\n",
        _skipped(skipped),
        _DIALOG,
        f"<script>{script}</script>\n",
        # Last, so that neither the first paint nor the script waits for it.
        _poster_block(rows),
        "</body>\n</html>\n",
    ]
    # A prompt may hold half characters.
    return "".join(parts).encode("utf-8", "replace")


def _poster_block(rows: Sequence[Sequence[object]]) -> str:
    data = json.dumps(rows, separators=(",", ":")).replace("<", "\\u003c")
    return f"{_POSTERS}{data}</script>\n"


_NOTHING = (
    '<p class="empty">There are no videos and no receipts in this folder yet. Run '
    "<code>chainhub-video gallery</code> again when there are.</p>\n"
)
_NO_MATCH = (
    '<p class="empty" id="nomatch" hidden>Nothing matches. '
    '<button type="button" id="clear">Show everything</button></p>\n'
)
_DIALOG = """<dialog id="player" aria-labelledby="playing">
<div class="bar"><h2 id="playing" dir="auto"></h2>
<button type="button" id="previous">Previous</button>
<button type="button" id="next">Next</button>
<button type="button" id="close">Close</button></div>
<div class="screen" id="screen"></div>
<p class="prompt" id="said" dir="auto"></p>
<p class="facts" id="facts"></p>
</dialog>
"""


def _controls(cards: Sequence[Card]) -> str:
    """Return the form that filters and sorts; the script shows it."""
    counts = Counter(card.state for card in cards)
    states = "".join(
        f'<label class="state {_class(state)}"><input type="checkbox" name="state" value="{_class(state)}" checked>'
        f"{_LABELS[state]} <span>{counts[state]:,}</span></label>\n"
        for state in CardState
        if counts[state]
    )
    models = sorted({card.model for card in cards if card.model})
    choices = "".join(f'<option value="{_text(m)}">{_text(m)}</option>' for m in models)
    return (
        '<form id="controls" hidden role="search" autocomplete="off">\n'
        '<div class="field wide"><label for="words">Search</label>'
        '<input type="search" id="words" placeholder="Prompt, name or model"></div>\n'
        '<div class="field"><label for="model">Model</label>'
        f'<select id="model"><option value="">All models</option>{choices}</select></div>\n'
        '<div class="field"><label for="order">Sort by</label>'
        '<select id="order"><option value="made">Newest</option><option value="name">Name</option>'
        '<option value="model">Model</option><option value="seconds">Duration</option>'
        '<option value="took">Time taken</option></select></div>\n'
        f'<fieldset><legend>State</legend>\n{states}</fieldset>\n<p id="count" role="status"></p>\n</form>\n'
    )


def _summary(cards: Sequence[Card]) -> str:
    videos = [card for card in cards if card.playable]
    size = sum(card.found.size or 0 for card in videos)
    count = f"{len(videos):,} video{'' if len(videos) == 1 else 's'}"
    parts = [count, *([_bytes(size)] if videos else [])]
    uncertain = sum(card.state is CardState.UNCERTAIN for card in cards)
    if uncertain:
        parts.append(f"<strong>{uncertain:,} uncertain: may have been paid</strong>")
    return " · ".join(parts)


def _card(card: Card, number: int, places: Mapping[str, int], prefix: str) -> str:
    """Return the list item of an output."""
    found, header = card.found, card.header
    name = _text(_name(found.name))
    data = {
        "state": _class(card.state),
        "name": _name(found.name),
        "model": card.model,
        "made": None if card.made is None else f"{card.made.timestamp():.3f}",
        "seconds": None if header is None or header.seconds is None else f"{header.seconds:.3f}",
        "took": None if card.took is None else f"{card.took:.3f}",
        "poster": places.get(found.name),
    }
    attributes = "".join(f' data-{k}="{_text(str(v))}"' for k, v in data.items() if v is not None)
    long = len(card.prompt) > _LONG_PROMPT
    more = (
        f'<button type="button" class="more" aria-controls="p{number}" hidden>Whole prompt</button>\n'
        if long
        else ""
    )
    shown = card.prompt[:_MOST_PROMPT] + ("…" if len(card.prompt) > _MOST_PROMPT else "")
    return "".join(
        (
            f'<li class="card"{attributes}>\n<article aria-labelledby="n{number}">\n',
            _frame(card, name, prefix),
            f'<div class="words">\n<h2 id="n{number}" dir="auto">{name}</h2>\n',
            ""
            if card.state is CardState.SAVED
            else f'<p class="badge {_class(card.state)}">{_LABELS[card.state]}</p>\n',
            f'<p class="prompt" id="p{number}" dir="auto">{_text(shown)}</p>\n{more}'
            if card.prompt
            else "",
            _notice(card.notice),
            f'<p class="facts">{_facts(card)}</p>\n',
            "</div>\n</article>\n</li>\n",
        )
    )


def _time(moment: datetime) -> str:
    """Return a time on this machine's clock."""
    try:
        local = moment.astimezone()
    except (OverflowError, ValueError, OSError):  # at the end of all years
        local = moment
    said = moment.isoformat(timespec="seconds")
    return f'<time datetime="{said}">{local.isoformat(" ", timespec="minutes")[:16]}</time>'


def _notice(notice: Notice) -> str:
    """Return what is wrong and what to do."""
    if not notice.text:
        return ""
    command = f'<code class="command" dir="ltr">{_text(notice.command)}</code>'
    parts = [f'<p dir="auto">{_text(notice.text)}</p>', command if notice.command else ""]
    if notice.otherwise:
        parts.append(f"<p>{_text(notice.otherwise)}</p>")
    return f'<div class="notice">{"".join(parts)}</div>\n'


def _frame(card: Card, name: str, prefix: str) -> str:
    """Return the picture of a card, which is a link to the video if there is one to play."""
    if not card.playable:
        return ""
    # By bytes: a name need not be UTF-8.
    address = prefix + quote(os.fsencode(card.found.name), safe="/")
    seconds = card.header.seconds if card.header else None
    length = "" if seconds is None else f'<span class="length">{_clock(seconds)}</span>'
    return f'<a class="frame" href="{_text(address)}" aria-label="Play {name}">{length}</a>\n'


def _facts(card: Card) -> str:
    """Return what is known in numbers. The task comes last, since the style sheet hides that of a saved video."""
    facts: list[str] = []
    if card.model:
        facts.append(f'<b class="model">{_text(card.model)}</b>')
    header = card.header
    if header is not None and header.width:
        facts.append(f"<span>{header.width} \u00d7 {header.height}</span>")
    if card.found.size is not None:
        facts.append(f"<span>{_bytes(card.found.size)}</span>")
    if card.made is not None:
        facts.append(_time(card.made))
    if card.took is not None:
        facts.append(f"<span>took {_duration(card.took)}</span>")
    task = f'<span class="task"> · task <bdi>{_text(card.task)}</bdi></span>' if card.task else ""
    return " · ".join(facts) + task


def _skipped(skipped: Sequence[str]) -> str:
    if not skipped:
        return ""
    items = "".join(f'<li dir="auto">{_text(_name(one))}</li>' for one in skipped)
    return f'<footer>\n<h2>Folders that were not entered</h2>\n<ul class="skipped">{items}</ul>\n</footer>\n'


def _resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(text: str) -> str:
    """Return foreign text for HTML, between tags or in quotes."""
    return html.escape(_CONTROL.sub(" ", text))


def _name(name: str) -> str:
    """Return a name with a mark for each byte that is not UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def _class(state: CardState) -> str:
    return state.value.replace(" ", "-")


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
