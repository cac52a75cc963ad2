"""The folder that an import or an export makes: whole or not at all, by one process at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from datagen.errors import ShardError
from ocrbase.errors import listed
from ocrbase.locks import owned
from ocrbase.publishing import publish_folder


@contextmanager
def output_folder(
    out: Path, *, overwrite: bool, strangers: Callable[[Path], list[str] | None]
) -> Iterator[Path]:
    """An empty folder to fill, which becomes `out` when the block ends.

    Args:
        out: the final folder.
        overwrite: replace it.
        strangers: names in a folder that the same command did not write; None if it did not make
            the folder at all.

    Raises:
        ShardError: if `out` is there and may not be replaced.
        LockError: if another process is making it.
        DiskError: if the disk is full or may not be written.
    """
    with owned(out):
        _check(out, overwrite, strangers)
        with publish_folder(out, replace=True) as building:
            yield building


def _check(out: Path, overwrite: bool, strangers: Callable[[Path], list[str] | None]) -> None:
    if out.is_symlink():
        raise ShardError(f"{out} is a link: name the folder that it leads to with --out")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise ShardError(f"{out} exists: add --overwrite to replace it, or use another --out")
    foreign = strangers(out)
    if foreign is None:
        raise ShardError(f"{out} does not say that this command made it: choose another --out")
    if foreign:
        raise ShardError(
            f"{out} also holds {listed(foreign)}, which this command did not write: move it"
            " elsewhere, or choose another --out"
        )
