"""What each part of the presets brings: fine-tunings that differ in one part, read on given lines.

From one checkpoint and over equally many lines, a model learns on `print`, on `print` with one
part of the presets switched on, and on the presets whole. A part is a group of keys; switched on,
`print` takes their values from document, screen, scan and photo, each with its share of the lines.

    python benchmarks/ablation.py --init crnn_v2 --corpus news.txt:0.6 --corpus technical.txt:0.4 \\
        --data pipelines/real_lines

`--data` names what `ocrtrain evaluate` reads. A list with a column `face` is broken down by face,
any other by the height of its images. `print` is given by its CER, each part by its change against
that, in points, with the interval of lines read by both. Each run is kept in the folder and goes on
where it stopped when the same command is given again.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray

from benchmarks.fine_tuning import Start, fine_tune
from benchmarks.lines import machine
from datagen.drawing.style import load_style, with_value
from datagen.drawing.style_keys import changes_toml, keys_of
from training.evaluation.breakdown import HEIGHT_EDGES
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.intervals import compare, ratio
from training.evaluation.labelled import open_labelled
from training.inference.line_reader import LineReader

BASE, BASE_SHARE = "print", 0.25
PRESETS = {"document": 0.35, "screen": 0.15, "scan": 0.15, "photo": 0.1}

# Names of keys, or of whole sections. Several parts need the native height to have any meaning.
_NATIVE = ("capture.native_px", "capture.native_share", "capture.min_em_px")
PARTS: dict[str, tuple[str, ...]] = {
    "companions, spaces, squeezed marks": (
        "letters.companion_share", "letters.second_share", "letters.space_share",
        "letters.autospace_share", "letters.squeeze_share", "letters.mark_gap_share",
        "letters.superscript_share", "letters.lone_italic_share", "letters.logo_share",
        "letters.centred_share", "letters.item_gap_share",
    ),
    "spacing, width, slant, size": (
        "letters.size_px", "letters.stretch", "letters.stretch_share", "letters.spacing_em",
        "letters.spacing_share", "letters.slant", "letters.slant_share",
    ),
    "stroke weight": ("letters.weight", "letters.embolden_share"),
    "decorations": ("decorations",),
    "frames": ("frame",),
    "gray levels, dark grounds": ("gray",),
    "geometry": ("geometry",),
    "native height": _NATIVE,
    "native height, rasteriser": (*_NATIVE, "capture.raster_share", "capture.mono_share"),
    "native height, capture": ("capture", "blur", "surface"),
}  # fmt: skip
WHOLE = "the presets"


class Band(NamedTuple):
    """What a model reads of a part of the lines: edits and characters of each, (N,)."""

    name: str
    edits: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def cer(self) -> str:
        """CER with its interval over lines."""
        cer = ratio(self.edits, self.lengths)
        return f"{cer.value:.2%} [{cer.low:.2%}, {cer.high:.2%}]"

    def change(self, base: "Band") -> str:
        """CER against that of a model that read the same lines, in points."""
        change = compare(base.edits, self.edits, self.lengths).cer_change
        return f"{100 * change.value:+.2f} [{100 * change.low:+.2f}, {100 * change.high:+.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--init", default="crnn_v2", help="checkpoint to start from")
    parser.add_argument("--model", default="crnn_v2", help="its network")
    parser.add_argument("--alphabet", default="5990", help="its alphabet")
    parser.add_argument("--corpus", action="append", help="as of ocrgen render; news, classical")
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=16_000, help="of each run")
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--part", action="append", choices=[*PARTS, BASE, WHOLE])
    parser.add_argument("--folder", type=Path, default=Path("runs/ablation"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = {"before": read(options.init, options.data)}
    corpora = options.corpus or ["news:0.7", "classical:0.3"]
    start = Start(
        options.init, options.model, options.alphabet, corpora, "1-20", "32-704", options.lines,
        options.lr,
    )  # fmt: skip
    for part in dict.fromkeys((BASE, *(options.part or [*PARTS, WHOLE]))):
        model = fine_tune(start, options.folder, slug(part), styles(part, options.folder))
        rows[part] = read(str(model), options.data)
        print(f"{part}: " + "; ".join(f"{b.name} {b.cer()}" for b in rows[part]), flush=True)
    print(f"\n{machine()}; {options.lines:,} lines for each, from {options.init}\n")
    show(rows)


def styles(part: str, folder: Path) -> dict[str, float]:
    """Presets or files of styles with their shares, files written into the folder."""
    if part == BASE:
        return {BASE: 1.0}
    if part == WHOLE:
        return {BASE: BASE_SHARE} | PRESETS
    found = {BASE: BASE_SHARE}
    for preset, share in PRESETS.items():
        path = folder / f"{slug(part)}-{preset}.toml"
        path.write_text(with_part(preset, PARTS[part]), encoding="utf-8")
        found[str(path.resolve())] = share
    return found


def with_part(preset: str, names: tuple[str, ...]) -> str:
    """A style file: `print` with some keys or sections of a preset."""
    style = load_style(BASE)
    for key in keys_of(load_style(preset)):
        full = f"{key.section}.{key.name}"
        if full in names or key.section in names:
            style = with_value(style, full, key.value)
    return changes_toml(style, BASE, "the ablation")


def read(checkpoint: str, lists: Iterable[Path]) -> list[Band]:
    """What a model reads of each list and its bands; width and spaces are not compared."""
    reader, found = LineReader.open(checkpoint), []
    for path in lists:
        evaluation = evaluate(reader, open_labelled(path), path.name)
        errors = evaluation.normalised
        for name, member in bands(evaluation):
            found.append(Band(name, errors.edits[member], errors.target_lengths[member]))
    return found


def bands(evaluation: Evaluation) -> list[tuple[str, NDArray[np.bool_]]]:
    """Name and lines of each band: all, then of a list its faces or heights."""
    found = [(evaluation.data, np.ones(len(evaluation), dtype=np.bool_))]
    if not evaluation.info.any_character:  # a render or packed dataset
        return found
    faces = evaluation.info.faces
    if faces:
        return found + [(face, evaluation.meta["face"] == i) for i, face in enumerate(faces)]
    bins = np.searchsorted(HEIGHT_EDGES, evaluation.heights_px, "right") - 1
    for i, low in enumerate(HEIGHT_EDGES):
        high = f" to {HEIGHT_EDGES[i + 1] - 1}" if i + 1 < len(HEIGHT_EDGES) else " and more"
        found.append((f"{low}{high} px", bins == i))
    return [(name, member) for name, member in found if member.any()]


def show(rows: dict[str, list[Band]]) -> None:
    """A table in Markdown, a row per run, a column per band."""
    base = rows[BASE]
    print("| switched on | " + " | ".join(f"{b.name} ({b.lengths.sum():,})" for b in base) + " |")
    print("|---" * (len(base) + 1) + "|")
    for part, found in rows.items():
        pairs = zip(found, base, strict=True)
        cells = [band.cer() if part == BASE else band.change(other) for band, other in pairs]
        print(f"| {part} | " + " | ".join(cells) + " |")


def slug(part: str) -> str:
    """A part's name as the name of a run."""
    return "-".join("".join(c if c.isalnum() else " " for c in part).split())


if __name__ == "__main__":
    main()
