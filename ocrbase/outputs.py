"""Whether a file may be written: not over an input, a device or what another program made."""

import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from ocrbase.errors import DiskError, SettingsError

PAGES = (".html", ".htm")
PICTURES = (".png", ".jpg", ".jpeg")
MARK = "made by ocrgen"  # stands near the start of pictures and pages that the commands write
_HEAD_BYTES = 4096
_PART_BYTES = 256 << 10


def carries_mark(path: Path) -> bool:
    """Whether a regular file begins with text, or chunks of a picture, that hold MARK."""
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False


def holds(mark: str) -> Callable[[Path], bool]:
    """For `is_ours`: whether a file has `mark` among its first or its last 256 KiB."""

    def is_ours(path: Path) -> bool:
        try:
            with path.open("rb") as file:
                start = file.read(_PART_BYTES)
                file.seek(max(0, path.stat().st_size - _PART_BYTES))
                return mark.encode() in start or mark.encode() in file.read()
        except OSError:
            return False

    return is_ours


def check_output(
    out: Path,
    *,
    inputs: Iterable[Path] = (),
    overwrite: bool = False,
    endings: tuple[str, ...] = (),
    is_ours: Callable[[Path], bool] = carries_mark,
) -> None:
    """Refuse a place that must not be written; call it before any work is done.

    Args:
        out: file to write; need not exist.
        inputs: files that the command reads.
        overwrite: replace a file whoever made it, as the user has told to.
        endings: with one of which its name must end, as PAGES and PICTURES; any where empty.
        is_ours: whether an existing file came from this program, so that the same command may
            replace it when it is run again.

    Raises:
        DiskError: if `out` is an input under any name, no regular file, a link out of its folder,
            or another's file; says which.
        SettingsError: if its name ends otherwise.
    """
    _check_place(out, inputs, overwrite, is_ours)
    if endings and out.suffix.lower() not in endings:
        raise SettingsError(
            f"cannot write {out}: give a name that ends with {' or '.join(endings)}"
        )


def _check_place(
    out: Path, inputs: Iterable[Path], overwrite: bool, is_ours: Callable[[Path], bool]
) -> None:
    try:
        mode = out.lstat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise DiskError(f"cannot write {out}: {error}; choose another name") from error
    if any(_is_same(out, source) for source in inputs):
        raise DiskError(f"{out} is an input of this command; choose another name to write to")
    if stat.S_ISLNK(mode):
        _check_link(out)
    if out.exists() and not out.is_file():
        what = "a folder" if out.is_dir() else "a device or pipe"
        raise DiskError(f"{out} is {what}; choose the name of a file to write to")
    if out.exists() and not overwrite and not is_ours(out):
        raise DiskError(
            f"{out} exists and does not say that this command made it; choose another name, or"
            " remove it"
        )


def _check_link(out: Path) -> None:
    target = out.resolve()
    if not target.is_relative_to(out.parent.resolve()):
        raise DiskError(
            f"{out} is a link out of its folder, to {target}; write there, or choose another name"
        )


def _is_same(out: Path, source: Path) -> bool:
    """Whether two names mean one file, by links of either kind too."""
    try:
        return out.samefile(source)
    except (OSError, ValueError):
        return False
