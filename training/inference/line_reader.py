"""Read images of text lines.

From Python, with the newest run's best checkpoint, or without runs the bundled model:

    from training.inference.line_reader import LineReader

    for reading in LineReader.open().read(["line.png"]):
        print(reading.text, reading.confidence, reading.characters)

An image is the path of a file, the bytes of one, a PIL image, or an array: gray (H, W), RGB
(H, W, 3) or RGBA (H, W, 4), uint8.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datagen.errors import ImageError
from datagen.folding import SPACE
from datagen.line_images import Gray, LineImage
from training.errors import ReadError
from training.inference.decoding import Decoded, FloatArray, IntArray, greedy_decode
from training.inference.image_decoding import prepare_array, prepare_image, read_line
from training.inference.layout import Layout, layout_of
from training.inference.scorers import Scorer, open_scorer
from training.inference.windows import join, window_starts
from training.inference.word_gaps import word_gaps
from training.model.preprocess import bucket_width, pad_lines

T = TypeVar("T")
Source: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]

LINES_AT_ONCE = 1024  # decoded and held, so that lines of one width meet in a batch
MAX_HELD_PX = 2_000_000  # width of all lines that are held: 64 MB


class Decoder(Protocol):
    """From logits to text: `greedy_decode`, or a beam search with its settings bound."""

    def __call__(self, logits: FloatArray, input_lengths: IntArray) -> list[Decoded]: ...


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """How lines are cut and batched; none of it changes what an unpadded short line reads as.

    Attributes:
        window_px: lines wider than this, and wider than those that the network was trained on, are
            read in windows; a padding bucket. A network errs more, the wider the window is than
            the lines it was trained on.
        overlap_px: what neighbouring windows share.
        batch_px: width of all lines of a batch together.
        spaces: where the alphabet has no space, put one between Latin words by the gap in the
            image.
    """

    window_px: int = 560
    overlap_px: int = 160
    batch_px: int = 280 * 32
    spaces: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a reading.

    Attributes:
        text: the character.
        confidence: its probability in the frame where it is most likely; of a space that the gap
            in the image tells, that of the less sure of its neighbours.
        x_px: its centre in the image file, in pixels from the left, after EXIF rotation.
    """

    text: str
    confidence: float
    x_px: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one image says; `error` instead of a text where it could not be read.

    Attributes:
        source: the file's name, empty for an image that came otherwise.
        text: what is read.
        confidence: probability per character, 0 to 1.
        characters: the characters of `text`.
        error: why the image could not be read.
        layout: what the image likely holds; it is read as one line in any case.
        height_px: of the image.
        inverted: whether it has light ink on a dark ground.
    """

    source: str
    text: str = ""
    confidence: float = 0.0
    characters: tuple[Character, ...] = ()
    error: str | None = None
    layout: Layout = "one line"
    height_px: int = 0
    inverted: bool = False


class LineReader:
    """Reads lines with a scorer and a decoder.

    Args:
        scorer: turns images into logits.
        decoder: turns logits into text.
        settings: windows and batches.
    """

    def __init__(
        self,
        scorer: Scorer,
        decoder: Decoder = greedy_decode,
        settings: ReadSettings = ReadSettings(),
    ) -> None:
        self.scorer = scorer
        self.decoder = decoder
        self.settings = settings
        self.window_px = max(settings.window_px, bucket_width(scorer.trained_px))

    @classmethod
    def open(
        cls,
        checkpoint: str | Path | None = None,
        *,
        onnx: str | Path | None = None,
        device: str | None = None,
        spaces: bool = False,
    ) -> Self:
        """Read with a checkpoint (default: the newest run's best) or with an exported ONNX file.

        Args:
            checkpoint: path of a model file, or the name of a bundled model.
            onnx: path of a file that `ocrtrain export` wrote, instead.
            device: in torch's notation; a GPU if there is one.
            spaces: where the alphabet has no space, put one between Latin words by the gap in
                the image.

        Raises:
            CheckpointError: if the file is missing, damaged or another program's.
            ReadError: if torch is needed and not installed.
        """
        scorer = open_scorer(
            Path(checkpoint) if checkpoint is not None else None,
            Path(onnx) if onnx is not None else None,
            device,
        )
        return cls(scorer, settings=ReadSettings(spaces=spaces))

    def read(self, sources: Iterable[Source]) -> Iterator[Reading]:
        """Read images in order; a bad one gives a Reading with an error.

        Args:
            sources: paths of image files, the bytes of such files, PIL images, or arrays: gray
                (H, W), RGB (H, W, 3) or RGBA (H, W, 4), uint8.

        Raises:
            ReadError: if the model gives no finite scores.
            TypeError: if `sources` is a single image, or holds something else.
        """
        if isinstance(sources, str | Path | bytes | Image.Image | np.ndarray):
            raise TypeError("read takes several images: give it a list, [image] for a single one")
        return self._read(sources)

    def _read(self, sources: Iterable[Source]) -> Iterator[Reading]:
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            for chunk in _held(_prepared(pool, sources)):
                lines = [line for _, line in chunk if isinstance(line, LineImage)]
                decoded = iter(self.decode([line.pixels for line in lines]))
                for name, line in chunk:
                    if isinstance(line, LineImage):
                        yield self._reading(name, next(decoded), line)
                    else:
                        yield Reading(name, error=line)

    def decode(self, lines: Sequence[Gray]) -> list[Decoded]:
        """Decode prepared lines (32, w), in order; those of one padded width share batches.

        Raises:
            ReadError: if the model gives no finite scores.
        """
        decoded: list[Decoded | None] = [None] * len(lines)
        widths = [bucket_width(line.shape[1]) for line in lines]
        for width in sorted(set(widths)):
            chosen = [i for i, w in enumerate(widths) if w == width]
            for batch in _chunks(chosen, max(1, self.settings.batch_px // width)):
                logits = self.score([lines[i] for i in batch])
                lengths = np.full(len(batch), len(logits), dtype=np.int64)
                for i, one in zip(batch, self.decoder(logits, lengths), strict=True):
                    if math.isnan(one.log_probability):
                        raise ReadError(
                            f"{self.scorer.name} gives scores that are no numbers: its weights are"
                            " damaged; use another model"
                        )
                    decoded[i] = one
        return [one for one in decoded if one is not None]

    def score(self, lines: Sequence[Gray]) -> FloatArray:
        """Logits (T, N, C) of lines of one padded width, in windows where they are long."""
        width = bucket_width(max(line.shape[1] for line in lines))
        images = pad_lines(lines, width)  # (N, 32, width)
        window = self.window_px
        starts = window_starts(width, window, self.settings.overlap_px)
        if len(starts) == 1:
            return self.scorer.logits(images)
        cut = np.concatenate([images[:, :, start : start + window] for start in starts])
        at_once = max(1, self.settings.batch_px // window)
        scores = [self.scorer.logits(cut[i : i + at_once]) for i in range(0, len(cut), at_once)]
        # Views of (T, C), window by window, in each line by line: copies would double the memory.
        parts = [batch[:, n] for batch in scores for n in range(batch.shape[1])]
        whole = [join(parts[n :: len(images)], starts) for n in range(len(images))]
        return np.stack(whole, axis=1) if len(whole) > 1 else whole[0][:, None]

    def _reading(self, source: str, decoded: Decoded, line: LineImage) -> Reading:
        scorer = self.scorer
        centres_px = decoded.frames * scorer.frame_px + scorer.frame_offset_px
        symbols = [scorer.alphabet.symbols[c] for c in decoded.class_ids]
        characters = [
            Character(symbol, float(confidence), float(x * line.scale))
            for symbol, confidence, x in zip(symbols, decoded.confidences, centres_px, strict=True)
        ]
        if scorer.alphabet.space is not None:
            characters = [characters[i] for i in scorer.alphabet.kept("".join(symbols))]
        elif self.settings.spaces:
            for i in reversed(word_gaps(line.pixels, symbols, centres_px)):
                characters.insert(i, _space_between(*characters[i - 1 : i + 1]))
        text = "".join(character.text for character in characters)
        return Reading(
            source,
            text,
            decoded.confidence,
            tuple(characters),
            layout=layout_of(line.pixels),
            height_px=round(line.scale * len(line.pixels)),
            inverted=line.inverted,
        )


def _space_between(left: Character, right: Character) -> Character:
    """A space that the gap between two characters tells."""
    confidence = min(left.confidence, right.confidence)
    return Character(SPACE, confidence, (left.x_px + right.x_px) / 2)


_Prepared: TypeAlias = tuple[str, LineImage | str]  # name, and the line or why there is none


def _prepared(pool: ThreadPoolExecutor, sources: Iterable[Source]) -> Iterator[_Prepared]:
    """Decode on several threads, in order, no further ahead than the threads can work."""
    for some in _chunks(sources, 64):
        yield from pool.map(_prepare, some)


def _prepare(source: Source) -> _Prepared:
    name = str(source) if isinstance(source, str | Path) else ""
    try:
        if isinstance(source, Image.Image):
            return name, prepare_image(source)
        if isinstance(source, np.ndarray):
            return name, prepare_array(source)
        if not isinstance(source, str | Path | bytes):
            raise TypeError(
                f"{type(source).__name__} is no image: give paths, bytes, PIL images or arrays"
            )
        return name, read_line(Path(source) if isinstance(source, str) else source)
    except ImageError as error:
        return name, str(error)


def _held(lines: Iterable[_Prepared]) -> Iterator[list[_Prepared]]:
    """Lines in groups that are decoded together, bounded in number and in memory."""
    group: list[_Prepared] = []
    width_px = 0
    for name, line in lines:
        group.append((name, line))
        width_px += line.pixels.shape[1] if isinstance(line, LineImage) else 0
        if len(group) == LINES_AT_ONCE or width_px >= MAX_HELD_PX:
            yield group
            group, width_px = [], 0
    if group:
        yield group


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
