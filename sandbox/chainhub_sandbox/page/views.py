"""The page as a whole. Everything on it is there without its script, too."""

from __future__ import annotations

from functools import partial

from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.html import Html, document, live, tag
from chainhub_sandbox.page.new_task import new_task
from chainhub_sandbox.page.parts import Shown
from chainhub_sandbox.page.switch_list import switch_list
from chainhub_sandbox.page.task_list import task_list

paragraph = partial(tag, "p")


def page(shown: Shown) -> str:
    """Return the whole page."""
    title = f"{'Not done: ' if shown.message else ''}ChainHub sandbox"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href=f"{PAGE}/icon.svg"),
        tag("link", rel="stylesheet", href=f"{PAGE}/page.css"),
        tag("script", src=f"{PAGE}/page.js", defer=True),
    ]
    parts = [task_list(shown)]
    if not shown.alone:
        parts = [new_task(shown), *parts, switch_list(shown)]
    main = tag("main", parts, class_="alone" if shown.alone else None)
    status = paragraph(id="status", role="status", class_="unseen")
    offline = paragraph(
        "The sandbox does not answer. Is it still running? Trying again.",
        id="offline",
        role="alert",
        hidden=True,
    )
    return document(head, [_header(shown), offline, main, _footer(shown), status])


def _header(shown: Shown) -> Html:
    counters = live(
        "dl",
        "counters",
        _counter("paid in production", shown.paid),
        _counter("requests", shown.received),
        _counter("key leaks", shown.leaks) if shown.leaks else None,
    )
    links = (
        ("#new", "New task"),
        ("#tasks", "Tasks"),
        ("#faults", "Faults"),
        ("#dialects", "Dialects"),
    )
    return tag(
        "header",
        tag(
            "div",
            tag("h1", tag("span", "SANDBOX", class_="badge"), " ChainHub Video", class_="title"),
            paragraph("Nothing here costs money, and nothing leaves this machine."),
            class_="name",
        ),
        counters,
        None
        if shown.alone
        else tag(
            "nav",
            tag("ul", [tag("li", tag("a", name, href=to)) for to, name in links], role="list"),
            aria_label="On this page",
        ),
    )


def _counter(name: str, value: int) -> Html:
    return tag("div", tag("dt", name), tag("dd", tag("strong", value)))


def _footer(shown: Shown) -> Html:
    return tag(
        "footer",
        paragraph("Gateway ", tag("code", shown.url), ", key ", tag("code", shown.api_key), "."),
        paragraph(
            "All that arrived: ", tag("a", "the ledger as JSON", href="/_sandbox/ledger"), "."
        ),
    )
