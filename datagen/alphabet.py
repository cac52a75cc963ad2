"""Which character is which class: the one place that decides it.

The built-in alphabets are frozen lists; `builtin_characters` holds the rules that they were built
by. Lists that others circulate are read by `read_list`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen.builtin_characters import BUILTIN_FILES, DEFAULT_ALPHABET
from datagen.errors import AlphabetError
from datagen.folding import SPACE, collapse_spaces, folding_table
from ocrbase.errors import listed
from ocrbase.inputs import read_bytes
from ocrbase.publishing import publish_text

BLANK = 0  # class of the CTC blank, in all data and all models
MAX_CLASSES = 65_535  # class ids travel as uint16, and 65,535 marks a character outside
_MAX_LIST_BYTES = 4 << 20
_NEVER = ("\n", "\r", "\0")


@dataclass(frozen=True)
class Alphabet:
    """An ordered set of single characters; class 0 is the CTC blank.

    Attributes:
        symbols: the character of each class; the empty string at the blank.

    Raises:
        AlphabetError: names everything that makes the symbols no alphabet.
    """

    symbols: tuple[str, ...]
    blank: ClassVar[int] = BLANK

    def __post_init__(self) -> None:
        problems = _problems(self.symbols)
        if problems:
            raise AlphabetError("; ".join(problems))

    @classmethod
    def open(cls, path: str | Path | None = None) -> "Alphabet":
        """A built-in alphabet by name, or that of a list file with one character per line.

        Args:
            path: "5990", "general" or a file; None is "5990".

        Raises:
            AlphabetError: if the file cannot be read or is no such list.
        """
        return load(path)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def characters(self) -> str:
        """All characters in class order, without the blank."""
        return "".join(self.symbols)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the blank's class and the characters in order, hexadecimal."""
        return hashlib.sha256(f"{BLANK}\n{self.characters}".encode()).hexdigest()

    @cached_property
    def space(self) -> int | None:
        """Class of the space; None where the alphabet has none."""
        return self._ids.get(SPACE)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols) if symbol}

    @cached_property
    def _table(self) -> NDArray[np.uint16]:
        """Class id of every code point; MAX_CLASSES where there is none."""
        table = np.full(0x110000, MAX_CLASSES, dtype=np.uint16)
        for symbol, class_id in self._ids.items():
            table[ord(symbol)] = class_id
        return table

    @cached_property
    def _folding(self) -> dict[int, str]:
        return folding_table(self._ids.keys())

    def __contains__(self, character: object) -> bool:
        return character in self._ids

    def normalise(self, text: str) -> str:
        """Map the characters of a text onto the alphabet where a twin is in it.

        Full-width letters, digits and signs become ASCII (or the reverse, whichever the alphabet
        holds), and look-alike dashes, dots and currency signs become one. Where the alphabet has a
        space, spaces of any kind become it, a run of them one, and those at the ends of a line
        go; where it has none all are dropped. Everything else stays, inside the alphabet or not.
        """
        text = self.fold(text)
        return text if self.space is None else collapse_spaces(text)

    def fold(self, character: str) -> str:
        """What `normalise` makes of one character inside of a line: its twin, or nothing."""
        return character.translate(self._folding)

    def kept(self, text: str) -> list[int]:
        """Which characters of one line `normalise` keeps, by their positions; twins count."""
        kept: list[int] = []
        last = SPACE
        for i, character in enumerate(map(self.fold, text)):
            if character and not (character == last == SPACE):
                kept.append(i)
                last = character
        ends_in_space = kept and self.fold(text[kept[-1]]) == SPACE
        return kept[:-1] if ends_in_space else kept

    def class_ids(self, text: str) -> NDArray[np.uint16]:
        """Class of each character of a normalised text, (len(text),); 65,535 where outside."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        ids: NDArray[np.uint16] = self._table[points]
        return ids

    def encode(self, text: str) -> list[int]:
        """Class of each character of a label, after `normalise`.

        Raises:
            AlphabetError: if characters are outside the alphabet; names all of them.
        """
        text = self.normalise(text)
        outside = self.outside(text)
        if outside:
            raise AlphabetError(
                f"label {text!r} holds {listed([repr(c) for c in outside])}, not among the"
                f" {len(self)} classes of the alphabet; choose another with --alphabet"
            )
        return [self._ids[character] for character in text]

    def decode(self, class_ids: Iterable[int]) -> str:
        """The text of class ids; blanks vanish, repeats stay."""
        return "".join(self.symbols[i] for i in class_ids)

    def outside(self, text: str) -> list[str]:
        """The distinct characters of a text that have no class, in order of appearance."""
        return [c for c in dict.fromkeys(text) if c not in self._ids]

    def to_json(self) -> dict[str, object]:
        """The form that manifests and checkpoints carry."""
        return {"characters": self.characters, "blank": BLANK}

    @classmethod
    def from_json(cls, value: dict[str, object]) -> "Alphabet":
        """Read what `to_json` wrote.

        Raises:
            AlphabetError: if the value lacks a field or is no valid alphabet.
        """
        characters, blank = value.get("characters"), value.get("blank")
        if not isinstance(characters, str) or not isinstance(blank, int):
            raise AlphabetError("a stored alphabet needs the fields 'characters' and 'blank'")
        if blank != BLANK:
            raise AlphabetError(f"a stored alphabet has the blank at class {blank}, not {BLANK}")
        return cls(("", *characters))


@dataclass(frozen=True)
class CharacterList:
    """A character list as read from a file.

    Attributes:
        alphabet: the distinct characters in order, blank first.
        class_of_line: class of each line of the file, from 0; labels that are line numbers of the
            list are translated with it.
        notes: what the reader decided, one sentence each, to be shown to the user.
    """

    alphabet: Alphabet
    class_of_line: tuple[int, ...]
    notes: tuple[str, ...]


def builtin(name: str = DEFAULT_ALPHABET) -> Alphabet:
    """A built-in alphabet, blank first; one object per name and process."""
    return _frozen(name)


@lru_cache(maxsize=len(BUILTIN_FILES))
def _frozen(name: str) -> Alphabet:
    return read_list(BUILTIN_FILES[name]).alphabet


def list_file(alphabet: str | Path | None) -> Path:
    """The character list of a built-in alphabet's name, or the file itself; None is `5990`."""
    name = DEFAULT_ALPHABET if alphabet is None else alphabet
    return BUILTIN_FILES[name] if isinstance(name, str) and name in BUILTIN_FILES else Path(name)


