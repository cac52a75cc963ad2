"""Operations on samples in columns: build, cut, join."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.sample import META_DTYPE, UNKNOWN, Samples

IntArray = NDArray[np.int64]
MetaArray = NDArray[np.void]


def unknown_meta(count: int) -> MetaArray:
    """META_DTYPE rows that claim nothing, numbered from 0, (count,)."""
    meta = np.zeros(count, META_DTYPE)
    meta["index"] = np.arange(count)
    meta["corpus"] = UNKNOWN
    meta["face"] = UNKNOWN
    meta["effects"] = np.nan
    return meta


def unknown_centres(texts: Sequence[str]) -> NDArray[np.float32]:
    """Centres of labels whose places are not known: NaN, (B, L)."""
    return np.full((len(texts), max(map(len, texts), default=0)), np.nan, np.float32)


def take(samples: Samples, positions: Sequence[int] | IntArray) -> Samples:
    """The samples at some positions, in that order."""
    rows = np.asarray(positions, np.int64)
    masks, quads = samples.masks, samples.quads
    return Samples(
        images=[samples.images[i] for i in rows],
        texts=[samples.texts[i] for i in rows],
        meta=samples.meta[rows],
        centres=samples.centres[rows],
        quads=None if quads is None else quads[rows],
        masks=None if masks is None else [masks[i] for i in rows],
    )


def concatenate(parts: Sequence[Samples]) -> Samples:
    """Join batches; quads and masks are kept where every part has them."""
    length = max((part.centres.shape[1] for part in parts), default=0)
    quads = [part.quads for part in parts if part.quads is not None]
    masks = [part.masks for part in parts if part.masks is not None]
    return Samples(
        images=[image for part in parts for image in part.images],
        texts=[text for part in parts for text in part.texts],
        meta=np.concatenate([np.zeros(0, META_DTYPE), *(part.meta for part in parts)]),
        centres=stack([part.centres for part in parts], (length,)),
        quads=stack(quads, (length, 4, 2)) if quads and len(quads) == len(parts) else None,
        masks=[m for part in masks for m in part] if masks and len(masks) == len(parts) else None,
    )


def stack(arrays: Sequence[NDArray[np.float32]], tail: tuple[int, ...]) -> NDArray[np.float32]:
    """Join arrays (B, L, ...) of differing L into (sum of B, *tail), NaN beyond each L."""
    if all(array.shape[1:] == tail for array in arrays):
        return np.concatenate([np.zeros((0, *tail), np.float32), *arrays])
    out = np.full((sum(map(len, arrays)), *tail), np.nan, np.float32)
    row = 0
    for array in arrays:
        out[row : row + len(array), : array.shape[1]] = array
        row += len(array)
    return out


def in_order(parts: list[tuple[IntArray, Samples]]) -> Samples:
    """Join batches and put each sample at the position that goes with it."""
    joined = concatenate([samples for _, samples in parts])
    positions = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in parts)])
    order = np.argsort(positions, kind="stable")
    return joined if np.array_equal(order, np.arange(len(order))) else take(joined, order)
