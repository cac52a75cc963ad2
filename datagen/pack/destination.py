"""Where packed data goes: a folder of this machine, or an object store."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from datagen.errors import ShardError
from datagen.formats.building import BuildFolder, check_replaceable
from datagen.formats.data_folders import data_folder
from datagen.formats.manifest import FILE
from datagen.split import Split
from ocrbase.homes import cache_home
from ocrbase.publishing import disk_errors, publish_text
from ocrbase.store_copies import Fetch
from ocrbase.stores import Store, StoredObject, is_url, local_path


class Destination(Protocol):
    """A place for packed data, which is built in a folder of this machine in any case.

    Attributes:
        folder: the final folder, or the one that stands for it here; it is locked.
        building: where the data is built.
        name: of the data, for its card.
        out: where it goes, as the user sees it.
    """

    folder: Path
    building: BuildFolder
    name: str
    out: Path | str

    def check(self, overwrite: bool) -> None:
        """Refuse to replace what is there without leave, or what is no packed data.

        Raises:
            ShardError: in these cases.
        """
        ...

    def earlier(self) -> Path | None:
        """The data of an earlier pack, which holds its split; None if there is none."""
        ...

    def finish(self, progress: Callable[[int, int], None]) -> None:
        """Everything is built: put it where it belongs.

        Args:
            progress: called with (bytes sent, bytes to send), where any are.
        """
        ...


class PackFolder:
    """A folder, replaced as a whole.

    Args:
        folder: of the packed data.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.building, self.name = folder, BuildFolder(folder), folder.name
        self.out: Path | str = folder

    def check(self, overwrite: bool) -> None:
        self.building.recover()
        check_replaceable(self.folder, overwrite)

    def earlier(self) -> Path | None:
        return self.folder if (self.folder / FILE).exists() else None

    def finish(self, progress: Callable[[int, int], None]) -> None:
        self.building.swap()


class PackStore:
    """The folder behind a URL: built in the cache folder, then sent object by object.

    The manifest of an earlier pack is removed first and the new one sent last, so that nobody
    reads a mixture of two. What was sent is noted, and a killed call goes on there. There is no
    lock against other machines.

    Args:
        store: of the folder.
        fetch: copies an earlier pack, for its split.
    """

    def __init__(self, store: Store, fetch: Fetch) -> None:
        self.store, self._fetch, self.name = store, fetch, store.name
        self.out: Path | str = store.url
        own = cache_home() / "packs" / store.key
        own.mkdir(parents=True, exist_ok=True)
        self.folder, self._earlier = own / store.name, own / "earlier"
        self.building = BuildFolder(self.folder)

    def check(self, overwrite: bool) -> None:
        if not self.building.path.exists():  # nothing to go on with: what is there is of old calls
            shutil.rmtree(self._earlier, ignore_errors=True)
        objects = self.store.objects()
        if not objects or (self.building.notes.exists() and FILE not in objects):
            return
        if FILE not in objects:
            raise ShardError(f"{self.out} holds objects but no packed data: name another --out")
        if not overwrite:
            raise ShardError(
                f"{self.out} holds packed data: add --overwrite to replace it, or use --out"
            )

    def earlier(self) -> Path | None:
        if not self._earlier.exists() and self.store.find(FILE) is not None:
            fetched = data_folder(self.store.url, self._fetch, Split.VAL)
            draft = self._earlier.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(fetched, draft, ignore=shutil.ignore_patterns(str(Split.TRAIN)))
            draft.rename(self._earlier)
        return self._earlier if self._earlier.exists() else None

    def finish(self, progress: Callable[[int, int], None]) -> None:
        built, before = self.building.files(), self.store.objects()
        with disk_errors(self.building.notes):
            self.building.notes.mkdir(exist_ok=True)
        self.store.remove(FILE)
        names = sorted(built.keys() - {FILE})
        done, total = 0, sum(built[name].stat().st_size for name in names)

        def sent(count: int) -> None:
            nonlocal done
            done += count
            progress(done, total)

        for name in names:
            self._send(name, built[name], before.get(name), sent)
        for name in before.keys() - built.keys():
            self.store.remove(name)
        self.store.publish_file(FILE, built[FILE])
        for folder in (self.building.path, self._earlier):
            shutil.rmtree(folder, ignore_errors=True)

    def _send(
        self, name: str, file: Path, held: StoredObject | None, sent: Callable[[int], None]
    ) -> None:
        """Send a file, unless a killed call had, and note the version that it has there."""
        note = self.building.notes / name.replace("/", "-")
        if held and note.exists() and note.read_text(encoding="utf-8") == held.version:
            sent(file.stat().st_size)
            return
        self.store.publish_file(name, file, sent)
        there = self.store.find(name)
        publish_text(note, there.version if there else "")


def destination_of(out: str, fetch: Fetch) -> PackFolder | PackStore:
    """The place that a path or a URL names.

    Raises:
        StoreError: if no such kind of store is known, or its package is missing.
    """
    return PackStore(Store(out), fetch) if is_url(out) else PackFolder(local_path(out))
