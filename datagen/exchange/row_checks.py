"""What a row must be to be imported: an image that decodes, and a label that it can teach."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError, ImageError
from datagen.formats.foreign.rows import BadRow, Row
from datagen.images import as_seen, is_whole, size_of, try_decode
from datagen.line_geometry import MAX_PIXELS
from datagen.split import Split
from datagen.time_steps import TIME_STEPS, scaled_widths, steps_needed
from ocrbase.errors import listed
from ocrbase.inputs import read_bytes

MAX_IMAGE_BYTES = 16 << 20
MAX_SIDE_PX = 65_535  # what the tables of a dataset can hold

_AT_ONCE = 64  # rows in memory that have not been judged yet


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row that is imported.

    Attributes:
        where: file and line, or file and key.
        image: its bytes, as `as_seen` gives them.
        label: normalised onto the alphabet.
        split: the split that the source puts it in.
        height: of the image in pixels.
        width: of the image in pixels.
    """

    where: str
    image: bytes
    label: str
    split: Split
    height: int
    width: int


def checked(
    rows: Iterator[Row | BadRow], alphabet: Alphabet, threads: Executor
) -> Iterator[GoodRow | BadRow]:
    """Read and check rows, in their order.

    Args:
        rows: of a foreign dataset.
        alphabet: that labels must be made of, once they are normalised onto it.
        threads: that read and decode files.
    """
    while some := list(islice(rows, _AT_ONCE)):
        yield from _long_labels_out(list(threads.map(lambda row: _check(row, alphabet), some)))


def _check(row: Row | BadRow, alphabet: Alphabet) -> GoodRow | BadRow:
    if isinstance(row, BadRow):
        return row
    label = alphabet.normalise(row.label)
    outside = alphabet.outside(label)
    if outside:
        names = listed([repr(character) for character in outside])
        return BadRow(row.where, f"{names} not among the {len(alphabet)} classes")
    if not label:
        return BadRow(row.where, "the label is empty")
    try:
        data = row.image
        if not isinstance(data, bytes):
            data = read_bytes(data, MAX_IMAGE_BYTES, error=ExchangeError)
        height, width = _decoded_size(data)
        seen = as_seen(data)
        if seen is not data:
            height, width = size_of(seen)
    except (ExchangeError, ImageError) as error:
        return BadRow(row.where, str(error))
    return GoodRow(row.where, seen, label, row.split, height, width)


def _decoded_size(image: bytes) -> tuple[int, int]:
    """Height and width of a whole image; what its header says is checked before it is decoded."""
    height, width = size_of(image)
    if max(height, width) > MAX_SIDE_PX or height * width > MAX_PIXELS:
        raise ImageError(
            f"the image has {width:,} x {height:,} px; it may have {MAX_SIDE_PX:,} on a side and"
            f" {MAX_PIXELS:,} in all"
        )
    pixels = try_decode(image) if is_whole(image) else None
    if pixels is None:
        raise ImageError("the image is cut short or cannot be decoded")
    return pixels.shape[0], pixels.shape[1]


def _long_labels_out(rows: Sequence[GoodRow | BadRow]) -> Iterator[GoodRow | BadRow]:
    """Reject labels that need more time steps than any network gives their images."""
    good = [row for row in rows if isinstance(row, GoodRow)]
    heights = np.array([row.height for row in good], np.int64)
    widths = scaled_widths(heights, np.array([row.width for row in good], np.int64))
    given = np.max([steps(widths) for steps in TIME_STEPS.values()], axis=0)
    needed = iter(zip(steps_needed([row.label for row in good]), given, strict=True))
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        wanted, most = next(needed)
        if wanted <= most:
            yield row
        else:
            yield BadRow(
                row.where,
                f"the label of {len(row.label):,} characters needs {wanted:,} time steps, an image"
                f" of {row.width} x {row.height} px gives {most:,}",
            )
