"""The calls of `hub.videos`, each written once, as a flow; `videos` gives each its two colours."""

# ruff: noqa: D417 - the docstrings are those of the public methods, which take no settings

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from typing import Any, Unpack

from chainhub_video.downloads.partfile import checked_target
from chainhub_video.errors import ChainHubError
from chainhub_video.flows import create as creation
from chainhub_video.flows.download import save
from chainhub_video.flows.generate import Job
from chainhub_video.flows.wait import Announce, check_timeout, follow, look_once, task_for
from chainhub_video.io import Effect, Emit, Flow, Notify, run
from chainhub_video.policies import PollPolicy
from chainhub_video.receipts.file import SUFFIX
from chainhub_video.request import RequestFields, build_request
from chainhub_video.saved import SavedVideo
from chainhub_video.settings import Settings
from chainhub_video.task import VideoTask


def create(
    settings: Settings,
    prompt: str,
    **fields: Unpack[RequestFields],
) -> Flow[VideoTask]:
    """Send one paid request. It is sent again only if the first one surely did not arrive.

    Args:
        prompt: what the video shows.
        model: such as `veo_3_1` or `grok-video-3`; it decides the wire format.
        image: a path, bytes, a binary file, an http(s) link, a data URI or a Pillow image.
        images: several of these, for models that take several.
        seconds: the duration, for models that let you choose.
        size: pixels as `"1280x720"` or `(1280, 720)`, or a class such as `"720P"`.
        aspect_ratio: such as `"3:2"`.
        watermark: whether the gateway marks the video; None leaves it to the gateway.
        fit: brings local pictures to the pixels of `size` (extra `images`): `"cover"` fills the frame
            and cuts what stands out, `"contain"` shows all of it on black.
        format: `"openai"` or `"unified"`, for models that this package does not know.
        extra: further fields, sent as they are.

    Returns:
        The task, queued as a rule; it may have ended already.

    Raises:
        InvalidRequest: refused locally; nothing was sent.
        ConnectionFailed: the gateway could not be reached; nothing was sent.
        APIError: the gateway refused; nothing was paid.
        SubmissionUncertain: it was sent, and its outcome is unknown; it may have been paid.
    """
    request = build_request(prompt, **fields)
    return (yield from creation.create(settings, request))


def retrieve(
    settings: Settings,
    task_or_id: VideoTask | str,
    *,
    format: str | None = None,  # noqa: A002 - the field's word
) -> Flow[VideoTask]:
    """Ask once how a task stands. Costs nothing.

    Args:
        task_or_id: a task, or the id of one.
        format: the wire format, for an id that does not tell it.

    Returns:
        The task as it is now.

    Raises:
        NotFound: the gateway does not know it.
        APIError: any other refusal.
        ConnectionFailed: there was no answer.
        UnexpectedResponse: the answer does not describe a task.
    """
    return (yield from look_once(settings, task_for(task_or_id, format)))


def wait(
    settings: Settings,
    task_or_id: VideoTask | str,
    *,
    timeout: float | None = 1200,
    on_update: Callable[[VideoTask], Any] | None = None,
    poll: PollPolicy | None = None,
    format: str | None = None,  # noqa: A002 - the field's word
) -> Flow[VideoTask]:
    """Ask again and again until a task ends, through every passing failure.

    Args:
        task_or_id: a task, or the id of one.
        timeout: seconds; 0 for one look, None for ever.
        on_update: is called with the task at each visible change.
        poll: when to look again, if not as the client was set up.
        format: the wire format, for an id that does not tell it.

    Returns:
        The completed task.

    Raises:
        TaskFailed: it ended badly.
        WaitTimeout: it was still running at the deadline; it can be waited for again.
        APIError: the gateway refuses to tell, for a reason that will not pass.
    """
    task = task_for(task_or_id, format)
    announce = _telling(on_update)
    try:
        return (yield from follow(task, announce, timeout=timeout, poll=poll or settings.poll))
    except ChainHubError:
        raise
    except BaseException as error:
        error.add_note(f"The task {task.id} goes on at the gateway.")
        raise


def watch(
    settings: Settings,
    task_or_id: VideoTask | str,
    *,
    timeout: float | None = 1200,
    poll: PollPolicy | None = None,
    format: str | None = None,  # noqa: A002 - the field's word
) -> Flow[VideoTask]:
    """Iterate over a task's visible changes until it ends; the last one is the completed task.

    Args:
        task_or_id: a task, or the id of one.
        timeout: seconds; 0 for one look, None for ever.
        poll: when to look again, if not as the client was set up.
        format: the wire format, for an id that does not tell it.

    Returns:
        An iterator that gives the task each time something visible has changed.

    Raises:
        TaskFailed: it ended badly; the failed task was given before.
        WaitTimeout: it was still running at the deadline; it can be waited for again.
        APIError: the gateway refuses to tell, for a reason that will not pass.
    """
    task = task_for(task_or_id, format)
    return (yield from follow(task, Emit, timeout=timeout, poll=poll or settings.poll))


