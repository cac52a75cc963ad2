"""Local copies of folders in an object store, for what has to lie on a disk: LMDB is mapped.

A copy lies in a cache folder, by default `stores` in the cache directory, and may be deleted at any
time. Each call lists the store and fetches what is new there or has changed, by size and ETag;
what a killed call had fetched is kept, a part of an object too.
"""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from ocrbase.errors import listed
from ocrbase.homes import cache_home
from ocrbase.inputs import path_below
from ocrbase.locks import LockError, owned
from ocrbase.publishing import disk_errors, flush, free_bytes
from ocrbase.stores import Store, StoredObject, StoreError, is_url, local_path

OTHER_CACHE = "choose another folder with --cache or OCRGEN_CACHE"
_CHUNK_BYTES = 8 << 20
_AT_ONCE = 8  # objects that are fetched side by side
_WAIT_S = 0.5  # between looks at whether another process has finished

Progress = Callable[[int, int], None]  # bytes done, bytes to do
Wanted = Callable[[str], bool]  # whether an object of that name is needed


def everything(name: str) -> bool:
    """For `wanted`: every object."""
    return True


class Fetch(Protocol):
    """What `local_folder` does, with a cache folder and a progress bar perhaps."""

    def __call__(self, text: str, *, wanted: Wanted = everything) -> Path: ...


