"""`doctor` tells what is set, what works, and how to mend what does not. It asks the gateway alone, and never pays."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from socket import EAI_NONAME, gaierror

import pytest
import trustme
from chainhub_sandbox import Sandbox
from chainhub_video.cli import gateway_checks
from chainhub_video.cli.gateway_checks import NO_TASK
from chainhub_video.cli.local_checks import EXTRAS

from tests.support.answering import Answer, drip, hang_up, say, silence
from tests.support.places import ROOT
from tests.support.proxies import ConnectProxy
from tests.support.scripted import Gateway
from tests.support.small_disk import on_small_disk

from .command import Command
from .conftest import COMMAND, Run

UNKNOWN = b'{"error": {"message": "Task not found", "code": "task_not_found"}}'
PAGE = b"<html><title>Welcome</title></html>"


@pytest.fixture
def keyed(bare: Command) -> Command:
    """The command with a key, and with the scripted gateway of a test as its own."""
    bare.environment.setenv("CHAINHUB_API_KEY", "the-key")
    return bare


@pytest.fixture
def asked(keyed: Command, gateway: Gateway) -> Command:
    """The command with a gateway that does not know the task that doctor asks for."""
    gateway.on("query", say(404, UNKNOWN))
    keyed.environment.setenv("CHAINHUB_BASE_URL", gateway.url)
    return keyed


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of certificates that no system knows."""
    return trustme.CA(organization_name="Tests' own authority")


def _trust(
    authority: trustme.CA, *names: str, start: datetime | None = None, end: datetime | None = None
) -> ssl.SSLContext:
    """Return what a server of some names speaks TLS with."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_before=start, not_after=end).configure_cert(trust)
    return trust


def test_all_is_well_with_the_sandbox(command: Command, chainhub_sandbox: Sandbox) -> None:
    """Exit status 0, each part is told, and the gateway has heard one free question and nothing else."""
    status, found = command.doctor()
    assert status == 0
    assert {each["state"] for each in found.values()} <= {"ok", "note"}
    assert found["base_url"]["value"] == chainhub_sandbox.url
    assert found["base_url"]["origin"] == "CHAINHUB_BASE_URL"
    assert found["key"]["value"].startswith("accepted")
    assert found["clock"]["state"] == "ok"
    assert found["locks"]["value"] == "flock works"
    assert [(each.method, each.path) for each in chainhub_sandbox.requests] == [
        ("GET", f"/v1/videos/{NO_TASK}")
    ]
    assert chainhub_sandbox.paid == 0
    assert list(command.folder.iterdir()) == []


def test_a_key_that_is_refused(command: Command) -> None:
    """Exit status 1 with what to do; the key is masked wherever it is told, and the gateway's words do not hold it."""
    key = "sk-wrong-0123456789abcdef"
    command.environment.setenv("CHAINHUB_API_KEY", key)
    status, told, _ = command("doctor")
    assert status == 1
    assert "ok       settings key: sk-***ef (from CHAINHUB_API_KEY)" in told
    assert any(re.match(r"wrong    network key: .*401", line) for line in told)
    assert "look at the key at the vendor" in "".join(told)
    assert told[-1] == "1 wrong"
    assert key not in "".join(told)


def test_without_a_key_the_rest_is_looked_at(command: Command, chainhub_sandbox: Sandbox) -> None:
    """That there is no key is told once, and the gateway is asked without one."""
    command.environment.delenv("CHAINHUB_API_KEY")
    status, found = command.doctor()
    assert status == 1
    assert [each["name"] for each in found.values() if each["state"] == "wrong"] == ["key"]
    assert "CHAINHUB_API_KEY_FILE" in found["key"]["value"]
    assert found["answer"]["value"] == "the gateway answers, and wants a key (HTTP 401)"
    assert "authorization" not in chainhub_sandbox.requests[-1].headers


def test_settings_that_are_wrong_are_all_told(asked: Command) -> None:
    """A wrong file and limit are findings beside each other, and a right gateway is looked at all the same."""
    asked.write(asked.project, "modell = 1")
    asked.write(asked.user, "timeout = 5")
    asked.environment.setenv("CHAINHUB_MAX_CREATES", "many")
    status, found = asked.doctor()
    assert status == 1
    assert "did you mean model?" in found["project's file"]["value"]
    assert found["timeout"]["value"] == "5"
    assert found["timeout"]["origin"] == f"{asked.user}, line 1"
    assert "'many'" in found["max_creates"]["value"]
    assert found["key"]["state"] == "ok"
    asked.environment.setenv("CHAINHUB_BASE_URL", "http://gateway.invalid")
    status, found = asked.doctor()
    assert (status, found["base_url"]["state"]) == (1, "wrong")
    assert "connection" not in found


