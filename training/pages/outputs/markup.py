"""Pages as hOCR and ALTO, the XML forms that libraries and archives work with.

Coordinates are in px of the upright page. hOCR follows its specification 1.2, ALTO version 4.
"""

from collections.abc import Iterable
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ocrbase.errors import one_line
from ocrbase.outputs import MARK
from training.pages.page_reader import PageLine, PageReading
from training.pages.words import words_of

_ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
_XHTML = "http://www.w3.org/1999/xhtml"


def to_hocr(readings: Iterable[PageReading]) -> str:
    """One XHTML document with an `ocr_page` per page and an `ocr_line` per line."""
    html = ElementTree.Element("html", {"xmlns": _XHTML, "lang": "zh"})
    head = ElementTree.SubElement(html, "head")
    ElementTree.SubElement(head, "title").text = "ocrtrain"
    ElementTree.SubElement(head, "meta", {"charset": "utf-8"})
    for name, content in (
        ("ocr-system", "ocrtrain"),
        ("ocr-capabilities", "ocr_page ocr_line ocrx_word ocrx_cinfo"),
    ):
        ElementTree.SubElement(head, "meta", {"name": name, "content": content})
    body = ElementTree.SubElement(html, "body")
    for number, reading in enumerate(readings, 1):
        height, width = reading.upright.shape[:2]
        source = one_line(str(reading.page.source)).replace('"', "'")  # which a title cannot quote
        title = f'image "{source}"; bbox 0 0 {width} {height}; ppageno {number - 1}'
        page = _element(body, "div", "ocr_page", f"page_{number}", title)
        for i, line in enumerate(reading.lines, 1):
            name = f"line_{number}_{i}"
            box = "bbox " + " ".join(map(str, _box(line.quad)))
            row = _element(page, "span", "ocr_line", name, f"{box}; {_baseline(line)}")
            row.tail = "\n"
            for k, word in enumerate(words_of(line), 1):
                box = "bbox " + " ".join(map(str, _box(word.quad)))
                confidences = " ".join(f"{100 * c.confidence:.0f}" for c in word.characters)
                title = f"{box}; x_wconf {100 * line.confidence:.0f}; x_confs {confidences}"
                span = _element(row, "span", "ocrx_word", f"word_{number}_{i}_{k}", title)
                span.text, span.tail = word.text, " "
            span.tail = None
    return (
        f"<!DOCTYPE html>\n<!-- {MARK} -->\n"
        + ElementTree.tostring(html, encoding="unicode")
        + "\n"
    )


def to_alto(readings: Iterable[PageReading]) -> str:
    """One ALTO document with a `Page` per page and a `TextLine` per line."""
    alto = ElementTree.Element("alto", {"xmlns": _ALTO})
    description = ElementTree.SubElement(alto, "Description")
    ElementTree.SubElement(description, "MeasurementUnit").text = "pixel"
    layout = ElementTree.SubElement(alto, "Layout")
    for number, reading in enumerate(readings, 1):
        height, width = reading.upright.shape[:2]
        size = {"WIDTH": str(width), "HEIGHT": str(height)}
        page = ElementTree.SubElement(
            layout, "Page", {"ID": f"page_{number}", "PHYSICAL_IMG_NR": str(number), **size}
        )
        area = {"HPOS": "0", "VPOS": "0", **size}
        space = ElementTree.SubElement(page, "PrintSpace", area)
        block = ElementTree.SubElement(space, "TextBlock", {"ID": f"block_{number}", **area})
        for i, line in enumerate(reading.lines, 1):
            name = {"ID": f"line_{number}_{i}"}
            row = ElementTree.SubElement(block, "TextLine", {**name, **_place(line.quad)})
            shape = ElementTree.SubElement(row, "Shape")
            points = " ".join(f"{x:.0f},{y:.0f}" for x, y in line.quad)
            ElementTree.SubElement(shape, "Polygon", {"POINTS": points})
            for k, word in enumerate(words_of(line), 1):
                if k > 1:
                    ElementTree.SubElement(row, "SP")
                name = {"ID": f"string_{number}_{i}_{k}"}
                content = {"CONTENT": word.text, "WC": f"{line.confidence:.4f}"}
                ElementTree.SubElement(row, "String", {**name, **content, **_place(word.quad)})
    alto.insert(0, ElementTree.Comment(f" {MARK} "))
    return ElementTree.tostring(alto, encoding="unicode", xml_declaration=True) + "\n"


def _element(
    parent: ElementTree.Element, tag: str, kind: str, name: str, title: str
) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, {"class": kind, "id": name, "title": title})


def _box(quad: NDArray[np.float32]) -> list[int]:
    """Left, top, right, bottom in whole px."""
    low, high = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    return [int(value) for value in (*low, *high)]


def _place(quad: NDArray[np.float32]) -> dict[str, str]:
    """A box as ALTO writes it."""
    left, top, right, bottom = _box(quad)
    return {
        "HPOS": str(left), "VPOS": str(top),
        "WIDTH": str(right - left), "HEIGHT": str(bottom - top),
    }  # fmt: skip


def _baseline(line: PageLine) -> str:
    """Slope and offset from the box's bottom left corner, as hOCR wants them."""
    quad: NDArray[np.float32] = line.quad
    run = float(quad[2, 0] - quad[3, 0]) or 1.0
    slope = float(quad[2, 1] - quad[3, 1]) / run
    return f"baseline {slope:.4f} {float(quad[3, 1]) - float(quad[:, 1].max()):.0f}"
