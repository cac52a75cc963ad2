"""Lines that need no font: each character is a bar of its own gray level, and a scorer for them."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from datagen.alphabet import Alphabet
from datagen.line_images import Gray
from training.cli import main
from training.inference.decoding import FloatArray
from training.inference.scorers import Images

ALPHABET = Alphabet(("", *"天地玄黄宇宙洪荒"))
GROUND = 250


class BarScorer:
    """Reads bars: the gray level of a column, in steps of 20, is its class.

    Args:
        blind: characters that it takes for the last one of the alphabet.
    """

    alphabet = ALPHABET
    frame_px = 4
    frame_offset_px = 2.0
    trained_px = 0

    def __init__(self, blind: str = "", name: str = "bars") -> None:
        self.name = name
        self.shapes: list[tuple[int, ...]] = []
        self._read_as = np.arange(len(ALPHABET) + 8)
        self._read_as[len(ALPHABET) :] = 0
        for character in blind:
            self._read_as[ALPHABET.symbols.index(character)] = len(ALPHABET) - 1

    def logits(self, images: Images) -> FloatArray:
        self.shapes.append(images.shape)
        classes = self._read_as[(images[:, 16, 2::4].astype(int) + 10) // 20]  # (N, T)
        scores = np.zeros((*classes.T.shape, len(ALPHABET)), dtype=np.float32)
        np.put_along_axis(scores, classes.T[:, :, None], 8.0, axis=2)
        return scores


def bars(text: str, pitch_px: int = 28, height: int = 32) -> Gray:
    """A line (height, W) of bars; the first stands at 12 px of a line 32 px high."""
    scale = height // 32
    line = np.full((32, len(text) * pitch_px + 20), GROUND, dtype=np.uint8)
    for i, character in enumerate(text):
        x = 12 + i * pitch_px
        line[4:28, x : x + 4] = 20 * ALPHABET.symbols.index(character)
    return line.repeat(scale, axis=0).repeat(scale, axis=1)


def save(path: Path, gray: Gray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(gray).save(path)
    return path


def random_texts(count: int, most: int = 12, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    characters = list(ALPHABET.characters)
    return ["".join(rng.choice(characters, rng.integers(1, most))) for _ in range(count)]


def write_list(folder: Path, texts: list[str], columns: dict[str, list[str]] | None = None) -> Path:
    """Images of texts and their labels.tsv with further columns."""
    columns = columns or {}
    rows = [["file", "text", *columns]]
    for i, text in enumerate(texts):
        save(folder / f"{i:04d}.png", bars(text))
        rows.append([f"{i:04d}.png", text, *(values[i] for values in columns.values())])
    path = folder / "labels.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def ocrtrain(*arguments: object, stdin: str = "") -> tuple[int, str, str]:
    """Run the command line; (exit code, standard output, standard error)."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.return_value or result.exit_code, result.stdout, result.stderr
