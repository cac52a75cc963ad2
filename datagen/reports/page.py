"""The shell of all HTML reports: one file with one style, light or dark, and nothing to load.

A report puts its parts together and writes what `page` returns:

    page(
        "Evaluation of crnn_v2",
        note("6,000 lines"),
        cards([("line accuracy", "88.8 %", "[87.9, 89.6]")]),
        section("By face", table([("song", "3,000", "90.1 %")], ("face", "lines", "accuracy"))),
        section("Examples", figures([figure(jpeg, "天地", "天地", tag("small", "line 7"))])),
    )

Every string is escaped on its way in; what is HTML already has the type `Html`, as all functions
here, `markup.tag` and the plots of `plots` return it. `markup.tag` makes whatever else a report
needs, with the classes of the style below.
"""

import base64
from collections.abc import Iterable, Sequence

from datagen.images import encode_png, extension, try_decode
from datagen.reports.markup import Html, join, tag
from ocrbase.outputs import MARK

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_SHOWN_BY_BROWSERS = {
    ".jpg": "jpeg", ".png": "png", ".bmp": "bmp", ".gif": "gif", ".webp": "webp",
}  # fmt: skip

_NARROWEST_PX = 170  # of one of a fixed number of columns

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6577; --rule: #e3e7ee;
  --ground: #ffffff; --card: #f6f8fb; --mark: #2563eb; --wrong: #b03a06; --wrong-ground: #ffe8dc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #98a2b3; --rule: #2b3342;
  --ground: #12161e; --card: #1a202b; --mark: #7aa2ff; --wrong: #ffb088; --wrong-ground: #4a2313; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 2rem 1.25rem 4rem; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, "Noto Sans SC", "Noto Sans CJK SC", sans-serif; }
body.wide { max-width: none; }
h1 { font-size: 1.5rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
* + h1 { margin-top: 3rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
small, .note, .soft { color: var(--soft); } small { font-size: .85rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: .8rem; }
.card { background: var(--card); border-radius: 10px; padding: .9rem 1.1rem; }
.card b { display: block; font-size: 1.7rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; background:  /* a shade at the right while there is more to see */
  linear-gradient(to left, var(--ground) 1rem, transparent) right / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--rule), transparent) right / 1rem 100% no-repeat scroll; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .9rem; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0;
  background: var(--ground); }
.pairs td { white-space: normal; }
table.bars { width: 100%; max-width: 720px; }
.bars th, .bars td { padding: .1rem 0; } .bars td { border: 0; }
.bars td:nth-child(2) { width: 55%; padding: 0 .6rem; }
.bars td:first-child { white-space: normal; overflow-wrap: anywhere; line-height: 1.25; }
svg.meter { display: block; width: 100%; height: .85rem; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; padding: 0; margin: 0; list-style: none; }
.chips li { background: var(--card); border-radius: 8px; padding: .1rem .6rem;
  font-size: 1.15rem; }
.chips small { font-size: .8rem; margin-left: .3rem; }
.figures { display: grid; gap: .8rem; overflow-x: auto; }
h2 small { font-weight: 400; margin-left: .5rem; }
figure { margin: 0; padding: .6rem; background: var(--card); border-radius: 10px;
  overflow-x: auto; }
body > figure + figure { margin-top: .8rem; }
figure img { display: block; max-width: 100%; height: auto; border-radius: 3px; }
figure.tall img { max-width: none; height: 48px; }
@media (max-width: 600px) { figure.tall img { max-width: 100%; height: auto; } }
figcaption { margin-top: .35rem; overflow-wrap: anywhere; }
details { font-size: .85rem; color: var(--soft); } summary { cursor: pointer; }
details pre { margin: .3rem 0 0; white-space: pre-wrap; }
figure.tall figcaption { font-size: 1.15rem; }
mark { background: var(--wrong-ground); color: var(--wrong); border-radius: 3px;
  padding: 0 .1em; }
svg { vertical-align: middle; } svg.plot { display: block; width: 100%; max-width: 720px;
  height: auto; }
svg text { font-size: 13px; fill: var(--ink); }
@media (max-width: 600px) { svg.plot text { font-size: 19px; } th, td { padding: .3rem .5rem; }
  th:first-child, td:first-child { max-width: 42vw; white-space: normal;
    overflow-wrap: break-word; } .scroll td:first-child { min-width: 7.5rem; } }
