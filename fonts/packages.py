"""Unpacks the packages that faces come in: of Debian, npm and PyPI."""

import io
import shutil
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from fonts.errors import FontError

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60


def unpack(archive: Path, target: Path) -> None:
    """Unpack a .deb, .tgz or .whl; the folder appears complete or not at all.

    Raises:
        FontError: if the file is damaged, or no such package.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as scratch:
        folder = Path(scratch) / "files"
        folder.mkdir()
        try:
            if archive.suffix == ".whl":
                with zipfile.ZipFile(archive) as wheel:
                    wheel.extractall(folder)
            else:
                data = _data_of_deb(archive) if archive.suffix == ".deb" else None
                with tarfile.open(archive, fileobj=data) as tar:
                    tar.extractall(folder, filter="data")
        except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
            raise FontError(f"{archive} cannot be unpacked: {error}") from error
        shutil.move(folder, target)


def _data_of_deb(path: Path) -> io.BytesIO:
    """The `data.tar` of a Debian package, which is an ar archive of three files."""
    with path.open("rb") as file:
        if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
            raise ValueError("it is no Debian package")
        while header := file.read(_AR_HEADER_BYTES):
            size = int(header[48:58])
            if header.startswith(b"data.tar"):
                return io.BytesIO(file.read(size))
            file.seek(size + size % 2, 1)
    raise ValueError("it holds no data")
