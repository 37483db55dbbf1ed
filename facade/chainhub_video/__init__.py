"""One call from a prompt and a picture to a verified MP4 on disk, never paid for twice, never lost."""

from __future__ import annotations

from ._version import __version__
from .batch.report import BatchEvent, BatchReport, RowFailure
from .client import AsyncChainHub, ChainHub
from .errors import (
    APIError,
    AuthenticationError,
    ChainHubError,
    ConfigurationError,
    ConnectionFailed,
    DownloadFailed,
    InvalidManifest,
    InvalidRequest,
    ModelUnavailable,
    NotFound,
    OutputFailed,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    ReceiptConflict,
    RequestTooLarge,
    ServerError,
    SpendLimitReached,
    SubmissionUncertain,
    TaskFailed,
    UnexpectedResponse,
    WaitTimeout,
)
from .images.pictures import ImageSource
from .models import MODELS, Model
from .policies import PollPolicy, RetryPolicy
from .receipts.file import LocalReceipt
from .receipts.receipt import Receipt, ReceiptState, ReceiptStore
from .request import VideoRequest
from .settings import Timeouts
from .task import SavedVideo, TaskStatus, VideoTask

__all__ = [
    "MODELS",
    "APIError",
    "AsyncChainHub",
    "AuthenticationError",
    "BatchEvent",
    "BatchReport",
    "ChainHub",
    "ChainHubError",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadFailed",
    "ImageSource",
    "InvalidManifest",
    "InvalidRequest",
    "LocalReceipt",
    "Model",
    "ModelUnavailable",
    "NotFound",
    "OutputFailed",
    "PermissionDenied",
    "PollPolicy",
    "QuotaExhausted",
    "RateLimited",
    "Receipt",
    "ReceiptConflict",
    "ReceiptState",
    "ReceiptStore",
    "RequestTooLarge",
    "RetryPolicy",
    "RowFailure",
    "SavedVideo",
    "ServerError",
    "SpendLimitReached",
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
