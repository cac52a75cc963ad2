"""From what archives hold to lines of prose: simplified, filtered, each one once."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpora.errors import CorpusError

SHORTEST = 10  # characters of a line
MIN_HANZI = 0.5  # of a line's characters
_HANZI = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACES = re.compile(r"[ \t\u00a0]+")
# What is left of a gloss whose foreign word was markup: （英语：）, （，）.
_EMPTY = re.compile(r"[（(](?:[\s，,、；;]|[一-鿿]{1,4}[：:])*[）)]")
_AT_ONCE = 1 << 18


@dataclass
class Tally:
    """What became of the lines of an archive."""

    kept: int = 0
    characters: int = 0
    not_prose: int = 0
    repeated: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kept:,} lines with {self.characters:,} characters kept,"
            f" {self.not_prose:,} dropped as no prose, {self.repeated:,} as repeated"
        )


class Seen:
    """A set of lines that costs eight bytes each."""

    def __init__(self) -> None:
        self._old: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._new: set[int] = set()

    def add(self, line: str) -> bool:
        """Remember a line; False if it was there already."""
        digest = hashlib.blake2b(line.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "little")
        at = int(np.searchsorted(self._old, np.uint64(key)))
        if key in self._new or (at < len(self._old) and int(self._old[at]) == key):
            return False
        self._new.add(key)
        if len(self._new) >= _AT_ONCE:
            new = np.fromiter(self._new, dtype=np.uint64, count=len(self._new))
            self._old = np.sort(np.concatenate([self._old, new]))
            self._new = set()
        return True


def is_prose(line: str, min_hanzi: float = MIN_HANZI) -> bool:
    """At least ten characters, and at least a share of them hanzi; spaces do not count."""
    size = sum(map(len, line.split()))
    return size >= SHORTEST and len(_HANZI.findall(line)) >= min_hanzi * size


def clean(
    paragraphs: Iterable[str],
    convert: Callable[[str], str] | None,
    tally: Tally,
    min_hanzi: float = MIN_HANZI,
) -> Iterator[str]:
    """The lines of prose among some paragraphs, converted, each one once; counts into `tally`."""
    seen = Seen()
    for paragraph in paragraphs:
        for line in paragraph.splitlines():
            tidy = _SPACES.sub(" ", _EMPTY.sub("", _CONTROLS.sub("", line))).strip()
            if not tidy:
                continue
            if not is_prose(tidy, min_hanzi):
                tally.not_prose += 1
                continue
            text = convert(tidy) if convert else tidy
            if not seen.add(text):
                tally.repeated += 1
                continue
            tally.kept += 1
            tally.characters += len(text)
            yield text


def to_simplified() -> Callable[[str], str]:
    """The converter from traditional to simplified characters.

    Raises:
        CorpusError: if OpenCC is not installed.
    """
    try:
        import opencc
    except ImportError as error:
        raise CorpusError(
            "conversion to simplified needs OpenCC; install it with: pip install"
            " 'ocrgen[corpora]', or keep the text as it is with --as-is"
        ) from error
    converter = opencc.OpenCC("t2s")
    return lambda text: str(converter.convert(text))
