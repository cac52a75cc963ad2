"""How well an independent recogniser reads the lines of each preset: labels are what can be read.

PP-OCRv4 reads every line at twice its size. It met none of these lines in training, so what it
misses beyond the lines of `print` is what the preset made hard to read.

    pip install --no-deps rapidocr-onnxruntime==1.4.4    # its other requirements replace OpenCV
    python benchmarks/labels.py
    python benchmarks/labels.py scan photo --lines 300 --show worst.png
"""

import argparse
import sys
import unicodedata
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from benchmarks.lines import machine
from datagen.drawing.engine import LineEngine
from datagen.drawing.look_columns import Look
from datagen.drawing.style import preset_names
from datagen.drawing.style_mix import draw_mixed_looks
from datagen.images import UintImages, decode_each
from datagen.line_images import dark_on_light
from datagen.render.line_renderer import open_renderer
from datagen.render.render_settings import LookSettings
from datagen.text.plan_settings import PlanSettings

REFERENCE = "print"
MODEL_HEIGHT_PX = 48
BANDS = (0, 12, 16, 24, 33, 65)  # native heights in px that are told apart


class Read(NamedTuple):
    """What was read of one line."""

    image: UintImages
    native_px: int
    text: str
    read: str

    @property
    def edits(self) -> int:
        return int(Levenshtein.distance(folded(self.read), folded(self.text)))


def main() -> None:
    """Print the CER of each preset, and its distance from that of `print`."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("styles", nargs="*", default=preset_names(), help="presets or TOML files")
    options.add_argument("--text", default="news", help="corpus name or text path")
    options.add_argument("--lines", type=int, default=1000)
    options.add_argument("--seed", type=int, default=PlanSettings.seed)
    options.add_argument("--show", metavar="PNG", help="picture of the lines with most edits")
    given = options.parse_args()
    print(machine())
    reader, reference, worst = Recogniser(), 0.0, []
    plan = PlanSettings(corpora=(given.text,), seed=given.seed)
    for style in dict.fromkeys((REFERENCE, *given.styles)):
        lines = read_lines(reader, plan, style, given.lines)
        rate = cer(lines)
        reference = rate if style == REFERENCE else reference
        print(
            f"{style:12} CER {rate:6.2%} ({100 * (rate - reference):+.2f} points); {bands(lines)}"
        )
        worst += sorted(lines, key=lambda line: line.edits / len(line.text))[-12:]
    if given.show:
        Path(given.show).write_bytes(picture(worst))


class Recogniser:
    """The recogniser of PP-OCRv4 from the wheel of rapidocr-onnxruntime."""

    def __init__(self) -> None:
        found = find_spec("rapidocr_onnxruntime")
        if found is None or found.origin is None:
            sys.exit("pip install --no-deps rapidocr-onnxruntime==1.4.4")
        path = Path(found.origin).with_name("models") / "ch_PP-OCRv4_rec_infer.onnx"
        threads = onnxruntime.SessionOptions()
        threads.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), threads)
        stored = self._session.get_modelmeta().custom_metadata_map["character"]
        self._characters = ["", *stored.splitlines(), " "]  # class 0 is the blank

    def read(self, image: UintImages) -> str:
        """Text of one line image (H, W)."""
        width = round(image.shape[1] * MODEL_HEIGHT_PX / image.shape[0])
        scaled = cv2.resize(image, (width, MODEL_HEIGHT_PX)).astype(np.float32)
        planes = np.repeat(scaled[None, None], 3, axis=1) / 127.5 - 1.0  # (1, 3, H, W)
        name = self._session.get_inputs()[0].name
        best = self._session.run(None, {name: planes})[0][0].argmax(axis=1)  # (T,)
        kept = best[np.flatnonzero(np.diff(best, prepend=-1))]
        return "".join(self._characters[c] for c in kept)


def read_lines(reader: Recogniser, plan: PlanSettings, style: str, count: int) -> list[Read]:
    """Draw the first lines of a style, enlarge them twice and read them."""
    renderer, indices = open_renderer(plan, LookSettings(style=style)), np.arange(count)
    samples = renderer.samples(indices)
    heights = native_heights(renderer.engine, indices)
    lines = []
    rows = zip(decode_each(samples.images), heights.tolist(), samples.texts, strict=True)
    for image, native_px, text in rows:
        large = cv2.resize(image, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
        read = reader.read(dark_on_light(np.asarray(large, dtype=np.uint8)))
        lines.append(Read(image, native_px, text, read))
    return lines


def native_heights(engine: object, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Heights at which lines are captured at their first attempt, (B,)."""
    if not isinstance(engine, LineEngine):
        return np.full(len(indices), 32)
    looks = draw_mixed_looks(engine.mix, engine.seed, indices)
    return looks[:, Look.NATIVE].astype(np.int64)


def folded(text: str) -> str:
    """A text without what does not tell characters apart: width, case and spaces."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def cer(lines: list[Read]) -> float:
    """Edits per character."""
    return sum(line.edits for line in lines) / sum(len(folded(line.text)) for line in lines)


def bands(lines: list[Read]) -> str:
    """CER by native height."""
    parts = []
    for low, high in pairwise(BANDS):
        some = [line for line in lines if low <= line.native_px < high]
        if some:
            parts.append(f"{low} to {high - 1} px {cer(some):.1%}")
    return ", ".join(parts)


def picture(lines: list[Read]) -> bytes:
    """The lines one below the other, twice their size."""
    width = max(line.image.shape[1] for line in lines)
    rows = [
        cv2.copyMakeBorder(line.image, 0, 4, 0, width - line.image.shape[1], 0) for line in lines
    ]
    large = cv2.resize(np.vstack(rows), None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".png", large)[1])


if __name__ == "__main__":
    main()
