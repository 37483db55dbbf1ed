"""The address that a client takes without being told is the one of the OpenAPI document."""

from typing import Any

import yaml
from chainhub_video.settings import DEFAULT_BASE_URL

from tests.support.places import ROOT

DOCUMENT = ROOT / "openapi/openapi.yaml"


def servers(document: Any) -> dict[str, str]:
    """Give the address of every operation: its own first server, or that of its path, or of the document."""
    return {
        f"{method.upper()} {url}": (operation.get("servers") or item.get("servers") or document["servers"])[0]["url"]
        for url, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post")
    }  # fmt: skip


def test_the_default_address_is_that_of_every_operation() -> None:
    """When a page of the vendor moves to another server, the facade's default address cannot be left behind."""
    found = servers(yaml.safe_load(DOCUMENT.read_text()))
    assert len(found) == 5
    elsewhere = {name: url for name, url in found.items() if url.rstrip("/") != DEFAULT_BASE_URL}
    assert not elsewhere, (
        "change DEFAULT_BASE_URL in facade/chainhub_video/settings.py, or correct the page"
    )
