"""What may be passed as a picture: contents in every form, and objects that only look like files."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .material import pictures, scalars, values


class OddFile:
    """Something with `read`, and whatever else the fuzzer gave it.

    Args:
        returned: what each call of `read` returns or raises, in turn; the last for ever.
        seeks: what `seekable`, `seek` and `tell` return or raise; None for no such methods.
        name: the attribute of that name.
    """

    def __init__(self, returned: list[Any], seeks: Any, name: Any) -> None:
        self._returned = returned
        self.name = name
        if seeks is not None:
            self.seekable = lambda: _given(seeks)
            self.seek = lambda *_: _given(seeks)
            self.tell = lambda: _given(seeks)

    def read(self, size: int = -1) -> Any:
        """Return the next of what it was told to return; never without end."""
        value = self._returned.pop(0) if self._returned else b""
        return _given(value[:size] if isinstance(value, bytes) and size >= 0 else value)


class OddPath:
    """Something whose `__fspath__` returns whatever the fuzzer says."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def __fspath__(self) -> Any:
        return self._path


def _given(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


def _data_uri(content: bytes, damage: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}{damage}"


_here = Path(__file__)
_closed = _here.open("rb")
_closed.close()
_errors = st.sampled_from((OSError("broken"), ValueError("closed"), io.UnsupportedOperation("no")))
_paths = st.sampled_from(
    (
        *("", ".", "/", "/dev/zero", "/dev/null", "/proc/self/mem", "/proc/self/environ", "a\0b"),
        *("x" * 5000, "\udcff", "no/such/file", str(_here), "file:///etc/hostname", "http:/x"),
    )
)

sources: SearchStrategy[Any] = st.one_of(
    pictures,
    pictures.map(bytearray),
    pictures.map(lambda content: memoryview(content)),
    pictures.map(io.BytesIO),
    st.builds(_data_uri, pictures, st.sampled_from(("", "=", "é", "\n ", "%20", "\x00"))),
    st.text(max_size=20).map(lambda text: "data:" + text),
    _paths,
    _paths.map(Path),
    st.builds(OddPath, _paths | _paths.map(os.fsencode) | scalars),
    st.text(st.characters(exclude_characters="/."), max_size=20),
    st.just(_closed),
    st.text(max_size=20).map(io.StringIO),
    st.builds(
        OddFile,
        st.lists(st.one_of(pictures, st.none(), st.text(max_size=5), _errors), max_size=3),
        st.one_of(st.none(), st.booleans(), st.integers(-2, 5), st.just("x"), _errors),
        st.one_of(st.none(), st.text(max_size=8), st.integers(), st.just("../../etc/passwd")),
    ),
    values,
)
