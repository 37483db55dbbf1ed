"""The wire formats by name. A further one is a module like `openai`, and an entry here."""

from __future__ import annotations

from collections.abc import Mapping

from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.openai import OpenAIFormat
from chainhub_video.wire.unified import UnifiedFormat

FORMATS: Mapping[str, WireFormat] = {wire.name: wire for wire in (OpenAIFormat(), UnifiedFormat())}
