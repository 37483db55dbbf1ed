"""The wire formats by name."""

from collections.abc import Mapping

from .openai import OpenAIFormat
from .unified import UnifiedFormat
from .wire import WireFormat

FORMATS: Mapping[str, WireFormat] = {wire.name: wire for wire in (OpenAIFormat(), UnifiedFormat())}

__all__ = ["FORMATS", "OpenAIFormat", "UnifiedFormat", "WireFormat"]
