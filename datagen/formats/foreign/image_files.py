"""Images as files: which names they have, and how an export writes them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.images import extension
from datagen.sample import Samples
from ocrbase.publishing import disk_errors

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".jp2", ".avif", ".pgm",
    ".ppm", ".img",
)  # fmt: skip
_PER_FOLDER = 10_000  # image files, where a form allows several folders


def write_images(
    folder: Path, names: str, batches: Iterable[Samples], *, spread: bool = True
) -> Iterator[tuple[str, str]]:
    """Write images as files and give (path below `folder`, label) of each.

    Args:
        folder: that paths are relative to.
        names: folder of the images below it, "" for itself.
        batches: of samples.
        spread: give every 10,000 images a folder of their own.
    """
    number = 0
    for samples in batches:
        for image, text in zip(samples.images, samples.texts, strict=True):
            parent = f"{number // _PER_FOLDER:05d}" if spread else ""
            name = f"{number + 1:09d}{extension(image)}"
            path = "/".join(part for part in (names, parent, name) if part)
            target = folder / path
            with disk_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(image)
            yield path, text
            number += 1
