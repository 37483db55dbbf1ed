"""Look at what `doctor` can see without the network: settings, versions, extras, proxies, the current folder."""

from __future__ import annotations

import os
import platform
import shutil
import ssl
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from chainhub_video._version import __version__
from chainhub_video.downloads.partfile import try_lock
from chainhub_video.drivers.environment import environment_routes, trusted_certificates
from chainhub_video.errors import ConfigurationError

from .findings import Finding
from .settings import Settings
from .settings_files import NAMES, SettingsFile, project_file, user_file, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from .findings import State
    from .keys import Key
    from .settings import Setting

# What each extra brings, by the modules that are imported.
EXTRAS = {
    "cli": ("rich", "typer"),
    "cloud": ("obstore",),
    "cluster": ("distributed",),
    "gallery": ("av",),
    "images": ("PIL",),
    "keyring": ("keyring",),
    "mcp": ("mcp",),
    "sandbox": ("av", "PIL", "openapi_schema_validator", "ruamel.yaml", "starlette", "uvicorn"),
    "socks": ("socksio",),
}
_TIMEOUT = 1200  # seconds, the default of the commands
_LITTLE, _TOO_LITTLE = 1_000_000_000, 50_000_000  # bytes free on the disk


@attrs.define
class Configuration:
    """What the settings come to.

    Attributes:
        findings: of the settings.
        base_url: None if it is wrong.
        key: None if there is none, or it must not be used.
    """

    findings: list[Finding] = attrs.field(factory=list[Finding])
    base_url: str | None = None
    key: Key | None = None


def look_at_settings() -> Configuration:
    """Return each setting with where it comes from; what is wrong keeps none of the others from being told."""
    seen = Configuration()
    tell = seen.findings.append
    settings = Settings(
        _read(seen, "project's file", project_file), _read(seen, "user's file", user_file)
    )
    if settings.user is None and (path := user_path()) is not None and not path.exists():
        tell(Finding("settings", "user's file", "ok", f"{path} is not there"))
    try:
        base_url = settings.base_url()
    except ConfigurationError as error:
        tell(Finding("settings", "base_url", "wrong", str(error)))
    else:
        seen.base_url = str(base_url.value)
        tell(_told("base_url", base_url))
        _look_at_key(seen, settings, base_url)
    try:
        tell(_told("max_creates", settings.max_creates(), "no limit"))
    except ConfigurationError as error:
        tell(Finding("settings", "max_creates", "wrong", str(error)))
    for name in NAMES:
        if name not in ("base_url", "max_creates"):
            default = str(_TIMEOUT) if name == "timeout" else "not set"
            tell(_told(name, settings.find(name), default))
    return seen


def _read(
    seen: Configuration, name: str, read: Callable[[], SettingsFile | None]
) -> SettingsFile | None:
    try:
        file = read()
    except ConfigurationError as error:
        seen.findings.append(Finding("settings", name, "wrong", str(error)))
        return None
    if file is not None:
        seen.findings.append(Finding("settings", name, "ok", str(file.path)))
    return file


def _look_at_key(seen: Configuration, settings: Settings, base_url: Setting) -> None:
    try:
        seen.key = settings.key(base_url)
    except ConfigurationError as error:
        seen.findings.append(Finding("settings", "key", "wrong", str(error)))
    else:
        seen.findings.append(Finding("settings", "key", "ok", seen.key.masked, seen.key.origin))


def _told(name: str, setting: Setting, default: str = "") -> Finding:
    if setting.value is None:
        return Finding("settings", name, "ok", default)
    value = str(setting.value).lower() if isinstance(setting.value, bool) else str(setting.value)
    return Finding("settings", name, "ok", value, setting.origin)


