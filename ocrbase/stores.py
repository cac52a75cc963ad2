"""Folders of an object store, named by a URL: `s3://bucket/render`.

An object appears whole or not at all: one PUT, or several parts that one last request joins. fsspec
knows the stores; credentials and endpoints come from where its packages look, for S3 the AWS_*
variables and ~/.aws. `file://` names a folder of this machine and needs none of this.
"""

import contextlib
import errno
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocrbase.errors import UserError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_VERSIONS = ("ETag", "etag", "content_md5", "md5Hash", "generation", "mtime", "created")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class StoreError(UserError):
    """An object store that cannot be reached, refuses, or holds something else than it should."""


@dataclass(frozen=True)
class StoredObject:
    """What a listing says of an object.

    Attributes:
        size: in bytes.
        version: changes when the object is written anew: its ETag, or what the store has instead.
    """

    size: int
    version: str


def is_url(text: str) -> bool:
    """Whether a text names a folder by a URL rather than a path; `file://` is a path."""
    return bool(_URL.match(text)) and not text.lower().startswith("file:")


def local_path(text: str) -> Path:
    """The path that a text names, which may be written as `file:///path`."""
    if not text.lower().startswith("file://"):
        return Path(text)
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(text).path))


class Store:
    """The objects below a URL, by their names from there. Pickles as its URL.

    Args:
        url: of the folder.

    Raises:
        StoreError: if no such kind of store is known, or its package is missing.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._files, self._root = _file_system(self.url)

    def __str__(self) -> str:
        return self.url

    def __reduce__(self) -> tuple[type["Store"], tuple[str]]:
        return Store, (self.url,)

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rpartition("/")[2]

    @property
    def key(self) -> str:
        """What stands for the URL in names of folders of this machine."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]

    def objects(self) -> dict[str, StoredObject]:
        """All objects below the URL, at any depth; what only marks a folder is left out.

        Raises:
            StoreError: as all methods: if the store cannot be reached or refuses.
        """
        with _store_errors(self.url):
            found = self._files.find(self._root, detail=True)
        objects = {}
        for path, entry in found.items():
            name = str(path).removeprefix(self._root).lstrip("/")
            if name and not name.endswith("/") and entry["type"] == "file":
                objects[name] = StoredObject(int(entry["size"] or 0), _version(entry))
        return dict(sorted(objects.items()))

    def find(self, name: str) -> StoredObject | None:
        """What there is of that name; None if there is nothing."""
        with _store_errors(self._url_of(name)):
            try:
                entry = self._files.info(self._path(name))
            except FileNotFoundError:
                return None
        return StoredObject(int(entry["size"] or 0), _version(entry))

    def read(self, name: str, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes of an object, or those from `start` to before `end`."""
        with _store_errors(self._url_of(name)):
            return bytes(self._files.cat_file(self._path(name), start=start, end=end))

    def publish_bytes(self, name: str, data: bytes) -> None:
        """Write a small object, in place of an older one."""
        with _store_errors(self._url_of(name)):
            self._files.pipe_file(self._path(name), data)

    def publish_file(
        self, name: str, file: Path, sent: Callable[[int], None] = lambda count: None
    ) -> None:
        """Write an object from a file, in place of an older one.

        Args:
            name: of the object.
            file: what it shall hold.
            sent: called with the number of bytes of each part that has arrived.
        """
        from fsspec.callbacks import Callback

        callback = Callback()
        callback.relative_update = sent
        with _store_errors(self._url_of(name)):
            self._files.put_file(str(file), self._path(name), callback=callback)

    def create(self, name: str, data: bytes) -> bool:
        """Write a small object unless there is one of that name; whether it was written.

        Of several that do so at once one succeeds, where the store has conditional writes
        (`If-None-Match: *`); elsewhere it is looked for first.
        """
        path = self._path(name)
        with _store_errors(self._url_of(name)):
            try:
                self._files.pipe_file(path, data, mode="create")
            except OSError as error:
                if self._files.exists(path):
                    return False
                if error.errno != errno.ENOSYS:
                    raise
                self._files.pipe_file(path, data)
        return True

    def remove(self, name: str) -> None:
        """Remove an object; it need not be there."""
        with (
            _store_errors(self._url_of(name)),
            contextlib.suppress(FileNotFoundError),
        ):
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _url_of(self, name: str) -> str:
        return f"{self.url}/{name}"


def _file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system of a URL, and the path in it."""
    scheme = url.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        # Other machines write there too: a listing is good once.
        files, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        packages = "'ocrgen[remote]'" if scheme in ("s3", "s3a") else _package_of(error)
        raise StoreError(f"{url} needs more packages: pip install {packages}") from error
    except ValueError as error:
        raise StoreError(f"{url}: no kind of store is known as {scheme}://; s3:// is") from error
    return files, str(root).rstrip("/")


def _package_of(error: ImportError) -> str:
    """What to install for another store than S3: fsspec's own words name the package."""
    return f"'ocrgen[remote]' and what fsspec asks for ({error})"


@contextlib.contextmanager
def _store_errors(where: str) -> Iterator[None]:
    """Turn whatever a store's package raises into one line.

    Each package has exceptions of its own, and only its calls stand in these blocks.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{where}: there is no such bucket or object") from error
    except PermissionError as error:
        raise StoreError(f"{where}: access is refused ({_said(error)})") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise
        raise StoreError(f"{where}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    """An exception's own words, or its kind where it has none."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}" if text else repr(error)


def _version(entry: dict[str, Any]) -> str:
    for key in _VERSIONS:
        if entry.get(key) is not None:
            return str(entry[key]).strip('"')
    return str(entry.get("LastModified", ""))
