"""From a completed task to a whole file: a good file is never replaced by a worse one."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from chainhub_video import (
    AuthenticationError,
    ChainHubError,
    DownloadFailed,
    InvalidRequest,
    NotFound,
    SavedVideo,
    TaskStatus,
    Timeouts,
    VideoTask,
)
from chainhub_video.effects import Reply, TransportFailure
from chainhub_video.flows.download import save
from chainhub_video.settings import Settings

from .colours import Colour
from .scripted import (
    Answer,
    Arrived,
    Gateway,
    abort,
    garbage,
    half_head,
    hang_up,
    page,
    reset,
    say,
    silence,
    tell,
)
from .virtual import World
from .wires import OPENAI, UNIFIED, Wire

MP4 = {"Content-Type": "video/mp4"}
LINK = "/clip.mp4"


def _completed(wire: Wire, url: str | None) -> VideoTask:
    return wire.task(status=TaskStatus.COMPLETED, raw_status="completed", video_url=url)


@pytest.fixture
def linked(wire: Wire, elsewhere: Gateway) -> VideoTask:
    """A completed task whose video lies at another origin."""
    return _completed(wire, f"{elsewhere.url}{LINK}?signature=s3cret")


@pytest.fixture
def content() -> VideoTask:
    """A completed task whose video the gateway itself gives."""
    return _completed(OPENAI, None)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the video goes."""
    return tmp_path / "kitten.mp4"


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _whole(saved: SavedVideo, target: Path, video: bytes) -> None:
    assert target.read_bytes() == video
    assert saved.path == target
    assert saved.size == len(video)
    assert saved.sha256 == hashlib.sha256(video).hexdigest()
    assert _names(target.parent) == [target.name]


def ranged(video: bytes, tag: str = '"v1"', cut: int | None = None) -> Answer:
    """A server that knows Range and If-Range; it breaks off after `cut` bytes of each answer."""

    def play(wire: Any, arrived: Arrived) -> bool:
        wanted = arrived.headers.get("range")
        if wanted and arrived.headers.get("if-range") == tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers = {"Content-Range": f"bytes {start}-{len(video) - 1}/{len(video)}"}
            status = 206
        else:
            start, headers, status = 0, {}, 200
        answer = say(status, video[start:], {**MP4, **headers, "ETag": tag}, sent=cut)
        return answer.play(wire, arrived)

    return Answer(play)


# --- the ways to a video ------------------------------------------------------------------------


def test_a_link_is_followed_without_the_key(
    hub: Any, linked: VideoTask, elsewhere: Gateway, gateway: Gateway, target: Path, video: bytes
) -> None:
    """The video comes from its link as it is, query and all, and the gateway is not asked."""
    elsewhere.on(LINK, say(200, video, MP4))
    _whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.arrived[0].target == f"{LINK}?signature=s3cret"
    assert "authorization" not in elsewhere.arrived[0].headers
    assert elsewhere.arrived[0].headers["accept-encoding"] == "identity"
    assert gateway.arrived == []


