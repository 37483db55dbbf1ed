"""Where the repository and its picture lie, for tests in any folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KITTEN = ROOT / "examples" / "kitten.png"
CASSETTES = ROOT / "tests" / "cassettes"
