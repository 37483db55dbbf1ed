"""Tells Schemathesis what a file is that can be decoded: loaded by strict.toml, in Schemathesis' own process."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from tests.strangers.prose import PICTURE

schemathesis.openapi.format("binary", st.just(PICTURE))