def local_folder(
    text: str,
    *,
    cache: Path | None = None,
    wanted: Wanted = everything,
    say: Callable[[str], object] = lambda line: None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """The folder that a path names, or a copy of the one that a URL names, brought up to date.

    Args:
        text: path or URL.
        cache: where copies lie; None takes `stores` in the cache directory.
        wanted: which objects are needed; copies of others stay as they are.
        say: told what will be fetched, before it is.
        progress: called with the bytes fetched so far and their total.

    Raises:
        StoreError: if the store cannot be reached, refuses, holds nothing there, or changes while
            it is read.
        DiskError: if the disk is too small.
    """
    if not is_url(text):
        return local_path(text)
    store = Store(text)
    objects = _objects(store, wanted)
    if not objects:
        raise StoreError(f"{store} holds nothing: look at its name, or render into it first")
    copy = _Copy(store, cache or cache_home() / "stores")
    with _when_free(copy.folder, say), disk_errors(copy.folder, OTHER_CACHE):
        copy.update(objects, say, progress)
    changed = [name for name, now in _objects(store, wanted).items() if objects.get(name) != now]
    if changed:
        raise StoreError(
            f"{store} was written to while it was read ({listed(changed, 3)}): wait until that"
            " ends, and run the same command again"
        )
    return copy.folder


class _Record(msgspec.Struct, frozen=True):
    """A line of a copy's record: an object that has been fetched whole."""

    name: str
    size: int
    version: str


class _Copy:
    """The copy of one store's folder.

    Args:
        store: what is copied.
        cache: folder of all copies.
    """

    def __init__(self, store: Store, cache: Path) -> None:
        self.store = store
        own = cache / store.key
        self.folder = own / store.name  # named as there: names of folders count in a split
        self._parts, self._record = own / "parts", own / "fetched.jsonl"
        self._stop = threading.Event()
        self._guard = threading.Lock()

    def update(
        self,
        objects: Mapping[str, StoredObject],
        say: Callable[[str], object],
        progress: Progress,
    ) -> None:
        """Fetch what is missing or has changed, remove what has gone, of the objects wanted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        held = self._held()
        missing = {name: entry for name, entry in objects.items() if held.get(name) != entry}
        self._remove_gone(held, objects)
        if missing:
            self._fetch_all(missing, say, progress)

    def _held(self) -> dict[str, StoredObject]:
        """Objects that lie here whole, as they were in the store."""
        held = {}
        lines = self._record.read_bytes().splitlines() if self._record.exists() else []
        for line in lines:
            try:
                record = msgspec.json.decode(line, type=_Record)
            except msgspec.DecodeError:
                continue  # the last line of a killed process
            path = self._path(record.name)
            if path.is_file() and path.stat().st_size == record.size:
                held[record.name] = StoredObject(record.size, record.version)
        return held

    def _remove_gone(
        self, held: Mapping[str, StoredObject], objects: Mapping[str, StoredObject]
    ) -> None:
        """Remove files whose objects have gone; those of objects not wanted stay."""
        unknown = set(held) - set(objects)
        for name in unknown - set(self.store.objects() if unknown else ()):
            self._path(name).unlink(missing_ok=True)

    def _fetch_all(
        self,
        missing: Mapping[str, StoredObject],
        say: Callable[[str], object],
        progress: Progress,
    ) -> None:
        self._parts.mkdir(exist_ok=True)
        total = sum(entry.size for entry in missing.values())
        done = sum(self._begun(name, entry) for name, entry in missing.items())
        self._check_room(total - done)
        say(
            f"{self.store}: fetching {(total - done) / 1e6:,.1f} MB in {len(missing):,}"
            f" object{'s' * (len(missing) != 1)} into {self.folder}"
        )
        progress(done, total)

        def moved(size: int) -> None:
            nonlocal done
            with self._guard:
                done += size
                progress(done, total)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for _ in pool.map(
                    lambda item: self._fetch(item[0], item[1], moved), missing.items()
                ):
                    pass
            finally:
                self._stop.set()  # after an error or Ctrl-C the others end at their next chunk
        shutil.rmtree(self._parts, ignore_errors=True)

    def _fetch(self, name: str, entry: StoredObject, moved: Callable[[int], None]) -> None:
        """Fetch an object, from where an earlier call stopped."""
        part, final = self._part(name, entry), self._path(name)
        with disk_errors(final, OTHER_CACHE):
            with part.open("ab") as file:
                while (start := file.tell()) < entry.size:
                    if self._stop.is_set():
                        return
                    data = self.store.read(name, start, min(start + _CHUNK_BYTES, entry.size))
                    if not data:
                        raise StoreError(f"{self.store}/{name} ended early: run it again")
                    file.write(data)
                    moved(len(data))
                file.flush()
                flush(file.fileno())
            final.parent.mkdir(parents=True, exist_ok=True)
            part.replace(final)
            with self._guard, self._record.open("ab") as record:
                line = msgspec.json.encode(_Record(name, entry.size, entry.version))
                record.write(b"\n" + line + b"\n")  # a killed process may have left half a line

    def _begun(self, name: str, entry: StoredObject) -> int:
        part = self._part(name, entry)
        return part.stat().st_size if part.exists() else 0

    def _part(self, name: str, entry: StoredObject) -> Path:
        """Where an object of this version is put together."""
        key = f"{name}\n{entry.size}\n{entry.version}"
        return self._parts / hashlib.sha256(key.encode()).hexdigest()

    def _path(self, name: str) -> Path:
        return path_below(self.folder, name, error=StoreError)

    def _check_room(self, needed: int) -> None:
        free = free_bytes(self.folder)
        if needed > free:
            raise StoreError(
                f"a copy of {self.store} needs {needed / 1e6:,.1f} MB at {self.folder}, which has"
                f" {free / 1e6:,.1f} MB free: free space, or {OTHER_CACHE}"
            )


def _objects(store: Store, wanted: Wanted) -> dict[str, StoredObject]:
    return {name: entry for name, entry in store.objects().items() if wanted(name)}


@contextmanager
def _when_free(folder: Path, say: Callable[[str], object]) -> Iterator[None]:
    """Wait for another process that fetches the same copy, such as another rank's."""
    with ExitStack() as stack:
        told = False
        while True:
            try:
                stack.enter_context(owned(folder))
                break
            except LockError as error:
                if not told:
                    say(str(error))
                told = True
                time.sleep(_WAIT_S)
        yield