svg .bar { fill: var(--mark); } svg .curve { fill: none; stroke: var(--mark); stroke-width: 2; }
svg .level, svg .rail { stroke: var(--rule); } svg .axis { stroke: var(--soft); }
svg .bound { stroke: var(--soft); stroke-dasharray: 3 4; }
svg .span { stroke: var(--mark); stroke-width: 5; stroke-opacity: .35; }
svg .dot { fill: var(--mark); } svg .dot.beyond { fill: var(--ground); stroke: var(--mark); }
svg.interval text { font-size: 11px; fill: var(--soft); } svg .bar.behind { fill-opacity: .3; }
svg .before, svg .after { fill: none; stroke: var(--soft); stroke-width: 2; }
svg .before { stroke-dasharray: 5 4; } svg .after { stroke: var(--wrong); }
svg.key { width: 2.5rem; height: .9rem; margin: 0 .4rem 0 .8rem; }
"""


def page(title: str, *parts: str, wide: bool = False) -> str:
    """A whole HTML document.

    Args:
        title: of the window, and the heading of the page.
        parts: what follows it.
        wide: takes the whole width of the window instead of a readable column.
    """
    head = join(
        tag("meta", charset="utf-8"),
        _policy(),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content=MARK),
        tag("title", title),
        tag("style", Html(_STYLE)),
    )
    body = tag("body", tag("h1", title), *parts, class_="wide" if wide else "")
    return f"<!doctype html>\n{tag('html', tag('head', head), body, lang='en')}\n"


def section(title: str, *parts: str) -> Html:
    """A heading of the second level and what stands under it."""
    return join(tag("h2", title), *parts, Html("\n"))


def note(*content: str) -> Html:
    """A paragraph in a softer colour."""
    return tag("p", *content, class_="note")


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> Html:
    """A table whose first column is text and whose others are numbers.

    Where it is too wide it scrolls under its first column; without a head that column wraps.
    """
    top = [tag("tr", *(tag("th", cell) for cell in head))] if head else []
    body = (tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    shown = tag("table", *top, *body, class_="" if head else "pairs")
    return tag("div", shown, class_="scroll")


def cards(values: Iterable[tuple[str, str, str]]) -> Html:
    """Large numbers side by side: what each is, the number, and what is to be said of it."""
    boxes = (tag("div", name, tag("b", value), more, class_="card") for name, value, more in values)
    return tag("div", *boxes, class_="cards")


def chips(items: Iterable[str]) -> Html:
    """Short texts in a row that wraps."""
    return tag("ul", *(tag("li", item) for item in items), class_="chips")


def figure(image: bytes, alt: str, *caption: str, tall: bool = False) -> Html:
    """An image and its caption.

    Args:
        image: an encoded image file of any kind.
        alt: what it shows, for readers who cannot see it.
        caption: below it.
        tall: show it 48 px high, and the caption larger.
    """
    below = [tag("figcaption", *caption)] if caption else []
    return tag("figure", _image(image, alt), *below, class_="tall" if tall else "")


def details(summary: str, text: str) -> Html:
    """A line that unfolds a text of several lines."""
    return tag("details", tag("summary", summary), tag("pre", text))


def figures(items: Iterable[Html], *, width_px: int = 290, columns: int = 0) -> Html:
    """Figures in a grid.

    Args:
        items: from `figure`.
        width_px: of a column, at least; at most where their number is given.
        columns: so many, which scroll where there is no room for them; 0 for as many as fit.
    """
    if columns:
        size = f"repeat({columns}, minmax({min(width_px, _NARROWEST_PX)}px, {width_px}px))"
    else:
        size = f"repeat(auto-fill, minmax(min(100%, {width_px}px), 1fr))"
    return tag("div", *items, class_="figures", style=f"grid-template-columns: {size}")


def _policy() -> Html:
    """Keeps a browser from loading anything, whatever a label may hold."""
    attributes = {"http-equiv": "Content-Security-Policy", "content": _POLICY}
    return tag("meta", **attributes)


def _image(image: bytes, alt: str) -> Html:
    suffix = extension(image)
    if suffix not in _SHOWN_BY_BROWSERS:
        pixels = try_decode(image)
        if pixels is None:
            return note("no readable image")
        image, suffix = encode_png(pixels), ".png"
    data = base64.b64encode(image).decode("ascii")
    return tag("img", src=f"data:image/{_SHOWN_BY_BROWSERS[suffix]};base64,{data}", alt=alt)
