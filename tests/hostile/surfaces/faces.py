"""Font files, and the registry of faces that were added."""

import shutil
from io import BytesIO
from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated_copy, mutated_json
from tests.hostile.surface import Attempt, Surface, ocrgen

TEXT = "一二三国永，。ABC123"


def draws_all(home: Path) -> str | None:
    """What is wrong with the added faces: each must draw all that it covers, at other sizes too."""
    from datagen.drawing.raster import Raster
    from datagen.drawing.rasteriser import Rasteriser
    from fonts import coverage
    from fonts.library import open_record
    from fonts.manifest import read_manifest

    for record in read_manifest(home / "fonts"):
        face = open_record(home / "fonts", record)
        font = Rasteriser(face)
        for size_px in (11, 64):
            for point in coverage(face):
                font.mask(chr(point), size_px, Raster.HINTED)
    return None


class FontFiles(Surface):
    """TrueType, CFF, web fonts and collections, for `fonts add` and `fonts check`."""

    share = 8

    def prepare(self, base: Path) -> None:
        from fontTools.ttLib import TTFont

        from fonts.manifest import PACKAGE
        from fonts.subset import subset
        from tests.support.fonts import make_font, save, save_collection

        save(make_font("Square Hei", text=TEXT), base / "square.ttf")
        save(make_font("Vary Hei", text="一二，", variable=True), base / "vary.ttf")
        save_collection(base / "two.ttc", make_font("Two JP"), make_font("Two SC"))
        for name in ("noto-serif-sc-regular", "micro-hei"):  # CFF, and TrueType with hints
            packed = BytesIO((PACKAGE / "faces" / f"{name}.woff2").read_bytes())
            for flavour, suffix in ((None, "ttf"), ("woff", "woff"), ("woff2", "woff2")):
                font = subset(TTFont(packed), map(ord, TEXT))
                font.flavor = flavour
                save(font, base / f"{name}.{suffix}")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        font = mutated_copy(rng.choice(sorted(base.iterdir())), folder, rng)
        if rng.random() < 0.2:
            return ocrgen("fonts", "check", font)
        home = folder / "home"
        words = ("fonts", "add", font, "--home", home, "--name", f"own-{rng.random():.9f}"[6:])
        return ocrgen(*words, check=lambda out: draws_all(home))


class FaceRegistries(Surface):
    """The list of added faces, changed by another hand."""

    def prepare(self, base: Path) -> None:
        from fonts.added import Choices, add
        from tests.support.fonts import make_font, save

        for name in ("own-hei", "own-song"):
            font = save(make_font(name, text=TEXT), base / f"{name}.ttf")
            add([font], base / "home", Choices(name=name))

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        home = folder / "home"
        shutil.copytree(base / "home", home)
        registry = home / "fonts" / "manifest.json"
        registry.write_bytes(mutated_json(registry.read_text(encoding="utf-8"), rng))
        command = rng.choice((("list", "--faces", "own-*"), ("remove", "own-hei"), ("check",)))
        return ocrgen("fonts", *command, "--home", home)
