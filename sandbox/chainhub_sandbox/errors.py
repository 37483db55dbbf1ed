"""Errors of the sandbox."""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox cannot start; the message says why and what to do."""


class PortInUse(SandboxError):
    """Another program listens on the port."""
