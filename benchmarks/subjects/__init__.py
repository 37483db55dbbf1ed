"""What is measured: the same three calls through each client, blocking and under asyncio.

Each module runs in an environment that holds its own client and nothing else, and has two classes, `Blocking` and
`Asyncio`, with the same methods: `create(picture)`, `query()` and `download(size, path)`.
"""

from __future__ import annotations

from typing import Any

FIELDS: dict[str, Any] = {
    "model": "veo_3_1",
    "prompt": "The kitten is eating fish",
    "seconds": "8",
    "size": "1280x720",
}
