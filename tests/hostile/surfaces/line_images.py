"""Image files of every kind that `ocrgen import` takes."""

from io import BytesIO
from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated
from tests.hostile.surface import Attempt, Surface, ocrgen

KINDS = ("jpeg", "png", "bmp", "gif", "tiff", "webp", "ppm", "avif", "ico", "tga")
PER_CASE = 5


class ImportedImages(Surface):
    """Several damaged images and a good one, which must come through."""

    share = 10

    def prepare(self, base: Path) -> None:
        from PIL import Image, features

        from datagen.images import decode
        from tests.support.samples import make_samples

        image = Image.fromarray(decode(make_samples([0], width=96).images)[0])
        for kind in KINDS:
            if kind != "avif" or features.check("avif"):
                data = BytesIO()
                image.save(data, kind)
                (base / f"{kind}.img").write_bytes(data.getvalue())
        (base / "good.jpg").write_bytes((base / "jpeg.img").read_bytes())

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        sources = sorted(base.glob("*.img"))
        for number in range(PER_CASE):
            data = rng.choice(sources).read_bytes()
            (folder / f"{number}.img").write_bytes(mutated(data, rng))
        (folder / "good.jpg").write_bytes((base / "good.jpg").read_bytes())
        names = [*(f"{number}.img" for number in range(PER_CASE)), "good.jpg"]
        (folder / "gt.txt").write_text("".join(f"{name}\tab\n" for name in names))

        def check(out: str) -> str | None:
            from datagen.formats.tar.reader import RenderReader

            reader = RenderReader(folder / "out")
            bad = folder / "out" / "bad_rows.tsv"
            listed = len(bad.read_text().splitlines()) if bad.exists() else 0
            images = reader.read(range(len(reader))).images
            if len(images) + listed != PER_CASE + 1:
                return f"{len(images)} lines and {listed} listed of {PER_CASE + 1}"
            good = (base / "good.jpg").read_bytes()
            return None if good in images else "the good image is lost"

        return ocrgen("import", "dtrb", folder / "gt.txt", "-o", folder / "out", check=check)
