"""A real browser without a network, for pages that must show on their own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="needs a browser: apt-get install chromium"
)


def run_browser(folder: Path, *arguments: str) -> str:
    """What the browser prints; its profile goes into `folder`, names of hosts resolve to none."""
    command = [
        str(BROWSER), "--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
        *arguments,
    ]  # fmt: skip
    environment = os.environ | {"HOME": str(folder)}
    done = subprocess.run(
        command, check=True, capture_output=True, encoding="utf-8", timeout=120, env=environment
    )
    return done.stdout
