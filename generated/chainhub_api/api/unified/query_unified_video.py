from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_response import ErrorResponse
from ...models.query_unified_video_response import QueryUnifiedVideoResponse
from ...types import UNSET, Response


def get_kwargs(
    *,
    id: str,
) -> dict[str, Any]:
    """Return what `httpx.Client.build_request` takes to make the request, with an address relative to the gateway."""
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["id"] = id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/video/query",
        "params": params,
    }
    if headers:
        _kwargs["headers"] = headers
    return _kwargs


def _parse_documented(response: httpx.Response) -> ErrorResponse | QueryUnifiedVideoResponse | None:
    if response.status_code == 200:
        response_200 = QueryUnifiedVideoResponse.from_dict(response.json())

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
) -> ErrorResponse | QueryUnifiedVideoResponse | None:
    try:
        return _parse_documented(response)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if client.raise_on_unexpected_status:
            raise errors.UnexpectedStatus(response.status_code, response.content) from error
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorResponse | QueryUnifiedVideoResponse]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    id: str,
) -> Response[ErrorResponse | QueryUnifiedVideoResponse]:
    """State of a video task (unified format)

     Free of charge. Generation takes one to ten minutes and the server refreshes a task about every 15
    seconds, so ask rarely. The answer may carry another id than the create call did: keep the one of
    the create call.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | QueryUnifiedVideoResponse]
    """

    kwargs = get_kwargs(
        id=id,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    id: str,
) -> ErrorResponse | QueryUnifiedVideoResponse | None:
    """State of a video task (unified format)

     Free of charge. Generation takes one to ten minutes and the server refreshes a task about every 15
    seconds, so ask rarely. The answer may carry another id than the create call did: keep the one of
    the create call.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | QueryUnifiedVideoResponse
    """

    return (
        sync_detailed(
            client=client,
            id=id,
        )
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    id: str,
) -> Response[ErrorResponse | QueryUnifiedVideoResponse]:
    """State of a video task (unified format)

     Free of charge. Generation takes one to ten minutes and the server refreshes a task about every 15
    seconds, so ask rarely. The answer may carry another id than the create call did: keep the one of
    the create call.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | QueryUnifiedVideoResponse]
    """

    kwargs = get_kwargs(
        id=id,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    id: str,
) -> ErrorResponse | QueryUnifiedVideoResponse | None:
    """State of a video task (unified format)

     Free of charge. Generation takes one to ten minutes and the server refreshes a task about every 15
    seconds, so ask rarely. The answer may carry another id than the create call did: keep the one of
    the create call.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | QueryUnifiedVideoResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            id=id,
        )
    ).parsed
