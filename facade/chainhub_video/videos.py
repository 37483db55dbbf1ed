"""The blocking calls, `ChainHub.videos`. Each hands a flow to the driver."""

# ruff: noqa: A002 - `format` is the field's word

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from chainhub_video.flows import create, download, generate, wait
from chainhub_video.flows.wait import task_for
from chainhub_video.request import build_request

if TYPE_CHECKING:
    from chainhub_video.drivers.blocking import BlockingDriver
    from chainhub_video.images.pictures import ImageSource
    from chainhub_video.models import AspectRatio, ModelName, Size
    from chainhub_video.policies import PollPolicy
    from chainhub_video.task import FormatName, SavedVideo, VideoTask


class Videos:
    """Making, following and saving videos. Reached as `ChainHub.videos`."""

    def __init__(self, driver: BlockingDriver) -> None:
        self._driver = driver

    def create(
        self,
        prompt: str,
        *,
        model: ModelName,
        image: ImageSource | None = None,
        images: Sequence[ImageSource] = (),
        seconds: int | str | None = None,
        size: Size | None = None,
        aspect_ratio: AspectRatio | None = None,
        watermark: bool | str | None = None,
        fit: Literal["cover", "contain"] | None = None,
        format: FormatName | None = None,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> VideoTask:
        """Send one paid request. It is sent again only if the first one surely did not arrive.

        Args:
            prompt: what the video shows.
            model: such as `veo_3_1` or `grok-video-3`; it decides the wire format.
            image: a path, bytes, a binary file, an http(s) or file:// link, a data URI or a Pillow image.
            images: several of these, for models that take several.
            seconds: the duration, for models that let you choose.
            size: pixels as `"1280x720"` or `(1280, 720)`, or a class such as `"720P"`.
            aspect_ratio: such as `"3:2"`.
            watermark: whether the gateway marks the video; None leaves it to the gateway.
            fit: brings local pictures to the pixels of `size` (extra `images`): `"cover"` fills the frame
                and cuts what stands out, `"contain"` shows all of it on black.
            format: `"openai"` or `"unified"`, for models that this package does not know.
            extra: further fields, sent as they are.
            timeout: seconds for the gateway's answer; None for `Timeouts.create`. A short one is no saving: once
                it has passed, the outcome is unknown.

        Returns:
            The task, queued as a rule; it may have ended already.

        Raises:
            InvalidRequest: refused locally; nothing was sent.
            ConnectionFailed: the gateway could not be reached; nothing was sent.
            APIError: the gateway refused; nothing was paid.
            SubmissionUncertain: it was sent, and its outcome is unknown; it may have been paid.
        """
        request = build_request(
            prompt, model, image, images, seconds, size, aspect_ratio, watermark, fit, format, extra
        )
        return self._driver.run(create.create, request, timeout=timeout)

    def retrieve(
        self,
        task_or_id: VideoTask | str,
        *,
        timeout: float | None = None,
        format: FormatName | None = None,
    ) -> VideoTask:
        """Query a task once. Costs nothing.

        Args:
            task_or_id: a task, or the id of one.
            timeout: seconds for the question and its answer; None for the client's `Timeouts`.
            format: the wire format, for an id that does not tell it.

        Returns:
            The task as it is now.

        Raises:
            NotFound: the gateway does not know it.
            APIError: any other refusal.
            ConnectionFailed: there was no answer.
            UnexpectedResponse: the answer does not describe a task.
        """
        return self._driver.run(wait.query, task_for(task_or_id, format), timeout)

    def wait(
        self,
        task_or_id: VideoTask | str,
        *,
        timeout: float | None = 1200,
        on_update: Callable[[VideoTask], Any] | None = None,
        poll: PollPolicy | None = None,
        format: FormatName | None = None,
    ) -> VideoTask:
        """Poll a task until it ends, through every transient failure.

        Args:
            task_or_id: a task, or the id of one.
            timeout: seconds; 0 for a single poll, None for ever.
            on_update: is called with the task at each visible change.
            poll: when to poll, if not as the client was set up.
            format: the wire format, for an id that does not tell it.

        Returns:
            The completed task.

        Raises:
            TaskFailed: it ended badly.
            WaitTimeout: it was still running at the deadline; it can be waited for again.
            APIError: the gateway refuses to tell, for a reason that will not pass.
        """
        task = task_for(task_or_id, format)
        return self._driver.run(wait.wait, task, on_update, timeout, poll)

    def watch(
        self,
        task_or_id: VideoTask | str,
        *,
        timeout: float | None = 1200,
        poll: PollPolicy | None = None,
        format: FormatName | None = None,
    ) -> Iterator[VideoTask]:
        """Iterate over a task's visible changes until it ends; the last one is the completed task.

        Args:
            task_or_id: a task, or the id of one.
            timeout: seconds; 0 for a single poll, None for ever.
            poll: when to poll, if not as the client was set up.
            format: the wire format, for an id that does not tell it.

        Returns:
            An iterator that gives the task each time something visible has changed.

        Raises:
            TaskFailed: it ended badly; the failed task was given before.
            WaitTimeout: it was still running at the deadline; it can be waited for again.
            APIError: the gateway refuses to tell, for a reason that will not pass.
        """
        task = task_for(task_or_id, format)
        return self._driver.iterate(wait.watch, task, timeout, poll)

    def download(
        self,
        task_or_id: VideoTask | str,
        to: str | PathLike[str],
        *,
        on_progress: Callable[[int, int | None], Any] | None = None,
        timeout: float | None = 1200,
        format: FormatName | None = None,
    ) -> SavedVideo:
        """Save a completed task's video. A file that is there is replaced only by a whole, checked video.

        Args:
            task_or_id: a completed task, or the id of one, which is asked for first.
            to: the path of the file, whose folder must exist; or an object, such as `s3://bucket/kitten.mp4` (extra
                `cloud`).
            on_progress: is called with the bytes saved so far, and the bytes in all or None.
            timeout: seconds for all of it, None for ever.
            format: the wire format, for an id that does not tell it.

        Returns:
            The saved video.

        Raises:
            InvalidRequest: the path cannot be written; nothing was sent.
            TaskFailed: the task ended badly.
            DownloadFailed: the task is not completed, or no whole video could be had until the deadline.
            OutputFailed: the file was refused by the disk, or the task cannot be asked for by its id.
        """
        task = task_for(task_or_id, format)
        return self._driver.run(download.download, task, to, on_progress, timeout)

    def generate(
        self,
        prompt: str,
        *,
        model: ModelName,
        image: ImageSource | None = None,
        images: Sequence[ImageSource] = (),
        seconds: int | str | None = None,
        size: Size | None = None,
        aspect_ratio: AspectRatio | None = None,
        watermark: bool | str | None = None,
        fit: Literal["cover", "contain"] | None = None,
        format: FormatName | None = None,
        extra: Mapping[str, Any] | None = None,
        save_to: str | PathLike[str],
        timeout: float | None = 1200,
        poll: PollPolicy | None = None,
        on_update: Callable[[VideoTask], Any] | None = None,
        on_progress: Callable[[int, int | None], Any] | None = None,
        resubmit_uncertain: bool = False,
    ) -> SavedVideo:
        """Create, wait and save: from a prompt to a whole MP4 on the disk, paid for once.

        A receipt beside the output (`kitten.mp4.task.json`) is written before anything is sent, and kept up to
        date. Run the same call again after a crash, Ctrl-C or a deadline, and it goes on where it stopped; run
        it again after success, and it returns at once. Any number of processes may do so, at any time.

        Args:
            prompt: what the video shows.
            model: such as `veo_3_1` or `grok-video-3`; it decides the wire format.
            image: a path, bytes, a binary file, an http(s) or file:// link, a data URI or a Pillow image.
            images: several of these, for models that take several.
            seconds: the duration, for models that let you choose.
            size: pixels as `"1280x720"` or `(1280, 720)`, or a class such as `"720P"`.
            aspect_ratio: such as `"3:2"`.
            watermark: whether the gateway marks the video; None leaves it to the gateway.
            fit: brings local pictures to the pixels of `size` (extra `images`): `"cover"` fills the frame
                and cuts what stands out, `"contain"` shows all of it on black.
            format: `"openai"` or `"unified"`, for models that this package does not know.
            extra: further fields, sent as they are.
            save_to: the path of the file, whose folder must exist; or an object, such as `s3://bucket/kitten.mp4`
                (extra `cloud`), beside which the receipt is then.
            timeout: seconds for all of it, None for ever. A create that is on its way is not cut short: what
                bounds it is `Timeouts.create`.
            poll: when to poll, if not as the client was set up.
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
            OutputFailed: the task is paid, and its video cannot be saved here.
            ChainHubError: any other failure; after the create it carries the task.
        """
        request = build_request(
            prompt, model, image, images, seconds, size, aspect_ratio, watermark, fit, format, extra
        )
        following = generate.FollowOptions(timeout, poll, on_update, on_progress)
        return self._driver.run(
            generate.generate, request, save_to, following, resubmit_uncertain=resubmit_uncertain
        )

    def resume(
        self,
        path: str | PathLike[str],
        *,
        task_id: str | None = None,
        timeout: float | None = 1200,
        poll: PollPolicy | None = None,
        on_update: Callable[[VideoTask], Any] | None = None,
        on_progress: Callable[[int, int | None], Any] | None = None,
    ) -> SavedVideo:
        """Finish what an earlier `generate` started, from its receipt. Never sends a create.

        Args:
            path: the path or address of the output, or of its receipt.
            task_id: the task that you found in the vendor's usage log, for the receipt of a create whose outcome was
                unknown. From then on the receipt has it.
            timeout: seconds for all of it, None for ever.
            poll: when to poll, if not as the client was set up.
            on_update: is called with the task at each visible change.
            on_progress: is called with the bytes saved so far, and the bytes in all or None.

        Returns:
            The saved video; at once if it is there already and matches its receipt.

        Raises:
            InvalidRequest: there is no receipt.
            ReceiptConflict: the receipt cannot be read; or it has another task, or the task is of another model.
            NotFound: the gateway does not know the task.
            SubmissionUncertain: the receipt knows no task: the create's outcome is unknown.
            TaskFailed: the task ended badly.
            WaitTimeout: it was still running at the deadline; it can be resumed again.
            DownloadFailed: no whole video could be had; it can be resumed again.
            OutputFailed: the video cannot be saved here.
        """
        following = generate.FollowOptions(timeout, poll, on_update, on_progress)
        return self._driver.run(generate.resume, path, following, task_id=task_id)
