"""What can be switched on the page: common faults, and the dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainhub_sandbox.faults import Fault


@dataclass(frozen=True, slots=True)
class Preset:
    """A fault that one switch sets.

    Attributes:
        spec: as for `Fault.parse`.
        label: of the switch.
        meaning: what it does, and what that means for money.
    """

    spec: str
    label: str
    meaning: str

    @property
    def fault(self) -> Fault:
        """The fault."""
        return Fault.parse(self.spec)


PRESETS: Mapping[str, Preset] = {
    "lost": Preset(
        "create:reset",
        "Answers to creates get lost",
        "The create is carried out and paid, and the connection is reset before the answer.",
    ),
    "busy": Preset(
        "create:status,status=503,moment=read",
        "Creates are refused: 503",
        "Read whole, then refused. Nothing is paid.",
    ),
    "queries": Preset(
        "query:status,status=502,probability=0.5",
        "Half of the queries fail: 502",
        "By chance, with an error's body.",
    ),
    "words": Preset(
        "query:state",
        "Queries say unknown states",
        "A word that no page of the API knows.",
    ),
    "cut": Preset(
        "link:cut,probability=0.5",
        "Linked downloads break off",
        "Half of them end in the middle of the file.",
    ),
    "content": Preset(
        "content:cut,probability=0.5",
        "Downloads of content break off",
        "Half of those from /content end in the middle.",
    ),
    "expire": Preset(
        "link:expire",
        "Links expire",
        "Each link is answered with 403; the next query gives another.",
    ),
}

DIALECTS: Mapping[str, str] = {
    "numeric-ids": "Ids are numbers, in fields of several names.",
    "long-ids": "Ids are 200 characters of base64, with = and /.",
    "envelope": "A task lies inside data, output, result, or a list.",
    "relay": "Other words for states, other places for the link.",
    "late": "Tasks, links and files show some seconds after they are there.",
    "own-links": "Links lead to the gateway, are forbidden, or expire.",
}
