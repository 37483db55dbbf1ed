"""Look at the way to the gateway: names, connection, TLS, the key, the clock. Sends one request, which costs nothing.

The request is for a task that does not exist, and takes the client's own way, proxies and certificates included.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from chainhub_video.drivers import http
from chainhub_video.drivers.deadline import Until
from chainhub_video.drivers.environment import NamedProxy, environment_routes
from chainhub_video.drivers.routing import RoutingClient
from chainhub_video.errors import (
    AuthenticationError,
    ChainHubError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
)
from chainhub_video.io import Call, Reply, TransportFailure
from chainhub_video.settings import Settings, Timeouts
from chainhub_video.wire.failures import error_for, load_json, stated_refusal
from chainhub_video.wire.formats import FORMATS

from .findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainhub_video.errors import APIError

    from .keys import Key

NO_TASK = "video_chainhub_video_doctor_asks_for_a_task_that_does_not_exist"
_PATIENCE = 10.0  # seconds for a name, and for a connection
_WHOLE = 30.0  # seconds for the request and its answer
_MOST = 1 << 16  # bytes of an answer
_SKEW = 30.0  # seconds that a clock may be off
_RENEW = 14  # days before the end of a certificate
_PORTS = {"http": 80, "https": 443, "socks5": 1080}
# OpenSSL's numbers of why a certificate is refused.
_EXPIRED, _NOT_YET, _UNKNOWN, _OTHER_NAME = (10,), (9,), (18, 19, 20, 21), (62, 64)


def proxy_of(base_url: str) -> NamedProxy | None:
    """Return the environment's proxy for the gateway, or None.

    Raises:
        ConfigurationError: it is one that cannot be used.
    """
    if base_url.startswith("http://"):  # on this machine
        return None
    request = RoutingClient.build_request("GET", base_url, headers={}, timeout=(_PATIENCE,) * 4)
    proxy = environment_routes().proxy_for(request.url)
    if proxy is not None:
        proxy.url()
    return proxy


def look_at_gateway(base_url: str, key: Key | None) -> list[Finding]:
    """Return how far the gateway can be reached; the first thing that fails is the last that is told.

    Args:
        base_url: the gateway.
        key: None to ask without one.
    """
    try:
        proxy = proxy_of(base_url)
    except ConfigurationError:  # told with the proxies
        return []
    target = base_url if proxy is None else str(proxy.url())
    parts = urlsplit(target)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    what = "gateway" if proxy is None else f"proxy of {proxy.variable}"
    found = [_look_up(what, host, port)]
    if found[-1].state == "ok":
        found.append(_connect(what, host, port))
    if found[-1].state == "ok":
        found += _ask(base_url, key)
    return found


def _look_up(what: str, host: str, port: int) -> Finding:
    """Return which addresses a name has. A resolver may take minutes, so it is not waited for without end."""
    seen: list[str] = []
    failed: list[str] = []

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed.append(getattr(error, "strerror", None) or str(error))
        else:
            seen.extend(dict.fromkeys(str(where[0]) for *_, where in found))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if seen:
        return Finding("network", "name", "ok", f"{host} is {', '.join(seen[:4])}")
    reason = failed[0] if failed else f"no answer within {_PATIENCE:.0f} s"
    return Finding(
        "network",
        "name",
        "wrong",
        f"the name of the {what}, {host!r:.100}, cannot be looked up: {reason}",
        remedy="check its spelling, and this machine's network and DNS; behind a proxy, set HTTPS_PROXY",
    )


def _connect(what: str, host: str, port: int) -> Finding:
    start = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=_PATIENCE).close()
    except OSError as error:
        reason = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        return Finding(
            "network",
            "connection",
            "wrong",
            f"the {what} cannot be reached at {host}:{port}: {reason}",
            remedy="check the address and port, that it is running, and that no firewall is in between",
        )
    took = (time.monotonic() - start) * 1000
    return Finding("network", "connection", "ok", f"{host}:{port} in {took:.0f} ms")


@attrs.frozen
class _Answer:
    """What the gateway answered.

    Attributes:
        reply: the answer.
        certificate: of the gateway, as Python tells it; None without TLS.
        clock: this machine's time at the request, in seconds since 1970.
    """

    reply: Reply
    certificate: Mapping[str, Any] | None
    clock: float


def _ask(base_url: str, key: Key | None) -> list[Finding]:
    """Send the request, and return what its answer, or the lack of one, tells."""
    limits = Timeouts(connect=_PATIENCE, read=_WHOLE, write=_PATIENCE)
    settings = Settings(api_key=key.value if key else "", base_url=base_url, timeouts=limits)
    try:
        answer = _sent(settings)
    except ConfigurationError:  # told with the certificates
        return []
    except TransportFailure as failure:
        return [_failed(failure)]
    found: list[Finding] = []
    if answer.certificate is not None:
        found.append(_certificate(answer.certificate))
    found.append(_judged(stated_refusal(answer.reply.without(settings.api_key)), key))
    found.append(_clock(answer))
    return found


def _sent(settings: Settings) -> _Answer:
    own = http.own_clients(RoutingClient, settings)
    call = Call(FORMATS["openai"].query_call(NO_TASK).arguments, within=_WHOLE)
    trace = http.SendTrace(own=True)
    end = time.monotonic() + _WHOLE
    try:
        request = http.build_request(own.fresh, settings, call, body=iter)
        if not settings.api_key:
            del request.headers["authorization"]
        start = time.time()
        with trace, Until(end):
            response = own.fresh.send(request)
            clock = (start + time.time()) / 2
            stream = response.extensions.get("network_stream")
            spoken = None if stream is None else stream.get_extra_info("ssl_object")
            certificate = None if spoken is None else spoken.getpeercert()
            body = b""
            for block in response.iter_raw():
                body += block
                if len(body) > _MOST:
                    break
            response.close()
        return _Answer(
            Reply(response.status_code, http.headers_of(response), body), certificate, clock
        )
    finally:
        own.fresh.close()
        own.kept.close()


def _failed(failure: TransportFailure) -> Finding:
    """Return what a request without an answer tells."""
    error: BaseException | None = failure
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if isinstance(error, ssl.SSLCertVerificationError):
        return Finding(
            "network",
            "certificate",
            "wrong",
            f"the gateway's certificate is refused: {error.verify_message}",
            remedy=_certificate_remedy(error.verify_code),
        )
    if error is not None:
        remedy = "check the port and the scheme of base_url: what answers there may not speak TLS"
        return Finding("network", "TLS", "wrong", str(failure), remedy=remedy)
    remedy = "try again; if it stays so, check base_url, the proxy, and the gateway's own status"
    return Finding("network", "answer", "wrong", f"no answer: {failure}", remedy=remedy)


def _certificate_remedy(code: int) -> str:
    if code in _EXPIRED:
        return "its owner has to renew it, unless the clock of this machine is fast"
    if code in _NOT_YET:
        return "set the clock of this machine, which seems to be slow"
    if code in _UNKNOWN:
        return (
            "if a proxy of your company opens TLS, or the gateway has an authority of its own, name a file with its "
            "certificate in SSL_CERT_FILE; otherwise somebody may be in between: do not go on"
        )
    if code in _OTHER_NAME:
        return "check base_url: the certificate is for another name"
    return "check base_url, and who answers there; do not go on until you know"


def _certificate(certificate: Mapping[str, Any]) -> Finding:
    names = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    issuer = names.get("organizationName") or names.get("commonName") or "an unnamed authority"
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
    told = f"issued by {issuer}, valid for {days:.0f} more days"
    if days < _RENEW:
        remedy = "its owner has to renew it soon"
        return Finding("network", "certificate", "warning", told, remedy=remedy)
    return Finding("network", "certificate", "ok", told)


def _judged(reply: Reply, key: Key | None) -> Finding:
    """Return what the answer says of the key, and of who answers at all."""
    if 300 <= reply.status < 400:
        where = urlsplit(reply.headers.get("location", "")).hostname or "another address"
        told = f"the gateway leads to {where!r:.100} (HTTP {reply.status})"
        return Finding(
            "network", "answer", "wrong", told, remedy="set base_url to the final address"
        )
    if reply.status < 400:
        told = f"a task that does not exist was answered with HTTP {reply.status}"
        remedy = "check base_url: what answers there may not be the gateway"
        return Finding("network", "answer", "warning", told, remedy=remedy)
    return _refusal(error_for(reply), reply, key)


def _refusal(error: APIError, reply: Reply, key: Key | None) -> Finding:
    if key is None and isinstance(error, AuthenticationError):
        told = f"the gateway answers, and wants a key (HTTP {reply.status})"
        return Finding("network", "answer", "ok", told)
    if isinstance(error, (AuthenticationError, PermissionDenied, QuotaExhausted)):
        remedy = {
            AuthenticationError: "look at the key at the vendor: it may be mistyped, expired or of another gateway",
            PermissionDenied: "look at what the key may do at the vendor",
        }.get(type(error), "top the account up at the vendor")
        return Finding("network", "key", "wrong", str(error), remedy=remedy)
    if isinstance(error, RateLimited):
        remedy = "wait a minute, and look again"
        return Finding("network", "answer", "warning", str(error), remedy=remedy)
    if reply.status >= 500:
        remedy = "try again later; if it stays so, ask the vendor"
        return Finding("network", "answer", "wrong", str(error), remedy=remedy)
    if not _is_an_api(reply.body):
        told = f"what answers is not the API: {error}"
        return Finding("network", "answer", "wrong", told, remedy="check the path of base_url")
    if key is None:
        return Finding("network", "answer", "ok", f"the gateway answers (HTTP {reply.status})")
    if isinstance(error, NotFound) or reply.status in (400, 404):
        told = f"accepted: a task that does not exist is not found (HTTP {reply.status})"
        return Finding("network", "key", "ok", told)
    return Finding("network", "answer", "warning", str(error), remedy="ask the vendor")


def _is_an_api(body: bytes) -> bool:
    try:
        return isinstance(load_json(body), dict)
    except (ValueError, ChainHubError):
        return False


def _clock(answer: _Answer) -> Finding:
    try:
        date = parsedate_to_datetime(answer.reply.headers.get("date", ""))
    except (ValueError, TypeError):
        return Finding("network", "clock", "note", "the gateway does not tell its time")
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    skew = answer.clock - date.timestamp()
    if abs(skew) <= _SKEW:
        return Finding("network", "clock", "ok", "within 30 s of the gateway's")
    told = f"this machine's clock is {abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} the gateway's"
    remedy = (
        "set it by NTP (timedatectl set-ntp true): machines that share receipts go by their clocks"
    )
    return Finding("network", "clock", "warning", told, remedy=remedy)
