"""The whole job: create, wait, save."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainhub_video.effects import Flow
from chainhub_video.errors import ChainHubError

from .create import create
from .download import save
from .follow import follow

if TYPE_CHECKING:
    from pathlib import Path

    from chainhub_video.policies import PollPolicy
    from chainhub_video.request import VideoRequest
    from chainhub_video.saved import SavedVideo
    from chainhub_video.settings import Settings

    from .download import OnProgress
    from .follow import Announce


def create_wait_save(
    settings: Settings,
    request: VideoRequest,
    target: Path,
    announce: Announce,
    *,
    on_progress: OnProgress | None,
    timeout: float | None,
    poll: PollPolicy,
) -> Flow[SavedVideo]:
    """Create, wait and save.

    Raises:
        ChainHubError: of every kind; after the create it carries the task.
    """
    task = yield from create(settings, request)
    try:
        pause = poll.delay(0)
        task = yield from follow(task, announce, timeout=timeout, poll=poll, pause=pause)
        return (yield from save(settings, task, target, on_progress=on_progress, timeout=timeout))
    except ChainHubError as error:
        error.about(task)
        raise
    except BaseException as error:
        error.add_note(f"The task {task.id} is paid and goes on at the gateway.")
        raise
