"""Line images as parts of the page, each with its text for those who do not see it."""

import base64
import html
from collections.abc import Iterable

from datagen.images import UintImages, encode_png


def data_url(png: bytes) -> str:
    """A PNG as an address that needs no server."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def figure(pixels: UintImages, text: str, note: str = "", caption: str = "") -> str:
    """A line image with its text as alternative, and a caption below.

    A note is shown while the mouse is on the image, and below it while it has the focus: after a
    tap, or by the Tab key.
    """
    source, width = data_url(encode_png(pixels)), pixels.shape[1]
    shown = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    about = html.escape(note)
    noted = f' tabindex="0" title="{about}" data-note="{about}"' if note else ""
    return (
        f'<figure{noted}><img src="{source}" alt="{html.escape(text)}"'
        f' width="{width}">{shown}</figure>'
    )


def gallery(figures: Iterable[str]) -> str:
    """Figures that flow in as many columns as the page has room for."""
    return f'<div class="lines">{"".join(figures)}</div>'


STYLE = """
<style>
.lines { display: flex; flex-wrap: wrap; gap: 10px; align-items: flex-start; }
.lines figure { margin: 0; max-width: 100%; }
.lines img { display: block; height: 32px; max-width: 100%; object-fit: contain;
             object-position: left; image-rendering: auto; border-radius: 2px; }
.lines figcaption { font-size: 12px; opacity: .75; white-space: nowrap; }
.lines figure { position: relative; }
.lines figure:focus::after { content: attr(data-note); position: absolute; z-index: 1;
             left: 0; top: 100%; padding: 6px 10px; border-radius: 6px; font-size: 12px;
             white-space: pre-wrap; color: #fff; background: #333d4d; }
.strip .lines { display: grid; grid-template-columns: repeat(6, minmax(150px, 288px));
                overflow-x: auto; }
.strip img { width: 100%; height: auto; }
mark { background: #f973162e; color: inherit; border-bottom: 2px solid #f97316; }
.body--dark .text-primary { color: #7ab0e8 !important; }  /* read on dark ground */
.wide { overflow-x: auto; } .wide .q-img { min-width: 820px; }
.reading span { font-size: 28px; padding: 2px 3px; border-radius: 4px; }
.q-tab:focus-visible, button:focus-visible, figure:focus-visible,
.q-range:focus-within, .q-slider:focus-within { outline: 2px solid #2563eb; outline-offset: 2px; }
.q-uploader__list { display: none; }  /* what was dropped is shown below, at its own size */
pre.code { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }
</style>
"""