def look_at_versions() -> list[Finding]:
    """Return the versions of what takes part, and which extras are there."""
    try:
        http = version("httpx")
    except PackageNotFoundError:
        http = "unknown"
    versions = {
        "chainhub-video": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "httpx": http,
        "TLS library": ssl.OPENSSL_VERSION,
        "platform": platform.platform(),
    }
    found = [Finding("versions", name, "ok", value) for name, value in versions.items()]
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if not _is_there(module)]
        if missing:
            remedy = f"if you need it: pip install 'chainhub-video[{extra}]'"
            value = f"not installed ({', '.join(missing)})"
            found.append(Finding("extras", extra, "note", value, remedy=remedy))
        else:
            found.append(Finding("extras", extra, "ok", "installed"))
    return found


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package above it
        return False


def look_at_surroundings(base_url: str | None) -> list[Finding]:
    """Return the proxies and certificates that the environment names, without credentials.

    Args:
        base_url: the gateway; None if it is not known.
    """
    if base_url is not None and base_url.startswith("http://"):
        return [
            Finding("proxies", "gateway", "ok", "asked directly: it is on this machine"),
        ]
    found: list[Finding] = []
    for scheme, proxy in environment_routes().proxies.items():
        try:
            proxy.url()
        except ConfigurationError as error:
            found.append(Finding("proxies", scheme, "warning", str(error)))
        else:
            found.append(Finding("proxies", scheme, "ok", str(proxy)))
    if not found:
        found.append(Finding("proxies", "proxies", "ok", "none"))
    elif base_url is not None:
        found.append(_way(base_url))
    return [*found, *_certificates()]


def _way(base_url: str) -> Finding:
    """Return whether the gateway is asked through a proxy."""
    from .gateway_checks import proxy_of

    try:
        proxy = proxy_of(base_url)
    except ConfigurationError as error:
        return Finding("proxies", "gateway", "wrong", str(error))
    if proxy is not None:
        return Finding("proxies", "gateway", "ok", f"asked by way of {proxy.variable}")
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    reason = f"NO_PROXY is {exempt!r:.200}" if exempt.strip() else "no proxy is for it"
    return Finding("proxies", "gateway", "ok", f"asked directly: {reason}")


def _certificates() -> list[Finding]:
    try:
        trusted_certificates(trust_env=True)
    except ConfigurationError as error:
        return [Finding("certificates", "trusted", "wrong", str(error))]
    origins = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    value = os.environ[origins[0]] if origins else "those of the package certifi"
    found = [Finding("certificates", "trusted", "ok", value, origins[0] if origins else "")]
    if log := os.environ.get("SSLKEYLOGFILE"):
        remedy = "unset it unless you are looking into TLS"
        told = f"the secrets of all connections are written to {log}"
        found.append(Finding("certificates", "SSLKEYLOGFILE", "warning", told, remedy=remedy))
    return found


def look_at_folder() -> list[Finding]:
    """Return whether outputs and receipts can be kept in the current folder, and how much room there is."""
    try:
        folder = Path.cwd()
    except OSError as error:
        told = f"the current folder is not there ({error.strerror})"
        return [Finding("folder", "folder", "wrong", told, remedy="go to one that is")]
    found: list[Finding] = []
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".chainhub-doctor-") as file:
            held = try_lock(file.fileno())
    except OSError as error:
        told = f"{folder} cannot be written to ({error.strerror})"
        remedy = "go to a folder that can, or save elsewhere with --output"
        found.append(Finding("folder", "writing", "wrong", told, remedy=remedy))
    else:
        found.append(Finding("folder", "writing", "ok", str(folder)))
        found.append(_locks(held))
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free >= _LITTLE else "warning" if free >= _TOO_LITTLE else "wrong"
    remedy = "" if state == "ok" else "make room: a video that does not fit has to be fetched again"
    found.append(Finding("folder", "free", state, _room(free), remedy=remedy))
    return found


def _room(free: int) -> str:
    return f"{free / 1e9:,.1f} GB" if free >= _LITTLE else f"{free / 1e6:,.0f} MB"


def _locks(held: bool | None) -> Finding:
    if held:
        return Finding("folder", "locks", "ok", "flock works")
    return Finding(
        "folder",
        "locks",
        "note" if os.name == "nt" else "warning",
        "there are no locks (flock) here, so a process that died while it sent a create is noticed minutes later",
        remedy="keep outputs on a local disk if several processes work on the same ones",
    )