def load(alphabet: str | Path | None) -> Alphabet:
    """The alphabet of a built-in name or of a list file; None is `5990`."""
    file = list_file(alphabet)
    for name, frozen in BUILTIN_FILES.items():
        if file == frozen:
            return builtin(name)
    return read_list(file).alphabet


def read_list(path: Path) -> CharacterList:
    """Read a list of one character per line, in UTF-8 or GB18030.

    A first line that is `blank`, `<blank>`, empty or a space stands for the CTC blank
    (char_std_5990.txt has it in two forms); without it the blank goes before the first line, as
    for a PaddleOCR dictionary. A space on a later line is a class. The first occurrence of a
    duplicate wins.

    Raises:
        AlphabetError: if the file cannot be read or a line holds more than one character.
    """
    lines, notes = _lines(path)
    has_blank = bool(lines) and lines[0] in ("blank", "<blank>", "", " ")
    symbols, class_of_line, duplicates = _number(path, lines[1:] if has_blank else lines)
    if has_blank:
        class_of_line.insert(0, 0)
        if lines[0] == " ":
            notes.append("the space on the first line is taken for the blank")
    else:
        notes.append("the list names no blank: class 0 is the blank, the first line is class 1")
    if duplicates:
        notes.append(
            f"{len(duplicates)} duplicates dropped, the first occurrence of each kept:"
            f" {listed(duplicates)}; {len(symbols)} classes remain"
        )
    return CharacterList(Alphabet(tuple(symbols)), tuple(class_of_line), tuple(notes))


def write_list(alphabet: Alphabet, path: Path) -> None:
    """Write one character per line in UTF-8, the first line `blank`.

    Raises:
        DiskError: if the disk is full or may not be written.
    """
    publish_text(path, "\n".join(["blank", *alphabet.symbols[1:]]) + "\n")


def _problems(symbols: tuple[str, ...]) -> list[str]:
    problems = []
    if not 2 <= len(symbols) <= MAX_CLASSES:
        problems.append(f"{len(symbols)} classes; an alphabet has 2 to {MAX_CLASSES}")
    if symbols[:1] != ("",):
        problems.append(f"class {BLANK} is the blank and has no character")
    wide = [repr(symbol) for symbol in symbols[1:] if len(symbol) != 1]
    if wide:
        problems.append(f"not a single character: {listed(wide)}; give one character per class")
    unfit = [repr(symbol) for symbol in symbols[1:] if symbol in _NEVER or _is_surrogate(symbol)]
    if unfit:
        problems.append(f"no character of a line: {listed(unfit)}; remove it")
    seen: set[str] = set()
    twice = [s for s in symbols if s and (s in seen or seen.add(s))]  # type: ignore[func-returns-value]
    if twice:
        problems.append(f"listed twice: {listed(twice)}; remove one of each")
    return problems


def _is_surrogate(symbol: str) -> bool:
    """Whether it is half of a character in UTF-16, which no encoding can write."""
    return "\ud800" <= symbol[:1] <= "\udfff"


def _lines(path: Path) -> tuple[list[str], list[str]]:
    data = read_bytes(path, _MAX_LIST_BYTES, error=AlphabetError)
    notes: list[str] = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise AlphabetError(
                f"{path} is neither UTF-8 nor GB18030: bad byte at offset {error.start}"
            ) from error
        notes.append("the list is not UTF-8 and was read as GB18030")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n"), notes


def _number(path: Path, lines: list[str]) -> tuple[list[str], list[int], list[str]]:
    """Give each line its class; the second of two equal lines gets the class of the first."""
    wrong = [repr(line) for line in lines if len(line) != 1]
    if wrong:
        raise AlphabetError(f"{path}: not one character per line: {listed(wrong)}")
    ids: dict[str, int] = {}
    duplicates = [c for i, c in enumerate(lines) if ids.setdefault(c, i) != i]
    symbols = ["", *dict.fromkeys(lines)]
    class_of = {symbol: i for i, symbol in enumerate(symbols)}
    return symbols, [class_of[line] for line in lines], duplicates
