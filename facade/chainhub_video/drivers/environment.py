"""Read the environment's proxies and certificates, and refuse by name what cannot be used.

httpx reads the same variables when a client is made, and ends in exceptions of its own at values that are common.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.request import getproxies

import attrs
import httpx

from chainhub_video.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

_Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

# GNOME and many proxies' own instructions say `socks` for SOCKS 5. httpx before 0.28 does not know `socks5h`; it
# leaves looking up names to the proxy either way.
_SCHEMES = {
    "http": "http",
    "https": "https",
    "socks": "socks5",
    "socks5": "socks5",
    "socks5h": "socks5",
}
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]+", re.ASCII)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_LONGEST_CREDENTIAL = 255  # bytes, in SOCKS
# An entry of NO_PROXY: an IPv6 address in brackets, or a name, an IPv4 address or a block of addresses; then a port.
_ENTRY = re.compile(
    r"(?:\[(?P<six>[^\]]*)\](?P<bits>/\d+)?|(?P<name>[^:]*))(?::(?P<port>\d{1,5}))?"
)
# What OpenSSL calls the files of a folder of certificates.
_HASHED = re.compile(r"[0-9a-f]{8}\.r?\d+")


@attrs.frozen
class NamedProxy:
    """A proxy as a variable of the environment names it.

    Attributes:
        variable: as the user spelled it.
        value: as the user gave it, credentials included.
    """

    variable: str
    value: str = attrs.field(repr=False)

    def __str__(self) -> str:
        """Return the variable and its value for a message, without credentials."""
        secret, at, shown = self.value.strip().replace("%40", "@").rpartition("@")
        if at:
            scheme = _SCHEME.match(secret)
            shown = f"{scheme[0] if scheme else ''}***@{shown}"
        return f"{self.variable} is {shown!r:.200}"

    def url(self) -> httpx.URL:
        """Return the address of the proxy.

        Raises:
            ConfigurationError: it is none, or one of a kind that httpx cannot talk to.
        """
        remedy = f"correct {self.variable}, unset it, or name the host in NO_PROXY"
        text = self.value.strip()
        given, _, rest = text.partition("://") if "://" in text else ("http", "", text)
        scheme = _SCHEMES.get(given.lower())
        if scheme is None:
            raise ConfigurationError(
                f"{self}: a proxy's address starts with http://, https:// or socks5://; {remedy}"
            )
        # What httpx has against an address may quote a password, so it is not repeated.
        url = _parsed(f"{scheme}://{rest}")
        if url is None:
            raise ConfigurationError(
                f"{self}, which is not the address of a proxy, such as http://host:8080 or "
                f"socks5://host:1080; {remedy}"
            )
        if scheme == "socks5":
            if find_spec("socksio") is None:
                raise ConfigurationError(
                    f"{self}, and SOCKS proxies need one more package: "
                    f'pip install "chainhub-video[socks]"; or {remedy}'
                )
            if max(len(url.username.encode()), len(url.password.encode())) > _LONGEST_CREDENTIAL:
                raise ConfigurationError(
                    f"{self}: a SOCKS proxy takes at most {_LONGEST_CREDENTIAL} bytes as user name "
                    f"and as password; {remedy}"
                )
        return url


def _parsed(address: str) -> httpx.URL | None:
    """Return an address with a host, and a port that can be meant if it has one; None if it is something else."""
    try:
        url = httpx.URL(address)
        host, port = url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, ValueError):
        return None
    usable = _HOST.fullmatch(host) and (port is None or 0 < port < 1 << 16)
    return url if usable else None


@attrs.frozen
class _Exempt:
    """One entry of NO_PROXY.

    Attributes:
        name: of a host and of those below it, `*` for all.
        network: the addresses that it means, if it means some; then the name is not looked at.
        scheme: the only one that it is for, or empty.
        port: the only one that it is for, or None.
    """

    name: str
    network: _Network | None
    scheme: str
    port: int | None

    def covers(self, scheme: str, host: str, port: int) -> bool:
        if self.scheme not in ("", scheme) or self.port not in (None, port):
            return False
        if self.network is not None:
            try:
                return ipaddress.ip_address(host) in self.network
            except ValueError:
                return False
        return self.name in ("*", host) or host.endswith(f".{self.name}")


def _exempt(entry: str) -> _Exempt | None:
    """Return what an entry of NO_PROXY means; None if nothing."""
    scheme, _, rest = entry.lower().rpartition("://")
    rest = rest.rstrip("/") or ("*" if scheme else "")
    network = _network(rest)
    found = None if network else _ENTRY.fullmatch(rest)
    name, port = rest, None
    if found:
        name = found["name"] if found["six"] is None else found["six"] + (found["bits"] or "")
        network, port = _network(name), found["port"]
    if name != "*":
        name = name.removeprefix("*").strip(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    if not name:
        return None
    return _Exempt(name, network, "" if scheme == "all" else scheme, int(port) if port else None)


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@attrs.frozen
class Routes:
    """Which requests go through which proxy.

    Attributes:
        proxies: by scheme of the request; `all` is for every scheme that has none of its own.
        exempt: what is asked directly.
    """

    proxies: dict[str, NamedProxy] = attrs.field(factory=dict)
    exempt: tuple[_Exempt, ...] = ()

    def proxy_for(self, url: httpx.URL) -> NamedProxy | None:
        """Return the proxy for an address, whether usable or not, or None for none."""
        proxy = self.proxies.get(url.scheme) or self.proxies.get("all")
        if proxy is None:
            return None
        host = url.raw_host.decode("ascii").rstrip(".").lower()
        port = url.port or _PORTS.get(url.scheme, 0)
        if any(entry.covers(url.scheme, host, port) for entry in self.exempt):
            return None
        return proxy


def environment_routes() -> Routes:
    """Return the routes that the environment sets: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case."""
    given = getproxies()
    proxies = {
        scheme: NamedProxy(_spelled(f"{scheme}_proxy", value), value)
        for scheme in ("http", "https", "all")
        if (value := given.get(scheme, "")).strip()
    }
    entries = re.split(r"[\s,]+", given.get("no", ""))
    exempt = (_exempt(entry) for entry in entries if entry)
    return Routes(proxies, tuple(entry for entry in exempt if entry))


def _spelled(name: str, value: str) -> str:
    """Return how the environment spells the variable with a value; small letters come first, as in `getproxies`."""
    names = (name, name.upper(), *os.environ)
    same = (one for one in names if one.lower() == name and os.environ.get(one) == value)
    return next(same, f"{name} of this system's settings")


def trusted_certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Return the certificates that servers are checked against.

    Args:
        trust_env: whether SSL_CERT_FILE and SSL_CERT_DIR replace those of certifi.

    Raises:
        ConfigurationError: they cannot be read, or SSLKEYLOGFILE, which Python always obeys, cannot be written.
    """
    file = os.environ.get("SSL_CERT_FILE") if trust_env else None
    folders = os.environ.get("SSL_CERT_DIR") if trust_env else None
    if folders and not file:
        _check_folders(folders)
    try:
        if file and stat.S_ISDIR(Path(file).stat().st_mode):  # httpx before 0.28 passes over both
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return httpx.create_ssl_context(trust_env=trust_env)
    except OSError as error:
        raise _unusable(error, file) from error


