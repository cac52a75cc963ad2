"""Lists whose labels are line numbers of a character list.

    20456343_4045240981.jpg 89 201 241 178 19 94 19 22 26 656

The 3.64 million images of news and classical text that circulate with `char_std_5990.txt` come so,
with `train.txt` and `test.txt`. Indices count from 0; line 0 of the list is the CTC blank.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.alphabet import Alphabet, read_list, write_list
from datagen.errors import ExchangeError
from datagen.formats.foreign.image_files import write_images
from datagen.formats.foreign.rows import BadRow, Row, Source, list_name
from datagen.formats.foreign.text_files import text_lines, write_lines
from datagen.sample import Samples
from datagen.split import Split

CHARACTERS = "char_std.txt"
_LISTS_START = "char"  # files of this beginning in the folder are character lists


class IndexLabels:
    """Lists of `name index index ...` beside a character list."""

    name = "index"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of the lists of a folder, or of one list; characters from `alphabet_file`."""
        characters = read_list(character_file(source))
        symbols = characters.alphabet.symbols
        texts = [symbols[class_id] for class_id in characters.class_of_line]
        for path in source.files("*.txt"):
            if not path.name.startswith(_LISTS_START):
                folder, split = _image_folder(path), source.split_of(path)
                for number, line in text_lines(source, path):
                    yield _row(source, f"{path}:{number}", line, folder, split, texts)

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write images/, one list per split, and the character list."""
        write_list(alphabet, folder / CHARACTERS)
        word = list_name(split)
        written = write_images(folder / "images", word, batches)
        lines = (
            " ".join([path, *map(str, alphabet.class_ids(text).tolist())]) for path, text in written
        )
        write_lines(folder / ("test.txt" if split == Split.VAL else f"{word}.txt"), lines)


def character_file(source: Source) -> Path:
    """The character list that belongs to a source.

    Raises:
        ExchangeError: if none is named and none lies in the folder.
    """
    if source.alphabet_file is not None:
        return source.alphabet_file
    folder = source.path if source.path.is_dir() else source.path.parent
    lists = sorted(folder.glob(f"{_LISTS_START}*.txt"))
    if len(lists) != 1:
        raise ExchangeError(
            f"{folder} holds {len(lists)} character lists ({_LISTS_START}*.txt): name the one that"
            " the indices refer to with --alphabet FILE"
        )
    return lists[0]


def _image_folder(path: Path) -> Path:
    folder = path.parent / "images"
    return folder if folder.is_dir() else path.parent


def _row(
    source: Source, where: str, line: str, folder: Path, split: Split, texts: list[str]
) -> Row | BadRow:
    name, *numbers = line.split()
    try:
        indices = [int(number) for number in numbers]
    except ValueError:
        return BadRow(where, f"not a name and indices: {line[:80]!r}")
    outside = [i for i in indices if not 0 <= i < len(texts)]
    if outside:
        return BadRow(where, f"index {outside[0]} of a list of {len(texts)} lines")
    if any(not texts[i] for i in indices):
        return BadRow(where, "the label holds the blank")
    return source.row(where, folder, name, "".join(texts[i] for i in indices), split)
