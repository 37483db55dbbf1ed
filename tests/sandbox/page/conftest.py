"""One browser and one sandbox for all tests of the page, and eyes for what a tab says and contacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chainhub_sandbox import Sandbox, VirtualClock
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.support.browser import chromium

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def _gateway() -> Iterator[Sandbox]:
    """A sandbox with small clips, whose time goes on only when a test says so."""
    with Sandbox(fast=True, pace=10, clock=VirtualClock()) as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway: Sandbox) -> Iterator[Sandbox]:
    """The sandbox; no fault outlives its test."""
    yield _gateway
    _gateway.clear_faults()


@pytest.fixture
def complaints() -> list[str]:
    """What a test expects the browser's console to complain of, as parts of its lines."""
    return []


@pytest.fixture
def open_tab(browser: Browser, gateway: Sandbox, complaints: list[str]) -> Iterator[Open]:
    """Open tabs; a request to another host, or an error on the console, fails the test."""
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    heard: list[str] = []
    own = (f"{gateway.url}/", f"{gateway.links_url}/")

    def guard(route: Route) -> None:
        if route.request.url.startswith(own):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    def open_tab(path: str | None = "/", **options: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        contexts.append(context)
        context.route("**/*", guard)
        tab = context.new_page()
        tab.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
        tab.on("pageerror", lambda error: heard.append(str(error)))
        if path is not None:
            tab.goto(f"{gateway.url}{path}")
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    assert strangers == []
    assert [line for line in heard if not any(part in line for part in complaints)] == []
