"""Errors of the sandbox."""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox cannot do what it was asked for; the message says why."""


class PortInUse(SandboxError):
    """Another program listens on the port."""


class InvalidDialect(SandboxError):
    """There is no such dialect; the message names those that there are."""


class InvalidFault(SandboxError):
    """There is no such fault; the message names what is wrong, and what would be right."""
