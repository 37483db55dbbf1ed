"""Contains all the data models used in inputs/outputs"""

from .create_unified_video_request import CreateUnifiedVideoRequest
from .create_unified_video_response import CreateUnifiedVideoResponse
from .create_video_request import CreateVideoRequest
from .create_video_response import CreateVideoResponse
from .error_response import ErrorResponse
from .query_unified_video_response import QueryUnifiedVideoResponse
from .retrieve_video_response import RetrieveVideoResponse
from .video_link import VideoLink

__all__ = (
    "CreateUnifiedVideoRequest",
    "CreateUnifiedVideoResponse",
    "CreateVideoRequest",
    "CreateVideoResponse",
    "ErrorResponse",
    "QueryUnifiedVideoResponse",
    "RetrieveVideoResponse",
    "VideoLink",
)
