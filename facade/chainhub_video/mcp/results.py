"""What the tools take and return, as an assistant reads it; and errors in words that it can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chainhub_video.errors import (
    AuthenticationError,
    ChainHubError,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    ReceiptConflict,
    ServerError,
    SpendLimitReached,
    SubmissionUncertain,
    TaskFailed,
)

LONGEST_WAIT = 600  # seconds
_SHORT_WAIT = 50  # seconds: many clients give a call up after 60

Name = Annotated[
    str,
    Field(description="The name of the video's file in the server's folder, such as kitten or kitten.mp4."),
]  # fmt: skip


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt option must not be paid for


class GenerateArguments(_Arguments):
    """What `generate` takes."""

    name: Name
    prompt: Annotated[str, Field(description="What the video shows.")]
    model: Annotated[str, Field(description="Such as veo_3_1 or grok-video-3; see models.")]
    images: Annotated[
        list[str],
        Field(
            description="Pictures to start from: paths inside the server's folder, or http(s) links. See models for "
            "how many a model takes."
        ),
    ] = []
    size: Annotated[str | None, Field(description="Such as 1280x720 or 720P; see models.")] = None
    aspect_ratio: Annotated[str | None, Field(description="Such as 3:2; see models.")] = None
    seconds: Annotated[
        int | None, Field(description="The duration, where the model lets you choose; see models.")
    ] = None
    fit: Annotated[
        Literal["cover", "contain"] | None,
        Field(
            description="Bring pictures to the video's pixels: cover fills the frame and cuts what stands out, contain "
            "shows all of it on black."
        ),
    ] = None
    format: Annotated[
        Literal["openai", "unified"] | None,
        Field(description="The wire format, only for a model that models does not list."),
    ] = None


class NameArguments(_Arguments):
    """What `status` takes."""

    name: Name


class WaitArguments(_Arguments):
    """What `wait` takes."""

    name: Name
    seconds: Annotated[
        int,
        Field(description="How long to wait at most. Call again to go on.", ge=0, le=LONGEST_WAIT),
    ] = _SHORT_WAIT


class ListArguments(_Arguments):
    """What `list` takes."""

    limit: Annotated[int, Field(description="How many to return at most.", ge=1, le=1000)] = 50


class NoArguments(_Arguments):
    """What `models` takes."""


class Result(BaseModel):
    """What every tool returns."""

    creates_left: Annotated[
        int | None, Field(description="How many videos this server may still pay for.")
    ]


class Video(BaseModel):
    """How one video stands."""

    name: str
    state: Annotated[
        Literal[
            "starting", "refused", "submitting", "uncertain", "submitted", "saved", "gone", "failed"
        ],
        Field(
            description="starting, submitting: the request is being sent. submitted: the gateway makes the video; "
            "call wait. saved: the file is there. gone: it was; wait fetches it again. failed: the task ended badly. "
            "refused: nothing was paid. uncertain: it may have been paid; do not try again, tell the user."
        ),
    ]
    file: Annotated[str, Field(description="Where the video is or will be.")]
    task_id: str | None = None
    model: str | None = None
    prompt: str | None = None
    progress: Annotated[float | None, Field(description="0.0 to 1.0, if known.")] = None
    bytes: int | None = None
    detail: Annotated[str, Field(description="The gateway's own word, or what is wrong.")] = ""


class Standing(Video, Result):
    """What `generate`, `wait` and `status` return."""


class Standings(Result):
    """What `list` returns."""

    videos: Annotated[list[Video], Field(description="The latest change first.")]
    unreadable: Annotated[list[str], Field(description="Receipts that cannot be read, and why.")]
    more: Annotated[int, Field(description="How many are not shown; raise limit to see them.")]


class KnownModel(BaseModel):
    """What one model takes. Without a list of values it takes any; with an empty one, none."""

    name: str
    format: str
    required: list[str]
    size: Sequence[str] | None = None
    aspect_ratio: Sequence[str] | None = None
    seconds: Sequence[str] | None = None
    least_images: int
    most_images: int | None = None


class KnownModels(Result):
    """What `models` returns."""

    models: list[KnownModel]


def told(error: BaseException) -> str:
    """Return an error in words that an assistant can act on."""
    text = str(error).rstrip(".")
    match error:
        case SubmissionUncertain():
            return f"Do not try again, under no name: it may have been paid. Tell the user: {text}."
        case SpendLimitReached():
            return (
                "The limit of creates is reached; nothing was sent. Do not try again: tell the user, who can start the "
                "server again with a higher --max-creates."
            )
        case TaskFailed():
            return f"{text}. Another attempt is paid again: ask the user, and choose another name."
        case ReceiptConflict():
            return f"{text}. For another video choose another name; it is paid for."
        case AuthenticationError() | PermissionDenied() | QuotaExhausted() | ConfigurationError():
            return f"{text}. Tell the user; to try again does not help."
        case InvalidRequest():
            return f"{text}."
        case ConnectionFailed(task=None) | RateLimited(task=None) | ServerError(task=None):
            return f"{text}. Nothing was paid; the same call may be tried again later."
        case ChainHubError(task=None):
            return f"{text}. Nothing was paid."
        case ChainHubError():
            return f"{text}. It is paid; call wait to go on, which costs nothing."
    return f"Something unexpected happened ({type(error).__name__}: {text}). Look with status before you go on."
