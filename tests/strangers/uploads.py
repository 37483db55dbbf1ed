"""Tells Schemathesis what a picture is: loaded by schemathesis.toml, in Schemathesis' own process."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from tests.strangers.prose import PICTURE

# The document can only say that a part is a file. One in four is none that can be decoded.
schemathesis.openapi.format("binary", st.sampled_from([PICTURE] * 3 + [b"not a picture"]))
