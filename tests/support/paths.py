"""Where the checkout lies, for tests that start programs in it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL_LINES = ROOT / "pipelines" / "real_lines"
