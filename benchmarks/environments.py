"""The subjects' environments, in `.bench/`: one for our client and bare httpx, one for the peer.

The project's own environment will not do: the packages for its development change what `import httpx` costs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs

from .failing import BenchFailed

ROOT = Path(__file__).resolve().parent.parent
_FOLDER = ROOT / ".bench"
_VERSIONS = (
    "import json; from importlib.metadata import distributions as d; "
    "print(json.dumps({p.name: p.version for p in d()}))"
)


@attrs.frozen
class Environment:
    """One environment, ready to run programs in.

    Attributes:
        python: its interpreter.
        versions: of what is installed in it, by name.
    """

    python: Path
    versions: Mapping[str, str]


def core() -> Environment:
    """Return an environment with the core's dependencies, and the source folders on its path."""
    return _made("core", [ROOT / "facade", ROOT / "generated"])


def peer() -> Environment:
    """Return an environment with the openai SDK."""
    return _made("openai", [])


def _made(name: str, sources: list[Path]) -> Environment:
    """Return an environment as its lock wants it, made anew only if it is not."""
    lock = ROOT / "benchmarks" / f"{name}.lock"
    folder = _FOLDER / name
    python = folder / "bin" / "python"
    stamp = folder / "finished"
    wanted = f"{sys.version}\n{folder}\n{lock.read_text()}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"scripts/bench: making the environment {name!r}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", sys.executable, folder)
        _uv(
            *("pip", "install", "--python", python, "--require-hashes", "--no-deps"),
            *("--only-binary", ":all:", "--compile-bytecode", "--requirements", lock),
        )
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "sources.pth").write_text("".join(f"{source}\n" for source in sources))
        stamp.write_text(wanted)
    listed = subprocess.run([python, "-I", "-c", _VERSIONS], capture_output=True, check=True)
    return Environment(python, json.loads(listed.stdout))


def _uv(*arguments: str | Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    try:
        subprocess.run([uv, "--quiet", *arguments], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchFailed(
            "an environment for the measurements could not be made (see above): check the network, "
            "and run scripts/bench again"
        ) from error
