"""Text, JSON lines and templates for `ocrgen corpus`, and the registry of added text."""

import gzip
import shutil
from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated, mutated_copy, mutated_json, mutated_lines
from tests.hostile.surface import Attempt, Surface, ocrgen

SENTENCES = "今天的新闻说明天要下雨了。\n有人问：“为什么？”\nHello OCR 世界，1,234.5 元！\n"
TEMPLATES = """lines = 20
templates = ["{province}{A1}·{d5}", { text = "第{n1-400}号{z1-99}", weight = 2.5 }, "{amount}"]
[sets]
province = ["京", "沪", "粤"]
"""
SOURCE = """name = "own/files-1"
licence = "CC0-1.0"
attribution = "nobody"
url = ""
field = "text"
"""


def is_text(spec: str, home: Path) -> str | None:
    """What is wrong with a corpus that was accepted: its sentences must be text, and some."""
    from corpora import open_corpus

    sentences = list(open_corpus(spec, home=home).sentences())
    "".join(sentences).encode("utf-8")
    return None if sentences else "no sentence"


class TextFiles(Surface):
    """What `corpus add` and `corpus stats` are given."""

    share = 8

    def prepare(self, base: Path) -> None:
        record = '{"text": "今天的新闻说明天要下雨了。", "id": 3}\n'
        (base / "a.txt").write_text(SENTENCES * 3, encoding="utf-8")
        (base / "b.jsonl").write_text(record * 3, encoding="utf-8")
        (base / "c.txt.gz").write_bytes(gzip.compress(SENTENCES.encode() * 30, mtime=0))
        (base / "d.toml").write_text(TEMPLATES, encoding="utf-8")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        source = rng.choice(sorted(base.iterdir()))
        path = mutated_copy(source, folder, rng)
        chance = rng.random()
        if chance < 0.5 and source.suffix != ".gz":
            path.write_bytes(mutated_lines(source.read_text(encoding="utf-8"), rng))
        elif chance < 0.7 and source.suffix == ".jsonl":
            lines = source.read_text(encoding="utf-8").splitlines()
            path.write_bytes(b"\n".join(mutated_json(line, rng) for line in lines))
        home = folder / "home"
        if rng.random() < 0.15:
            return ocrgen("corpus", "stats", path, "-n", 100)
        words = ("corpus", "add", "own", path, "--home", home)
        return ocrgen(*words, check=lambda out: is_text("own", home))


class TextRegistries(Surface):
    """The `source.toml` beside added text, changed by another hand."""

    share = 2

    def prepare(self, base: Path) -> None:
        from corpora.store import add

        (base / "a.txt").write_text(SENTENCES, encoding="utf-8")
        add("own", [base / "a.txt"], home=base / "home")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        home = folder / "home"
        shutil.copytree(base / "home", home)
        (registry,) = home.rglob("source.toml")
        data = mutated_lines(SOURCE, rng) if rng.random() < 0.7 else mutated(SOURCE.encode(), rng)
        registry.write_bytes(data)
        if rng.random() < 0.2:
            return ocrgen("corpus", "remove", "own", "--home", home)
        return ocrgen("corpus", "stats", "own", "-n", 100, "--home", home)
