"""Settings come from an option, the environment, the project's file, the user's file, in this order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video.cli.settings import Settings, client_options
from chainhub_video.cli.settings_files import user_path
from chainhub_video.errors import ConfigurationError

from .command import Command
from .conftest import GROK


def test_the_nearer_place_comes_first(bare: Command) -> None:
    """A value is the environment's, else the project's, else the user's, else the default, and its place is told."""
    bare.write(bare.user, 'base_url = "https://user.invalid"', "timeout = 5", 'fit = "cover"')
    bare.write(bare.project, 'base_url = "https://project.invalid"', "timeout = 6")
    settings = Settings.load()
    assert (settings.find("fit").value, settings.find("fit").origin) == (
        "cover",
        f"{bare.user}, line 3",
    )
    assert settings.find("timeout").value == 6
    assert settings.base_url().value == "https://project.invalid"
    assert settings.base_url().origin == f"{bare.project}, line 5"
    assert settings.find("model").value is None
    bare.environment.setenv("CHAINHUB_BASE_URL", "https://environment.invalid/")
    assert settings.base_url().value == "https://environment.invalid"
    bare.environment.setenv("CHAINHUB_API_KEY", "the-key")
    assert client_options(base_url="https://option.invalid", max_creates=3) == {
        "base_url": "https://option.invalid",
        "api_key": "the-key",
        "max_creates": 3,
    }


def test_options_come_before_files(command: Command, chainhub_sandbox: Sandbox) -> None:
    """`generate` takes its model and ratio from the nearest file, and from the command line before that.

    Beside another model on the command line, the file's size and ratio are not taken.
    """
    command.write(command.user, 'model = "veo_3_1"', 'size = "1280x720"')
    command.write(
        command.project, 'model = "grok-video-3"', 'aspect_ratio = "1:1"', 'size = "720P"'
    )
    for options, ratio in (((), "1:1"), (("--aspect-ratio", "3:2"), "3:2")):
        ended = command("generate", "x", "-o", f"{ratio[0]}.mp4", *options)
        assert ended.status == 0, ended.said
        body = chainhub_sandbox.creates[-1].body or {}
        assert (body["model"], body["aspect_ratio"], body["size"]) == (
            "grok-video-3",
            ratio,
            "720P",
        )
    assert "size is missing" in command.mistake(
        "generate", "x", "-o", "x.mp4", "--model", "veo_3_1"
    )
    assert chainhub_sandbox.paid == 2


MISTAKES: dict[str, tuple[str, list[str]]] = {
    "typo": ('modell = "x"', ["line 5", "'modell'", "did you mean model?"]),
    "other spelling": ('base-url = "x"', ["line 5", "did you mean base_url?"]),
    "unlike any": ("frobnicate = 1", ["line 5", "'frobnicate'", "max_creates", "key_file"]),
    "below another": ("\n# note\n  timeout = 5\n'keyrng' = true", ["line 8", "did you mean keyring?"]),
    "text for a number": ('max_creates = "5"', ["line 5", "max_creates must be a whole number", "'5'"]),
    "flag for a number": ("max_creates = true", ["max_creates must be", "not true"]),
    "below zero": ("max_creates = -1", ["0 or more", "not -1"]),
    "no number": ("timeout = nan", ["timeout must be a number of seconds", "nan"]),
    "number for a text": ("model = 3", ["model must be a text in quotes, not 3"]),
    "empty": ('base_url = " "', ["base_url must be a text"]),
    "number for a flag": ("keyring = 1", ["keyring must be true or false, not 1"]),
    "word": ('fit = "stretch"', ['"cover" or "contain"', "'stretch'"]),
    "table": ("model.name = 3", ["line 5", "model must be a text in quotes, not a table"]),
    "table of its own": ("[tool.other.model]\n[tool.chainhub-video.model]\nx = 3", ["line 6", "not a table"]),
    "no TOML": ('model = "x', ["line 5", "this is not TOML"]),
    "twice": ("timeout = 1\ntimeout = 2", ["line 6", "this is not TOML"]),
    "key": ('api_key = "sk-s3cret"', ["line 5", "'api_key'", "CHAINHUB_API_KEY", "key_file", "key set"]),
    "key by another name": ('chainhub_token = "s3cret"', ["a key may not stand in a file"]),
    "key by its look": ('login = "sk-s3cret"', ["a key may not stand in a file"]),
    "key as path": ('key_file = "sk-s3cret"', ["line 5", "key_file must be the path of a file"]),
    "address": ('base_url = "http://gateway.invalid"', ["plain http", "pyproject.toml, line 5"]),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_wrong_file_is_refused(bare: Command, case: str) -> None:
    """Exit status 2, one line with the file, the line and what is right, never a key; help is given all the same."""
    content, words = MISTAKES[case]
    bare.write(bare.project, content)
    line = bare.mistake("status", "video_1")
    for word in (str(bare.project), *words):
        assert word in line
    assert "s3cret" not in line
    assert bare("generate", "--help").status == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"model = 'x'\n# \xff", ["line 2", "not UTF-8"], id="not UTF-8"),
        pytest.param(b"#" * 1_000_001, ["1,000,000 bytes"], id="too large"),
        pytest.param(b"[a]\nmodel = 'x'", ["line 1", "'a'", "base_url"], id="a table"),
        pytest.param(
            b"[tool.chainhub-video]\nmodel = 'x'",
            ["line 1", "without a table"],
            id="a table's name",
        ),
        pytest.param(None, ["cannot be read", "directory"], id="a folder"),
    ],
)
def test_a_wrong_file_of_the_user_is_refused(
    bare: Command, content: bytes | None, words: list[str]
) -> None:
    """The user's file is held to the same rules, and named."""
    bare.user.parent.mkdir(parents=True)
    bare.user.mkdir() if content is None else bare.user.write_bytes(content)
    line = bare.mistake("generate", "x", "-o", "x.mp4")
    for word in (str(bare.user), *words):
        assert word.lower() in line.lower()


