"""A good file is never replaced by a worse one, whatever is served instead of a whole video."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import av
import httpx
import pytest
from chainhub_video import (
    AuthenticationError,
    ChainHubError,
    DownloadFailed,
    NotFound,
    RetryPolicy,
    TaskFailed,
    TaskStatus,
    Timeouts,
    VideoTask,
)
from chainhub_video.downloads.output import FileOutput
from chainhub_video.flows.download import save
from chainhub_video.io import Reply, TransportFailure
from chainhub_video.settings import Settings

from tests.support.answering import (
    Answer,
    drip,
    garbage,
    half_head,
    hang_up,
    page,
    reset,
    say,
    silence,
    tell,
)
from tests.support.downloads import Download
from tests.support.videos import LINK, MP4, completed, names
from tests.support.virtual import World
from tests.support.wires import OPENAI, UNIFIED, Wire

BAD: dict[str, Callable[[bytes], Answer]] = {
    "cut, its index in front": lambda video: say(200, video[:-100], MP4),
    "only its head": lambda video: say(200, video[:40], MP4),
    "one byte short": lambda video: say(200, video[:-1], MP4),
    "one byte more": lambda video: say(200, video + b"\0", MP4),
    "HTML": lambda _: page(200),
    "HTML called a video": lambda _: say(200, "<html>expired</html>", MP4),
    "JSON": lambda _: tell({"error": {"message": "expired"}}),
    "empty": lambda _: say(200, b"", MP4),
    "204": lambda _: say(204, framed=False),
    "announced longer": lambda video: say(200, video, MP4, announce=len(video) + 10, sent=None),
    "cut": lambda video: say(200, video, MP4, sent=len(video) - 10),
    "reset": lambda _: reset(),
    "closed": lambda _: hang_up(),
    "half the headers": lambda _: half_head(),
    "not HTTP": lambda _: garbage(),
    "silence": lambda _: silence(),
    "500": lambda _: say(500),
    "502 HTML": lambda _: page(502),
    "429": lambda _: say(429),
    "redirect without end": lambda _: say(302, headers={"Location": LINK}),
    "redirect without a place": lambda _: say(302),
    "redirect to a file": lambda _: say(302, headers={"Location": "file:///etc/passwd"}),
    "redirect to nonsense": lambda _: say(302, headers={"Location": "http://[::1"}),
    "redirect to port 0": lambda _: say(302, headers={"Location": "http://127.0.0.1:0/"}),
    "gzip that is none": lambda video: say(200, video, {**MP4, "Content-Encoding": "gzip"}),
}


def test_a_good_file_survives_every_failure(
    download: Download, linked: VideoTask, other_video: bytes, subtests: pytest.Subtests
) -> None:
    """Whatever is served instead of a whole video, the file that was there stays as it was, and alone."""
    download.target.write_bytes(other_video)
    download.gateway.on("query", tell(UNIFIED.seen("completed")))
    download.gateway.on("content", say(404))
    download = download.of(timeout=Timeouts(connect=5, read=0.03, write=5))
    for kind, answer in BAD.items():
        with subtests.test(kind):
            download.elsewhere.on(LINK, answer(download.video))
            with pytest.raises(DownloadFailed, match=linked.id) as raised:
                download.save(linked, timeout=1)
            error = raised.value
            assert error.task == linked
            assert error.url == download.link
            assert "s3cret" not in str(error)
            assert "\n" not in str(error)
            assert not isinstance(error.__cause__, TransportFailure)
            assert download.target.read_bytes() == other_video
            assert names(download.target.parent) == [download.target.name]


@pytest.mark.parametrize(("pages", "saved"), [(1, True), (3, True), (4, False)])
def test_a_wrong_page_counts_by_itself(
    download: Download, content: VideoTask, pages: int, saved: bool
) -> None:
    """After servers that failed for a while, a page in place of the video is asked through as before: three times."""
    answers = [*[say(502)] * 6, *[page(200)] * pages]
    download.gateway.on("content", *answers, download.served())
    if saved:
        download.check(content)
    else:
        with pytest.raises(DownloadFailed, match="not an MP4"):
            download.save(content)
    assert download.gateway.count("content") == len(answers) + saved


def test_a_cut_clip_with_its_index_in_front_opens_in_a_player(video: bytes) -> None:
    """The clip that the tests cut is of the treacherous kind: a decoder opens it and plays what there is."""
    with av.open(io.BytesIO(video[:-100]), "r") as container:
        assert next(container.decode(video=0))


JSON = {"Content-Type": "application/json"}
CONTENT_REFUSALS: dict[str, tuple[Answer, type[ChainHubError]]] = {
    "401": (tell({"error": {"message": "no"}}, 401), AuthenticationError),
    "404": (tell({"error": {"message": "no"}}, 404), NotFound),
    "400": (tell({"error": {"message": "Task is not completed yet"}}, 400), DownloadFailed),
    "JSON without a link": (tell({"status": "completed"}), DownloadFailed),
    "cut JSON": (say(200, '{"video_url', JSON), DownloadFailed),
    "endless JSON": (say(200, b" " * 2_000_000, JSON), DownloadFailed),
}


@pytest.mark.parametrize("case", CONTENT_REFUSALS)
def test_content_that_refuses_names_the_task(
    download: Download, content: VideoTask, case: str
) -> None:
    """What /content says instead of the video becomes an error that carries the paid task."""
    answer, kind = CONTENT_REFUSALS[case]
    download.gateway.on("content", answer)
    with pytest.raises(kind, match=content.id) as raised:
        download.save(content)
    assert raised.value.task == content
    assert names(download.target.parent) == []


DONE = completed(UNIFIED, "https://cdn.example.com/clip.mp4")


@pytest.mark.parametrize("announced", [True, False])
def test_a_video_beyond_the_limit_is_dropped(video: bytes, target: Path, announced: bool) -> None:
    """No more is written than `max_download`, whether it is announced or only sent, and nothing stays."""
    settings = Settings(api_key="the-key", max_download=len(video) - 1)
    headers, body = ({"content-length": str(len(video))}, b"") if announced else ({}, video)
    world = World(Reply(200, headers, body))
    with pytest.raises(DownloadFailed, match="max_download") as raised:
        world.play(save(world, settings, DONE, FileOutput(target), None, deadline=None))
    assert raised.value.task == DONE
    assert world.open_streams == 0
    assert names(target.parent) == []


def test_a_download_that_never_works_gives_up_at_its_deadline(target: Path) -> None:
    """The attempts of a download pause ever longer, and end before the deadline is overslept."""
    world = World(TransportFailure(httpx.ReadError("x"), sent=True))
    settings = Settings(api_key="the-key", retry=RetryPolicy(first=0.5, maximum=30, jitter=0))
    with pytest.raises(DownloadFailed) as raised:
        world.play(save(world, settings, DONE, FileOutput(target), None, deadline=1020))
    assert world.sleeps == [0.5, 1, 2, 4, 8]
    assert world.clock - 1000 <= 20
    assert isinstance(raised.value.__cause__, httpx.ReadError)
    assert names(target.parent) == []


@pytest.mark.parametrize(
    "answer", [silence(), drip(b"x" * 6000, pause=0.02)], ids=["silence", "a byte at a time"]
)
@pytest.mark.parametrize("origin", ["link", "content"])
def test_a_download_ends_at_its_deadline(download: Download, origin: str, answer: Answer) -> None:
    """A host that never answers, or answers a byte at a time, cannot outlast the caller's timeout by much."""
    host, step = (download.elsewhere, LINK) if origin == "link" else (download.gateway, "content")
    host.on(step, answer)
    task = completed(OPENAI, download.link if origin == "link" else None)
    download = download.of(timeout=Timeouts(connect=5, read=60, write=5))
    began = time.monotonic()
    with pytest.raises(DownloadFailed, match=task.id):
        download.save(task, timeout=0.2)
    assert time.monotonic() - began < 30  # and not a minute or two, as those hosts would take
    assert names(download.target.parent) == []


