"""Whether a style fitted to unlabelled crops teaches a model to read the rest of them.

Lines are set by Pillow and degraded by Pillow and NumPy, without any of the renderer: reduced to 11
to 15 px, faded, shaded, made noisy and saved as JPEG, as a receipt on an old telephone may look. A
style is fitted to some of them. Then two short trainings start from one model over equally many
lines, one in the preset that the fit started from, one in the fitted style, and both models read
the lines that were kept apart.

    python benchmarks/style_fit.py --corpus news.txt --crops 50
"""

import argparse
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.fine_tuning import Start, fine_tune
from benchmarks.lines import machine
from datagen.text.plan import make_plan
from datagen.text.plan_settings import PlanSettings
from fonts.library import select
from pipelines.steps import call
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.intervals import compare, ratio
from training.evaluation.labelled import open_labelled
from training.evaluation.report import shown_change, verdict
from training.inference.line_reader import LineReader
from training.model.bundled import DEFAULT_BUNDLED

FACES = ("micro-hei", "arphic-song-gb", "noto-serif-sc-regular", "arphic-kai-gb")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--crops", type=int, default=50, help="that the style is fitted to")
    parser.add_argument("--read", type=int, default=300, help="other lines, that are read")
    parser.add_argument("--lines", type=int, default=8_000, help="of each training")
    parser.add_argument("--init", default=DEFAULT_BUNDLED, help="model to start from")
    parser.add_argument("--model", default=DEFAULT_BUNDLED, help="its network")
    parser.add_argument("--alphabet", default="general", help="its alphabet")
    parser.add_argument("--corpus", action="append", help="text of the trainings; news")
    parser.add_argument("--folder", type=Path, default=Path("runs/style_fit"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    make_lines(options.folder, options.crops, options.read)
    fit = ("ocrgen", "style", "fit", "crops", "-o", "fitted.toml", "--html", "fitted.html")
    call((*fit, "--corpus", "classical"), options.folder)
    fitted = options.folder / "fitted.toml"
    preset = tomllib.loads(fitted.read_text(encoding="utf-8"))["preset"]
    models = {"before": options.init}
    start = Start(
        options.init, options.model, options.alphabet, options.corpus or ["news"], "6-18", "32-640",
        options.lines,
    )  # fmt: skip
    for name, style in ((preset, preset), ("fitted", str(fitted.resolve()))):
        models[name] = str(fine_tune(start, options.folder, name, {style: 1.0}))
    read = {name: read_by(model, options.folder / "rest") for name, model in models.items()}
    print(f"{machine()}; {options.lines:,} lines for each from {options.init}")
    for name, evaluation in read.items():
        cer = ratio(evaluation.strict.edits, evaluation.strict.target_lengths)
        right = evaluation.strict.line_accuracy
        print(
            f"{name:10} CER {cer.value:.2%} [{cer.low:.2%}, {cer.high:.2%}], {right:.1%} of lines"
        )
    one, two = read[preset].strict, read["fitted"].strict
    paired = compare(one.edits, two.edits, one.target_lengths)
    print(f"{verdict(paired, preset, 'fitted')}; CER {shown_change(paired.cer_change)}")


def make_lines(folder: Path, crops: int, rest: int) -> None:
    """Crops without labels, and the rest with theirs; the same on every call."""
    plan = make_plan(PlanSettings(("classical",), length_min=8, length_max=16, min_per_class=0))
    texts = plan.texts(np.arange(crops + rest)).class_ids
    faces = select(FACES)
    rows = []
    for i, class_ids in enumerate(texts):
        rng = np.random.default_rng(i)
        text = plan.alphabet.decode(class_ids)
        place = folder / ("crops" if i < crops else "rest") / f"{i:04d}.jpg"
        place.parent.mkdir(exist_ok=True)
        gray = degraded(typeset(text, faces[i % len(faces)].path), rng)
        Image.fromarray(gray).save(place, quality=int(rng.integers(45, 70)))
        if i >= crops:
            rows.append(f"{place.name}\t{text}\n")
    (folder / "rest" / "labels.tsv").write_text("".join(rows), encoding="utf-8")


def typeset(text: str, face: Path) -> NDArray[np.float64]:
    """How much of each pixel is ink, (H, W), at 40 px per em."""
    font = ImageFont.truetype(face, 40)
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("L", (round(right - left) + 16, round(bottom - top) + 12), 0)
    ImageDraw.Draw(canvas).text((8 - left, 6 - top), text, fill=255, font=font)
    return np.asarray(canvas, dtype=np.float64) / 255


def degraded(coverage: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Gray levels of a small, pale, noisy image of it."""
    height = int(rng.integers(11, 16))
    width = round(coverage.shape[1] * height / coverage.shape[0])
    small = Image.fromarray((255 * coverage).astype(np.uint8)).resize(
        (width, height), Image.Resampling.BOX
    )
    ground, ink = rng.uniform(170, 215), rng.uniform(70, 115)
    shade = rng.uniform(-25, 25) * np.linspace(-1, 1, width)
    levels = ground + shade + (ink - ground) * np.asarray(small, dtype=np.float64) / 255
    noisy = levels + rng.normal(0, rng.uniform(4, 9), levels.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def read_by(model: str, lines: Path) -> Evaluation:
    """The lines that were kept apart, as a model reads them."""
    return evaluate(LineReader.open(model), open_labelled(lines), lines.name)


if __name__ == "__main__":
    main()
