"""What a task's state looks like in each wire format."""

from __future__ import annotations

import re
from typing import Any

from chainhub_sandbox.tasks import COMPLETED, FAILED, Moment, Task

_LONGEST_REFERENCE = 200
_MODE = re.compile(r"--mode=(\w+)")


def openai_document(task: Task) -> dict[str, Any]:
    """The answer to create and query in the OpenAI format: times in seconds, whole percents."""
    moment = task.moment()
    document: dict[str, Any] = {
        "id": task.id,
        "object": "video",
        "model": task.model,
        "status": moment.status,
        "progress": int(moment.progress * 100),
        "created_at": int(task.created_at),
        "seconds": task.seconds,
        "size": task.size,
    }
    if moment.status == COMPLETED:
        document["completed_at"] = int(moment.since)
    if moment.status == FAILED:
        document["error"] = {"code": "generation_failed", "message": task.failure}
    return document


def unified_receipt(task: Task) -> dict[str, Any]:
    """The answer to create in the unified format."""
    return _stand(task, task.moment())


def _stand(task: Task, moment: Moment) -> dict[str, Any]:
    return {
        "id": task.id,
        "status": moment.status,
        "status_update_time": int(moment.since * 1000),
    }


def video_link(task: Task, links_url: str) -> str:
    """Where the second origin serves a task's video."""
    return f"{links_url}/{task.token}/video.mp4"


def unified_document(task: Task, links_url: str) -> dict[str, Any]:
    """The answer to a query in the unified format: times in milliseconds.

    A running task carries the empty placeholders of the real one, and says its progress as a
    fraction deep inside `detail`; the links come with the last state only.

    Args:
        task: the task.
        links_url: the origin that serves the finished files.
    """
    moment = task.moment()
    completed, failed = moment.status == COMPLETED, moment.status == FAILED
    mode = _MODE.search(task.prompt)
    detail: dict[str, Any] = {
        "id": task.id,
        "model": task.model,
        "status": moment.status,
        "images": [{"url": reference[:_LONGEST_REFERENCE]} for reference in task.images],
        "pending_info": None if completed or failed else {"progress_pct": moment.progress},
    }
    document = _stand(task, moment) | {
        "model": task.model,
        "video_url": video_link(task, links_url) if completed else "",
        "thumbnail_url": f"{links_url}/{task.token}/thumbnail.jpg" if completed else "",
        "ratio": task.ratio,
        "prompt": task.prompt,
        "enhanced_prompt": f"{task.prompt} [sandbox test clip]" if completed else "",
        "created_at": int(task.created_at * 1000),
        "completed_at": int(moment.since * 1000) if completed else 0,
        "trace_id": task.trace_id,
        "upscaled": completed,
        "mode": mode[1] if mode else "normal",
        "type": "image_to_video" if task.images else "text_to_video",
        "error": {"code": "", "message": ""},
        "detail": detail,
    }
    if failed:
        document["error"] = {"code": "generation_failed", "message": task.failure}
        detail["failure_reason"] = task.failure
    return document
