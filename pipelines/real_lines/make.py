"""Set the lines of text.txt by three programs that are not ours, and cut their pages into lines.

    python pipelines/real_lines/make.py

needs chromium, libreoffice-writer-nogui, libreoffice-draw-nogui, pango1.0-tools and poppler-utils
of Debian 12 and, for faces, fonts-wqy-zenhei, fonts-arphic-uming, fonts-arphic-ukai,
fonts-droid-fallback, fonts-babelstone-han and the Fandol family of texlive-lang-chinese, where
fontconfig finds them. None of the faces is bundled with this project. The images are committed, so
nobody needs to run this; other versions of the programs change a few pixels.

Every third line goes to the browser (a screenshot, cut at the boxes that it reports), to Pango
(a PDF, rasterised by pdftoppm) and to LibreOffice (a page exported as an image); the pages of the
latter two are cut at the white between their lines, as a scan would be.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray

HERE = Path(__file__).parent
FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/texlive/texmf-dist/fonts/opentype/public/fandol",
    str(Path.home() / ".fonts"),
)
LINES_A_PAGE = 18

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Face:
    """A face by its name for programs, its file and its number in it."""

    family: str
    file: str
    number: int = 0
    bold: bool = False

    @property
    def label(self) -> str:
        return self.family + (" Bold" if self.bold else "")


ZENHEI = Face("WenQuanYi Zen Hei", "wqy-zenhei.ttc")
UMING = Face("AR PL UMing CN", "uming.ttc")
UKAI = Face("AR PL UKai CN", "ukai.ttc")
DROID = Face("Droid Sans Fallback", "DroidSansFallbackFull.ttf")
BABELSTONE = Face("BabelStone Han", "BabelStoneHan.ttf")
SONG = Face("FandolSong", "FandolSong-Regular.otf")
SONG_BOLD = Face("FandolSong", "FandolSong-Bold.otf", bold=True)
HEI = Face("FandolHei", "FandolHei-Regular.otf")
HEI_BOLD = Face("FandolHei", "FandolHei-Bold.otf", bold=True)
FANG = Face("FandolFang", "FandolFang-Regular.otf")
KAI = Face("FandolKai", "FandolKai-Regular.otf")

BROWSER_FACES = (ZENHEI, SONG, HEI, UMING, DROID, HEI_BOLD, FANG)
PDF_FACES = (FANG, KAI, SONG, UKAI, SONG_BOLD, ZENHEI)
OFFICE_FACES = (SONG, DROID, KAI, BABELSTONE, HEI, UMING)
# (text, background), and the size in px: notices, links, dark mode, coloured bars.
BROWSER_COLOURS = (
    ("#000", "#fff"), ("#333", "#fff"), ("#24292f", "#f6f8fa"), ("#e6edf3", "#0d1117"),
    ("#0645ad", "#fff"), ("#fff", "#b91c1c"), ("#5c4400", "#fff3cd"), ("#777", "#fff"),
)  # fmt: skip
BROWSER_SIZES = (16, 14, 18, 24, 20, 15, 32)
PDF_SIZES_PT = (10.5, 12, 9, 14, 16)
OFFICE_SIZES_PT = (12, 10.5, 14, 16, 18)


@dataclass(frozen=True)
class Line:
    """What stands on a line and in which face; `i` varies the rest."""

    i: int
    text: str
    face: Face


def main() -> None:
    texts = (HERE / "text.txt").read_text(encoding="utf-8").splitlines()
    files = installed()
    rows = ["file\ttext\tcorpus\tface"]
    for k, (name, faces, setter) in enumerate(
        (
            ("browser", BROWSER_FACES, browser),
            ("pdf", PDF_FACES, pdf),
            ("office", OFFICE_FACES, office),
        )
    ):
        lines = [Line(i, t, covering(t, faces, i, files)) for i, t in enumerate(texts[k::3])]
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name).mkdir()
        images = [image for start in range(0, len(lines), LINES_A_PAGE)
                  for image in setter(lines[start : start + LINES_A_PAGE])]  # fmt: skip
        if len(images) != len(lines):
            sys.exit(f"{name}: {len(lines)} lines were set, {len(images)} were cut")
        for line, image in zip(lines, images, strict=True):
            file = f"{name}/{line.i:03d}.png"
            cv2.imwrite(str(HERE / file), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
            rows.append(f"{file}\t{line.text}\t{name}\t{line.face.label}")
    (HERE / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows) - 1} lines")


def installed() -> dict[str, Path]:
    """Where the files of all faces are; ends the program naming those that are missing."""
    by_name = {path.name: path for f in FOLDERS for path in Path(f).rglob("*") if path.is_file()}
    faces = {*BROWSER_FACES, *PDF_FACES, *OFFICE_FACES}
    missing = sorted(face.file for face in faces if face.file not in by_name)
    if missing:
        sys.exit(
            f"font files not found: {', '.join(missing)}; see the packages named in {__file__}"
        )
    return by_name


def covering(text: str, faces: tuple[Face, ...], i: int, files: dict[str, Path]) -> Face:
    """The i-th face in turn, or the next one that has every character of the text."""
    for face in (*faces[i % len(faces) :], *faces):
        if set(map(ord, text)) <= points(files[face.file], face.number):
            return face
    sys.exit(f"no face has all of {text!r}")


_points: dict[tuple[Path, int], set[int]] = {}


def points(path: Path, number: int) -> set[int]:
    if (path, number) not in _points:
        with TTFont(path, fontNumber=number, lazy=True) as font:
            _points[path, number] = set(font.getBestCmap()) | {0x3000}
    return _points[path, number]


def browser(lines: list[Line]) -> Iterator[Gray]:
    """A page in a window 900 px wide; the boxes of its lines are asked of the browser."""
    body = ""
    for line in lines:
        ink, ground = BROWSER_COLOURS[line.i % len(BROWSER_COLOURS)]
        style = f"font-family:'{line.face.family}';font-weight:{700 if line.face.bold else 400};"
        style += f"font-size:{BROWSER_SIZES[line.i % len(BROWSER_SIZES)]}px;"
        style += f"color:{ink};background:{ground};padding:{line.i % 5}px {line.i % 7 + 2}px"
        body += f'<p><span style="{style}">{html.escape(line.text)}</span></p>'
    page = (
        f"<!doctype html><meta charset=utf-8><style>p{{margin:14px;white-space:pre}}</style>{body}"
    )
    script = (
        "<script>document.title=JSON.stringify([...document.querySelectorAll('span')].map(s=>"
        "{const r=s.getBoundingClientRect();return [r.left,r.top,r.right,r.bottom]}))</script>"
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, encoding="utf-8")
        (folder / "probe.html").write_text(page + script, encoding="utf-8")
        chromium(folder, "--dump-dom", into := folder / "dom.html", "probe.html")
        title = re.search(r"<title>(.*?)</title>", into.read_text(encoding="utf-8"))
        if title is None:
            sys.exit("the browser reported no boxes")
        chromium(folder, f"--screenshot={folder / 'page.png'}", folder / "ignored", "page.html")
        shot = read_gray(folder / "page.png")
    for left, top, right, bottom in json.loads(title[1]):
        yield shot[int(top) : round(bottom), int(left) : round(right)]


def chromium(folder: Path, action: str, output: Path, page: str) -> None:
    command = [
        "chromium", "--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars",
        "--window-size=900,1400", f"--user-data-dir={folder}/profile", action,
        (folder / page).as_uri(),
    ]  # fmt: skip
    with output.open("wb") as file:
        subprocess.run(command, check=True, stdout=file, stderr=subprocess.DEVNULL, timeout=120)


def pdf(lines: list[Line]) -> Iterator[Gray]:
    """A PDF of Pango and Cairo, rasterised by pdftoppm at the resolution of a scan or a screen."""
    markup = "\n\n".join(
        f'<span font_family="{line.face.family}" weight="{"bold" if line.face.bold else "normal"}"'
        f' size="{int(PDF_SIZES_PT[line.i % len(PDF_SIZES_PT)] * 1024)}">'
        f"{html.escape(line.text)}</span>"
        for line in lines
    )
    dpi = (150, 200, 110, 300)[lines[0].i // LINES_A_PAGE % 4]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text").write_text(markup, encoding="utf-8")
        run("pango-view", "-q", "--markup", "--margin=40", f"--output={folder}/page.pdf", "text",
            cwd=folder)  # fmt: skip
        run("pdftoppm", "-gray", "-r", str(dpi), "page.pdf", "page", cwd=folder)
        pages = [read_gray(path) for path in sorted(folder.glob("page-*.pgm"))]
    for page in pages:
        yield from cut(page)


def office(lines: list[Line]) -> Iterator[Gray]:
    """A text document, exported by LibreOffice as the image of its page."""
    styles, body = "", ""
    for line in lines:
        size = OFFICE_SIZES_PT[line.i % len(OFFICE_SIZES_PT)]
        weight = "bold" if line.face.bold else "normal"
        styles += (
            f'<style:style style:name="P{line.i}" style:family="paragraph">'
            '<style:paragraph-properties fo:margin-bottom="0.5cm"/><style:text-properties'
            f' style:font-name="{line.face.family}" style:font-name-asian="{line.face.family}"'
            f' fo:font-size="{size}pt" style:font-size-asian="{size}pt" fo:font-weight="{weight}"'
            f' style:font-weight-asian="{weight}"/></style:style>'
        )
        body += f'<text:p text:style-name="P{line.i}">{html.escape(line.text)}</text:p>'
    families = "".join(
        f'<style:font-face style:name="{f}" svg:font-family="&apos;{f}&apos;"/>'
        for f in sorted({line.face.family for line in lines})
    )
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (
            ("office", "office"), ("style", "style"), ("text", "text"),
            ("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"),
        )
    )  # fmt: skip
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {names} office:version="1.3"'
        ' office:mimetype="application/vnd.oasis.opendocument.text">'
        f"<office:font-face-decls>{families}</office:font-face-decls>"
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document>"
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.fodt").write_text(document, encoding="utf-8")
        width = (1240, 1654, 1000, 2000)[lines[0].i // LINES_A_PAGE % 4]
        pixels = {"PixelWidth": width, "PixelHeight": round(width * 1.2941)}
        options = {key: {"type": "long", "value": str(px)} for key, px in pixels.items()}
        form = f"png:writer_png_Export:{json.dumps(options)}"
        profile = f"-env:UserInstallation=file://{folder}/profile"
        run("soffice", profile, "--headless", "--convert-to", form, "page.fodt", cwd=folder)
        image = read_gray(folder / "page.png")
    yield from cut(image)


def read_gray(path: Path) -> Gray:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        sys.exit(f"{path.name} could not be read")
    return image.astype(np.uint8)


def run(*command: str, cwd: Path) -> None:
    environment = os.environ | {"HOME": str(Path.home()), "LC_ALL": "C.UTF-8"}
    subprocess.run(
        command, check=True, cwd=cwd, env=environment, timeout=300,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def cut(page: Gray) -> Iterator[Gray]:
    """The lines of a page, apart by at least half a line of white; margins of 1 to 4 px."""
    ink = page < 200
    rows = np.flatnonzero(ink.any(axis=1))
    apart = np.flatnonzero(np.diff(rows) > max(8, page.shape[1] // 130))
    for k, band in enumerate(np.split(rows, apart + 1)):
        top, bottom = int(band[0]), int(band[-1]) + 1
        columns = np.flatnonzero(ink[top:bottom].any(axis=0))
        margin = 1 + k % 4
        yield page[
            max(0, top - margin) : bottom + margin,
            max(0, int(columns[0]) - margin) : int(columns[-1]) + 1 + margin,
        ]


if __name__ == "__main__":
    main()