def download(
    settings: Settings,
    task: VideoTask,
    to: str | PathLike[str],
    *,
    on_progress: Callable[[int, int | None], Any] | None = None,
    timeout: float | None = 1200,
) -> Flow[SavedVideo]:
    """Save a completed task's video. A file that is there is replaced only by a whole, checked video.

    Args:
        task: a completed task.
        to: the path of the file; its folder must exist.
        on_progress: is called with the bytes saved so far, and the bytes in all or None.
        timeout: seconds, None for ever.

    Returns:
        The saved video.

    Raises:
        InvalidRequest: the task is not completed, or the path cannot be written.
        DownloadFailed: no whole video could be had until the deadline.
    """
    task = task_for(task, None)
    target = yield from run(checked_target, to)
    return (yield from save(settings, task, target, on_progress=on_progress, timeout=timeout))


def generate(
    settings: Settings,
    prompt: str,
    *,
    save_to: str | PathLike[str],
    timeout: float | None = 1200,
    poll: PollPolicy | None = None,
    on_update: Callable[[VideoTask], Any] | None = None,
    on_progress: Callable[[int, int | None], Any] | None = None,
    resubmit_uncertain: bool = False,
    **fields: Unpack[RequestFields],
) -> Flow[SavedVideo]:
    """Create, wait and save: from a prompt to a whole MP4 on the disk, paid for once.

    A receipt beside the output (`kitten.mp4.task.json`) is written before anything is sent, and kept up to
    date. Run the same call again after a crash, Ctrl-C or a deadline, and it goes on where it stopped; run it
    again after success, and it returns at once. It can be run again at any time, by any number of processes.

    Args:
        prompt: what the video shows.
        save_to: the path of the file; its folder must exist.
        model: such as `veo_3_1` or `grok-video-3`; it decides the wire format.
        image: a path, bytes, a binary file, an http(s) link, a data URI or a Pillow image.
        images: several of these, for models that take several.
        seconds: the duration, for models that let you choose.
        size: pixels as `"1280x720"` or `(1280, 720)`, or a class such as `"720P"`.
        aspect_ratio: such as `"3:2"`.
        watermark: whether the gateway marks the video; None leaves it to the gateway.
        fit: brings local pictures to the pixels of `size` (extra `images`): `"cover"` fills the frame
            and cuts what stands out, `"contain"` shows all of it on black.
        format: `"openai"` or `"unified"`, for models that this package does not know.
        extra: further fields, sent as they are.
        timeout: seconds for the waiting, and again for the download; None for ever.
        poll: when to look again, if not as the client was set up.
        on_update: is called with the task at each visible change.
        on_progress: is called with the bytes saved so far, and the bytes in all or None.
        resubmit_uncertain: send the create again although an earlier one may have been paid: for when
            you have looked, and it was not.

    Returns:
        The saved video.

    Raises:
        InvalidRequest: refused locally; nothing was sent.
        SubmissionUncertain: a create was sent, and its outcome is unknown; it may have been paid.
        ReceiptConflict: the receipt belongs to another request, or cannot be read; nothing was sent.
        TaskFailed: the task ended badly.
        WaitTimeout: it was still running at the deadline; run it again to go on.
        DownloadFailed: no whole video could be had; run it again to go on.
        ChainHubError: any other failure; after the create it carries the task.
    """
    request = build_request(prompt, **fields)
    job = yield from _job(settings, save_to, on_update, on_progress, timeout, poll)
    return (yield from job.generate(request, resubmit_uncertain=resubmit_uncertain))


def resume(
    settings: Settings,
    path: str | PathLike[str],
    *,
    timeout: float | None = 1200,
    poll: PollPolicy | None = None,
    on_update: Callable[[VideoTask], Any] | None = None,
    on_progress: Callable[[int, int | None], Any] | None = None,
) -> Flow[SavedVideo]:
    """Finish what an earlier `generate` started, from its receipt. Never sends a create.

    Args:
        path: the path of the output, or of its receipt.
        timeout: seconds for the waiting, and again for the download; None for ever.
        poll: when to look again, if not as the client was set up.
        on_update: is called with the task at each visible change.
        on_progress: is called with the bytes saved so far, and the bytes in all or None.

    Returns:
        The saved video; at once if it is there already and matches its receipt.

    Raises:
        InvalidRequest: there is no receipt.
        ReceiptConflict: the receipt cannot be read.
        SubmissionUncertain: the receipt knows no task: the create's outcome is unknown.
        TaskFailed: the task ended badly.
        WaitTimeout: it was still running at the deadline; it can be resumed again.
        DownloadFailed: no whole video could be had; it can be resumed again.
    """
    output = fspath(path).removesuffix(SUFFIX)
    job = yield from _job(settings, output, on_update, on_progress, timeout, poll)
    return (yield from job.resume())


def _job(
    settings: Settings,
    save_to: str | PathLike[str],
    on_update: Callable[[VideoTask], Any] | None,
    on_progress: Callable[[int, int | None], Any] | None,
    timeout: float | None,
    poll: PollPolicy | None,
) -> Flow[Job]:
    check_timeout(timeout)  # before anything is paid
    target = yield from run(checked_target, save_to)
    store = settings.receipts(target)
    announce = _telling(on_update)
    return Job(settings, target, store, announce, on_progress, timeout, poll or settings.poll)


def _telling(on_update: Callable[[VideoTask], Any] | None) -> Announce:
    def announce(task: VideoTask) -> Effect | None:
        return None if on_update is None else Notify(on_update, (task,))

    return announce
