"""`Finding`: one line of what `chainhub-video doctor` tells."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

State: TypeAlias = Literal["ok", "note", "warning", "wrong"]


@attrs.frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        section: what it belongs to.
        name: of the thing.
        state: `wrong` keeps the client from working; a `warning` may; a `note` is worth knowing.
        value: what was found.
        origin: where it comes from, or empty.
        remedy: what to do about it, or empty.
    """

    section: str
    name: str
    state: State
    value: str
    origin: str = ""
    remedy: str = ""
