"""Every committed recording keeps what the document promises, holds no secret, and replays through both drivers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from cassettes import cassette
from cassettes.contract_command import main
from cassettes.play import DRIVERS, replay
from cassettes.scan import scan
from cassettes.scenarios import SCENARIOS
from cassettes.steps import WRONG_KEY

from tests.support.places import CASSETTES, ROOT

ALL = sorted(CASSETTES.glob("*.yaml"), key=lambda path: path.stem)


def test_every_promise_is_kept_and_every_operation_recorded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing that was recorded deviates from the document, in either direction, and no operation was left out."""
    assert main(["--complete"]) == 0
    told = capsys.readouterr().out
    assert "error:" not in told
    assert "never recorded\n" not in told
    assert told.splitlines()[-1].startswith(f"{len(ALL)} cassettes, ")
    assert ": 0 deviations, 0 gaps, " in told.splitlines()[-1]


def test_every_cassette_is_clean_small_and_says_where_it_is_from() -> None:
    """No committed cassette holds a secret, or anything that looks like one; each has its head and is tiny."""
    assert [path.stem for path in ALL] == sorted(SCENARIOS)
    for path in ALL:
        text = path.read_text("utf-8")
        assert scan(text, path.name, [WRONG_KEY]) == []
        head = cassette.parse(text, path.name).head
        assert set(head) == {
            "scenario", "source", "at", "client", "server", "base_url", "formats", "operations",
        }  # fmt: skip
        assert head["scenario"] == path.stem
        assert head["source"] in ("sandbox", "live")
        assert path.stat().st_size < 20_000


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_cassette_comes_out_as_its_scenario_says(path: Path) -> None:
    """Each ends with the same tasks, files and errors to the letter for both drivers, all interactions used."""
    blocking, asynchronous = (replay(path, driver=driver) for driver in DRIVERS)
    assert blocking
    assert blocking == asynchronous


def test_the_page_lists_every_scenario_and_its_app_test_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/cassettes.md names each scenario with whether it can be live, and its test of an app runs as it stands."""
    page = (ROOT / "docs" / "cassettes.md").read_text("utf-8")
    listed = set()
    for line in page.splitlines():
        match [cell.strip() for cell in line.strip("|").split("|")]:
            case [names, ("both" | "openai" | "unified") as formats, live, _]:
                each = formats.replace("both", "openai unified").split()
                listed |= {
                    (f"{one}-{name.strip(' `')}", live) for one in each for name in names.split(",")
                }
    assert listed == {(name, "no" if one.not_live else "yes") for name, one in SCENARIOS.items()}
    shutil.copy(CASSETTES / "unified-success.yaml", tmp_path)
    app = page.split("```python\n")[1].split("```")[0]
    defined: dict[str, Any] = {}
    exec(compile(app, "docs/cassettes.md", "exec"), defined)
    monkeypatch.chdir(tmp_path)
    defined["test_my_app"]()
