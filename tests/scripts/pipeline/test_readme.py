"""The worked example of openapi/README.md, done as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.places import ROOT

from .conftest import Regenerate

README = (ROOT / "openapi/README.md").read_text()
NAME = "create-video-unified-format.md"


def blocks(kind: str) -> list[str]:
    """Return the code blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def patched(text: str, difference: str) -> str:
    """Apply the difference that the README shows; what it shows as given must be there."""
    lines = difference.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(old) == 1
    return text.replace(old, new)


def test_the_worked_example_goes_as_it_is_told(
    copy: Path, regenerate: Regenerate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change, the repairs, the refusal, the correction and the report are those of the text."""
    difference = blocks("diff")[-1]
    action = blocks("yaml")[-1]
    inspected, refused, reported = blocks("console")[-3:]
    monkeypatch.chdir(tmp_path)
    page = patched((copy / "openapi/sources" / NAME).read_text(), difference)
    Path(NAME).write_text(page)

    assert regenerate("--inspect", NAME).startswith(inspected)
    assert regenerate("--dry-run", NAME, status=1).startswith(refused.rstrip("\n"))

    with (copy / "openapi/overlay.yaml").open("a") as overlay:
        overlay.write(action)
    assert regenerate("--dry-run", "--fail-on-breaking", NAME, status=3).endswith(reported)

    regenerate(NAME)
    assert (copy / "openapi/sources" / NAME).read_text() == page


@pytest.mark.parametrize(("at", "key"), [(0, "x-contradictions"), (1, "x-duplicates")])
def test_the_entries_are_whole_and_work(
    copy: Path, regenerate: Regenerate, tmp_path: Path, at: int, key: str
) -> None:
    """The page of each example is refused as told; with its entry as it stands there it builds; idle, it is refused."""
    entry, refused = blocks("yaml")[at], blocks("console")[at]
    assert list(yaml.safe_load(entry)) == [key]
    page = tmp_path / NAME
    page.write_text(patched((copy / "openapi/sources" / NAME).read_text(), blocks("diff")[at]))
    told = regenerate("--dry-run", page, status=1)
    assert told.startswith(f"{tmp_path}/{refused.rstrip()}")
    with (copy / "openapi/overlay.yaml").open("a") as overlay:
        overlay.write(entry)
    told = regenerate("--dry-run", page)
    reason = yaml.safe_load(entry)[key][0]["description"]
    assert (
        reason in told if key == "x-contradictions" else "the overlay says which one holds" in told
    )
    assert "Next: delete the entry" in regenerate("--dry-run", status=1)


def test_removing_a_page_names_the_corrections_that_go_with_it(
    copy: Path, regenerate: Regenerate
) -> None:
    """Without its page an action matches nothing, or less than it says, and is named to be deleted."""
    (copy / "openapi/sources" / NAME).unlink()
    told = regenerate(status=1)
    assert told.startswith("openapi/overlay.yaml:")
    assert "the action says 2 and matches 1" in told
    overlay = (copy / "openapi/overlay.yaml").read_text()
    idle = [
        line
        for line in overlay.splitlines()
        if line.startswith("  - target:") and "/v1/video/create" in line
    ]
    assert told.count("openapi/overlay.yaml:") == len(idle)
    assert all(line.removeprefix("  - target: ") in told for line in idle)
