"""Part files do not outlive their downloads, whoever is killed in between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, PollPolicy
from chainhub_video.downloads.partfile import PartFile, clear_abandoned

_WRITES = """
import sys, time
from pathlib import Path
from chainhub_video import ChainHub
from chainhub_video.downloads.partfile import PartFile

part = PartFile(Path(sys.argv[1]))
part.write(b"half a video")
print("written", flush=True)
time.sleep(60)
"""

Downloader = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the video goes."""
    return tmp_path / "kitten[1].mp4"


@pytest.fixture
def downloader(target: Path) -> Iterator[Downloader]:
    """Starts another process that is in the middle of a download to the same place."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _WRITES, str(target)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stdout = processes[-1].stdout
        assert stdout is not None
        assert stdout.readline() == "written\n"
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_whoever_finishes_tidies_up(target: Path, downloader: Downloader) -> None:
    """A finished download takes the part files of killed ones along, and leaves a living one's."""
    mine = PartFile(target)
    killed, living = downloader(), downloader()
    assert len(list(target.parent.iterdir())) == 3
    killed.kill()
    killed.wait()
    mine.write(b"a whole video")
    mine.finish()
    mine.discard()
    assert target.read_bytes() == b"a whole video"
    assert len(list(target.parent.glob("*.part"))) == 1
    living.kill()
    living.wait()
    clear_abandoned(target)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_job_that_is_saved_already_tidies_up(target: Path) -> None:
    """Run again after another process has saved the video, a killed download's part file goes as well."""
    poll = PollPolicy(interval=0.05)
    with (
        Sandbox(fast=True) as gateway,
        ChainHub(base_url=gateway.url, api_key="sandbox", poll=poll) as hub,
    ):
        for _ in range(2):
            hub.videos.generate(
                "A kitten", model="grok-video-3", aspect_ratio="1:1", save_to=target
            )
            left = {path.name for path in target.parent.iterdir()}
            assert left == {target.name, f"{target.name}.task.json"}
            target.with_name(f"{target.name}.7.chainhub.part").touch()
        assert gateway.paid == 1


def test_other_outputs_part_files_are_left_alone(target: Path) -> None:
    """Only part files of the very output are removed."""
    others = [
        target.with_name(name)
        for name in (
            "other.mp4.chainhub.part",
            f"{target.name}.x.chainhub.part",
            f"{target.name}.0.mp4.chainhub.part",
        )
    ]
    for path in others:
        path.touch()
    clear_abandoned(target)
    assert sorted(target.parent.iterdir()) == sorted(others)
