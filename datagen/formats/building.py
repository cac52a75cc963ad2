"""Build a dataset folder aside, go on with it after a kill, and swap it into place."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import TypeVar

import msgspec

from datagen.errors import ShardError
from datagen.formats.lmdb.handles import release
from datagen.formats.manifest import FILE, read_packed_manifest
from ocrbase.errors import InputError
from ocrbase.publishing import (
    disk_errors,
    free_bytes,
    publish_text,
    replace_folder,
    restore_folder,
)
from ocrbase.records import encode, read_json

Report = TypeVar("Report", bound=msgspec.Struct)

_PLAN = "plan.json"
_REPORTS = "reports"
_NOTES = "sent"


class BuildFolder:
    """A hidden folder beside the final one, where shards are finished one by one.

    Args:
        out: the final folder.

    Raises:
        ShardError: if it may not be written.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = out.with_name(f".{out.name}.building")

    def begin(self, fingerprint: str) -> int:
        """Go on if what is there was begun with the same plan, or begin; returns shards kept."""
        plan_file = self.path / _PLAN
        # Without its plan it is what a removal or a swap left that was killed: of any plan.
        began = plan_file.read_text(encoding="utf-8") if plan_file.exists() else None
        if began != fingerprint and self.path.exists():
            shutil.rmtree(self.path)
        with disk_errors(self.path):
            (self.path / _REPORTS).mkdir(parents=True, exist_ok=True)
        publish_text(plan_file, fingerprint)
        return len(list((self.path / _REPORTS).glob("*.json")))

    @property
    def notes(self) -> Path:
        """A folder for what was done with the result; goes with the plan that it belongs to."""
        return self.path / _NOTES

    def report(self, shard: str, cls: type[Report]) -> Report | None:
        """What was reported of a shard that is finished; None, and nothing left, if it is not."""
        path, report = self.path / shard, self._report_path(shard)
        if report.exists() and path.exists():
            with contextlib.suppress(InputError):  # damaged: written anew
                return read_json(report, cls)
        report.unlink(missing_ok=True)
        if path.exists():
            shutil.rmtree(path)
        return None

    def finish(self, shard: str, report: msgspec.Struct) -> None:
        """Keep the report of a shard; from now on it counts as finished."""
        publish_text(self._report_path(shard), encode(report))

    def files(self) -> dict[str, Path]:
        """What was built, by its name below the folder."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            name = path.relative_to(self.path)
            if path.is_file() and name.parts[0] not in (_PLAN, _REPORTS, _NOTES):
                found[name.as_posix()] = path
        return found

    def swap(self) -> None:
        """Give the folder its final name; what had it before goes once that is done."""
        shutil.rmtree(self.path / _REPORTS)
        (self.path / _PLAN).unlink()
        release(self.out)
        release(self.path)
        with disk_errors(self.out):
            replace_folder(self.path, self.out)

    def recover(self) -> None:
        """Undo a swap that was killed half-way."""
        restore_folder(self.out)

    def _report_path(self, shard: str) -> Path:
        return self.path / _REPORTS / f"{shard.replace('/', '-')}.json"


def check_replaceable(out: Path, overwrite: bool) -> None:
    """Refuse to replace a folder without leave, or one that this program has not made.

    Raises:
        ShardError: in these cases.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir() or not (out / FILE).exists():
        raise ShardError(f"{out} exists and is no packed data: choose another folder with --out")
    read_packed_manifest(out)
    if not overwrite:
        raise ShardError(f"{out} holds packed data: add --overwrite to replace it, or use --out")


def check_free_space(out: Path, needed: int) -> None:
    """Refuse to begin what will not fit.

    Raises:
        ShardError: says how much is needed and how much there is.
    """
    free = free_bytes(out)
    if needed > free:
        raise ShardError(
            f"{out} needs about {needed / 1e6:,.1f} MB, the disk has {free / 1e6:,.1f} MB free:"
            " free space, or choose another folder with --out"
        )


def built_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    sizes = [
        (Path(root) / name).stat().st_size for root, _, names in os.walk(folder) for name in names
    ]
    return sum(sizes)
