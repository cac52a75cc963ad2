"""What is read: line images, lists of labelled lines, and the options of those commands."""

import shutil
from pathlib import Path
from random import Random

import click

from tests.hostile.mutations import mutated, mutated_lines, option_value
from tests.hostile.surface import Attempt, Surface, call, ocrtrain
from tests.hostile.surfaces.line_images import KINDS, PER_CASE
from tests.hostile.surfaces.models import LM, MODEL
from tests.hostile.surfaces.options import hostile_options
from tests.support.paths import MADE_BY_0_1_0


class ReadImages(Surface):
    """Several damaged images and a good one, which must be read."""

    share = 10

    def prepare(self, base: Path) -> None:
        from PIL import Image, features

        from datagen.images import decode
        from tests.support.samples import make_samples

        image = Image.fromarray(decode(make_samples([0], width=96).images)[0])
        for kind in (*KINDS, "jpeg2000", "blp", "pcx", "dds", "eps"):
            if kind != "avif" or features.check("avif"):
                suited = image.convert("P" if kind == "blp" else "RGB" if kind == "dds" else "L")
                suited.save(base / f"{kind}.img", kind)

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        sources = sorted(base.glob("*.img"))
        for number in range(PER_CASE):
            data = rng.choice(sources).read_bytes()
            (folder / f"{number}.png").write_bytes(mutated(data, rng))
        paths = [*sorted(folder.iterdir()), base / "png.img"]

        def run() -> None:
            from tests.support.bars import BarScorer
            from training.inference.line_reader import LineReader

            readings = list(LineReader(BarScorer()).read(paths))
            assert [reading.source for reading in readings] == [str(path) for path in paths]
            assert all("\n" not in (reading.error or "") for reading in readings)
            assert readings[-1].error is None, readings[-1].error

        return call(f"LineReader.read of {folder}", run)


class LabelledLists(Surface):
    """Lists of labelled lines for `ocrtrain evaluate`."""

    def prepare(self, base: Path) -> None:
        from tests.support.samples import make_samples

        rows = ["file\ttext\tcorpus\tface"]
        for number, image in enumerate(make_samples(range(4), width=96).images):
            (base / f"{number}.jpg").write_bytes(image)
            rows.append(f"{number}.jpg\t中文{number}\tnews\tSong")
        (base / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        shutil.copy(MADE_BY_0_1_0 / "runs" / "old" / MODEL, base)

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        text = (base / "labels.tsv").read_text(encoding="utf-8")
        (folder / "labels.tsv").write_bytes(mutated_lines(text, rng))
        for image in base.glob("*.jpg"):
            shutil.copy(image, folder)

        def check(out: str) -> str | None:
            return None if out.startswith("kind\tname\tlines\t") else out[:200]

        words = ("--checkpoint", base / MODEL, "--device", "cpu", "--format", "tsv")
        return ocrtrain("evaluate", "--data", folder, *words, check=check)


class ReadingOptions(Surface):
    """Values of the options of predict, evaluate, export, import and lm."""

    share = 5
    NEVER = frozenset({"--page", "--help"})  # the former loads a detector in each process

    def prepare(self, base: Path) -> None:
        from tests.support.samples import make_samples

        (base / "line.jpg").write_bytes(make_samples([0], width=96).images[0])
        (base / "labels.tsv").write_text("line.jpg\t中文\n", encoding="utf-8")
        (base / "text.txt").write_text("天地玄黄，宇宙洪荒。" * 5, encoding="utf-8")
        (base / "list.txt").write_text("\n".join("天地玄黄宇宙洪荒"), encoding="utf-8")
        for path in (MADE_BY_0_1_0 / "runs" / "old" / MODEL, MADE_BY_0_1_0 / LM):
            shutil.copy(path, base)

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        model = ("--checkpoint", base / MODEL)
        words: dict[str, list[object]] = {
            "predict": ["predict", *model, "--device", "cpu", "--beam-width", "2"],
            "evaluate": ["evaluate", *model, "--device", "cpu", "--data", base],
            "export": ["export", *model, "--data", base, "--out", folder / "o.onnx", "--limit", 1],
            "import": ["import", "--alphabet", base / "list.txt", "--out", folder / "o"],
            "lm": ["lm", "build", "--corpus", base / "text.txt", "--out", folder / "o.npz"],
        }
        name = rng.choice(list(words))
        chosen = words[name] + hostile_options(_command(name), rng, set(self.NEVER))
        if name == "predict":
            chosen += ["--", *rng.choice(((), (option_value(rng),))), base / "line.jpg"]
        elif name == "import":
            chosen += ["--", rng.choice((base / MODEL, option_value(rng)))]
        return ocrtrain(*chosen)


def _command(name: str) -> click.Command:
    """A command of `ocrtrain`, or the one that a group of them has."""
    from training.cli import main

    command = main.get_command(click.Context(main), name)
    assert command is not None
    return next(iter(command.commands.values())) if isinstance(command, click.Group) else command
