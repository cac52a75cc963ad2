"""What a user sets of a pack."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocrbase.errors import SettingsError
from ocrbase.homes import PACKED, RENDERS

if TYPE_CHECKING:
    from datagen.split import SplitBy

SPLIT_BY: tuple["SplitBy", ...] = ("sentence", "sample", "faces", "list")
DEFAULT_SPLIT = 0.99
DEFAULT_SEED = 0
FEW_GROUPS = 200  # under this many, validation says little: a warning


@dataclass(frozen=True)
class PackSettings:
    """A whole pack.

    Attributes:
        inputs: folders of renders, imports or packed data, or folders that hold such; URLs too.
        out: folder of the packed data.
        split: share of lines for training; None keeps that of the folder's first pack, or 0.99.
        split_by: what may not be torn apart; None keeps that of the first pack, or "sentence".
        val_faces: faces of validation, for "faces".
        val_list: file that names the samples of validation, for "list".
        seed: of the split; None keeps that of the first pack, or 0.
        resplit: choose a new threshold instead of keeping that of the first pack.
        shard_size: samples of a shard.
        shards: number of training shards, instead of `shard_size`.
        alphabet: name of a built-in alphabet, or list file of the classes that labels must
            belong to; the inputs' own otherwise.
        partial: take renders that have not finished.
        overwrite: replace what `out` holds.
        jobs: worker processes; 0 takes one per core.
        backend: what runs the workers.
        scheduler: address of a dask scheduler, for `backend="dask"`.
    """

    inputs: tuple[str, ...] = (str(RENDERS),)
    out: str = str(PACKED)
    split: float | None = None
    split_by: "SplitBy | None" = None
    val_faces: tuple[str, ...] = ()
    val_list: str | None = None
    seed: int | None = None
    resplit: bool = False
    shard_size: int = 100_000
    shards: int | None = None
    alphabet: str | None = None
    partial: bool = False
    overwrite: bool = False
    jobs: int = 0
    backend: str = "loky"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.split is not None and not 0 < self.split <= 1:
            problems.append(f"split {self.split:g}: give a share for training above 0, at most 1")
        if self.split_by is not None and self.split_by not in SPLIT_BY:
            problems.append(f"split by {self.split_by!r}: give one of {', '.join(SPLIT_BY)}")
        if self.shard_size < 1:
            problems.append(f"shard size {self.shard_size}: give at least 1 sample")
        if self.shards is not None and self.shards < 1:
            problems.append(f"{self.shards} shards: give at least 1")
        if self.jobs < 0:
            problems.append(f"jobs = {self.jobs}: give 1 or more, or 0 for one per core")
        if self.split_by == "list" and self.val_list is None:
            problems.append("split by list: name the samples of validation with --val-list FILE")
        if self.split_by == "faces" and not self.val_faces:
            problems.append("split by faces: name the faces of validation with --val-faces")
        if self.val_faces and self.split_by not in (None, "faces"):
            problems.append(f"--val-faces goes with split by faces, not by {self.split_by}")
        if self.val_list is not None and self.split_by not in (None, "list"):
            problems.append(f"--val-list goes with split by list, not by {self.split_by}")
        if self.val_faces and self.val_list is not None:
            problems.append("give --val-faces or --val-list, not both")
        if not self.inputs:
            problems.append("nothing to pack: name a folder")
        if problems:
            raise SettingsError("; ".join(problems))
