"""Lines of one padded width as tensors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datagen.line_images import dark_on_light
from training.fitting.endless_order import BATCH_GROUPS
from training.fitting.order import IntArray, line_buckets
from training.model.preprocess import GrayImages, bucket_width, pad_lines

MAX_COLUMNS_ON_CPU = 64 * 640  # lines times width of a batch: what bounds the memory of a step


class Lines(Protocol):
    """B decoded lines."""

    @property
    def images(self) -> Sequence[GrayImages]: ...  # (32, w) each
    @property
    def class_ids(self) -> NDArray[np.uint16]: ...  # (B, L)
    @property
    def lengths(self) -> NDArray[np.int64]: ...  # (B,)
    @property
    def centres(self) -> NDArray[np.float32]: ...  # (B, L), NaN where unknown


@dataclass
class Batch:
    """Lines of one padded width.

    Attributes:
        images: uint8, (N, 32, W).
        targets: class ids, int64, (N, L).
        lengths: characters of each line, (N,), always on the CPU.
        centres: x of each character in pixels, (N, L); NaN where not known.
        has_centres: whether all centres of a line are known, (N,), always on the CPU.
        indices: sample index of each line, (N,), always on the CPU.
    """

    images: Tensor
    targets: Tensor
    lengths: Tensor
    centres: Tensor
    has_centres: Tensor
    indices: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    def __getstate__(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, which come from a loader's worker through its pipe.

        Tensors would come through /dev/shm, of which a container has 64 MB; when it is full the
        worker drops the batch, and the one who waits for it does so for ever. The pipe costs 10 ms
        of one core per 512 lines, half of it in a worker.
        """
        return {f.name: getattr(self, f.name).numpy() for f in fields(self)}

    def __setstate__(self, state: dict[str, NDArray[Any]]) -> None:
        for name, array in state.items():
            setattr(self, name, torch.from_numpy(array))

    def pin_memory(self) -> "Batch":
        return Batch(*(getattr(self, f.name).pin_memory() for f in fields(self)))

    def rows(self, chosen: Tensor | slice) -> "Batch":
        """Some of the lines."""
        return Batch(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def to(self, device: torch.device) -> "Batch":
        """Move what the network and the losses read; the rest stays, or it would cost a wait."""
        moved = {
            name: getattr(self, name).to(device, non_blocking=True)
            for name in ("images", "targets", "centres")
        }
        return Batch(**{f.name: moved.get(f.name, getattr(self, f.name)) for f in fields(self)})


def make_batches(
    lines: Lines, indices: IntArray, pieces: int = 1, least: int = 1, columns: float = math.inf,
    *, alike: bool = False,
) -> list[Batch]:  # fmt: skip
    """Group lines by bucket, pad each group, and cut it into batches.

    Args:
        lines: of one step.
        indices: sample index of each.
        pieces: batches of a group, if it has so many lines.
        least: groups of fewer lines join a wider one: batch normalisation needs company.
        columns: lines times width above which a group is cut into more batches than `pieces`.
        alike: lines of several buckets make BATCH_GROUPS groups of as many lines each, or of
            multiples of that, in place of a group per bucket. A GPU's libraries choose a plan for
            every shape anew, which seems to take longer than a step; so there are to be few shapes.
    """
    own = np.array([image.shape[1] for image in lines.images])
    widths = _alike(own) if alike else line_buckets(own, least)
    batches = []
    for width in np.unique(widths):
        rows = np.flatnonzero(widths == width)
        cuts = max(pieces, math.ceil(len(rows) * int(width) / columns))
        batches += [
            _batch(lines, indices, part, int(width))
            for part in np.array_split(rows, min(cuts, len(rows)))
        ]
    return batches


def _alike(widths: IntArray) -> IntArray:
    """The width that each line is padded to: the bucket of the widest of its group, (n,)."""
    padded = np.empty_like(widths)
    for rows in np.array_split(np.argsort(widths, kind="stable"), min(BATCH_GROUPS, len(widths))):
        padded[rows] = bucket_width(int(widths[rows].max()))
    return padded


def _batch(lines: Lines, indices: IntArray, rows: IntArray, width_px: int) -> Batch:
    longest = max(1, int(lines.lengths[rows].max()))
    valid = np.arange(longest) < lines.lengths[rows][:, None]
    centres = np.where(valid, lines.centres[rows][:, :longest], np.nan)
    targets = np.where(valid, lines.class_ids[rows][:, :longest], 0)
    return Batch(
        images=torch.from_numpy(
            pad_lines([dark_on_light(lines.images[row]) for row in rows], width_px)
        ),
        targets=torch.from_numpy(targets.astype(np.int64)),
        lengths=torch.from_numpy(lines.lengths[rows].astype(np.int64)),
        centres=torch.from_numpy(centres.astype(np.float32)),
        has_centres=torch.from_numpy((np.isfinite(centres) == valid).all(1)),
        indices=torch.from_numpy(indices[rows]),
    )
