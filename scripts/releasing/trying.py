"""Build the distributions, and try them in environments that hold nothing else."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
SMOKE = Path(__file__).with_name("smoke.py")


def build(root: Path) -> list[Path]:
    """Build the source distribution, and the wheel from it, into an empty `dist/`; check their metadata.

    Args:
        root: the project.

    Returns:
        Both files.
    """
    dist = root / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, root)
    built = sorted(dist.iterdir())
    _run(sys.executable, "-m", "twine", "check", "--strict", *built)
    return built


def interpreters() -> list[str]:
    """Return the interpreters of the supported versions that this machine has and can start."""
    return [found for name in PYTHONS if (found := shutil.which(name)) and _starts(found)]


def try_out(built: Path, python: str, version: str) -> None:
    """Install a distribution with pip into a new environment, and make a video with it.

    Args:
        built: the wheel or the source distribution.
        python: the interpreter.
        version: what the installed command must say that it is.

    Raises:
        subprocess.CalledProcessError: something failed; its output has been printed.
    """
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        _run(python, "-m", "venv", folder)
        there = Path(folder) / "bin"
        pip = (there / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(*pip, f"chainhub-video[cli,sandbox] @ {built.resolve().as_uri()}")
        # From an empty folder and isolated: nothing of this checkout can be imported.
        _run(there / "python", "-I", SMOKE, version, cwd=folder)
        told = subprocess.run(
            [there / "chainhub-video", "--version"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        if told.stdout.split()[-1:] != [version]:
            raise SystemExit(f"the installed command says {told.stdout!r}, not {version}")


def _starts(python: str) -> bool:
    """Whether it is more than the stand-in of a version that pyenv has not."""
    return not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode


def _run(*command: object, cwd: str | None = None) -> None:
    subprocess.run([*map(str, command)], cwd=cwd, check=True)
