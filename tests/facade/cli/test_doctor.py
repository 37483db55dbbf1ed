"""`doctor` tells what is set, what works, and how to mend what does not. It asks the gateway alone, and never pays."""

from __future__ import annotations

import os
import pty
import re
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from socket import EAI_NONAME, gaierror, socket
from threading import Event

import pytest
import trustme
from chainhub_sandbox import Sandbox
from chainhub_video.cli import gateway_checks
from chainhub_video.cli.gateway_checks import NO_TASK
from chainhub_video.cli.local_checks import EXTRAS

from tests.support.places import ROOT
from tests.support.proxies import ConnectProxy
from tests.support.serving import ThreadedServer
from tests.support.small_disk import on_small_disk

from .conftest import COMMAND, Run
from .inside import Inside

UNKNOWN = b'{"error": {"message": "Task not found", "code": "task_not_found"}}'
PAGE = b"<html><title>Welcome</title></html>"


class Answering(ThreadedServer):
    """A server that gives every request the same answer.

    Args:
        status: what stands in its first line.
        body: the body.
        headers: further ones.
        late: seconds by which its clock is behind; None for no `Date`.
        trust: what it speaks TLS with.
    """

    def __init__(
        self,
        status: str = "404 Not Found",
        body: bytes = UNKNOWN,
        headers: tuple[str, ...] = (),
        late: float | None = 0,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(trust=trust)
        self._head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self._late = late
        self._body = body
        self.heard: list[str] = []

    def serve(self, connection: socket, number: int) -> None:
        """Answer one request."""
        del number
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(1 << 16)
            if not data:  # a connection that was only tried
                return
            head += data
            if head.startswith(b"\x16"):  # TLS, where it is not spoken
                break
        self.heard.append(head.decode("latin-1"))
        lines = list(self._head)
        if self._late is not None:
            date = datetime.now(UTC) - timedelta(seconds=self._late)
            lines.append(f"Date: {format_datetime(date, usegmt=True)}")
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + self._body)


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Ends what a test has started."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of certificates that no system knows."""
    return trustme.CA(organization_name="Tests' own authority")


def test_all_is_well_with_the_sandbox(connected: Inside, gateway: Sandbox) -> None:
    """Exit status 0, each part is told, and the gateway has heard one free question and nothing else."""
    heard, paid = len(gateway.requests), gateway.paid
    status, found = connected.doctor()
    assert status == 0
    assert {each["state"] for each in found.values()} <= {"ok", "note"}
    assert found["base_url"]["value"] == gateway.url
    assert found["base_url"]["origin"] == "CHAINHUB_BASE_URL"
    assert found["key"]["value"].startswith("accepted")
    assert found["clock"]["state"] == "ok"
    assert found["locks"]["value"] == "flock works"
    assert [(each.method, each.path) for each in list(gateway.requests)[heard:]] == [
        ("GET", f"/v1/videos/{NO_TASK}")
    ]
    assert gateway.paid == paid
    assert list(connected.folder.iterdir()) == []


def test_a_key_that_is_refused(connected: Inside) -> None:
    """Exit status 1 with what to do; the key is masked wherever it is told, and the gateway's words do not hold it."""
    key = "sk-wrong-0123456789abcdef"
    connected.environment.setenv("CHAINHUB_API_KEY", key)
    ended = connected.run("doctor")
    assert ended.status == 1
    assert "ok       settings key: sk-***ef (from CHAINHUB_API_KEY)" in ended.out
    assert re.search(r"^wrong    network key: .*401", ended.out, re.MULTILINE)
    assert "look at the key at the vendor" in ended.out
    assert ended.out.endswith("\n1 wrong\n")
    assert key not in ended.out


def test_without_a_key_the_rest_is_looked_at(connected: Inside, gateway: Sandbox) -> None:
    """That there is no key is told once, and the gateway is asked without one."""
    connected.environment.delenv("CHAINHUB_API_KEY")
    status, found = connected.doctor()
    assert status == 1
    assert [each["name"] for each in found.values() if each["state"] == "wrong"] == ["key"]
    assert "CHAINHUB_API_KEY_FILE" in found["key"]["value"]
    assert found["answer"]["value"] == "the gateway answers, and wants a key (HTTP 401)"
    assert "authorization" not in gateway.requests[-1].headers


