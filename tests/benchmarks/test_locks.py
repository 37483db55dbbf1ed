"""The locks of the measured environments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.places import ROOT

from .conftest import BENCHMARKS

LOCKS = [BENCHMARKS / "core.lock", BENCHMARKS / "openai.lock"]


def pins(lock: Path) -> dict[str, str]:
    """Return the versions that a lock pins, by name."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_pins_with_hashes_and_names_no_place(lock: Path) -> None:
    """Each entry is one exact version with a hash, and nothing ties it to an index, a host or a machine."""
    text = lock.read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]

    assert not re.search(r"://|^-|\bfile:|^\s*/|@|\.whl|index", text, re.MULTILINE)
    assert len(entries) >= 10
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[^\s;]+( ; .+)? \\\n", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_core_is_measured_in_the_versions_that_are_tested() -> None:
    """The core's lock differs in no version from the lock of the project's environment."""
    core, project = pins(LOCKS[0]), pins(ROOT / "scripts" / "requirements.lock")

    assert {"httpx", "attrs", "python-dateutil"} <= core.keys()
    assert core.items() <= project.items()
