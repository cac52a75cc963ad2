"""Character lists, and text that is checked against one."""

from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated_lines
from tests.hostile.surface import Attempt, Surface, ocrgen


class CharacterLists(Surface):
    """Lists of one character per line."""

    def prepare(self, base: Path) -> None:
        lines = ["blank", *"的一是了abc1，（ ）＋￥。中文测试"]
        (base / "list.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        text = (base / "list.txt").read_text(encoding="utf-8")
        (folder / "list.txt").write_bytes(mutated_lines(text, rng))

        def check(out: str) -> str | None:
            count, word = out.split(" ")[:2]
            return None if word == "classes," and 2 <= int(count) <= 65_535 else out[:80]

        return ocrgen("alphabet", "show", "--alphabet", folder / "list.txt", check=check)


class CheckedText(Surface):
    """Text files for `ocrgen alphabet check`."""

    share = 2

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        text = "今天天气很好。\nHello OCR 世界\n1,234.5\n"
        (folder / "text.txt").write_bytes(mutated_lines(text, rng))

        def check(out: str) -> str | None:
            return None if out.endswith(" 0 outside the alphabet\n") else out[-80:]

        return ocrgen("alphabet", "check", folder / "text.txt", check=check)