def test_settings_that_are_wrong_are_all_told(connected: Inside) -> None:
    """A wrong file, limit and proxy are findings beside each other, and the gateway is looked at all the same."""
    connected.write(connected.project, "modell = 1")
    connected.write(connected.user, "timeout = 5")
    connected.environment.setenv("CHAINHUB_MAX_CREATES", "many")
    status, found = connected.doctor()
    assert status == 1
    assert "did you mean model?" in found["project's file"]["value"]
    assert found["timeout"]["value"] == "5"
    assert found["timeout"]["origin"] == f"{connected.user}, line 1"
    assert "'many'" in found["max_creates"]["value"]
    assert found["key"]["state"] == "ok"
    connected.environment.setenv("CHAINHUB_BASE_URL", "http://gateway.invalid")
    status, found = connected.doctor()
    assert (status, found["base_url"]["state"]) == (1, "wrong")
    assert "connection" not in found


def test_offline_contacts_nobody(connected: Inside, running: ExitStack) -> None:
    """`--offline` tells everything but the network."""
    server = running.enter_context(Answering())
    connected.environment.setenv("CHAINHUB_BASE_URL", f"http://127.0.0.1:{server.port}")
    status, found = connected.doctor("--offline")
    assert status == 0
    assert {each["section"] for each in found.values()} == {
        "settings", "versions", "extras", "proxies", "folder",
    }  # fmt: skip
    assert server.connections == 0


def test_a_port_that_refuses(connected: Inside) -> None:
    """The address is named, and nothing further is tried."""
    with socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        connected.environment.setenv("CHAINHUB_BASE_URL", f"http://{address}")
        status, found = connected.doctor()
    assert status == 1
    assert f"cannot be reached at {address}: Connection refused" in found["connection"]["value"]
    assert "firewall" in found["connection"]["remedy"]
    assert "answer" not in found


@pytest.mark.parametrize("host", ["gateway.invalid", f"{'x' * 64}.invalid"])
def test_a_name_that_nobody_knows(connected: Inside, host: str) -> None:
    """A name without an address, or that cannot be one, is told as that, and nothing further is tried."""

    def nobody(*_: object, **__: object) -> None:
        raise gaierror(EAI_NONAME, "Name or service not known")  # some resolvers take seconds

    if host == "gateway.invalid":
        connected.environment.setattr("socket.getaddrinfo", nobody)
    connected.environment.setenv("CHAINHUB_BASE_URL", f"https://{host}")
    status, found = connected.doctor()
    assert status == 1
    assert f"'{host}', cannot be looked up: " in found["name"]["value"]
    assert "spelling" in found["name"]["remedy"]
    assert "connection" not in found


