"""What every folder of tests shares: a guard of the network; the system's certificates and the wheel, made once."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
from httpx._transports import default
from hypothesis import HealthCheck, settings

from tests.support import network_guard
from tests.support.places import ROOT
from tests.support.wheels import build

RECORD = "TESTS_NETWORK_RECORD"
SURROUNDINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")

# Hypothesis: the same few cases each time, or many others with `--hypothesis-profile=fuzz`.
settings.register_profile(
    "ci",
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
settings.register_profile(
    "fuzz",
    max_examples=2000,
    deadline=None,
    print_blob=True,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Guard this process, and all child processes that take over its environment."""
    descriptor, record = tempfile.mkstemp(prefix="tests-network-")
    os.close(descriptor)
    config.add_cleanup(lambda: Path(record).unlink(missing_ok=True))
    os.environ[RECORD] = record
    guarded = str(ROOT / "tests" / "support" / "guarded")
    paths = [guarded, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    network_guard.install(record)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Fail a test that is set up by leaving this machine."""
    network_guard.refusals()  # those of nobody's test
    try:
        return (yield)
    finally:
        _fail_if_refused(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that has tried to leave this machine, even if whoever tried took no notice."""
    try:
        return (yield)
    finally:
        _fail_if_refused(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Fail a test that leaves this machine while it is cleared away, or settings of the client after its module."""
    try:
        return (yield)
    finally:
        _fail_if_refused(item)
        if nextitem is None or nextitem.path != item.path:
            left = sorted(name for name in os.environ if name.startswith("CHAINHUB_"))
            if left:
                raise AssertionError(
                    f"{item.path.name} leaves {', '.join(left)} in the environment"
                )


def _fail_if_refused(item: pytest.Item) -> None:
    if attempts := network_guard.refusals():
        places = ", ".join(dict.fromkeys(attempts))
        raise network_guard.NetworkRefused(
            f"{item.nodeid} contacted {places}: {network_guard.ADVICE}"
        )


@pytest.fixture(scope="session", autouse=True)
def _one_trust_store() -> Iterator[None]:
    """Read the certificates once for all clients, ours and bare ones: that takes longer than most tests."""
    read = httpx.create_ssl_context

    @cache
    def kept(trust_env: bool, *_surroundings: str | None) -> ssl.SSLContext:
        return read(trust_env=trust_env)

    def create(
        verify: ssl.SSLContext | str | bool = True, cert: None = None, trust_env: bool = True
    ) -> ssl.SSLContext:
        if verify is True and cert is None:
            return kept(trust_env, *(os.environ.get(name) for name in SURROUNDINGS))
        return read(verify, cert, trust_env)

    with pytest.MonkeyPatch.context() as patch:
        for module in (httpx, default):
            patch.setattr(module, "create_ssl_context", create)
        yield


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("dist"))
