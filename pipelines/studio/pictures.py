"""Line images as parts of the page, each with its text for those who do not see it."""

import base64
import html
from collections.abc import Iterable

from datagen.images import UintImages, encode_png


def data_url(png: bytes) -> str:
    """A PNG as an address that needs no server."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def figure(pixels: UintImages, text: str, note: str = "", caption: str = "") -> str:
    """A line image with its text as alternative, a note under the pointer, a caption below."""
    source, width = data_url(encode_png(pixels)), pixels.shape[1]
    shown = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure title="{html.escape(note)}"><img src="{source}" alt="{html.escape(text)}"'
        f' width="{width}" loading="lazy">{shown}</figure>'
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
.strip img { height: 64px; image-rendering: pixelated; }
.reading span { font-size: 28px; padding: 2px 3px; border-radius: 4px; }
.q-tab:focus-visible, button:focus-visible, .q-range:focus-within, .q-slider:focus-within
  { outline: 2px solid #2563eb; outline-offset: 2px; }
.q-uploader__list { display: none; }  /* what was dropped is shown below, at its own size */
pre.code { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }
</style>
"""