def test_offline_contacts_nobody(asked: Command, gateway: Gateway) -> None:
    """`--offline` tells everything but the network."""
    status, found = asked.doctor("--offline")
    assert status == 0
    assert {each["section"] for each in found.values()} == {
        "settings", "versions", "extras", "proxies", "folder",
    }  # fmt: skip
    assert gateway.connections == 0


@pytest.mark.parametrize(
    ("address", "name", "told", "remedy", "untried"),
    [
        ("http://127.0.0.1:9", "connection", "127.0.0.1:9: Connection refused", "firewall", "answer"),
        ("https://gateway.invalid", "name", "'gateway.invalid', cannot be looked up: ", "spelling", "connection"),
        (f"https://{'x' * 64}.invalid", "name", "x.invalid', cannot be looked up: ", "spelling", "connection"),
    ],
    ids=["a port that refuses", "a name that nobody knows", "a name that cannot be one"],
)  # fmt: skip
def test_where_nobody_is(
    keyed: Command, address: str, name: str, told: str, remedy: str, untried: str
) -> None:
    """The address is named with what to look at, and nothing further is tried."""

    def nobody(*_: object, **__: object) -> None:
        raise gaierror(EAI_NONAME, "Name or service not known")  # some resolvers take seconds

    if address == "https://gateway.invalid":
        keyed.environment.setattr("socket.getaddrinfo", nobody)
    keyed.set(CHAINHUB_BASE_URL=address)
    status, found = keyed.doctor()
    assert status == 1
    assert told in found[name]["value"]
    assert remedy in found[name]["remedy"]
    assert untried not in found