def test_a_misspelled_table_is_refused(bare: Command) -> None:
    """A table that means this command under another name would otherwise be passed over."""
    for name in ("chainhub_video", "chainhub", "ChainHub-Video"):
        bare.project.write_text(f"[tool.ruff]\n[tool.{name}]\nmodel = 'x'\n")
        assert (
            f"line 2: the table is called [tool.chainhub-video], not [tool.{name}]"
            in bare.mistake("status", "video_1")
        )
    bare.project.write_text("[tool]\nchainhub-video = 3\n")
    assert "must be a table" in bare("status", "video_1").line


def test_others_files_are_passed_over(bare: Command) -> None:
    """A nearer `pyproject.toml` without the table, broken or not, does not hide the one that has it."""
    bare.write(bare.project, "timeout = 7")
    (bare.folder / "pyproject.toml").write_text("this is = not TOML")
    (bare.folder.parent / "pyproject.toml").write_text('[project]\nname = "chainhub-shop"\n')
    assert Settings.load().find("timeout").value == 7
    (bare.folder / "pyproject.toml").write_bytes(
        b"\xef\xbb\xbf[tool.chainhub-video]\r\ntimeout = 8\r\n"
    )
    assert Settings.load().find("timeout").value == 8


def test_a_project_lowers_the_limit_and_never_raises_it(
    command: Command, chainhub_sandbox: Sandbox
) -> None:
    """Of two files the smaller `max_creates` counts; the environment comes before both."""
    command.write(command.user, "max_creates = 1")
    command.write(command.project, "max_creates = 1000")
    assert Settings.load().max_creates().value == 1
    command.write(command.project, "max_creates = 0")
    create = ("generate", "x", *GROK, "-o", "x.mp4")
    ended = command(*create)
    assert (ended.status, chainhub_sandbox.paid) == (2, 0)
    assert "of settings) is 0" in ended.line
    command.environment.setenv("CHAINHUB_MAX_CREATES", "1")
    assert command(*create).status == 0


def test_a_projects_file_alone_does_not_decide_where_a_key_goes(bare: Command) -> None:
    """A key of the user's own goes to a gateway that only a stranger's checkout names once the user names it, too."""
    bare.environment.setenv("CHAINHUB_API_KEY", "the-key")
    bare.write(bare.project, 'base_url = "https://project.invalid"')
    line = bare.mistake("status", "video_1")
    for word in (f"{bare.project}, line 5", "https://project.invalid", "set CHAINHUB_BASE_URL"):
        assert word in line
    assert "the-key" not in line
    bare.write(bare.user, 'base_url = "https://project.invalid"')
    assert client_options()["base_url"] == "https://project.invalid"
    bare.write(bare.user, 'base_url = "https://other.invalid"')
    with pytest.raises(ConfigurationError, match="does not decide"):
        client_options()
    assert client_options(base_url="https://option.invalid")["api_key"] == "the-key"
    bare.environment.setenv("CHAINHUB_BASE_URL", "https://project.invalid")
    assert client_options()["api_key"] == "the-key"


@pytest.mark.parametrize("own", [True, False])
def test_a_projects_own_key_may_go_to_its_gateway(bare: Command, *, own: bool) -> None:
    """A key file within the project goes with the project's gateway; one from elsewhere does not."""
    place = bare.project.parent if own else bare.project.parents[1]
    (place / "key").write_text("the-key\n")
    (place / "key").chmod(0o600)
    bare.write(
        bare.project,
        'base_url = "https://project.invalid"',
        f'key_file = "{"key" if own else "../key"}"',
    )
    if own:
        assert client_options()["api_key"] == "the-key"
    else:
        with pytest.raises(ConfigurationError, match="does not decide"):
            client_options()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        pytest.param("linux", {}, "{home}/.config/chainhub-video/config.toml", id="Linux"),
        pytest.param("linux", {"XDG_CONFIG_HOME": "x"}, "{home}/.config/chainhub-video/config.toml", id="no path"),
        pytest.param("linux", {"XDG_CONFIG_HOME": "/x"}, "/x/chainhub-video/config.toml", id="XDG"),
        pytest.param("darwin", {}, "{home}/Library/Application Support/chainhub-video/config.toml", id="macOS"),
        pytest.param("win32", {"APPDATA": "/a"}, "/a/chainhub-video/config.toml", id="Windows"),
        pytest.param("win32", {}, "{home}/AppData/Roaming/chainhub-video/config.toml", id="Windows without"),
    ],
)  # fmt: skip
def test_the_users_file_is_in_the_usual_place(
    bare: Command, platform: str, variables: dict[str, str], expected: str
) -> None:
    """Each system has its own folder for settings."""
    bare.environment.delenv("XDG_CONFIG_HOME")
    for name, value in variables.items():
        bare.environment.setenv(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "platform", platform)
        found = user_path()
    assert str(found) == expected.format(home=Path.home())
