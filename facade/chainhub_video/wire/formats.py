"""The table of wire formats by name."""

from __future__ import annotations

from collections.abc import Mapping

from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.openai import OpenAIFormat
from chainhub_video.wire.unified import UnifiedFormat

FORMATS: Mapping[str, WireFormat] = {wire.name: wire for wire in (OpenAIFormat(), UnifiedFormat())}
