"""Labelled lines from wherever they are: a packed dataset, a render, or a list of image files."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import builtin
from datagen.data_sets.opening import is_render, open_data
from datagen.errors import ImageError
from datagen.formats.dataset import open_dataset
from datagen.formats.foreign.rows import leaves_its_folder
from datagen.formats.manifest import FILE as MANIFEST
from datagen.formats.reader import DatasetInfo, Reader
from datagen.formats.tar.lines import RenderLines
from datagen.line_images import Gray
from datagen.pack.pack_settings import PackSettings
from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.sample import UNKNOWN, Samples, unknown_centres, unknown_meta
from datagen.split import PACKED, Split, SplitRule
from ocrbase.errors import listed
from ocrbase.inputs import read_bytes, read_text
from training.errors import ReadError
from training.inference.image_decoding import read_line

LIST = "labels.tsv"
MAX_IMAGE_BYTES = 64 << 20  # of a file
_COLUMNS = ["file", "text", "corpus", "face"]
DEFAULT_DATA = Path(PackSettings.out)


def open_labelled(
    path: Path,
    split: Split | None = None,
    *,
    allow_outside: bool = False,
    rule: SplitRule | None = None,
) -> Reader:
    """A reader of labelled lines.

    Args:
        path: a folder that `ocrgen pack`, `render` or `import` made, a folder with a labels.tsv,
            or such a list itself.
        split: None takes validation of packed data, and all lines of a render.
        allow_outside: follow the names of a list that lead out of its folder.
        rule: that divides the lines of a render; what `ocrgen pack` would choose by default.

    Raises:
        ReadError: if it is nothing of that.
        ShardError: if a dataset is damaged.
    """
    if path.is_file():
        return LabelledFiles(path, allow_outside=allow_outside)
    if (path / LIST).is_file():
        return LabelledFiles(path / LIST, allow_outside=allow_outside)
    folder = path.parent if path.name in PACKED else path
    if not (folder / MANIFEST).is_file():
        raise ReadError(
            f"{path} holds no {MANIFEST} or {LIST}; name what `ocrgen pack` or `ocrgen render`"
            " wrote, or a list of lines 'file<TAB>text'"
        )
    if split is not None and is_render(path):
        reader = open_data([(path, None)], rule=rule).items[0].reader(split)
        assert isinstance(reader, RenderLines)
        return reader
    return open_dataset(path if path.name in PACKED else folder, split=split or Split.VAL)


@contextmanager
def open_or_render(path: Path | None, lines: int) -> Iterator[tuple[Reader, str]]:
    """A reader of labelled lines and its name; without a path, of data/lmdb or of fresh lines.

    Args:
        path: as for `open_labelled`; None takes DEFAULT_DATA where it is.
        lines: to render from the built-in text where there is no data at all.
    """
    if path is not None or DEFAULT_DATA.exists():
        data = path or DEFAULT_DATA
        yield open_labelled(data), str(data)
        return
    with TemporaryDirectory() as folder:
        render(RenderSettings(n=lines, out=f"{folder}/lines", jobs=1))
        yield open_labelled(Path(folder) / "lines"), "freshly rendered news"


def some_lines(source: Reader, name: str, count: int) -> list[Gray]:
    """At most `count` lines (32, w) of a source, spread evenly over it, prepared to be read.

    Raises:
        ReadError: if there are none, or some cannot be read; names them.
    """
    positions = spread(len(source), count)
    if len(positions) == 0:
        raise ReadError(f"{name} holds no line to check with; name other --data")
    lines: list[Gray] = []
    bad = []
    for position, image in zip(positions, source.read(positions.tolist()).images, strict=True):
        try:
            lines.append(read_line(image).pixels)
        except ImageError as error:
            bad.append(f"{position} ({error})")
    if bad:
        raise ReadError(f"{name} has lines that cannot be read: {listed(bad)}")
    return lines


def spread(count: int, limit: int | None) -> NDArray[np.int64]:
    """Positions of at most `limit` of `count` lines, evenly spread."""
    if limit is None or limit >= count:
        return np.arange(count, dtype=np.int64)
    return np.arange(limit, dtype=np.int64) * count // limit


class LabelledFiles:
    """A list `file<TAB>text`, files relative to the list and below its folder.

    A first line `file<TAB>text<TAB>corpus<TAB>face` names further columns, by which an evaluation
    is broken down; either of the two may be missing.

    Args:
        path: of the list, UTF-8.
        allow_outside: follow names that are absolute or climb out of the folder.

    Raises:
        ReadError: if the list is not UTF-8, empty, has lines of another number of columns, or names
            files outside of its folder.
    """

    def __init__(self, path: Path, *, allow_outside: bool = False) -> None:
        self.folder, self.name = path.parent, str(path)
        header, rows = _rows(path)
        outside = [row.file for row in rows if leaves_its_folder(row.file)]
        if outside and not allow_outside:
            raise ReadError(
                f"{path} names files outside of its folder: {listed(outside)}; follow them with"
                " --allow-outside"
            )
        self.files = [row.file for row in rows]
        self.texts = [row.text for row in rows]
        self._corpora = _distinct(row.corpus for row in rows) if "corpus" in header else ()
        self._faces = _distinct(row.face for row in rows) if "face" in header else ()
        self._meta = unknown_meta(len(rows))
        for column, names in (("corpus", self._corpora), ("face", self._faces)):
            numbers = {name: i for i, name in enumerate(names)}
            self._meta[column] = [numbers.get(getattr(row, column), UNKNOWN) for row in rows]

    @property
    def info(self) -> DatasetInfo:
        """The tables of the list; its texts may use any character, so the alphabet is nominal."""
        return DatasetInfo(builtin(), self._corpora, self._faces, any_character=True)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Samples:
        """The files' bytes as they are.

        Raises:
            ReadError: if some cannot be read; names them.
        """
        images, bad = [], []
        for i in indices:
            try:
                path = self.folder / self.files[i]
                images.append(read_bytes(path, MAX_IMAGE_BYTES, error=ReadError))
            except ReadError as error:
                bad.append(str(error))
        if bad:
            raise ReadError(f"the list names files that cannot be used: {listed(bad)}")
        texts = [self.texts[i] for i in indices]
        meta = self._meta[np.asarray(indices, dtype=np.int64)]
        return Samples(images, texts, meta, unknown_centres(texts))


class _Row(NamedTuple):
    file: str
    text: str
    corpus: str = ""
    face: str = ""


def _rows(path: Path) -> tuple[list[str], list[_Row]]:
    """The columns of a list and its rows."""
    lines = [line.removesuffix("\r") for line in read_text(path, error=ReadError).split("\n")]
    header = ["file", "text"]
    first = 0
    if lines[0].split("\t")[:2] == header:
        header, first = lines[0].split("\t"), 1
    unknown = [name for name in header if name not in _Row._fields]
    if unknown or len(set(header)) < len(header):
        raise ReadError(f"{path}: columns {listed(header)}; there may be {listed(_COLUMNS)}")
    rows = [(n, line.split("\t")) for n, line in enumerate(lines[first:], first + 1) if line]
    wrong = [str(number) for number, cells in rows if len(cells) != len(header)]
    if wrong or not rows:
        what = f"lines {listed(wrong)} have no {len(header)} columns" if wrong else "no lines"
        raise ReadError(f"{path}: {what}; each line is {'<TAB>'.join(header)}")
    return header, [_Row(**dict(zip(header, cells, strict=True))) for _, cells in rows]


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
