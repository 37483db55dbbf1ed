"""Tells Schemathesis what a picture is: loaded by schemathesis.toml, in Schemathesis' own process."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import strategies as st

_KITTEN = Path(__file__).parents[2] / "examples" / "kitten.png"

# The document can only say that a part is a file. One in four is none that can be decoded.
schemathesis.openapi.format(
    "binary", st.sampled_from([_KITTEN.read_bytes()] * 3 + [b"not a picture"])
)
