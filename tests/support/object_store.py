"""A real S3 server on loopback that keeps its objects as files, so that it can be killed too."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

BUCKET = "lines"
_START_S = 20.0


class ObjectStore:
    """The server, a process of its own; started again it has the same port and objects.

    Attributes:
        env: what points S3 clients at it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / BUCKET).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self.env = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": "name",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }
        self.start()

    def url(self, path: str) -> str:
        return f"s3://{BUCKET}/{path}"

    def path(self, path: str) -> Path:
        """Where an object lies as a file."""
        return self.folder / BUCKET / path

    def names(self, path: str) -> set[str]:
        """Objects below a folder."""
        root = self.path(path)
        return {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()}

    def start(self) -> None:
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localbucket", "--port", str(self._port), str(self.folder)],
                stdout=log, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log.txt").read_text("utf-8")
                time.sleep(0.02)

    def kill(self) -> None:
        """As when its machine goes down."""
        self._process.kill()
        self._process.wait()
