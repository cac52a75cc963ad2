"""What all tests share: caches and user data stay inside a folder of the test run."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.object_store import ObjectStore

# Shells ignore Ctrl-C in background jobs, and the programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hostile", type=int, default=3000, metavar="N", help="damaged inputs in tests/hostile"
    )


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Point the cache and the user data directory into a temporary folder."""
    folder = tmp_path_factory.mktemp("ocrgen")
    before = {name: os.environ.get(name) for name in ("OCRGEN_CACHE", "OCRGEN_HOME")}
    os.environ["OCRGEN_CACHE"] = str(folder / "cache")
    os.environ["OCRGEN_HOME"] = str(folder / "home")
    yield folder
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture(scope="session")
def object_store_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An S3 server for the whole session; its clients remember their endpoint."""
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'ocrgen[remote]'")
    pytest.importorskip("localbucket", reason="there is no S3 server: pip install 'ocrgen[dev]'")
    store = ObjectStore(tmp_path_factory.mktemp("store"))
    yield store
    store.kill()


@pytest.fixture
def object_store(object_store_process: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """An S3 server, and the environment that points this process and its children at it."""
    for name, value in object_store_process.env.items():
        monkeypatch.setenv(name, value)
    return object_store_process
