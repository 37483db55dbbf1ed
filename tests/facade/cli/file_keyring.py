"""A keyring as other packages bring one: `keyring` finds it by its name, and asks it by its own protocol."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps passwords in the file that FILE_KEYRING names, and logs beside it what was asked for."""

    priority = 1.0  # pyright: ignore[reportAssignmentType] - as its documentation has it

    @property
    def _place(self) -> Path:
        return Path(os.environ["FILE_KEYRING"])

    def _load(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(self._place.read_text()) if self._place.exists() else {}
        return kept

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password, or None."""
        with self._place.with_name("asked").open("a") as log:
            log.write(f"{service} {username}\n")
        return self._load().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        self._place.write_text(json.dumps({**self._load(), f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        """Forget a password."""
        kept = self._load()
        if kept.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("no such password")
        self._place.write_text(json.dumps(kept))
