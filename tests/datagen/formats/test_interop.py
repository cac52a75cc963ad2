"""Packed data as other trainers read it.

Each reader below follows the rules by which one trainer finds shards and takes samples, written
from a description of these rules: which folders it opens, which keys it asks for, with what flags.
"""

import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import cv2
import lmdb
import numpy as np
import pytest
from PIL import Image

from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.split import PACKED
from tests.support.samples import label_of, make_render

N = 130
Pixels = np.ndarray


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    make_render(folder / "renders" / "news", N)
    settings = PackSettings(
        inputs=(str(folder / "renders"),),
        out=str(folder / "lmdb"),
        split=0.8,
        shard_size=40,
        jobs=1,
    )
    pack(settings)
    return folder / "lmdb"


def _leaf_folders(root: Path) -> Iterator[Path]:
    """Every folder without folders in it, below a root."""
    folders = [path for path in root.iterdir() if path.is_dir()]
    if not folders:
        yield root
    for folder in folders:
        yield from _leaf_folders(folder)


def _open(folder: Path, **flags: object) -> lmdb.Environment:
    return lmdb.open(
        str(folder), readonly=True, lock=False, readahead=False, meminit=False, **flags
    )


def as_dtrb(root: Path) -> Iterator[tuple[Pixels, str]]:
    """deep-text-recognition-benchmark: every leaf folder whose path holds the selected word ("/"),
    samples 1 to num-samples, images by PIL in gray. In other settings it drops labels over 25
    characters and images it cannot open."""
    for folder in sorted(_leaf_folders(root)):
        assert "-" not in folder.name  # the words of its --select_data are separated by dashes
        with _open(folder, max_readers=32) as environment, environment.begin(write=False) as t:
            for index in range(1, int(t.get(b"num-samples")) + 1):
                label = t.get(b"label-%09d" % index).decode("utf-8")
                image = Image.open(io.BytesIO(t.get(b"image-%09d" % index))).convert("L")
                if len(label) <= 25:
                    yield np.asarray(image), label


def as_parseq(root: Path, *, normalize_unicode: bool = False) -> Iterator[tuple[Pixels, str]]:
    """parseq: each **/data.mdb; white space leaves labels, and with its default everything that is
    not ASCII; one reader; images by PIL in colour."""
    for file in sorted(root.glob("**/data.mdb")):
        environment = _open(file.parent, max_readers=1, create=False)
        with environment, environment.begin() as t:
            for index in (i + 1 for i in range(int(t.get(b"num-samples")))):
                label = "".join(t.get(f"label-{index:09d}".encode()).decode().split())
                if normalize_unicode:
                    plain = unicodedata.normalize("NFKD", label)
                    label = plain.encode("ascii", "ignore").decode()
                image = Image.open(io.BytesIO(t.get(f"image-{index:09d}".encode())))
                if label:
                    yield np.asarray(image.convert("RGB"))[:, :, 0], label


def as_openocr(folders: list[Path]) -> Iterator[tuple[Pixels, str]]:
    """OpenOCR: the folders of a list; width and height from wh- keys sort samples by ratio; images
    by OpenCV in colour."""
    for folder in folders:
        with _open(folder, max_readers=32) as environment, environment.begin(write=False) as t:
            indices = range(1, int(t.get(b"num-samples")) + 1)
            ratios = []
            for index in indices:
                width, height = t.get(b"wh-%09d" % index).decode("utf-8").split("_")
                ratios.append(float(width) / float(height))
            for index, ratio in zip(indices, ratios, strict=True):
                data = np.frombuffer(t.get(b"image-%09d" % index), np.uint8)
                image = cv2.imdecode(data, cv2.IMREAD_COLOR)
                assert image is not None and image.shape[1] / image.shape[0] == ratio
                yield image[:, :, 0], t.get(b"label-%09d" % index).decode("utf-8")


def as_paddleocr(root: Path) -> Iterator[tuple[Pixels, str]]:
    """PaddleOCR's LMDBDataSet: every leaf folder, all environments open at once, (shard, index)
    pairs from 1; a missing label is silently replaced by another sample, images by OpenCV."""
    folders = sorted(_leaf_folders(root))
    environments = [_open(folder, max_readers=32) for folder in folders]
    transactions = [environment.begin(write=False) for environment in environments]
    for t in transactions:
        for index in range(1, int(t.get(b"num-samples")) + 1):
            label = t.get(b"label-%09d" % index)
            assert label is not None
            image = cv2.imdecode(np.frombuffer(t.get(b"image-%09d" % index), np.uint8), 1)
            yield image[:, :, 0], label.decode("utf-8")
    for t, environment in zip(transactions, environments, strict=True):
        t.abort()
        environment.close()


def _all_arrive(samples: list[tuple[Pixels, str]]) -> None:
    assert sorted(label for _, label in samples) == sorted(label_of(i) for i in range(N))
    assert all(image.shape == (32, 280) and image.std() > 10 for image, _ in samples)


def test_deep_text_recognition_benchmark(packed: Path) -> None:
    _all_arrive([*as_dtrb(packed / "train"), *as_dtrb(packed / "val")])


def test_parseq(packed: Path) -> None:
    _all_arrive([*as_parseq(packed / "train"), *as_parseq(packed / "val")])
    stripped = [label for _, label in as_parseq(packed / "val", normalize_unicode=True)]
    assert all(label.isascii() for label in stripped)  # why the card asks for the other setting


def test_openocr(packed: Path) -> None:
    folders = sorted(file.parent for file in packed.glob("*/*/data.mdb"))
    _all_arrive(list(as_openocr(folders)))


def test_paddleocr(packed: Path) -> None:
    _all_arrive([*as_paddleocr(packed / "train"), *as_paddleocr(packed / "val")])


def test_no_other_leaf_folder_lies_below_a_split(packed: Path) -> None:
    for split in PACKED:
        for folder in _leaf_folders(packed / split):
            assert [path.name for path in folder.iterdir()] == ["data.mdb"]
    assert sorted(p.name for p in packed.iterdir()) == [
        "README.md",
        "manifest.json",
        "train",
        "val",
    ]