def _unusable(error: OSError, file: str | None) -> ConfigurationError:
    """Return the error that names the variable whose certificates cannot be used."""
    from ssl import SSLError  # slow to import

    if file and not _holds_certificates(file):
        pem = "it holds no certificate in PEM form"
        reason = pem if isinstance(error, SSLError) else _reason(error)
        return ConfigurationError(
            f"SSL_CERT_FILE is {file!r:.200}, and cannot be used ({reason}): name a file of "
            "certificates in PEM form, or unset it"
        )
    if log := os.environ.get("SSLKEYLOGFILE"):
        return ConfigurationError(
            f"SSLKEYLOGFILE is {log!r:.200}, and cannot be written ({_reason(error)}): name a file that "
            "can, or unset it"
        )
    return ConfigurationError(
        f"the certificates of the package certifi cannot be read ({_reason(error)}): reinstall it, or "
        "name a file of certificates in SSL_CERT_FILE"
    )


def _holds_certificates(file: str) -> bool:
    import ssl  # slow

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except OSError:
        return False
    return True


def _check_folders(folders: str) -> None:
    """Refuse an SSL_CERT_DIR in which OpenSSL, which says nothing, finds no certificate at all."""
    reason = "it holds no certificates under the names that `openssl rehash` gives"
    for folder in folders.split(os.pathsep):
        try:
            if any(_HASHED.fullmatch(path.name) for path in Path(folder).iterdir()):
                return
        except OSError as error:
            reason = _reason(error)
    raise ConfigurationError(
        f"SSL_CERT_DIR is {folders!r:.200}, and cannot be used ({reason}): name a folder of certificates "
        "that `openssl rehash` has prepared, or unset it"
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
