"""The errors of this package, as one small tree.

    ChainHubError
    ├── ConfigurationError          no key, bad base_url, unusable proxy or certificates
    ├── InvalidRequest              refused locally, nothing sent
    │   ├── SpendLimitReached       one create more than max_creates
    │   └── InvalidManifest         rows of a batch that cannot be made
    ├── APIError                    the gateway answered with an error
    │   ├── AuthenticationError     401
    │   ├── PermissionDenied        403
    │   ├── QuotaExhausted          402, or 403 with a quota code
    │   ├── NotFound                404, or a task the gateway does not know
    │   ├── RequestTooLarge         413
    │   ├── RateLimited             429
    │   ├── ModelUnavailable        503 with `model_not_found`
    │   └── ServerError             any other 5xx
    ├── ConnectionFailed            the gateway could not be reached
    ├── UnexpectedResponse          an answer that is not what the specification says
    ├── SubmissionUncertain         sent, outcome unknown: maybe paid
    ├── TaskFailed                  the task ended badly
    ├── WaitTimeout                 still running at the deadline; a TimeoutError as well
    ├── DownloadFailed              the video could not be downloaded whole
    ├── OutputFailed                the video is paid, and this machine could not save or ask for it
    └── ReceiptConflict             a receipt that belongs to another request

No exception of the HTTP library leaves the facade: it is the `__cause__`. Every error raised after a create carries
the task, and names its id in the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chainhub_video.task import VideoTask


class ChainHubError(Exception):
    """The root of all errors of this package.

    Attributes:
        task: the task that the error is about; None before a create was answered.
    """

    task: VideoTask | None

    def __init__(self, message: str, *, task: VideoTask | None = None) -> None:
        super().__init__(message)
        self.task = task

    def about(self, task: VideoTask) -> ChainHubError:
        """Attach the task, and its id to the message unless the message has it already."""
        if self.task is None:
            self.task = task
            if task.label not in str(self):
                self.args = (f"{self} (task {task.label})", *self.args[1:])
        return self


class ConfigurationError(ChainHubError):
    """The client cannot be set up, or the environment's proxy or certificates cannot be used.

    Nothing was sent, unless it carries a task: then that is paid, and goes on.
    """


class InvalidRequest(ChainHubError):
    """The request was refused locally. Nothing was sent, nothing was paid by it."""


class SpendLimitReached(InvalidRequest):
    """This client may not pay for another create. Nothing was sent."""


class InvalidManifest(InvalidRequest):
    """Rows of a batch cannot be made. Nothing was sent.

    Attributes:
        problems: the first of them, each with its place, its column and what to do.
        count: how many rows cannot be made.
    """

    def __init__(
        self,
        message: str,
        *,
        problems: tuple[str, ...] = (),
        count: int = 0,
        task: VideoTask | None = None,
    ) -> None:
        super().__init__(message, task=task)
        self.problems = problems
        self.count = count


class APIError(ChainHubError):
    """The gateway answered with an error.

    Attributes:
        status_code: the HTTP status, or the one that the body of an HTTP 200 states.
        code: the gateway's own word for the error (`insufficient_user_quota`, …), if it gave one.
        message: the gateway's message, shortened.
        request_id: what to quote to the vendor's support, if the gateway gave one.
        body: the first part of the body as text.
        retry_after: seconds after which the gateway asks to come back, if it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        code: str | None = None,
        detail: str = "",
        request_id: str | None = None,
        body: str = "",
        retry_after: float | None = None,
        task: VideoTask | None = None,
    ) -> None:
        super().__init__(message, task=task)
        self.status_code = status_code
        self.code = code
        self.message = detail or message
        self.request_id = request_id
        self.body = body
        self.retry_after = retry_after


class AuthenticationError(APIError):
    """The key is missing or wrong (401)."""


class PermissionDenied(APIError):
    """The key may not do this (403)."""


class QuotaExhausted(APIError):
    """The account has no quota left (402, or 403 with a quota code)."""


class NotFound(APIError):
    """The gateway does not know the task or the address (404, or `task_not_exist`)."""


class RequestTooLarge(APIError):
    """The request is larger than the gateway takes (413)."""


class RateLimited(APIError):
    """Too many requests (429)."""


class ModelUnavailable(APIError):
    """The gateway does not know the model, or has no channel for it now (503 `model_not_found`)."""


class ServerError(APIError):
    """The gateway, or a proxy in front of it, failed (5xx)."""


class ConnectionFailed(ChainHubError):
    """The gateway could not be reached. No request arrived there."""


class UnexpectedResponse(ChainHubError):
    """An answer that is not what the specification says.

    Attributes:
        status_code: the HTTP status of the answer.
        body: the first part of the body as text.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        body: str = "",
        task: VideoTask | None = None,
    ) -> None:
        super().__init__(message, task=task)
        self.status_code = status_code
        self.body = body


class SubmissionUncertain(ChainHubError):
    """A create was sent and its outcome is unknown: it may have been paid. It was not sent again.

    Attributes:
        fingerprint: sha256 in hex over everything that was sent, the key excepted.
        sent_at: about when it was sent (aware), or None if that is not known.
        status_code: the HTTP status of the gateway's answer; None if there was no answer.
        request_id: what to quote to the vendor's support, if the gateway gave one.
        body: the first part of the answer's body as text.
    """

    def __init__(
        self,
        message: str,
        *,
        fingerprint: str = "",
        sent_at: datetime | None = None,
        answer: Mapping[str, Any] | None = None,
        task: VideoTask | None = None,
    ) -> None:
        super().__init__(message, task=task)
        self.fingerprint = fingerprint
        self.sent_at = sent_at
        kept = answer or {}
        self.status_code: int | None = kept.get("status")
        self.request_id: str | None = kept.get("request_id")
        self.body: str = kept.get("body", "")


class TaskFailed(ChainHubError):
    """The task ended badly.

    Attributes:
        reason: the gateway's words for why, or a placeholder that says that it gave none.
    """

    def __init__(self, message: str, *, reason: str = "", task: VideoTask | None = None) -> None:
        super().__init__(message, task=task)
        self.reason = reason


class WaitTimeout(ChainHubError, TimeoutError):
    """The task was still running at the deadline. It goes on at the gateway, and can be waited for again."""


class DownloadFailed(ChainHubError):
    """The video could not be downloaded whole. Nothing was put in place of the output.

    Attributes:
        url: where the download came from, without its query string; None for `/content`.
    """

    def __init__(
        self, message: str, *, url: str | None = None, task: VideoTask | None = None
    ) -> None:
        super().__init__(message, task=task)
        self.url = url


class OutputFailed(ChainHubError):
    """A paid video could not be saved here: the disk refused it, or no address can be made of the task's id.

    The message says where the video is, and how to save it elsewhere. Nothing has to be paid again.

    Attributes:
        receipt: what the task's receipt is called; None if it has none.
    """

    def __init__(
        self, message: str, *, receipt: str | None = None, task: VideoTask | None = None
    ) -> None:
        super().__init__(message, task=task)
        self.receipt = receipt


class ReceiptConflict(ChainHubError):
    """The receipt beside the output belongs to another request, or cannot be read."""
