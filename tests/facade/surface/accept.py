"""Accepts the public surface as it is now: `.venv/bin/python -m tests.facade.surface.accept`."""

from __future__ import annotations

from tests.support.places import ROOT

from .describing import ACCEPTED, described

if __name__ == "__main__":
    ACCEPTED.write_text(described())
    print(f"{ACCEPTED.relative_to(ROOT)} written: tell what changed in CHANGELOG.md")
