"""The page of `ocrgen stats`: one HTML file with plots and example images, nothing to load."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.folding import visible
from datagen.reports import page as report
from datagen.reports.axes import number
from datagen.reports.markup import Html, join, tag
from datagen.reports.plots import columns, rank_curve, rows
from datagen.stats.job import CONTRAST_BINS, TAIL, Statistics, percentiles

_MAX_ROWS = 30
_FEW = 4  # up to so many distinct numbers less one are shown one by one
_MAX_COLUMNS = 40


def page(datasets: Sequence[Statistics]) -> str:
    """The whole page as HTML; of several datasets each has a heading."""
    if len(datasets) == 1:
        return report.page(f"Statistics of {datasets[0].path}", *_sections(datasets[0]))
    parts = (join(tag("h1", dataset.path), *_sections(dataset)) for dataset in datasets)
    return report.page(f"Statistics of {len(datasets)} datasets", *parts)


def _sections(dataset: Statistics) -> list[Html]:
    rarest, frequent = dataset.extremes()
    counts = np.delete(dataset.class_counts, dataset.alphabet.blank)
    sections = [
        _facts(dataset),
        report.section("Occurrences of each class", *_ranks(counts)),
        report.section("Rarest classes", _classes(rarest)),
        report.section("Most frequent classes", _classes(frequent)),
        report.section("Text sources", _bars(dataset.corpora, "text source")),
        report.section("Faces", _bars(dataset.faces, "face")),
        report.section("Characters per line", _numbers(dataset.lengths, "characters")),
        report.section("Image sizes", *_sizes(dataset)),
        report.section("Contrast", *_contrast(dataset)),
    ]
    if dataset.effects:
        sections.append(report.section("Strength of effects", _effects(dataset)))
    if dataset.most_repeated:
        sections.append(report.section("Most repeated labels", _repeated(dataset)))
    if dataset.examples is not None:
        sections.append(report.section("Examples", _examples(dataset)))
    return sections


def _facts(dataset: Statistics) -> Html:
    used = int((dataset.class_counts > 0).sum())
    facts = [("lines", f"{dataset.lines:,}")]
    facts += [(f"lines, {split}", f"{count:,}") for split, count in dataset.splits.items()]
    facts += [("style", style) for style in dataset.styles]
    facts.append(("classes that occur", f"{used:,} of {len(dataset.alphabet) - 1:,}"))
    facts += [
        (f"classes with fewer than {bound:,} occurrences", f"{count:,}")
        for bound, count in dataset.tail().items()
        if bound > 1
    ]
    facts.append(("sentences", f"{dataset.sentences:,}"))
    facts.append(("lines from the most used sentence", f"{dataset.most_of_a_sentence:,}"))
    facts.append(("lines that repeat an earlier label", f"{dataset.repeated_labels:,}"))
    facts.append(("lines with altered text", f"{dataset.inserted:,}"))
    facts.append(("images decoded", f"{dataset.looked_at:,}"))
    facts.append(("unreadable images", f"{dataset.unreadable:,}"))
    facts.append(("duplicate images", f"{dataset.same_images:,}"))
    return report.table(facts)


def _classes(pairs: list[tuple[str, int]]) -> Html:
    return report.chips(join(visible(character), tag("small", f"{n:,}")) for character, n in pairs)


def _ranks(counts: NDArray[np.int64]) -> tuple[Html, Html]:
    bounds = TAIL[1:]
    curve = rank_curve(counts, bounds, "rank of the class, most frequent first", "occurrences")
    return curve, report.note("Dashed: occurrences under which a class is counted as rare above.")


def _bars(counts: dict[str, int], name: str) -> Html:
    pairs = list(counts.items())
    if len(pairs) > _MAX_ROWS:
        rest = sum(count for _, count in pairs[_MAX_ROWS:])
        pairs = [*pairs[:_MAX_ROWS], (f"{len(pairs) - _MAX_ROWS} others", rest)]
    return rows(pairs, name, "lines")


def _numbers(counts: dict[int, int], label: str) -> Html:
    """Lines per whole number: one by one where they are few, else as bars of equal width."""
    if len(counts) < _FEW:
        return _bars({f"{value:,}": count for value, count in counts.items()}, label)
    low, high = min(counts), max(counts)
    step = 1 + (high - low) // _MAX_COLUMNS
    edges = np.arange(low, high + step + 1, step) - 0.5  # numbers stand in the middle of their bar
    values, _ = np.histogram(list(counts), edges, weights=list(counts.values()))
    return columns(values.astype(int).tolist(), edges.tolist(), label, "lines")


def _sizes(dataset: Statistics) -> tuple[Html, Html]:
    widths: Counter[int] = Counter()
    heights: Counter[int] = Counter()
    for size, count in dataset.sizes.items():
        width, height = (int(side) for side in size.split("x"))
        widths[width] += count
        heights[height] += count
    return _numbers(widths, "width, px"), _numbers(heights, "height, px")


def _contrast(dataset: Statistics) -> tuple[Html, Html]:
    values, _ = np.histogram(dataset.contrast, CONTRAST_BINS)
    low, middle, high = percentiles(dataset.contrast)
    text = (
        "Contrast of an image: its 99th less its 1st percentile. Of all images, the 5th, 50th and"
        f" 95th percentile: {low:g}, {middle:g}, {high:g} gray levels."
    )
    plot = columns(values.tolist(), list(CONTRAST_BINS), "contrast, gray levels", "images")
    return plot, report.note(text)


def _effects(dataset: Statistics) -> Html:
    lines = [(name, *(number(v) for v in values)) for name, values in dataset.effects.items()]
    return report.table(lines, ("percentile", "5th", "50th", "95th"))


def _repeated(dataset: Statistics) -> Html:
    return report.table(
        [(text, f"{count:,}") for text, count in dataset.most_repeated], ("label", "lines")
    )


def _examples(dataset: Statistics) -> Html:
    samples = dataset.examples
    assert samples is not None
    indices = samples.meta["index"].tolist()
    return report.figures(
        report.figure(image, text, text, " ", tag("small", f"line {index:,}"))
        for image, text, index in zip(samples.images, samples.texts, indices, strict=True)
    )
