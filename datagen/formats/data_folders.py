"""Folders of data as users name them: paths, and URLs whose data is first copied here."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from datagen.errors import ShardError
from datagen.formats.dataset import find_datasets
from datagen.formats.manifest import FILE
from datagen.split import PACKED, Split
from ocrbase.store_copies import Fetch, local_folder
from ocrbase.stores import Store, is_url
from ocrbase.weights import split_weight


def data_folder(text: str, fetch: Fetch = local_folder, split: Split | None = None) -> Path:
    """The folder that a path names, or a copy of what a URL names.

    Args:
        text: path or URL, of a dataset or of packed data's train/ or val/.
        fetch: makes the copy.
        split: the one that is needed of packed data; None for both.

    Raises:
        StoreError: if the URL's data cannot be had.
    """
    if not is_url(text):
        return fetch(text)
    root, _, last = text.rstrip("/").rpartition("/")
    if last in PACKED and Store(text).find(FILE) is None:
        return data_folder(root, fetch, Split(last)) / last
    if split is None:
        return fetch(text)
    others = tuple(f"{other}/shard_" for other in PACKED if other != split)
    return fetch(text, wanted=lambda name: not name.startswith(others))


def with_folders(
    specs: Iterable[str], fetch: Fetch = local_folder, *, manifest_only: bool = False
) -> tuple[str, ...]:
    """Data sets with their weights, `PATH[:WEIGHT]`, in place of URLs the folders of copies.

    Args:
        specs: each a path or URL, with a weight or without.
        fetch: makes the copies.
        manifest_only: copy no lines.

    Raises:
        StoreError: if a URL's data cannot be had.
    """
    local = []
    for spec in specs:
        place = split_weight(spec)[0]
        if not is_url(place):
            local.append(spec)
            continue
        folder = (
            fetch(place, wanted=lambda name: name == FILE)
            if manifest_only
            else data_folder(place, fetch)
        )
        local.append(f"{folder}{spec[len(place) :]}")
    return tuple(local)


def named_datasets(paths: Sequence[str], fetch: Fetch = local_folder) -> list[tuple[str, Path]]:
    """(Name as the user knows it, folder) of all datasets at or below some paths and URLs.

    Raises:
        ShardError: if a path holds none.
        StoreError: if a URL's data cannot be had.
    """
    found = []
    for text in paths:
        root = data_folder(text, fetch)
        try:
            folders = find_datasets(root)
        except ShardError as error:
            raise ShardError(str(error).replace(str(root), text)) from error
        for folder in folders:
            inside = folder.relative_to(root).as_posix()
            url = text.rstrip("/") if inside == "." else f"{text.rstrip('/')}/{inside}"
            found.append((url if is_url(text) else str(folder), folder))
    return found
