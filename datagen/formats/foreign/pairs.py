"""docTR's `labels.json` with images/, and kraken's pairs of `x.png` and `x.gt.txt`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.formats.foreign.rows import (
    IMAGE_SUFFIXES,
    BadRow,
    Row,
    Source,
    files_below,
    list_name,
    side_of,
    write_images,
    write_lines,
)
from datagen.sample import Samples
from ocrbase.publishing import disk_errors

_TEXT = ".gt.txt"


class DoctrJson:
    """docTR's recognition data: `labels.json` maps names in images/ to labels, a folder a side."""

    name = "doctr"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All entries of one labels.json, or of each below a folder."""
        for path, side in files_below(source, "labels.json"):
            folder = source.images if source.images is not None else path.parent / "images"
            for name, label in _read_labels(path).items():
                where = f"{path}: {name}"
                if isinstance(label, str):
                    yield Row(where, folder / name, label, side)
                else:
                    yield BadRow(where, f"the label is no text: {label!r}")

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SIDE/labels.json and SIDE/images/."""
        target = folder / list_name(side)
        written = write_images(target / "images", "", batches, spread=False)
        write_lines(target / "labels.json", _json_lines(written))


class KrakenPairs:
    """Each image has a text file of its name with `.gt.txt`, a folder a side."""

    name = "kraken"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All pairs below a folder, by name."""
        texts = sorted(source.path.rglob(f"*{_TEXT}"))
        if not texts:
            raise ExchangeError(f"{source.path} holds no {_TEXT} files")
        for path in texts:
            stem = path.name.removesuffix(_TEXT)
            images = [path.with_name(stem + suffix) for suffix in IMAGE_SUFFIXES]
            found = [image for image in images if image.exists()]
            if not found:
                yield BadRow(str(path), f"no image {stem}.png or the like beside it")
                continue
            try:
                label = path.read_text(encoding="utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                yield BadRow(str(path), "not UTF-8 text")
                continue
            yield Row(str(path), found[0], label, side_of(path.parent.relative_to(source.path)))

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SIDE/000000001.jpg and SIDE/000000001.gt.txt, and so on."""
        target = folder / list_name(side)
        for path, text in write_images(target, "", batches, spread=False):
            with disk_errors(target):
                text_file = (target / path).with_suffix(_TEXT)
                text_file.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _json_lines(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The lines of a JSON object of strings, of any length."""
    before = "{"
    for name, label in pairs:
        yield before
        before = f"{json.dumps(name)}: {json.dumps(label, ensure_ascii=False)},"
    yield before.removesuffix(",")
    yield "}"


def _read_labels(path: Path) -> dict[str, object]:
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExchangeError(f"cannot read {path}: {error}") from error
    if not isinstance(labels, dict):
        raise ExchangeError(f"{path} is no JSON object of image names and labels")
    return labels
