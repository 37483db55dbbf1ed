"""Both drivers and both formats, for what is tried with each."""

from __future__ import annotations

from tests.support.drivers import colour, wire

__all__ = ["colour", "wire"]
