"""Labelled lines from wherever they are: a packed dataset, a render, or a list of image files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from datagen.alphabet import builtin
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import FILE as MANIFEST
from datagen.formats.manifest import LMDB, read_manifest
from datagen.formats.reader import DatasetInfo, Reader
from datagen.formats.tar.reader import RenderReader
from datagen.pack.pack_settings import PackSettings
from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.sample import UNKNOWN, Samples, unknown_centres, unknown_meta
from datagen.split import PACKED, Split
from ocrbase.errors import listed
from training.errors import ReadError

LIST = "labels.tsv"
DEFAULT_DATA = Path(PackSettings.out)


def open_labelled(path: Path, split: Split = Split.VAL) -> Reader:
    """A reader of labelled lines.

    Args:
        path: a folder that `ocrgen pack` or `ocrgen render` made, a folder with a labels.tsv, or
            such a list itself.
        split: of a packed dataset.

    Raises:
        ReadError: if it is nothing of that.
        ShardError: if a dataset is damaged.
    """
    if path.is_file():
        return LabelledFiles(path)
    if (path / LIST).is_file():
        return LabelledFiles(path / LIST)
    folder = path.parent if path.name in PACKED else path
    if not (folder / MANIFEST).is_file():
        raise ReadError(
            f"{path} holds no {MANIFEST} or {LIST}; name what `ocrgen pack` wrote, or a list of"
            " lines 'file<TAB>text'"
        )
    if read_manifest(folder)["format"] == LMDB:
        return LmdbReader(path, split)
    return RenderReader(folder)


@contextmanager
def open_or_render(path: Path | None, lines: int) -> Iterator[tuple[Reader, str]]:
    """A reader of labelled lines and its name; without a path, of data/lmdb or of fresh lines.

    Args:
        path: as for `open_labelled`; None takes DEFAULT_DATA where it is.
        lines: to render from the built-in text where there is no data at all.
    """
    if path is not None or DEFAULT_DATA.exists():
        found = path or DEFAULT_DATA
        yield open_labelled(found), str(found)
        return
    with TemporaryDirectory() as folder:
        render(RenderSettings(n=lines, out=f"{folder}/lines", jobs=1))
        yield open_labelled(Path(folder) / "lines"), "freshly rendered news"


class LabelledFiles:
    """A list `file<TAB>text`, files relative to the list.

    A first line `file<TAB>text<TAB>corpus<TAB>face` names further columns, by which an evaluation
    is broken down; either of the two may be missing.

    Raises:
        ReadError: if the list is not UTF-8, empty, or has lines without a tab.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        header, rows = _rows(path)
        self.files = [row["file"] for row in rows]
        self.texts = [row["text"] for row in rows]
        self._corpora = tuple(sorted({row["corpus"] for row in rows})) if "corpus" in header else ()
        self._faces = tuple(sorted({row["face"] for row in rows})) if "face" in header else ()
        self._meta = unknown_meta(len(rows))
        for column, names in (("corpus", self._corpora), ("face", self._faces)):
            numbers = {name: i for i, name in enumerate(names)}
            self._meta[column] = [numbers.get(row.get(column, ""), UNKNOWN) for row in rows]

    @property
    def info(self) -> DatasetInfo:
        """The tables of the list; its texts may use any character, so the alphabet is nominal."""
        return DatasetInfo(builtin(), self._corpora, self._faces)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, indices: Sequence[int]) -> Samples:
        """The files' bytes as they are.

        Raises:
            ReadError: if files are missing; names them.
        """
        paths = [self.folder / self.files[i] for i in indices]
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise ReadError(f"the list names files that are not there: {listed(missing)}")
        texts = [self.texts[i] for i in indices]
        images = [path.read_bytes() for path in paths]
        meta = self._meta[np.asarray(indices, dtype=np.int64)]
        return Samples(images, texts, meta, unknown_centres(texts))


def _rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not UTF-8: bad byte at offset {error.start}") from error
    split = [line.split("\t") for line in lines if line]
    header = ["file", "text"]
    if split and split[0][:2] == header:
        header = split.pop(0)
    wrong = [str(i + 1) for i, row in enumerate(split) if len(row) != len(header)]
    if wrong or not split:
        what = f"lines {listed(wrong)} have no {len(header)} columns" if wrong else "no lines"
        raise ReadError(f"{path}: {what}; each line is {'<TAB>'.join(header)}")
    return header, [dict(zip(header, row, strict=True)) for row in split]
