"""All videos of a server: those in the making, and how each stands by its receipt."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chainhub_video.client import AsyncChainHub
from chainhub_video.errors import ChainHubError, InvalidRequest
from chainhub_video.mcp.folder import Folder
from chainhub_video.mcp.job import Job
from chainhub_video.mcp.results import Standing, told
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptState, uncertain_error
from chainhub_video.text import shorten

ANSWERED_WITHIN = 20.0  # seconds that `generate` waits for the answer to its create
_LAST_CHANCE = 1.0  # seconds at the end for an answer that is on its way: without it the outcome would be unknown
_CANCELLED_WITHIN = 2.0  # seconds
_OTHER = "choose another name"


class Jobs:
    """The jobs of a server.

    Args:
        hub: the client; its `max_creates` is the limit.
        folder: where videos and receipts are.
    """

    def __init__(self, hub: AsyncChainHub, folder: Folder) -> None:
        self.hub = hub
        self.folder = folder
        self._jobs: dict[str, Job] = {}

    async def generate(self, name: str, asked: Mapping[str, Any]) -> Standing:
        """Start the video of a name, or join it if it is in the making; return once its create was answered.

        Raises:
            ChainHubError: what `AsyncVideos.generate` raises, if it is known by then.
        """
        path = self.folder.output(name)
        asked = {**asked, "images": [self.folder.picture(one) for one in asked["images"]]}
        job = before = self._jobs.get(path.stem)
        if job is None or job.task.done() or job.asked is None:
            await asyncio.to_thread(self._check_replaces_nothing, path)
            job = self._jobs[path.stem] = Job(
                asked,
                lambda update: self.hub.videos.generate(
                    save_to=path, timeout=None, on_update=update, **asked
                ),
            )
        elif job.asked != asked:
            raise InvalidRequest(f"{path.name} is in the making from another request: {_OTHER}")
        await job.answered(ANSWERED_WITHIN)
        if job.error is not None:
            self.forget(job)
            if before is not None and before.asked is None:
                self._jobs.setdefault(path.stem, before)  # it goes on with what was paid
            raise job.error
        if before is not None and before is not job:
            await _cancelled([before])  # the new one goes on instead
        return self.standing(name)

    def follow(self, name: str) -> Job | None:
        """Return the running job of a name, or one that goes on by the receipt, for free; None if all is done.

        Raises:
            InvalidRequest: nothing was started under that name.
            Exception: why it was refused, if there is no receipt.
        """
        path = self.folder.output(name)
        job = self._jobs.get(path.stem)
        if job is not None and not job.task.done():
            return job
        receipt = LocalReceipt(path).load()
        if receipt is None:
            if job is not None and job.error is not None:
                self.forget(job)
                raise job.error
            raise _unknown(name)
        if receipt.state is ReceiptState.SAVED and path.exists():
            return None
        return self._resumed(path)

    async def go_on(self) -> None:
        """Go on, for free, with every video of the folder that is paid and not saved."""
        for path in await asyncio.to_thread(self._unfinished):
            if path.stem not in self._jobs:
                self._resumed(path)

    def standing(self, name: str) -> Standing:
        """Return how the video of a name stands, by its receipt and its job. Sends nothing.

        Raises:
            InvalidRequest: nothing was started under that name.
            ReceiptConflict: its receipt cannot be read.
        """
        path = self.folder.output(name)
        job = self._jobs.get(path.stem)
        receipt = LocalReceipt(path).load()
        fields: dict[str, Any] = {"name": path.stem, "file": str(path)}
        if receipt is not None:
            fields |= self._by_receipt(receipt, path)
        elif job is None or job.task.cancelled():
            raise _unknown(name)
        else:
            fields["state"] = "refused" if job.task.done() else "starting"
        if job is not None and fields["state"] != "uncertain":
            if job.error is not None:
                fields["detail"] = told(job.error)
            elif job.seen is not None and not job.task.done():
                fields |= {"progress": job.seen.progress, "detail": shorten(job.seen.raw_status)}
        return Standing(**fields, creates_left=self.hub.creates_left)

    def forget(self, job: Job) -> None:
        """Forget a job that has ended and was told of; the receipt tells the rest."""
        self._jobs = {name: other for name, other in self._jobs.items() if other is not job}

    def names(self) -> list[str]:
        """Return the names that have a receipt, the latest change first, and those that have none yet."""
        known = list(self.folder.names())
        started = [name for name, job in list(self._jobs.items()) if not job.task.done()]
        return [*(name for name in started if name not in set(known)), *known]

    async def close(self) -> None:
        """End all jobs. A create that is on its way gets a moment to be answered; every receipt stays true."""
        running = [job for job in self._jobs.values() if not job.task.done()]
        if unanswered := [job for job in running if job.seen is None]:
            await asyncio.gather(*(job.answered(_LAST_CHANCE) for job in unanswered))
        await _cancelled(running)

    def _unfinished(self) -> list[Path]:
        found = []
        for name in self.folder.names():
            with suppress(ChainHubError):  # `list` tells what is wrong with a receipt
                if self.standing(name).state == "submitted":
                    found.append(self.folder.output(name))
        return found

    def _check_replaces_nothing(self, path: Path) -> None:
        """Refuse to put a video in the place of a file that is the user's own. May block."""
        receipt = LocalReceipt(path).load()
        if not path.exists() or (receipt is not None and receipt.state is not ReceiptState.SAVED):
            return
        if receipt is None:
            raise InvalidRequest(f"{path.name} is a file that was not made here: {_OTHER}")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != (receipt.result or {})["sha256"]:
            raise InvalidRequest(f"{path.name} was changed since it was saved: {_OTHER}")

    def _resumed(self, path: Path) -> Job:
        job = self._jobs[path.stem] = Job(
            None, lambda update: self.hub.videos.resume(path, timeout=None, on_update=update)
        )
        return job

    def _by_receipt(self, receipt: Receipt, path: Path) -> dict[str, Any]:
        state, detail = receipt.state, receipt.reason or ""
        if state is ReceiptState.SUBMITTING and receipt.seconds_left() <= 0:
            state = ReceiptState.UNCERTAIN
        if state is ReceiptState.UNCERTAIN:
            detail = told(uncertain_error(LocalReceipt(path), receipt))
        result = receipt.result or {}
        size = path.stat().st_size if path.exists() else None
        gone = state is ReceiptState.SAVED and size is None
        if gone:
            detail = "the file was saved, and is not there any more: wait fetches it again"
        elif state is ReceiptState.SAVED and size != result["size"]:
            detail = "the file was changed since it was saved"
        return {
            "state": "gone" if gone else state.value,
            "detail": detail,
            "task_id": None if receipt.task is None else receipt.task["id"],
            "model": receipt.request.get("model"),
            "prompt": shorten(str(receipt.request.get("prompt"))),
            "bytes": size if state is ReceiptState.SAVED else None,
        }


async def _cancelled(jobs: list[Job]) -> None:
    for job in jobs:
        job.task.cancel()
    if jobs:
        await asyncio.wait([job.task for job in jobs], timeout=_CANCELLED_WITHIN)


def _unknown(name: str) -> InvalidRequest:
    return InvalidRequest(f"nothing was started under the name {shorten(name)!r}: see list")
