from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.create_video_request import CreateVideoRequest
from ...models.create_video_response import CreateVideoResponse
from ...models.error_response import ErrorResponse
from ...types import Response


def get_kwargs(
    *,
    body: CreateVideoRequest,
) -> dict[str, Any]:
    """Return what `httpx.Client.build_request` takes to make the request, with an address relative to the gateway."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/videos",
    }
    _kwargs["files"] = body.to_multipart()

    if headers:
        _kwargs["headers"] = headers
    return _kwargs


def _parse_documented(response: httpx.Response) -> CreateVideoResponse | ErrorResponse | None:
    if response.status_code == 200:
        response_200 = CreateVideoResponse.from_dict(response.json())

        return response_200

    if 400 <= response.status_code <= 499:
        response_4xx = ErrorResponse.from_dict(response.json())

        return response_4xx

    if 500 <= response.status_code <= 599:
        response_5xx = ErrorResponse.from_dict(response.json())

        return response_5xx

    raise LookupError(response.status_code)


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CreateVideoResponse | ErrorResponse | None:
    try:
        return _parse_documented(response)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if client.raise_on_unexpected_status:
            raise errors.UnexpectedStatus(response.status_code, response.content) from error
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[CreateVideoResponse | ErrorResponse]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateVideoRequest,
) -> Response[CreateVideoResponse | ErrorResponse]:
    """Create a video from a picture (OpenAI format)

     Starts a paid task and answers at once. There is no idempotency key: sent twice, it is paid twice.
    Ask for the state with retrieveVideo, then fetch the file with downloadVideo.

    Args:
        body (CreateVideoRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CreateVideoResponse | ErrorResponse]
    """

    kwargs = get_kwargs(
        body=body,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: CreateVideoRequest,
) -> CreateVideoResponse | ErrorResponse | None:
    """Create a video from a picture (OpenAI format)

     Starts a paid task and answers at once. There is no idempotency key: sent twice, it is paid twice.
    Ask for the state with retrieveVideo, then fetch the file with downloadVideo.

    Args:
        body (CreateVideoRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CreateVideoResponse | ErrorResponse
    """

    return (
        sync_detailed(
            client=client,
            body=body,
        )
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateVideoRequest,
) -> Response[CreateVideoResponse | ErrorResponse]:
    """Create a video from a picture (OpenAI format)

     Starts a paid task and answers at once. There is no idempotency key: sent twice, it is paid twice.
    Ask for the state with retrieveVideo, then fetch the file with downloadVideo.

    Args:
        body (CreateVideoRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CreateVideoResponse | ErrorResponse]
    """

    kwargs = get_kwargs(
        body=body,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CreateVideoRequest,
) -> CreateVideoResponse | ErrorResponse | None:
    """Create a video from a picture (OpenAI format)

     Starts a paid task and answers at once. There is no idempotency key: sent twice, it is paid twice.
    Ask for the state with retrieveVideo, then fetch the file with downloadVideo.

    Args:
        body (CreateVideoRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CreateVideoResponse | ErrorResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
