"""An alphabet from text: what must be in it, then the most frequent characters."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from corpora import open_corpus, parse_mix
from datagen.alphabet import MAX_CLASSES, Alphabet, builtin, read_list
from datagen.errors import AlphabetError
from datagen.folding import SPACE
from ocrbase.homes import data_home

_SENTENCES_AT_ONCE = 20_000
_PUNCTUATION = "，。、；：？！…—“”‘’（）《》【】·～％￥"


@dataclass(frozen=True)
class BuiltAlphabet:
    """An alphabet and what it covers of the text that it was built from.

    Attributes:
        alphabet: the blank, the sets that were asked for, then by falling frequency.
        included: characters that came from the sets.
        covered: share of the text's characters that are in it, by the weights of the mix.
        rarest: share of the rarest character that was taken by frequency; 0 if there is none.
        left_out: different characters of the text that are not in it.
    """

    alphabet: Alphabet
    included: int
    covered: float
    rarest: float
    left_out: int


def build_alphabet(
    specs: Sequence[str],
    *,
    classes: int | None,
    min_count: int,
    include: Sequence[str],
    home: str | None = None,
) -> BuiltAlphabet:
    """Build an alphabet from a corpus or a weighted mix.

    Args:
        specs: corpora as `--corpus` takes them.
        classes: size with the blank; None takes every character that is frequent enough.
        min_count: fewest occurrences over all texts of a character taken by frequency.
        include: names of sets (`SETS`) or paths of lists that are always in it.
        home: user data directory.

    Raises:
        AlphabetError: if a set is unknown or the sizes contradict one another.
    """
    included = list(dict.fromkeys(c for name in include for c in _set_of(name)))
    size = MAX_CLASSES if classes is None else classes
    if not 2 <= size <= MAX_CLASSES or len(included) + 1 > size:
        raise AlphabetError(
            f"{size} classes cannot hold the blank and the {len(included)} characters that are"
            f" always included; give --classes from {max(len(included) + 1, 2)} to {MAX_CLASSES}"
        )
    # An alphabet has two classes at least; a private-use code occurs in no text that counts.
    counts, shares = _frequencies(specs, Alphabet(("", *included, "\ue000")), home)
    frequent = [c for c in shares if c not in set(included) and counts[c] >= min_count]
    frequent.sort(key=lambda c: (-shares[c], c))
    taken = frequent[: size - 1 - len(included)]
    if not included and not taken:
        raise AlphabetError(f"no character occurs {min_count} times; give a smaller --min-count")
    # The space goes last: on the first line of a list others' and our own readers take it for the
    # blank.
    symbols = sorted([*included, *taken], key=lambda symbol: symbol == " ")
    alphabet = Alphabet(("", *symbols))
    return BuiltAlphabet(
        alphabet,
        len(included),
        sum(share for c, share in shares.items() if c in alphabet),
        shares[taken[-1]] if taken else 0.0,
        sum(1 for c in shares if c not in alphabet),
    )


def _frequencies(
    specs: Sequence[str], included: Alphabet, home: str | None
) -> tuple[Counter[str], dict[str, float]]:
    """Occurrences of each character over all texts, and its share by the weights of the mix.

    Characters fold onto the included sets first (full width to ASCII and the like).
    """
    counts: Counter[str] = Counter()
    shares: dict[str, float] = {}
    for spec, weight in parse_mix(specs):
        counted: Counter[str] = Counter()
        sentences = open_corpus(spec, home=data_home(home)).sentences()
        while batch := list(islice(sentences, _SENTENCES_AT_ONCE)):
            counted.update(included.normalise("".join(batch)))
        for character in [c for c in counted if not _can_be_printed(c)]:
            del counted[character]
        counts.update(counted)
        for character, count in counted.items():
            share = weight * count / counted.total()
            shares[character] = shares.get(character, 0.0) + share
    return counts, shares


def _can_be_printed(character: str) -> bool:
    """No controls, spaces, private-use codes or marks that need another character."""
    return unicodedata.category(character)[0] not in "CZM" and character != "\ufffc"


def _ascii() -> str:
    return "".join(chr(code) for code in range(0x21, 0x7F))


def _hanzi_of_level_1() -> str:
    return builtin().characters[94 + 7 + 93 :][:3755]


SETS: dict[str, Callable[[], str]] = {
    "ascii": _ascii,
    "space": lambda: SPACE,
    "digits": lambda: "0123456789",
    "punctuation": lambda: _PUNCTUATION,
    "gb2312-1": _hanzi_of_level_1,
    "builtin": lambda: builtin().characters,
    "general": lambda: builtin("general").characters,
}


def _set_of(name: str) -> str:
    if name in SETS:
        return SETS[name]()
    if Path(name).is_file():
        return read_list(Path(name)).alphabet.characters
    raise AlphabetError(
        f"no set {name!r}: there are {', '.join(SETS)}, or give the path of a character list"
    )