def test_only_a_completed_task_is_saved(download: Download, wire: Wire) -> None:
    """A task that is not completed is refused with what it is; that is no wrong request, since it is paid."""
    for status in set(TaskStatus) - {TaskStatus.COMPLETED}:
        failed = status is TaskStatus.FAILED
        words = "no video of it: why" if failed else "wait for it first"
        task = wire.task(status=status, raw_status="seen", failure_reason="why")
        with pytest.raises(TaskFailed if failed else DownloadFailed, match=words):
            download.save(task)
    assert download.gateway.arrived == []


def test_a_task_that_nobody_has_asked_for_is_asked_for_first(
    download: Download, wire: Wire
) -> None:
    """An id is enough to save a video: it is asked for, and refused in its own words unless it is completed."""
    download.gateway.on("query", tell(wire.seen("video_upsampling")))
    with pytest.raises(DownloadFailed, match="is 'video_upsampling', and only a completed one"):
        download.save(wire.task_id)
    link = {} if wire is OPENAI else {"video_url": f"{download.gateway.url}{LINK}"}
    download.gateway.on("query", tell(wire.seen("completed", **link)))
    download.gateway.on("content" if wire is OPENAI else LINK, download.served())
    saved = download.save(wire.task_id)
    assert (saved.path.read_bytes(), saved.task.status) == (download.video, TaskStatus.COMPLETED)
    assert download.gateway.count("query") == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), FileNotFoundError("mine")], ids=repr)
def test_what_the_progress_callback_raises_comes_out(
    download: Download, linked: VideoTask, error: BaseException
) -> None:
    """Ctrl-C, or an error that looks like the disk's, removes the part and keeps the old file."""
    download.target.write_bytes(b"old")
    download.elsewhere.on(LINK, download.served())

    def interrupt(_done: int, _total: int | None) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        download.save(linked, on_progress=interrupt)
    assert raised.value is error
    assert download.target.read_bytes() == b"old"
    assert names(download.target.parent) == [download.target.name]
