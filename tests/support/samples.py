"""Small real samples for tests: lines that OpenCV draws, with labels, meta and centres."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from datagen.alphabet import Alphabet
from datagen.formats.manifest import (
    VERSION,
    RenderManifest,
    StoredAlphabet,
    TextSource,
    write_manifest,
)
from datagen.formats.tar.reader import shard_count, shard_stem
from datagen.formats.tar.shard import TarShardWriter
from datagen.images import encode_jpeg, encode_png
from datagen.sample import Samples, unknown_meta

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ALPHABET = Alphabet(("", *LETTERS, *"中文测试"))


def label_of(index: int, length: int = 10) -> str:
    """A label that depends on the index alone; now and then with hanzi."""
    rng = np.random.default_rng(index)
    text = "".join(rng.choice(list(LETTERS), length))
    return text if index % 5 else "中文测试"[index % 4] + text[1:]


def make_samples(
    indices: Sequence[int],
    *,
    width: int = 280,
    labels: Sequence[str] | None = None,
    sentences: Sequence[int] | None = None,
    with_masks: bool = False,
) -> Samples:
    """Draw one line per index, 32 pixels high, dark on light, as JPEG."""
    texts = list(labels) if labels is not None else [label_of(i) for i in indices]
    pixels = np.stack([_draw(text, index, width) for text, index in zip(texts, indices)])  # noqa: B905
    meta = unknown_meta(len(texts))
    meta["index"] = indices
    meta["sentence"] = sentences if sentences is not None else np.asarray(indices) // 3 + 7
    meta["corpus"] = 0
    meta["face"] = np.asarray(indices) % 2
    meta["height"], meta["width"] = 32, width
    meta["effects"][:, 0] = 24.0
    centres = np.full((len(texts), max(map(len, texts), default=0)), np.nan, np.float32)
    for row, text in enumerate(texts):
        centres[row, : len(text)] = 10.5 + 26 * np.arange(len(text))
    masks = [encode_png(255 - image) for image in pixels]
    return Samples(
        [encode_jpeg(image) for image in pixels],
        texts,
        meta,
        centres,
        quads=np.zeros((*centres.shape, 4, 2), np.float32) if with_masks else None,
        masks=masks if with_masks else None,
    )


def make_render(
    folder: Path,
    n: int,
    *,
    shard_size: int = 50,
    alphabet: Alphabet = ALPHABET,
    faces: Sequence[str] = ("Song", "Kai"),
    **of_samples: object,
) -> Path:
    """A folder as `ocrgen render` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = RenderManifest(
        version=VERSION,
        n=n,
        shard_size=shard_size,
        alphabet=StoredAlphabet.of(alphabet),
        corpora=["news"],
        faces=list(faces),
        sources=[TextSource(name="news", licence="CC0", attribution="nobody")],
        face_licences=dict.fromkeys(faces, "OFL-1.1"),
        settings={"seed": 0},
        command="ocrgen render --corpus news",
    )
    write_manifest(folder, manifest)
    for number in range(shard_count(n, shard_size)):
        stop = min(n, (number + 1) * shard_size)
        indices = range(number * shard_size, stop)
        with TarShardWriter(shard_stem(folder, number)) as writer:
            writer.write(make_samples(indices, **of_samples))  # type: ignore[arg-type]
    return folder


def _draw(text: str, index: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(index)
    image = rng.normal(225, 8, (32, width)).clip(0, 255).astype(np.uint8)
    ascii_text = text.encode("ascii", "replace").decode()
    for place, letter in enumerate(ascii_text):
        cv2.putText(image, letter, (4 + 26 * place, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 40, 2)
    return image


def make_render_with_a_bad_image(folder: Path) -> Path:
    """A render of four lines in one shard, the third of which is no image."""
    make_render(folder, 4, shard_size=4)
    samples = make_samples(range(4))
    images = [*samples.images[:2], b"no image", samples.images[3]]
    with TarShardWriter(folder / "shard-00000") as writer:
        writer.write(Samples(images, samples.texts, samples.meta, samples.centres))
    return folder