def test_content_gives_the_bytes(
    hub: Any, content: VideoTask, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Without a link the OpenAI format's video comes from /content, with the key."""
    gateway.on("content", say(200, video, MP4))
    _whole(hub.videos.download(content, target), target, video)
    assert gateway.arrived[0].headers["authorization"] == "Bearer the-key"


@pytest.mark.parametrize(
    "document",
    [
        lambda url: {"video_url": url},
        lambda url: {"url": url},
        lambda url: {"data": {"url": url}},
        lambda url: {"metadata": {"url": url}, "input": {"url": "https://example.com/mine.png"}},
    ],
)
def test_content_gives_json_with_a_link(
    hub: Any,
    content: VideoTask,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    document: Callable[[str], Any],
) -> None:
    """/content may answer with JSON that holds the link."""
    gateway.on("content", tell(document(f"{elsewhere.url}{LINK}")))
    elsewhere.on(LINK, say(200, video, MP4))
    _whole(hub.videos.download(content, target), target, video)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_content_may_redirect_elsewhere(
    hub: Any,
    content: VideoTask,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    status: int,
) -> None:
    """/content may redirect to another origin, which gets a plain request without the key."""
    gateway.on("content", say(status, headers={"Location": f"{elsewhere.url}{LINK}"}))
    elsewhere.on(LINK, say(200, video, MP4))
    _whole(hub.videos.download(content, target), target, video)
    assert "authorization" not in elsewhere.arrived[0].headers


def test_a_relative_redirect_stays_at_its_origin(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A link may redirect, with a relative address too."""
    elsewhere.on(LINK, say(302, headers={"Location": "other/place.mp4?x=1"}))
    elsewhere.on("/other/place.mp4", say(200, video, MP4))
    _whole(hub.videos.download(linked, target), target, video)


def test_a_unified_task_without_a_link_has_no_video(
    hub: Any, gateway: Gateway, target: Path
) -> None:
    """The unified format has no /content, so a completed task without a link is an error that says so."""
    with pytest.raises(DownloadFailed, match="holds no link"):
        hub.videos.download(_completed(UNIFIED, None), target)
    assert gateway.arrived == []
    assert _names(target.parent) == []


@pytest.mark.parametrize("type_", ["video/mp4", "application/octet-stream", "text/html", ""])
def test_the_content_decides_not_its_type(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes, type_: str
) -> None:
    """A whole MP4 is one whatever the server calls it."""
    elsewhere.on(LINK, say(200, video, {"Content-Type": type_} if type_ else {}))
    _whole(hub.videos.download(linked, target), target, video)


def test_a_body_without_a_length_is_checked_by_its_boxes(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that announces no length cannot pass off half a video: it is fetched again."""
    elsewhere.on(LINK, say(200, video[:-9], MP4, framed=False), say(200, video, MP4, framed=False))
    totals: list[int | None] = []
    saved = hub.videos.download(linked, target, on_progress=lambda _, total: totals.append(total))
    _whole(saved, target, video)
    assert set(totals) == {None}


def test_an_index_at_the_end_is_as_good(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, other_video: bytes
) -> None:
    """MP4 files with their index behind the pictures are whole, too."""
    elsewhere.on(LINK, say(200, other_video, MP4))
    _whole(hub.videos.download(linked, target), target, other_video)


# --- continuing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["link", "content"])
def test_a_cut_download_is_continued(
    hub: Any,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    origin: str,
) -> None:
    """After a cut, only the missing bytes are asked for, guarded by the validator of the first answer."""
    piece = len(video) // 3 + 1
    host, step = (elsewhere, LINK) if origin == "link" else (gateway, "content")
    host.on(step, ranged(video, cut=piece))
    url = f"{elsewhere.url}{LINK}" if origin == "link" else None
    progress: list[tuple[int, int | None]] = []
    saved = hub.videos.download(
        _completed(OPENAI, url), target, on_progress=lambda *seen: progress.append(seen)
    )
    _whole(saved, target, video)
    assert [(a.headers.get("range"), a.headers.get("if-range")) for a in host.arrived] == [
        (None, None),
        (f"bytes={piece}-", '"v1"'),
        (f"bytes={2 * piece}-", '"v1"'),
    ]
    assert progress == sorted(progress)
    assert {total for _, total in progress} == {len(video)}


def test_a_file_that_changed_meanwhile_starts_over(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    other_video: bytes,
) -> None:
    """If the server has another file by now, If-Range makes it send that one whole, and no mixture is saved."""
    elsewhere.on(LINK, ranged(other_video, '"v0"', cut=500), ranged(video, '"v1"'))
    _whole(hub.videos.download(linked, target), target, video)


def test_a_server_without_range_starts_over(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that ignores Range sends everything again, and nothing is doubled."""
    headers = {**MP4, "ETag": '"v1"'}
    elsewhere.on(LINK, say(200, video, headers, sent=800), say(200, video, headers))
    _whole(hub.videos.download(linked, target), target, video)
    assert "range" in elsewhere.arrived[1].headers


@pytest.mark.parametrize("validator", [{}, {"ETag": 'W/"weak"'}])
def test_nothing_is_continued_without_a_strong_validator(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    validator: dict[str, str],
) -> None:
    """Without proof that the file is the same one, the download starts from its beginning."""
    headers = {**MP4, **validator}
    elsewhere.on(LINK, say(200, video, headers, sent=800), say(200, video, headers))
    _whole(hub.videos.download(linked, target), target, video)
    assert "range" not in elsewhere.arrived[1].headers


def test_a_date_is_a_validator_too(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Last-Modified serves where there is no ETag."""
    date = "Sat, 21 Nov 2026 09:00:00 GMT"
    headers = {**MP4, "Last-Modified": date}
    elsewhere.on(LINK, say(200, video, headers, sent=800), ranged(video, date))
    _whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.arrived[1].headers["if-range"] == date


def test_416_starts_over(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that cannot continue is asked for the whole file."""
    headers = {**MP4, "ETag": '"v1"'}
    elsewhere.on(LINK, say(200, video, headers, sent=800), say(416), say(200, video, headers))
    _whole(hub.videos.download(linked, target), target, video)
    assert "range" not in elsewhere.arrived[2].headers


def test_a_continuation_at_another_place_is_not_believed(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Bytes that the server says come from elsewhere in the file are not appended."""
    headers = {**MP4, "ETag": '"v1"'}
    wrong = {**headers, "Content-Range": f"bytes 0-{len(video) - 1}/{len(video)}"}
    elsewhere.on(
        LINK, say(200, video, headers, sent=800), say(206, video, wrong), say(200, video, headers)
    )
    _whole(hub.videos.download(linked, target), target, video)


def test_many_cuts_are_survived_while_there_is_progress(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A proxy that truncates every answer does not defeat a download that gets further each time."""
    elsewhere.on(LINK, ranged(video, cut=len(video) // 30))
    _whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.count(LINK) >= 30


# --- links that expire --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_expired_link_is_renewed(
    hub: Any,
    linked: VideoTask,
    wire: Wire,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    status: int,
) -> None:
    """A link that is no longer good is replaced by the one that a fresh query tells."""
    elsewhere.on(LINK, say(status))
    elsewhere.on("/fresh.mp4", say(200, video, MP4))
    gateway.on("query", tell(wire.seen("completed", video_url=f"{elsewhere.url}/fresh.mp4")))
    saved = hub.videos.download(linked, target)
    _whole(saved, target, video)
    assert saved.task.video_url == f"{elsewhere.url}/fresh.mp4"


def test_renewing_a_link_rides_out_trouble(
    hub: Any,
    linked: VideoTask,
    wire: Wire,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
) -> None:
    """The query for a fresh link may fail for a while, like any query."""
    elsewhere.on(LINK, say(404))
    elsewhere.on("/fresh.mp4", say(200, video, MP4))
    fresh = tell(wire.seen("completed", video_url=f"{elsewhere.url}/fresh.mp4"))
    gateway.on("query", reset(), page(502), say(429), fresh)
    _whole(hub.videos.download(linked, target), target, video)


def test_a_link_that_stays_dead_falls_back_to_content(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """If the gateway knows no other link, the OpenAI format still has /content."""
    task = _completed(OPENAI, f"{elsewhere.url}{LINK}")
    elsewhere.on(LINK, say(404))
    gateway.on("query", tell(OPENAI.seen("completed", video_url=task.video_url)))
    gateway.on("content", say(200, video, MP4))
    _whole(hub.videos.download(task, target), target, video)


# --- what is no whole video ---------------------------------------------------------------------


def _swapped(video: bytes) -> bytes:
    """The clip with its last box's length grown, as if the rest had been lost."""
    return video[:-100]


BAD: dict[str, Callable[[bytes], Answer]] = {
    "cut, its index in front": lambda video: say(200, _swapped(video), MP4),
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


@pytest.mark.parametrize("kind", BAD)
def test_a_good_file_survives_every_failure(
    colour: Colour,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    other_video: bytes,
    kind: str,
) -> None:
    """Whatever is served instead of a whole video, the file that was there stays as it was, and alone."""
    target.write_bytes(other_video)
    elsewhere.on(LINK, BAD[kind](video))
    hub = colour.hub(elsewhere.url, timeout=Timeouts(connect=5, read=0.05, write=5))
    with pytest.raises(DownloadFailed, match=linked.id) as raised:
        hub.videos.download(linked, target, timeout=1)
    error = raised.value
    assert error.task == linked
    assert error.url == f"{elsewhere.url}{LINK}"
    assert "s3cret" not in str(error)
    assert "\n" not in str(error)
    assert not isinstance(error.__cause__, TransportFailure)
    assert target.read_bytes() == other_video
    assert _names(target.parent) == [target.name]


@pytest.mark.parametrize("kind", ["cut", "HTML", "reset", "502 HTML", "cut, its index in front"])
def test_a_failure_that_passes_is_forgotten(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes, kind: str
) -> None:
    """Whatever was wrong with the first answer, a later whole one is saved."""
    elsewhere.on(LINK, BAD[kind](video), say(200, video, MP4))
    _whole(hub.videos.download(linked, target), target, video)


def test_a_cut_clip_with_its_index_in_front_opens_in_a_player(video: bytes) -> None:
    """The clip that the tests cut is of the treacherous kind: a decoder opens it and plays what there is."""
    with av.open(io.BytesIO(_swapped(video))) as container:
        assert next(container.decode(video=0))


CONTENT_REFUSALS: dict[str, tuple[Answer, type[ChainHubError]]] = {
    "401": (tell({"error": {"message": "no"}}, 401), AuthenticationError),
    "404": (tell({"error": {"message": "no"}}, 404), NotFound),
    "400 not completed yet": (
        tell({"error": {"message": "Task is not completed yet"}}, 400),
        DownloadFailed,
    ),
    "JSON without a link": (tell({"status": "completed"}), DownloadFailed),
    "cut JSON": (say(200, '{"video_url', {"Content-Type": "application/json"}), DownloadFailed),
    "endless JSON": (
        say(200, b" " * 2_000_000, {"Content-Type": "application/json"}),
        DownloadFailed,
    ),
}


@pytest.mark.parametrize("case", CONTENT_REFUSALS)
def test_content_that_refuses_names_the_task(
    hub: Any, content: VideoTask, gateway: Gateway, target: Path, case: str
) -> None:
    """What /content says instead of the video becomes an error that carries the paid task."""
    answer, kind = CONTENT_REFUSALS[case]
    gateway.on("content", answer)
    with pytest.raises(kind, match=content.id) as raised:
        hub.videos.download(content, target)
    assert raised.value.task == content
    assert _names(target.parent) == []


def test_content_that_is_too_early_is_asked_again(
    hub: Any, content: VideoTask, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A gateway whose /content lags behind its query is given a moment."""
    early = tell({"error": {"message": "Task is not completed yet"}}, 400)
    gateway.on("content", early, early, say(200, video, MP4))
    _whole(hub.videos.download(content, target), target, video)


def test_a_video_beyond_the_limit_is_dropped(video: bytes, target: Path) -> None:
    """No more is written than `max_download`, however much is sent, and nothing stays."""
    settings = Settings(api_key="the-key", max_download=len(video) - 1)
    task = _completed(UNIFIED, "https://cdn.example.com/clip.mp4")
    world = World(Reply(200, {}, video))
    with pytest.raises(DownloadFailed, match="max_download") as raised:
        world.run(save(settings, task, target, on_progress=None, timeout=None))
    assert raised.value.task == task
    assert world.open == 0
    assert _names(target.parent) == []


# --- the place of the output --------------------------------------------------------------------


def _save_by(how: str, hub: Any, wire: Wire, task: VideoTask, place: Path) -> None:
    if how == "download":
        hub.videos.download(task, place)
    else:
        wire.generate(hub, save_to=place)


@pytest.mark.parametrize("how", ["download", "generate"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_sent(
    hub: Any, wire: Wire, linked: VideoTask, gateway: Gateway, tmp_path: Path, how: str
) -> None:
    """A folder as target, a missing folder, a file as folder, an impossible name: all are told at no cost."""
    (tmp_path / "file").write_text("x")
    places = {
        tmp_path: "is a folder",
        tmp_path / "missing" / "x.mp4": "does not exist",
        tmp_path / "file" / "x.mp4": "folder",
        tmp_path / "nul\0.mp4": "not a usable path",
        tmp_path / ("x" * 300): "not a usable path",
        tmp_path / ("x" * 250): "not a usable path",
    }
    for place, words in places.items():
        with pytest.raises(InvalidRequest, match=words):
            _save_by(how, hub, wire, linked, place)
    assert gateway.arrived == []
    assert _names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give up root's rights in a child process")
def test_a_folder_without_write_access_is_refused(tmp_path: Path) -> None:
    """A folder that the user may not write to is told before the create is paid."""
    tmp_path.chmod(0o555)
    code = f"""
        import os
        from pathlib import Path
        from chainhub_video.errors import InvalidRequest
        from chainhub_video.partfile import checked_target
        os.setuid(65534)
        try:
            checked_target({str(tmp_path / "x.mp4")!r})
        except InvalidRequest as error:
            print(error)
    """
    for folder in (*tmp_path.parents[:3],):
        folder.chmod(folder.stat().st_mode | 0o055)
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "is not writable: choose another" in told.stdout


def test_a_disk_that_takes_no_more_is_told_with_the_task(
    hub: Any, linked: VideoTask, elsewhere: Gateway, tmp_path: Path, video: bytes
) -> None:
    """If the system takes only half the file, the error says that the paid task can be saved elsewhere."""
    elsewhere.on(LINK, say(200, video, MP4))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(video) // 2, limits[1]))
    try:
        with pytest.raises(InvalidRequest, match="can be saved elsewhere") as raised:
            hub.videos.download(linked, tmp_path / "x.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.task == linked
    assert isinstance(raised.value.__cause__, OSError)
    assert _names(tmp_path) == []


def test_an_interrupted_download_leaves_nothing(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Ctrl-C in the middle, here from the progress callback, removes the part and keeps the old file."""
    target.write_bytes(b"old")
    elsewhere.on(LINK, say(200, video, MP4))

    def interrupt(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.videos.download(linked, target, on_progress=interrupt)
    assert target.read_bytes() == b"old"
    assert _names(target.parent) == [target.name]


def test_a_callbacks_own_error_is_not_blamed_on_the_disk(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """An OSError that the caller's callback raises comes out as it is."""
    elsewhere.on(LINK, say(200, video, MP4))

    def broken(_done: int, _total: int | None) -> None:
        raise FileNotFoundError("mine")

    with pytest.raises(FileNotFoundError, match="mine"):
        hub.videos.download(linked, target, on_progress=broken)
    assert _names(target.parent) == []


@pytest.mark.parametrize("status", [s for s in TaskStatus if s is not TaskStatus.COMPLETED])
def test_only_a_completed_task_is_saved(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, status: TaskStatus
) -> None:
    """A task that is not completed is refused, and the message says to wait for it."""
    with pytest.raises(InvalidRequest, match="wait for it first"):
        hub.videos.download(wire.task(status=status), target)
    assert gateway.arrived == []


def test_the_umask_decides_who_may_read(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """The file has the rights of any file that the user makes."""
    elsewhere.on(LINK, say(200, video, MP4))
    before = os.umask(0o027)
    try:
        hub.videos.download(linked, target)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640


_SAVE = """
    import sys
    from chainhub_video import ChainHub, TaskStatus, VideoTask
    base_url, link, target = sys.argv[1:]
    task = VideoTask(id="grok:1", format="unified", status=TaskStatus.COMPLETED, video_url=link)
    with ChainHub(base_url=base_url, api_key="the-key") as hub:
        print(hub.videos.download(task, target).sha256)
"""


def test_two_processes_may_save_to_one_path(
    gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Two downloads to one path do not write into each other's file: both report a whole video, and one is there."""
    half = len(video) // 2

    def slowly(wire: Any, _: Arrived) -> bool:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(video)}\r\n\r\n".encode()
        wire.sendall(head + video[:half])
        for _ in range(200):  # until the other one is in the middle as well
            if elsewhere.count(LINK) == 2:
                break
            time.sleep(0.05)
        wire.sendall(video[half:])
        return False

    elsewhere.on(LINK, Answer(slowly))
    command = [sys.executable, "-c", textwrap.dedent(_SAVE), gateway.url]
    running = [
        subprocess.Popen(
            [*command, f"{elsewhere.url}{LINK}", str(target)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60)[0].strip() for process in running]
    assert told == [hashlib.sha256(video).hexdigest()] * 2
    assert target.read_bytes() == video
    assert _names(target.parent) == [target.name]


def test_what_a_killed_process_left_is_taken_over(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A part file that a killed process left behind is neither trusted nor in the way."""
    target.with_name("kitten.mp4.part").write_bytes(b"\0" * 5_000_000)
    elsewhere.on(LINK, say(200, video, MP4))
    _whole(hub.videos.download(linked, target), target, video)


def test_a_reset_in_the_middle_is_continued(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A connection that is reset, not closed, while bytes flow is picked up as well."""

    def play(wire: Any, _: Arrived) -> bool:
        head = f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {len(video)}\r\n\r\n'
        wire.sendall(head.encode() + video[:700])
        abort(wire)
        return False

    elsewhere.on(LINK, Answer(play), ranged(video))
    _whole(hub.videos.download(linked, target), target, video)
