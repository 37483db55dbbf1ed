"""The key comes from the environment, a file that only its owner may read, or the system's keyring."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video.cli.keys import Key, read_key_file
from chainhub_video.cli.settings import Settings
from chainhub_video.errors import ConfigurationError
from keyring import core

from .command import Command
from .terminal import in_terminal

NOBODY = 65534


@pytest.fixture
def keyring(bare: Command, sandbox: Sandbox) -> Iterator[Path]:
    """The file of a keyring that the command finds, within this process and as another; there is no other key."""
    place = bare.folder / "keyring.json"
    bare.set(FILE_KEYRING=str(place), CHAINHUB_BASE_URL=sandbox.url)
    before = core.get_keyring()
    core.set_keyring(core.load_keyring("tests.facade.cli.file_keyring.FileKeyring"))
    yield place
    core.set_keyring(before)


def _key() -> Key:
    settings = Settings.load()
    return settings.key(settings.base_url())


def _write(path: Path, content: bytes = b"the-key\n", mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(b"the-key\n", 0o600, id="a line"),
        pytest.param(b"the-key", 0o400, id="no line break, read only"),
        pytest.param(b" the-key \r\n", 0o600, id="blanks and a line break of Windows"),
    ],
)
def test_a_key_file_that_works(tmp_path: Path, content: bytes, mode: int) -> None:
    """The key is the only line of a file that nobody else may read, also through a link."""
    path = _write(tmp_path / "key", content, mode)
    (tmp_path / "link").symlink_to(path)
    assert read_key_file(path) == read_key_file(tmp_path / "link") == "the-key"


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        pytest.param(b"the-key", 0o644, "may be read by others (mode 644): chmod 600 {path}", id="world"),
        pytest.param(b"the-key", 0o640, "may be read by others (mode 640): chmod 600 {path}", id="group"),
        pytest.param(b"the-key", 0o602, "may be read by others (mode 602): chmod 600 {path}", id="written"),
        pytest.param(b"", 0o600, "is empty", id="empty"),
        pytest.param(b" \n", 0o600, "is empty", id="blank"),
        pytest.param(b"the-key\nanother-key\n", 0o600, "several lines", id="two lines"),
        pytest.param(b"k" * 5000, 0o600, "more than a key", id="too long"),
        pytest.param("the-kéy".encode(), 0o600, "outside ASCII", id="not ASCII"),
        pytest.param(b"my words", 0o600, "holds a blank", id="two words"),
    ],
)  # fmt: skip
def test_a_key_file_that_is_refused(tmp_path: Path, content: bytes, mode: int, words: str) -> None:
    """Each way in which a key file is wrong has its own words, which never hold the key."""
    path = _write(tmp_path / "file", content, mode)
    with pytest.raises(ConfigurationError) as raised:
        read_key_file(path)
    assert words.format(path=path) in str(raised.value)
    assert str(path) in str(raised.value)
    assert content.decode() not in str(raised.value) or not content.strip()


def test_what_is_no_file_of_ones_own_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe, which is not waited for, and the file of somebody else."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    cases = {"missing": "No such file", "folder": "is a folder", "pipe": "is a special file"}
    if os.geteuid() == 0:
        os.chown(_write(tmp_path / "theirs"), NOBODY, -1)
        cases["theirs"] = "belongs to somebody else"
    for name, words in cases.items():
        with pytest.raises(ConfigurationError, match=words):
            read_key_file(tmp_path / name)


def test_a_key_file_is_seen_from_whatever_names_it(bare: Command, tmp_path: Path) -> None:
    """A relative path is one from the file of settings, and from the current folder in the environment; ~ is home."""
    for place in (bare.project.parent, bare.folder, tmp_path / "home"):
        place.mkdir(exist_ok=True)
        _write(place / "key", f"key-of-{place.name}".encode())
    bare.write(bare.project, 'key_file = "key"')
    key = _key()
    assert (key.value, key.origin) == (
        "key-of-project",
        f"{bare.project.parent / 'key'}, which {bare.project}, line 5 names",
    )
    bare.environment.setenv("CHAINHUB_API_KEY_FILE", "key")
    assert _key().value == "key-of-further"
    bare.environment.setenv("CHAINHUB_API_KEY_FILE", "~/key")
    assert _key().value == "key-of-home"
    bare.environment.setenv("CHAINHUB_API_KEY", "key-of-all")
    assert _key().value == "key-of-all"


@pytest.mark.parametrize("variable", [True, False])
def test_a_key_in_place_of_a_path_is_not_shown(bare: Command, *, variable: bool) -> None:
    """Who gives the key where its file is meant is told so without it."""
    if variable:
        bare.environment.setenv("CHAINHUB_API_KEY_FILE", "sk-s3cret")
    else:
        bare.write(bare.user, 'key_file = "sk-s3cret"')
    line = bare.mistake("status", "video_1")
    assert "not the key itself" in line
    assert "s3cret" not in line


@pytest.mark.parametrize("key", ["short", "sk-12345678901", "sk-abcdefghijklmnopqrstuvwxyz"])
def test_a_masked_key_shows_five_characters_at_most(key: str) -> None:
    """Three characters at the start and two at the end of a long key, nothing of a short one."""
    masked = Key(key, "somewhere").masked
    assert masked == ("***" if len(key) < 16 else f"{key[:3]}***{key[-2:]}")
    assert key not in repr(Key(key, "somewhere"))


def test_the_keyring_keeps_a_key_for_each_gateway(bare: Command, keyring: Path) -> None:
    """`key set` stores what comes on standard input, commands use it, and `key delete` takes it away."""
    ended = bare("key", "set", stdin="sandbox\n")
    assert (ended.status, ended.told) == (0, ["the keyring has the key for 127.0.0.1"])
    assert json.loads(keyring.read_text()) == {"chainhub-video 127.0.0.1": "sandbox"}
    assert "does not know this task" in bare("status", "video_1").line
    assert any(
        "settings key: *** (from the keyring)" in line for line in bare("doctor", "--offline").told
    )
    assert (bare("key", "delete").status, json.loads(keyring.read_text())) == (0, {})
    line = bare.mistake("key", "delete")
    assert line == "chainhub-video: the keyring has no key for 127.0.0.1"


def test_a_key_that_cannot_be_one_is_not_stored(bare: Command, keyring: Path) -> None:
    """Nothing, and two words, are refused without being shown."""
    for text in ("\n", "s3cret word\n", ""):
        line = bare.mistake("key", "set", stdin=text)
        assert "s3cret" not in line
        assert ("no key was given" in line) == (not text.strip())
    assert not keyring.exists()


def test_the_keyring_comes_last(bare: Command, keyring: Path) -> None:
    """With a key in a file, or `keyring = false`, the keyring is not even asked."""
    asked = keyring.with_name("asked")
    bare.environment.setenv("CHAINHUB_API_KEY_FILE", str(_write(bare.folder / "key", b"sandbox")))
    assert "does not know" in bare("status", "video_1").line
    assert not asked.exists()
    bare.environment.delenv("CHAINHUB_API_KEY_FILE")
    bare.write(bare.project, "keyring = false")
    assert "no API key: set CHAINHUB_API_KEY" in bare("status", "video_1").line
    assert not asked.exists()
    bare.write(bare.project, "keyring = true")
    assert "the keyring has no key for 127.0.0.1: put it there with" in bare.mistake(
        "status", "video_1"
    )
    assert asked.read_text() == "chainhub-video 127.0.0.1\n"


def test_the_key_of_the_keyring_is_bound_to_its_gateway(bare: Command, keyring: Path) -> None:
    """A project's file may choose the gateway there: another one's key is not found."""
    bare.environment.delenv("CHAINHUB_BASE_URL")
    keyring.write_text(json.dumps({"chainhub-video one.invalid": "the-key"}))
    bare.write(bare.project, 'base_url = "https://one.invalid:444/api"')
    assert _key().value == "the-key"
    bare.write(bare.project, 'base_url = "https://two.invalid"')
    assert "no API key" in bare("status", "video_1").line


@pytest.mark.usefixtures("keyring")
@pytest.mark.parametrize(
    ("package", "words"),
    [
        (True, "the keyring cannot be used (No recommended backend"),
        (False, "pip install 'chainhub-video[keyring]'"),
    ],
)
def test_a_keyring_that_is_not_there_is_told_where_it_is_wanted(
    bare: Command, words: str, *, package: bool
) -> None:
    """Without a keyring, or its package, the other ways are named; only `keyring = true` makes it the reason."""
    core.set_keyring(core.load_keyring("keyring.backends.fail.Keyring"))
    if not package:
        bare.environment.setitem(sys.modules, "keyring", None)
    assert "no API key: set CHAINHUB_API_KEY" in bare("status", "video_1").line
    bare.write(bare.user, "keyring = true")
    for arguments in (("status", "video_1"), ("key", "set"), ("key", "delete")):
        assert words in bare.mistake(*arguments, stdin="the-key\n")


@pytest.mark.usefixtures("keyring")
def test_a_keyring_that_fails_is_told(bare: Command) -> None:
    """Its own trouble, which keyring has no name for, is told, too."""
    bare.set(FILE_KEYRING=bare.folder)
    bare.write(bare.user, "keyring = true")
    assert "the keyring cannot be used ([Errno 21] Is a dir" in bare.mistake("status", "video_1")


@pytest.mark.parametrize("typed", ["the-typed-key\n", "\x04"])
def test_a_key_that_is_typed_is_not_shown(
    environment: dict[str, str], keyring: Path, tmp_path: Path, typed: str
) -> None:
    """At a terminal the key is asked for, and does not appear on it; Ctrl-D stores nothing."""
    del environment["CHAINHUB_API_KEY"]
    environment["PYTHONPATH"] = str(Path(__file__).parent)
    environment["PYTHON_KEYRING_BACKEND"] = "file_keyring.FileKeyring"
    environment["FILE_KEYRING"] = str(keyring)
    status, _, screen = in_terminal(
        ["key", "set"], environment, tmp_path, types=typed, asked="not shown", whole=True
    )
    assert "the-typed-key" not in screen
    if typed == "\x04":
        assert status == 2
        assert "chainhub-video: no key was given, so nothing was stored" in screen
        assert not keyring.exists()
    else:
        assert status == 0, screen
        assert list(json.loads(keyring.read_text()).values()) == ["the-typed-key"]
