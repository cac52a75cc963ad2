"""The page of `ocrgen stats`: one HTML file with plots and example images, nothing to load."""

from collections.abc import Sequence

import numpy as np

from datagen.folding import visible
from datagen.reports import page as report
from datagen.reports.markup import Html, join, tag
from datagen.reports.plots import columns, rank_curve, rows
from datagen.stats.job import CONTRAST_BINS, TAIL, Statistics, percentiles

_MAX_ROWS = 30
_FEW = 4  # distinct lengths that are shown one by one


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
        report.section(
            "Occurrences of each class", rank_curve(counts, TAIL[1:], "classes by rank")
        ),
        report.section("Rarest classes", _classes(rarest)),
        report.section("Most frequent classes", _classes(frequent)),
        report.section("Text sources", _bars(dataset.corpora, "lines per text source")),
        report.section("Faces", _bars(dataset.faces, "lines per face")),
        report.section("Characters per line", _lengths(dataset)),
        report.section("Image sizes, width × height in px", _bars(dataset.sizes, "lines per size")),
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


def _bars(counts: dict[str, int], label: str) -> Html:
    pairs = list(counts.items())
    if len(pairs) > _MAX_ROWS:
        rest = sum(count for _, count in pairs[_MAX_ROWS:])
        pairs = [*pairs[:_MAX_ROWS], (f"{len(pairs) - _MAX_ROWS} others", rest)]
    return rows(pairs, label)


def _lengths(dataset: Statistics) -> Html:
    lengths = dataset.lengths
    if len(lengths) < _FEW:
        return _bars({str(length): count for length, count in lengths.items()}, "lines per length")
    low, high = min(lengths), max(lengths)
    values = [lengths.get(length, 0) for length in range(low, high + 1)]
    return columns(values, list(range(low, high + 2)), "characters")


def _contrast(dataset: Statistics) -> tuple[Html, Html]:
    values, _ = np.histogram(dataset.contrast, CONTRAST_BINS)
    low, middle, high = percentiles(dataset.contrast)
    text = f"5th, 50th and 95th percentile: {low:g}, {middle:g}, {high:g} gray levels."
    label = "gray levels between the 1st and the 99th percentile of an image"
    return columns(values.tolist(), list(CONTRAST_BINS), label), report.note(text)


def _effects(dataset: Statistics) -> Html:
    lines = [(name, *(f"{v + 0.0:g}" for v in values)) for name, values in dataset.effects.items()]
    return report.table(lines, ("effect", "5 %", "50 %", "95 %"))


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
