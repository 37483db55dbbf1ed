"""One call from a prompt and a picture to a verified MP4 on disk, never paid for twice, never lost."""

from __future__ import annotations

from ._version import __version__
from .client import AsyncChainHub, ChainHub
from .errors import (
    APIError,
    AuthenticationError,
    ChainHubError,
    ConfigurationError,
    ConnectionFailed,
    DownloadFailed,
    InvalidRequest,
    ModelUnavailable,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    ReceiptConflict,
    RequestTooLarge,
    ServerError,
    SubmissionUncertain,
    TaskFailed,
    UnexpectedResponse,
    WaitTimeout,
)
from .pictures import ImageSource
from .policies import PollPolicy, RetryPolicy
from .request import VideoRequest
from .saved import SavedVideo
from .settings import Timeouts
from .task import TaskStatus, VideoTask

__all__ = [
    "APIError",
    "AsyncChainHub",
    "AuthenticationError",
    "ChainHub",
    "ChainHubError",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadFailed",
    "ImageSource",
    "InvalidRequest",
    "ModelUnavailable",
    "NotFound",
    "PermissionDenied",
    "PollPolicy",
    "QuotaExhausted",
    "RateLimited",
    "ReceiptConflict",
    "RequestTooLarge",
    "RetryPolicy",
    "SavedVideo",
    "ServerError",
    "SubmissionUncertain",
    "TaskFailed",
    "TaskStatus",
    "Timeouts",
    "UnexpectedResponse",
    "VideoRequest",
    "VideoTask",
    "WaitTimeout",
    "__version__",
]