@pytest.mark.parametrize(
    ("days", "name", "trusted", "reason", "remedy"),
    [
        pytest.param(400, "127.0.0.1", True, "", "", id="good"),
        pytest.param(5, "127.0.0.1", True, "", "renew it soon", id="soon over"),
        pytest.param(-2, "127.0.0.1", True, "certificate has expired", "renew it", id="expired"),
        pytest.param(400, "127.0.0.1", False, "unable to get local issuer", "SSL_CERT_FILE", id="unknown authority"),
        pytest.param(400, "127.0.0.2", True, "IP address mismatch", "another name", id="another name"),
    ],
)  # fmt: skip
def test_certificates(
    keyed: Command, tmp_path: Path, authority: trustme.CA, days: int, name: str, reason: str, remedy: str,
    *, trusted: bool,
) -> None:  # fmt: skip
    """Issuer and days of a good one, the reason and the remedy of one that is refused, which is sent nothing."""
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    trust = _trust(authority, name, start=end - timedelta(days=900), end=end)
    (authority if trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    keyed.environment.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with Gateway(trust=trust) as server:
        server.on("query", say(404, UNKNOWN))
        keyed.environment.setenv("CHAINHUB_BASE_URL", server.url)
        status, found = keyed.doctor()
    told = found["certificate"]
    assert remedy in told["remedy"]
    assert found["trusted"]["origin"] == "SSL_CERT_FILE"
    if reason:
        assert (status, told["state"], server.arrived) == (1, "wrong", [])
        assert reason in told["value"]
    else:
        assert (status, len(server.arrived)) == (0, 1)
        assert told["state"] == ("warning" if remedy else "ok")
        assert told["value"] == f"issued by Tests' own authority, valid for {days} more days"


def test_what_speaks_no_tls(asked: Command, gateway: Gateway) -> None:
    """An https address of a plain server is told as a matter of scheme or port."""
    asked.environment.setenv("CHAINHUB_BASE_URL", gateway.url.replace("http:", "https:"))
    status, found = asked.doctor()
    assert (status, found["TLS"]["state"]) == (1, "wrong")
    assert "scheme of base_url" in found["TLS"]["remedy"]


def test_certificates_that_cannot_be_read(keyed: Command, tmp_path: Path) -> None:
    """A file of certificates that is none is named, and no request is made without it."""
    (tmp_path / "none.pem").write_text("none")
    keyed.set(
        SSL_CERT_FILE=str(tmp_path / "none.pem"),
        CHAINHUB_BASE_URL="https://127.0.0.1:9",
        SSLKEYLOGFILE=str(tmp_path / "log"),
    )
    status, found = keyed.doctor("--offline")
    assert (status, found["trusted"]["state"]) == (1, "wrong")
    assert "it holds no certificate in PEM form" in found["trusted"]["value"]


@pytest.mark.parametrize("exempt", [False, True])
def test_a_proxy_with_a_login(
    keyed: Command, tmp_path: Path, authority: trustme.CA, *, exempt: bool
) -> None:
    """The gateway is asked through its proxy, which is told without credentials, or past it where NO_PROXY says so."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    keyed.environment.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with (
        Gateway(trust=_trust(authority, "127.0.0.1", "gateway.invalid")) as server,
        ConnectProxy({"gateway.invalid": server.port}, login=("me", "s3cret")) as proxy,
    ):
        server.on("query", say(404, UNKNOWN))
        keyed.environment.setenv("HTTPS_PROXY", f"http://me:s3cret@{proxy.address}")
        url = server.url if exempt else "https://gateway.invalid"
        keyed.set(CHAINHUB_BASE_URL=url, NO_PROXY="127.0.0.0/8")
        status, told, _ = keyed("doctor")
    assert status == 0, told
    assert f"ok       proxies https: HTTPS_PROXY is 'http://***@{proxy.address}'" in "\n".join(told)
    assert "s3cret" not in "".join(told)
    assert "issued by Tests' own authority" in "".join(told)
    way = "asked directly: NO_PROXY is '127.0.0.0/8'" if exempt else "asked by way of HTTPS_PROXY"
    assert f"ok       proxies gateway: {way}" in told
    assert proxy.asked == ([] if exempt else ["gateway.invalid:443"])
    assert len(server.arrived) == 1


def test_a_proxy_that_fails(keyed: Command) -> None:
    """One that wants other credentials, and one whose address is none, are named; neither shows a password."""
    keyed.environment.setenv("CHAINHUB_BASE_URL", "https://gateway.invalid")
    with ConnectProxy({}, login=("me", "word")) as proxy:
        keyed.environment.setenv("ALL_PROXY", f"http://me:s3cret@{proxy.address}")
        status, refused = keyed.doctor()
    assert (status, refused["answer"]["state"]) == (1, "wrong")
    assert "407" in refused["answer"]["value"]
    keyed.environment.setenv("ALL_PROXY", "ftp://me:s3cret@proxy.invalid")
    status, found = keyed.doctor()
    assert (status, found["gateway"]["state"]) == (1, "wrong")
    assert "ALL_PROXY is 'ftp://***@proxy.invalid'" in found["gateway"]["value"]
    assert "connection" not in found
    assert "s3cret" not in f"{refused}{found}"


@pytest.mark.parametrize(
    ("late", "state", "words"),
    [
        (3600, "warning", "ahead of"),
        (-3600, "warning", "behind"),
        (3, "ok", ""),
        (None, "note", ""),
    ],
)
def test_the_clock(
    asked: Command, gateway: Gateway, late: int | None, state: str, words: str
) -> None:
    """A clock that is an hour off the gateway's is a warning that says which way; a few seconds are none."""
    if late is not None:
        date = format_datetime(datetime.now(UTC) - timedelta(seconds=late), usegmt=True)
        gateway.on("query", say(404, UNKNOWN, {"Date": date}))
    status, found = asked.doctor()
    clock = found["clock"]
    assert (status, clock["state"]) == (0, state)
    if words:
        told = re.fullmatch(
            rf"this machine's clock is ([\d,]+) s {words} the gateway's", clock["value"]
        )
        assert told is not None
        assert abs(float(told[1].replace(",", "")) - 3600) < 60
        assert "NTP" in clock["remedy"]


@pytest.mark.parametrize(
    ("status", "body", "name", "state", "remedy"),
    [
        pytest.param(404, PAGE, "answer", "wrong", "check the path of base_url", id="a page"),
        pytest.param(200, PAGE, "answer", "warning", "check base_url", id="a page of another"),
        pytest.param(200, b'{"id": "x", "status": "queued"}', "answer", "warning", "check base_url", id="a task"),
        pytest.param(200, b'{"code": 401, "message": "no"}', "key", "wrong", "look at the key", id="refusal with 200"),
        pytest.param(301, b"", "answer", "wrong", "final address", id="moved"),
        pytest.param(403, b'{"error": {"message": "no"}}', "key", "wrong", "what the key may do", id="forbidden"),
        pytest.param(402, b"{}", "key", "wrong", "top the account up", id="no money"),
        pytest.param(429, b"{}", "answer", "warning", "wait a minute", id="too many"),
        pytest.param(503, b"{}", "answer", "wrong", "later", id="failing"),
        pytest.param(418, b"{}", "answer", "warning", "ask the vendor", id="odd"),
        pytest.param(400, b'{"code": "task_not_exist", "message": "x"}', "key", "ok", "", id="unified"),
    ],
)  # fmt: skip
def test_what_an_answer_tells(
    asked: Command, gateway: Gateway, status: int, body: bytes, name: str, state: str, remedy: str
) -> None:
    """Only an answer of the API that the task does not exist says that the key is accepted."""
    moved = {"Location": "https://elsewhere.invalid/v1/videos"} if status == 301 else {}
    gateway.on("query", say(status, body, moved))
    ended, found = asked.doctor()
    assert (found[name]["state"], ended) == (state, int(state == "wrong")), found[name]
    assert remedy in found[name]["remedy"]
    assert found["key"]["section"] == "settings" or name == "key"
    assert len(gateway.arrived) == 1


@pytest.mark.parametrize(
    "answer", [hang_up(), silence(), drip(b" " * 1000, pause=0.02)], ids=["none", "silent", "drip"]
)
def test_an_answer_that_does_not_come(asked: Command, gateway: Gateway, answer: Answer) -> None:
    """No answer, or one that never ends, is waited for as a whole for a bounded time, and told."""
    gateway.on("query", answer)
    asked.environment.setattr(gateway_checks, "_WHOLE", 0.3)
    status, found = asked.doctor()
    assert (status, found["answer"]["state"]) == (1, "wrong")
    assert "no answer: " in found["answer"]["value"]


def test_a_folder_that_cannot_be_written_to(run: Run, tmp_path: Path) -> None:
    """Whoever may not write here learns so before a video is paid for."""
    tmp_path.chmod(0o555)
    done = run("doctor", "--offline")
    tmp_path.chmod(0o755)
    assert done.returncode == 1
    told = f"wrong    folder writing: {tmp_path} cannot be written to (Permission denied)"
    assert told in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk as Linux does")
@pytest.mark.parametrize(
    ("size", "state", "room"), [("40m", "wrong", 42), ("200m", "warning", 210)]
)
def test_a_disk_with_little_room(
    environment: dict[str, str], tmp_path: Path, size: str, state: str, room: int
) -> None:
    """Room for few videos is a warning, room for hardly one is wrong."""
    folder = tmp_path / "small"
    script = ["sh", "-c", 'cd "$1" && exec "$2" doctor --offline', "sh", str(folder), str(COMMAND)]
    done = subprocess.run(
        [*on_small_disk(size, folder), *script], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == int(state == "wrong"), done.stdout
    assert f"\n{state:<8} folder free: {room} MB\n" in done.stdout
    assert "make room: a video that does not fit" in done.stdout


def test_a_folder_that_is_gone(bare: Command) -> None:
    """Whoever stands in a folder that was removed is told so; nothing else is kept from being looked at."""
    bare.folder.rmdir()
    bare.environment.setenv("CHAINHUB_API_KEY_FILE", "key")
    status, found = bare.doctor("--offline")
    assert (status, found["folder"]["state"]) == (1, "wrong")
    assert "the key file key cannot be read: No such file" in found["key"]["value"]


def test_the_extras_are_those_of_the_distribution(bare: Command) -> None:
    """Each extra is told as installed or not, with the command that installs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert EXTRAS.keys() == project["optional-dependencies"].keys()
    bare.environment.setitem(sys.modules, "mcp", None)
    _, found = bare.doctor("--offline")
    assert found["cloud"]["state"] == "ok"
    assert found["mcp"]["value"] == "not installed (mcp)"
    assert found["mcp"]["remedy"] == "if you need it: pip install 'chainhub-video[mcp]'"
