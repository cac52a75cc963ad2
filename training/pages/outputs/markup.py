"""Pages as hOCR and ALTO, the XML forms that libraries and archives work with.

Coordinates are in px of the upright page. hOCR follows its specification 1.2, ALTO version 4.
"""

from collections.abc import Iterable
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from training.pages.page_reader import PageLine, PageReading

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
        title = f'image "{reading.page.source}"; bbox 0 0 {width} {height}; ppageno {number - 1}'
        page = _element(body, "div", "ocr_page", f"page_{number}", title)
        for i, line in enumerate(reading.lines, 1):
            name = f"line_{number}_{i}"
            box = "bbox " + " ".join(map(str, _box(line)))
            row = _element(page, "span", "ocr_line", name, f"{box}; {_baseline(line)}")
            row.tail = "\n"
            confidences = " ".join(f"{100 * c.confidence:.0f}" for c in line.characters)
            title = f"{box}; x_wconf {100 * line.confidence:.0f}; x_confs {confidences}"
            _element(row, "span", "ocrx_word", f"word_{number}_{i}", title).text = line.text
    return "<!DOCTYPE html>\n" + ElementTree.tostring(html, encoding="unicode") + "\n"


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
            left, top, right, bottom = _box(line)
            place = {
                "HPOS": str(left), "VPOS": str(top),
                "WIDTH": str(right - left), "HEIGHT": str(bottom - top),
            }  # fmt: skip
            row = ElementTree.SubElement(block, "TextLine", {"ID": f"line_{number}_{i}", **place})
            shape = ElementTree.SubElement(row, "Shape")
            points = " ".join(f"{x:.0f},{y:.0f}" for x, y in line.quad)
            ElementTree.SubElement(shape, "Polygon", {"POINTS": points})
            content = {"CONTENT": line.text, "WC": f"{line.confidence:.4f}"}
            ElementTree.SubElement(
                row, "String", {"ID": f"string_{number}_{i}", **content, **place}
            )
    return ElementTree.tostring(alto, encoding="unicode", xml_declaration=True) + "\n"


def _element(
    parent: ElementTree.Element, tag: str, kind: str, name: str, title: str
) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, {"class": kind, "id": name, "title": title})


def _box(line: PageLine) -> list[int]:
    """Left, top, right, bottom in whole px."""
    low, high = np.floor(line.quad.min(axis=0)), np.ceil(line.quad.max(axis=0))
    return [int(value) for value in (*low, *high)]


def _baseline(line: PageLine) -> str:
    """Slope and offset from the box's bottom left corner, as hOCR wants them."""
    quad: NDArray[np.float32] = line.quad
    run = float(quad[2, 0] - quad[3, 0]) or 1.0
    slope = float(quad[2, 1] - quad[3, 1]) / run
    return f"baseline {slope:.4f} {float(quad[3, 1]) - float(quad[:, 1].max()):.0f}"