CERTIFICATES: dict[str, tuple[int, bool, str, str]] = {
    "good": (400, True, "", ""),
    "soon over": (5, True, "", "renew it soon"),
    "expired": (-2, True, "certificate has expired", "renew it"),
    "unknown authority": (400, False, "unable to get local issuer certificate", "SSL_CERT_FILE"),
    "another name": (400, True, "IP address mismatch", "another name"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificates(
    connected: Inside, running: ExitStack, tmp_path: Path, authority: trustme.CA, case: str
) -> None:
    """Issuer and days of a good one, the reason and the remedy of one that is refused, which is sent nothing."""
    days, trusted, reason, remedy = CERTIFICATES[case]
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    name = "127.0.0.2" if case == "another name" else "127.0.0.1"
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    authority.issue_cert(name, not_after=end, not_before=end - timedelta(days=900)).configure_cert(
        trust
    )
    (authority if trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    connected.environment.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    server = running.enter_context(Answering(trust=trust))
    connected.environment.setenv("CHAINHUB_BASE_URL", f"https://127.0.0.1:{server.port}")
    status, found = connected.doctor()
    told = found["certificate"]
    assert remedy in told["remedy"]
    assert found["trusted"]["origin"] == "SSL_CERT_FILE"
    if reason:
        assert (status, told["state"]) == (1, "wrong")
        assert reason in told["value"]
        assert server.heard == []
    else:
        assert status == 0
        assert told["state"] == ("warning" if remedy else "ok")
        assert told["value"] == f"issued by Tests' own authority, valid for {days} more days"
        assert len(server.heard) == 1


def test_what_speaks_no_tls(connected: Inside, running: ExitStack) -> None:
    """An https address of a plain server is told as a matter of scheme or port."""
    server = running.enter_context(Answering())
    connected.environment.setenv("CHAINHUB_BASE_URL", f"https://127.0.0.1:{server.port}")
    status, found = connected.doctor()
    assert (status, found["TLS"]["state"]) == (1, "wrong")
    assert "scheme of base_url" in found["TLS"]["remedy"]


def test_certificates_that_cannot_be_read(connected: Inside, tmp_path: Path) -> None:
    """A file of certificates that is none is named, and no request is made without it."""
    (tmp_path / "none.pem").write_text("none")
    connected.environment.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    connected.environment.setenv("CHAINHUB_BASE_URL", "https://127.0.0.1:9")
    connected.environment.setenv("SSLKEYLOGFILE", str(tmp_path / "log"))
    status, found = connected.doctor("--offline")
    assert (status, found["trusted"]["state"]) == (1, "wrong")
    assert "it holds no certificate in PEM form" in found["trusted"]["value"]


@pytest.mark.parametrize("exempt", [False, True])
def test_a_proxy_with_a_login(
    connected: Inside, running: ExitStack, tmp_path: Path, authority: trustme.CA, *, exempt: bool
) -> None:
    """The gateway is asked through its proxy, which is told without credentials, or past it where NO_PROXY says so."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "gateway.invalid").configure_cert(trust)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    server = running.enter_context(Answering(trust=trust))
    onward = {"gateway.invalid": server.port}
    proxy = running.enter_context(ConnectProxy(onward, login=("me", "s3cret")))
    connected.environment.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    connected.environment.setenv("HTTPS_PROXY", f"http://me:s3cret@{proxy.address}")
    gateway = f"https://127.0.0.1:{server.port}" if exempt else "https://gateway.invalid"
    connected.environment.setenv("CHAINHUB_BASE_URL", gateway)
    connected.environment.setenv("NO_PROXY", "127.0.0.0/8")
    ended = connected.run("doctor")
    assert ended.status == 0, ended.out
    assert f"ok       proxies https: HTTPS_PROXY is 'http://***@{proxy.address}'" in ended.out
    assert "s3cret" not in ended.out
    assert "issued by Tests' own authority" in ended.out
    way = "asked directly: NO_PROXY is '127.0.0.0/8'" if exempt else "asked by way of HTTPS_PROXY"
    assert f"ok       proxies gateway: {way}\n" in ended.out
    assert proxy.asked == ([] if exempt else ["gateway.invalid:443"])
    assert len(server.heard) == 1


def test_a_proxy_that_fails(connected: Inside, running: ExitStack) -> None:
    """One that wants other credentials, and one whose address is none, are named; neither shows a password."""
    proxy = running.enter_context(ConnectProxy({}, login=("me", "word")))
    connected.environment.setenv("CHAINHUB_BASE_URL", "https://gateway.invalid")
    connected.environment.setenv("ALL_PROXY", f"http://me:s3cret@{proxy.address}")
    status, found = connected.doctor()
    assert (status, found["answer"]["state"]) == (1, "wrong")
    assert "407" in found["answer"]["value"]
    assert "s3cret" not in str(found)
    connected.environment.setenv("ALL_PROXY", "ftp://me:s3cret@proxy.invalid")
    status, found = connected.doctor()
    assert (status, found["gateway"]["state"]) == (1, "wrong")
    assert "ALL_PROXY is 'ftp://***@proxy.invalid'" in found["gateway"]["value"]
    assert "connection" not in found
    assert "s3cret" not in str(found)


@pytest.mark.parametrize("late", [3600, -3600, 3, None])
def test_the_clock(connected: Inside, running: ExitStack, late: float | None) -> None:
    """A clock that is an hour off the gateway's is a warning that says which way; a few seconds are none."""
    server = running.enter_context(Answering(late=late))
    connected.environment.setenv("CHAINHUB_BASE_URL", f"http://127.0.0.1:{server.port}")
    status, found = connected.doctor()
    clock = found["clock"]
    assert status == 0
    if late is None or late == 3:
        assert clock["state"] == ("ok" if late else "note")
    else:
        assert clock["state"] == "warning"
        told = re.fullmatch(
            r"this machine's clock is ([\d,]+) s (.*) the gateway's", clock["value"]
        )
        assert told is not None
        assert abs(float(told[1].replace(",", "")) - 3600) < 60
        assert told[2] == ("ahead of" if late > 0 else "behind")
        assert "NTP" in clock["remedy"]


ANSWERS: dict[str, tuple[str, bytes, str, str, str]] = {
    "a page": ("404 Not Found", PAGE, "answer", "wrong", "check the path of base_url"),
    "a page of another": ("200 OK", PAGE, "answer", "warning", "check base_url"),
    "a task": ("200 OK", b'{"id": "x", "status": "queued"}', "answer", "warning", "check base_url"),
    "a refusal with 200": ("200 OK", b'{"code": 401, "message": "Invalid token"}', "key", "wrong", "look at the key"),
    "moved": ("301 Moved", b"", "answer", "wrong", "final address"),
    "forbidden": ("403 Forbidden", b'{"error": {"message": "no"}}', "key", "wrong", "what the key may do"),
    "no money": ("402 Payment Required", b"{}", "key", "wrong", "top the account up"),
    "too many": ("429 Too Many Requests", b"{}", "answer", "warning", "wait a minute"),
    "failing": ("503 Service Unavailable", b"{}", "answer", "wrong", "later"),
    "odd": ("418 Teapot", b"{}", "answer", "warning", "ask the vendor"),
    "unified": ("400 Bad Request", b'{"code": "task_not_exist", "message": "x"}', "key", "ok", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_what_an_answer_tells(connected: Inside, running: ExitStack, case: str) -> None:
    """Only an answer of the API that the task does not exist says that the key is accepted."""
    status, body, name, state, remedy = ANSWERS[case]
    moved = ("Location: https://elsewhere.invalid/v1/videos",) if case == "moved" else ()
    server = running.enter_context(Answering(status, body, moved))
    connected.environment.setenv("CHAINHUB_BASE_URL", f"http://127.0.0.1:{server.port}")
    ended, found = connected.doctor()
    assert (found[name]["state"], ended) == (state, int(state == "wrong")), found[name]
    assert remedy in found[name]["remedy"]
    assert found["key"]["section"] == "settings" or name == "key"
    assert len(server.heard) == 1


class Slow(ThreadedServer):
    """A server that never ends its answer.

    Args:
        manner: to "hang up" at once, to be "silent", or to "drip" a byte now and then.
    """

    def __init__(self, manner: str) -> None:
        super().__init__()
        self._manner = manner
        self.over = Event()

    def serve(self, connection: socket, number: int) -> None:
        """Keep a client waiting."""
        del number
        if not connection.recv(1 << 16) or self._manner == "hang up":
            return
        if self._manner == "drip":
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000000\r\n\r\n")
        while not self.over.wait(0.05):
            if self._manner == "drip":
                connection.sendall(b" ")


@pytest.mark.parametrize("manner", ["hang up", "silent", "drip"])
def test_an_answer_that_does_not_come(connected: Inside, running: ExitStack, manner: str) -> None:
    """No answer, or one that never ends, is waited for as a whole for a bounded time, and told."""
    server = running.enter_context(Slow(manner))
    running.callback(server.over.set)
    connected.environment.setattr(gateway_checks, "_WHOLE", 1.0)
    connected.environment.setenv("CHAINHUB_BASE_URL", f"http://127.0.0.1:{server.port}")
    status, found = connected.doctor()
    assert (status, found["answer"]["state"]) == (1, "wrong")
    assert "no answer: " in found["answer"]["value"]
    assert not server.over.is_set()


def test_a_folder_that_cannot_be_written_to(run: Run, tmp_path: Path) -> None:
    """Whoever may not write here learns so before a video is paid for."""
    tmp_path.chmod(0o555)
    done = run("doctor", "--offline")
    tmp_path.chmod(0o755)
    assert done.returncode == 1
    assert (
        f"wrong    folder writing: {tmp_path} cannot be written to (Permission denied)"
        in done.stdout
    )


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk as Linux does")
@pytest.mark.parametrize(
    ("size", "state", "room"), [("40m", "wrong", 42), ("200m", "warning", 210)]
)
def test_a_disk_with_little_room(
    environment: dict[str, str], tmp_path: Path, size: str, state: str, room: int
) -> None:
    """Room for few videos is a warning, room for hardly one is wrong."""
    folder = tmp_path / "small"
    command = [*on_small_disk(size, folder), "sh", "-c", 'cd "$1" && exec "$2" doctor --offline']
    done = subprocess.run(
        [*command, "sh", folder, COMMAND],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == int(state == "wrong"), done.stdout
    assert f"\n{state:<8} folder free: {room} MB\n" in done.stdout
    assert "make room: a video that does not fit" in done.stdout


def test_a_folder_that_is_gone(connected: Inside) -> None:
    """Whoever stands in a folder that was removed is told so; nothing else is kept from being looked at."""
    connected.folder.rmdir()
    connected.environment.setenv("CHAINHUB_API_KEY_FILE", "key")
    connected.environment.delenv("CHAINHUB_API_KEY")
    status, found = connected.doctor("--offline")
    assert (status, found["folder"]["state"]) == (1, "wrong")
    assert "the key file key cannot be read: No such file" in found["key"]["value"]


def test_the_extras_are_those_of_the_distribution(connected: Inside) -> None:
    """Each extra is told as installed or not, with the command that installs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert EXTRAS.keys() == project["optional-dependencies"].keys()
    connected.environment.setitem(sys.modules, "mcp", None)
    _, found = connected.doctor("--offline")
    assert found["cloud"]["state"] == "ok"
    assert found["mcp"]["value"] == "not installed (mcp)"
    assert found["mcp"]["remedy"] == "if you need it: pip install 'chainhub-video[mcp]'"


@pytest.mark.parametrize("plain", [False, True])
def test_a_narrow_terminal(environment: dict[str, str], tmp_path: Path, *, plain: bool) -> None:
    """At a terminal of 40 columns no line is longer; NO_COLOR leaves the colours out, and ASCII carries any path."""
    folder = tmp_path / "Küche with a name that is longer than any line here"
    folder.mkdir()
    narrow = {"TERM": "xterm-256color", "COLUMNS": "40", "PYTHONIOENCODING": "ascii"}
    if plain:
        narrow["NO_COLOR"] = "1"
    theirs, ours = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "doctor", "--offline"],
        env={**environment, **narrow},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=ours,
        stderr=ours,
    ) as process:
        os.close(ours)
        screen = b""
        while True:
            try:
                screen += os.read(theirs, 1 << 16)
            except OSError:
                break
    os.close(theirs)
    assert process.returncode == 0, screen
    assert (b"\x1b[32m" in screen) != plain
    seen = re.sub(r"\x1b\[[0-9;]*m", "", screen.decode("ascii"))
    assert (
        max(len(line.rstrip()) for line in seen.split("\n")) <= 44
    )  # `\xfc` stands for one letter
    assert "K\\xfcche" in re.sub(r"\s+", "", seen)
    assert "nothing is wrong" in seen
