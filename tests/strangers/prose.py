"""The document with its prose turned into rules, for the sandbox to be judged by those as well.

The document leaves models and shapes open, so that tomorrow's pass through the client. The sandbox knows today's only,
and has to accept all of them and nothing else. Written from the descriptions, not from the sandbox.
"""

from __future__ import annotations

import base64
import copy
from typing import Any

_PNG = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAJCAIAAAC0SDtlAAAAFklEQVR42mP8v5SBJMDEwDCqYRBoAADikwG2TTnU4QAAAABJRU5ErkJggg=="
PICTURE = base64.b64decode(_PNG)
"""16x9 pixels of orange: small, since hundreds of cases carry it."""

RULES: dict[str, dict[str, dict[str, Any]]] = {
    "CreateVideoRequest": {
        "model": {"enum": ["veo_3_1", "veo_3_1-fast"]},
        "prompt": {"pattern": r"\S"},
        "seconds": {"enum": ["1", "2", "4", "8"]},
        "size": {"enum": ["720x1280", "1280x720"]},
        "watermark": {"enum": ["true", "false"]},
    },
    "CreateUnifiedVideoRequest": {
        "model": {"enum": ["grok-video-3"]},
        "prompt": {"pattern": r"\S"},
        "aspect_ratio": {"enum": ["2:3", "3:2", "1:1"]},
        "size": {"enum": ["720P", "1080P"]},
        "images": {
            "items": {
                "type": "string",
                "enum": ["https://example.com/kitten.png", f"data:image/png;base64,{_PNG}"],
            }
        },
    },
}


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the rules in it."""
    narrowed = copy.deepcopy(document)
    for schema, rules in RULES.items():
        properties = narrowed["components"]["schemas"][schema]["properties"]
        for name, rule in rules.items():
            properties[name] |= rule
    return narrowed
