"""Damaged renders and packed data: manifests, sidecars, tars, LMDBs, under all that read them."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from shutil import copytree

from tests.hostile.mutations import mutated, mutated_json
from tests.hostile.surface import Attempt, Check, Surface, call, ocrgen

LINES = 24


class _Datasets(Surface):
    """A render and packed data of a few lines, one file of which a case damages."""

    def prepare(self, base: Path) -> None:
        from datagen.pack.job import pack
        from datagen.pack.pack_settings import PackSettings
        from tests.support.samples import make_render

        render = make_render(base / "render", LINES, shard_size=12)
        inputs, out = (str(render),), str(base / "packed")
        pack(PackSettings(inputs=inputs, out=out, split=0.7, jobs=1, backend="sequential"))

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        name = rng.choice(("render", "packed"))
        data = copytree(base / name, folder / name)
        self.damage(rng, rng.choice(sorted(data.rglob(self.pattern(name)))))
        command = rng.choice(("verify", "stats", "export", "pack"))
        if command == "verify":
            return ocrgen("verify", data, "-j", 1, *rng.choice(((), ("--quick",))))
        if command == "stats":
            return ocrgen("stats", data)
        if command == "export":
            return ocrgen("export", "dtrb", data, "-o", folder / "out", check=self.check(folder))
        return ocrgen("pack", data, "-o", folder / "out", "-j", 1, "--backend", "sequential")

    def check(self, folder: Path) -> Check:
        """An export that succeeds has all lines; what is lost without a word is the worst."""

        def check(out: str) -> str | None:
            lists = [path.read_text(encoding="utf-8") for path in (folder / "out").rglob("gt.txt")]
            count = sum(text.count("\n") for text in lists)
            return None if count == LINES else f"{count} of {LINES} lines"

        return check

    def pattern(self, dataset: str) -> str:
        """Which files of a dataset are damaged."""
        raise NotImplementedError

    def damage(self, rng: Random, file: Path) -> None:
        file.write_bytes(mutated(file.read_bytes(), rng))


class Manifests(_Datasets):
    """manifest.json."""

    def pattern(self, dataset: str) -> str:
        return "manifest.json"

    def damage(self, rng: Random, file: Path) -> None:
        file.write_bytes(mutated_json(file.read_text(encoding="utf-8"), rng))


class Shards(_Datasets):
    """Sidecars and tars of a render, data.mdb of packed data."""

    share = 6

    def pattern(self, dataset: str) -> str:
        return "shard-*" if dataset == "render" else "data.mdb"


class TrainingLines(_Datasets):
    """Either kind as training reads it: both splits, lines in any order."""

    share = 3

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        name = rng.choice(("render", "render", "packed"))
        data = copytree(base / name, folder / name)
        self.damage(rng, rng.choice(sorted(data.rglob(self.pattern(name)))))
        read: list[int] = []

        def check(out: str) -> str | None:
            return None if sum(read) == LINES else f"{sum(read)} of {LINES} lines"

        return call(f"train on {data}", lambda: read.extend(_trained_on(data)), check)

    def pattern(self, dataset: str) -> str:
        return "shard-*" if dataset == "render" else "data.mdb"


def _trained_on(data: Path) -> Iterator[int]:
    """Read all lines of each split backwards; how many there are."""
    import numpy as np

    from datagen.data_sets.line_dataset import LineDataset
    from datagen.data_sets.opening import open_data
    from datagen.split import PACKED

    sets = open_data([(data, None)], 0.7)
    for split in PACKED:
        held = sets.holding(split)
        lines = LineDataset(held, split) if held.items else None
        yield len(lines.batch(np.arange(len(lines))[::-1])) if lines else 0
