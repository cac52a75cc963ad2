"""Where the checkout lies, for tests that start programs in it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL_LINES = ROOT / "pipelines" / "real_lines"
MADE_BY_0_1_0 = ROOT / "tests" / "made_by_0_1_0"
