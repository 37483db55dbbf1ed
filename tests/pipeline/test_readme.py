"""The worked example of openapi/README.md, done as it stands there."""

import re
from pathlib import Path

import pytest

from .conftest import ROOT, Regenerate, snapshot

README = (ROOT / "openapi/README.md").read_text()
NAME = "create-video-unified-format.md"


def blocks(kind: str) -> list[str]:
    """Return the code blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def patched(text: str, difference: str) -> str:
    """Apply the difference that the README shows; what it shows as given must be there."""
    lines = difference.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] == " ")
    new = "".join(line[1:] for line in lines)
    assert text.count(old) == 1
    return text.replace(old, new)


def test_the_worked_example_goes_as_it_is_told(
    copy: Path,
    regenerate: Regenerate,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The change, the repairs, the refusal, the correction and the report are those of the text."""
    (difference,) = blocks("diff")
    (action,) = blocks("yaml")
    inspected, refused, reported = blocks("console")
    monkeypatch.chdir(tmp_path)
    page = patched((copy / "openapi/sources" / NAME).read_text(), difference)
    Path(NAME).write_text(page)

    assert regenerate("--inspect", NAME) == 0
    assert capsys.readouterr().out.startswith(inspected)
    before = snapshot(copy)
    assert regenerate("--dry-run", NAME) == 1
    assert capsys.readouterr().err.startswith(refused.rstrip("\n"))

    with (copy / "openapi/overlay.yaml").open("a") as overlay:
        overlay.write(action)
    assert regenerate("--dry-run", "--fail-on-breaking", NAME) == 3
    assert capsys.readouterr().out.endswith(reported)
    after = snapshot(copy)
    del before["openapi/overlay.yaml"], after["openapi/overlay.yaml"]
    assert after == before

    assert regenerate(NAME) == 0
    assert (copy / "openapi/sources" / NAME).read_text() == page


def test_removing_a_page_names_the_corrections_that_go_with_it(
    copy: Path, regenerate: Regenerate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its page an action matches nothing, or less than it says, and is named to be deleted."""
    (copy / "openapi/sources" / NAME).unlink()
    assert regenerate() == 1
    told = capsys.readouterr().err
    assert told.startswith("openapi/overlay.yaml:")
    assert "the action says 2 and matches 1" in told
