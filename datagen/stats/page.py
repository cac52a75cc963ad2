"""The page of `ocrgen stats`: one HTML file with plots and example images, nothing to load."""

import base64
import html
from collections.abc import Sequence

import numpy as np

from datagen.images import extension
from datagen.reports.plots import columns, rank_curve, rows
from datagen.stats.job import CONTRAST_BINS, TAIL, Statistics, percentiles

_MAX_ROWS = 30
_FEW = 4  # distinct lengths that are shown one by one
_TYPES = {".jpg": "jpeg", ".png": "png", ".bmp": "bmp", ".gif": "gif", ".webp": "webp"}

_STYLE = """
:root { color-scheme: light dark; --mark: #2b6cb0; --soft: #8884; --ink: #222; --ground: #fff; }
@media (prefers-color-scheme: dark) { :root { --mark: #7fb3e6; --ink: #ddd; --ground: #181818; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
svg { width: 100%; max-width: 720px; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--ink); }
.mark { fill: var(--mark); } .line { fill: none; stroke: var(--mark); stroke-width: 2; }
.level { stroke: var(--soft); }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.classes span { display: inline-block; min-width: 4.2rem; margin: .1rem .3rem .1rem 0; }
.classes small { opacity: .7; } figure { margin: 0; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr));
  gap: 1rem; }
.examples img { max-width: 100%; display: block; } figcaption { overflow-wrap: anywhere; }
figcaption small { opacity: .7; }
"""


def page(datasets: Sequence[Statistics]) -> str:
    """The whole page as HTML."""
    body = "\n".join(_dataset(found) for found in datasets)
    title = ", ".join(found.path for found in datasets)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _dataset(found: Statistics) -> str:
    rarest, frequent = found.extremes()
    counts = np.delete(found.class_counts, found.alphabet.blank)
    parts = [
        f"<h1>{html.escape(found.path)}</h1>",
        _facts(found),
        _part("How often each class occurs", rank_curve(counts, TAIL[1:], "classes by rank")),
        _part("Rarest classes", _classes(rarest)),
        _part("Most frequent classes", _classes(frequent)),
        _part("Text sources", _bars(found.corpora, "lines of each text source")),
        _part("Faces", _bars(found.faces, "lines in each face")),
        _part("Characters of a line", _lengths(found)),
        _part("Frames, width by height in px", _bars(found.sizes, "lines of each frame")),
        _part("Contrast", _contrast(found)),
        _part("Strength of effects", _effects(found)) if found.effects else "",
        _part("Labels that occur most often", _repeated(found)) if found.most_repeated else "",
        _part("Examples", _examples(found)),
    ]
    return "\n".join(part for part in parts if part)


def _part(title: str, content: str) -> str:
    return f"<h2>{title}</h2>\n{content}"


def _facts(found: Statistics) -> str:
    used = int((found.class_counts > 0).sum())
    facts = [("lines", f"{found.lines:,}")]
    facts += [(f"of these, {split}", f"{count:,}") for split, count in found.splits.items()]
    facts.append(("classes that occur", f"{used:,} of {len(found.alphabet) - 1:,}"))
    facts += [(f"classes under {b:,}", f"{n:,}") for b, n in found.tail().items() if b > 1]
    facts.append(("sentences", f"{found.sentences:,}"))
    facts.append(("lines of the most used sentence", f"{found.most_of_a_sentence:,}"))
    facts.append(("lines with a label seen before", f"{found.repeated_labels:,}"))
    facts.append(("not untouched windows of text", f"{found.inserted:,}"))
    facts.append(("images decoded", f"{found.looked_at:,}"))
    facts.append(("of these, unreadable", f"{found.unreadable:,}"))
    facts.append(("of these, same as an earlier one", f"{found.same_images:,}"))
    return _table([(html.escape(name), value) for name, value in facts])


def _table(pairs: Sequence[Sequence[str]], head: Sequence[str] = ()) -> str:
    lines = ["<table>"]
    if head:
        lines.append("<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>")
    for first, *rest in pairs:
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in rest)
        lines.append(f"<tr><td>{first}</td>{numbers}</tr>")
    return "\n".join([*lines, "</table>"])


def _classes(pairs: list[tuple[str, int]]) -> str:
    spans = [f"<span>{html.escape(c)} <small>{count:,}</small></span>" for c, count in pairs]
    return f'<div class="classes">{"".join(spans)}</div>'


def _bars(counts: dict[str, int], label: str) -> str:
    pairs = list(counts.items())
    if len(pairs) > _MAX_ROWS:
        rest = sum(count for _, count in pairs[_MAX_ROWS:])
        pairs = [*pairs[:_MAX_ROWS], (f"{len(pairs) - _MAX_ROWS} others", rest)]
    return rows(pairs, label)


def _lengths(found: Statistics) -> str:
    if len(found.lengths) < _FEW:
        return _bars({str(length): n for length, n in found.lengths.items()}, "lines of a length")
    low, high = min(found.lengths, default=0), max(found.lengths, default=0)
    values = [found.lengths.get(length, 0) for length in range(low, high + 1)]
    return columns(values, list(range(low, high + 2)), "characters")


def _contrast(found: Statistics) -> str:
    values, _ = np.histogram(found.contrast, CONTRAST_BINS)
    low, middle, high = percentiles(found.contrast)
    text = f"<p>5th, 50th and 95th percentile: {low:g}, {middle:g}, {high:g} gray levels.</p>"
    label = "gray levels between the 1st and the 99th percentile of an image"
    return columns(values.tolist(), list(CONTRAST_BINS), label) + text


def _effects(found: Statistics) -> str:
    lines = [(name, *(f"{v:g}" for v in values)) for name, values in found.effects.items()]
    return _table(lines, ("effect", "5 %", "50 %", "95 %"))


def _repeated(found: Statistics) -> str:
    return _table([(html.escape(text), f"{count:,}") for text, count in found.most_repeated])


def _examples(found: Statistics) -> str:
    samples = found.examples
    if samples is None:
        return ""
    figures = []
    for image, text, index in zip(
        samples.images, samples.texts, samples.meta["index"].tolist(), strict=True
    ):
        kind = _TYPES.get(extension(image), "jpeg")
        data = base64.b64encode(image).decode("ascii")
        figures.append(
            f'<figure><img src="data:image/{kind};base64,{data}" alt="{html.escape(text)}">'
            f"<figcaption>{html.escape(text)} <small>{index}</small></figcaption></figure>"
        )
    return f'<div class="examples">{"".join(figures)}</div>'
