"""Foreign data sets for `ocrgen import`: lists, tables, JSON, pairs, tars and LMDBs."""

from pathlib import Path
from random import Random
from shutil import copytree

from tests.hostile.mutations import mutated, mutated_json, mutated_lines
from tests.hostile.surface import Attempt, Surface, ocrgen

LABELS = ("abc", '"今天"', "12,5 '", "中文测试", "a.b", "x" * 20)


def write_images(folder: Path) -> list[str]:
    """Six small images; their names."""
    from tests.support.samples import make_samples

    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}.jpg" for number in range(len(LABELS))]
    for name, image in zip(names, make_samples(range(len(LABELS)), width=96).images, strict=True):
        (folder / name).write_bytes(image)
    return names


def imported(form: str, source: Path, folder: Path, *words: object) -> Attempt:
    """An import, of which every line must come back."""

    def check(out: str) -> str | None:
        from datagen.formats.tar.reader import RenderReader

        reader = RenderReader(folder / "out")
        samples = reader.read(range(len(reader)))
        said = int(out.split(" ")[0].replace(",", ""))
        if not said == len(reader) == len(samples.texts):
            return f"{said} lines told, {len(reader)} there"
        return None if all(samples.texts) else "an empty label"

    words = (form, source, "-o", folder / "out", "--max-bad", 10_000, *words)
    return ocrgen("import", *words, check=check)


class PathLists(Surface):
    """Lists of paths and labels, or of names and indices."""

    share = 8

    def prepare(self, base: Path) -> None:
        names = write_images(base / "images")
        pairs = [f"images/{name}\t{label}" for name, label in zip(names, LABELS, strict=True)]
        (base / "dtrb.txt").write_text("\n".join(pairs) + "\n", encoding="utf-8")
        pairs[0] = f'["images/{names[0]}", "images/{names[1]}"]\tabc'
        (base / "paddle.txt").write_text("\n".join(pairs) + "\n", encoding="utf-8")
        rows = [f"images/{name} 1 2 {i}" for i, name in enumerate(names, 3)]
        (base / "index.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (base / "char.txt").write_text("\n".join(["blank", *"abcdefghij"]) + "\n")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        form = rng.choice(("dtrb", "paddle", "index"))
        text = (base / f"{form}.txt").read_text(encoding="utf-8")
        (folder / "list.txt").write_bytes(mutated_lines(text, rng))
        words = ("--alphabet", base / "char.txt") if form == "index" else ()
        return imported(form, folder / "list.txt", folder, "--images", base, *words)


class Tables(Surface):
    """CSV and TSV."""

    def prepare(self, base: Path) -> None:
        names = write_images(base / "images")
        for form, mark in (("csv", ","), ("tsv", "\t")):
            rows = [f"images/{name}{mark}ab{mark}train" for name in names]
            text = "\n".join([f"file{mark}text{mark}split", *rows]) + "\n"
            (base / f"rows.{form}").write_text(text, encoding="utf-8")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        form = rng.choice(("csv", "tsv"))
        text = (base / f"rows.{form}").read_text(encoding="utf-8")
        (folder / f"rows.{form}").write_bytes(mutated_lines(text, rng))
        return imported(form, folder / f"rows.{form}", folder, "--images", base)


class JsonLabels(Surface):
    """docTR's labels.json."""

    def prepare(self, base: Path) -> None:
        import json

        names = write_images(base / "images")
        labels = dict(zip(names, LABELS, strict=True))
        (base / "labels.json").write_text(json.dumps(labels), encoding="utf-8")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        text = (base / "labels.json").read_text(encoding="utf-8")
        (folder / "labels.json").write_bytes(mutated_json(text, rng))
        return imported("doctr", folder, folder, "--images", base / "images")


class TextPairs(Surface):
    """kraken's text files beside images."""

    share = 2

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        data = folder / "data"
        for name, label in zip(write_images(data), LABELS, strict=True):
            text = f"{label}\n".encode()
            damaged = mutated(text, rng) if rng.random() < 0.4 else text
            (data / name).with_suffix(".gt.txt").write_bytes(damaged)
        return imported("kraken", data, folder)


class Archives(Surface):
    """WebDataset tars and LMDB folders, as this program writes them."""

    share = 6

    def prepare(self, base: Path) -> None:
        from datagen.exchange.exchange_settings import ExportSettings
        from datagen.exchange.export_job import export_data
        from tests.support.samples import make_render

        render = make_render(base / "render", 12)
        for form in ("webdataset", "lmdb"):
            export_data(ExportSettings(form, str(render), str(base / form)))

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        form = rng.choice(("webdataset", "lmdb"))
        data = copytree(base / form, folder / "data")
        file = next(data.rglob("*.tar" if form == "webdataset" else "data.mdb"))
        file.write_bytes(mutated(file.read_bytes(), rng))
        return imported(form, data, folder)
