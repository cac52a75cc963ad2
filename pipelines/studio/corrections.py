"""Corrected lines, kept as `ocrgen import tsv` reads them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from datagen.images import encode_png
from ocrbase.errors import DiskError, SettingsError
from ocrbase.publishing import publish_bytes, publish_text
from training.inference.image_decoding import read_gray

LIST = "labels.tsv"


@dataclass(frozen=True)
class Corrections:
    """A folder of line images with the list of their texts."""

    folder: Path

    def add(self, image: bytes, text: str) -> Path:
        """Keep a line; an image that is there already gets the new text. Returns its path.

        Raises:
            SettingsError: if the text is empty or holds a tab or line break.
            ImageError: if the image cannot be read.
            DiskError: if the folder cannot be written.
        """
        if not text.strip() or any(c in text for c in "\t\r\n"):
            raise SettingsError(f"text {text!r}: give one line of text without tabs")
        name = hashlib.sha256(image).hexdigest()[:16] + ".png"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DiskError(f"{self.folder} cannot be made: {error.strerror}") from error
        publish_bytes(self.folder / name, _png(image))
        rows = self._rows() | {name: text}
        publish_text(self.folder / LIST, "".join(f"{n}\t{t}\n" for n, t in rows.items()))
        return self.folder / name

    def _rows(self) -> dict[str, str]:
        path = self.folder / LIST
        if not path.exists():
            return {}
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = (line.partition("\t") for line in lines if "\t" in line)
        return {name: text for name, _, text in pairs}


def _png(image: bytes) -> bytes:
    """As it was read: upright, in gray."""
    return encode_png(read_gray(image))
