"""Data sets that training reads together: packed as LMDB, or renders where they lie."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.data_sets.render_split import split_renders
from datagen.errors import AlphabetError, ShardError
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import FILE, PackedManifest, RenderManifest, read_manifest
from datagen.formats.reader import DatasetInfo, SplitReader
from datagen.formats.tar.reader import RenderReader
from datagen.pack.pack_settings import DEFAULT_SEED, DEFAULT_SPLIT
from datagen.split import PACKED, Split, SplitRule
from ocrbase.errors import listed

_SHOWN = 3  # data sets below a folder


@dataclass(frozen=True)
class DataSet:
    """One of several.

    Attributes:
        folder: of packed data (or its train/ or val/), of a render, or of an import.
        weight: share of the lines drawn in training relative to the others; None for its size.
        splits: of a render or an import; packed data is opened for the split that is asked for.
    """

    folder: Path
    weight: float | None
    splits: Mapping[Split, SplitReader] = field(default_factory=dict)

    def reader(self, split: Split) -> SplitReader:
        """Its lines of one split; there may be none.

        Raises:
            ShardError: if packed data is missing or damaged.
        """
        return self.splits[split] if self.splits else LmdbReader(self.folder, split)


@dataclass(frozen=True)
class DataSets:
    """Several data sets.

    Attributes:
        items: one by one.
        rule: the split of the renders among them; None if there are none.
        obeys_packed: whether packed data beside them gave that rule.
        groups: sentences of renders that validate.
    """

    items: tuple[DataSet, ...]
    rule: SplitRule | None = None
    obeys_packed: bool = False
    groups: int = 0

    def holding(self, split: Split) -> "DataSets":
        """Those that have lines of a split."""
        return replace(self, items=tuple(item for item in self.items if len(item.reader(split))))


def open_data(
    data: Sequence[tuple[Path, float | None]],
    share: float = DEFAULT_SPLIT,
    *,
    alphabet: Alphabet | None = None,
    rule: SplitRule | None = None,
    seed: int = DEFAULT_SEED,
) -> DataSets:
    """Open data sets, and split the renders among them together.

    They are split as `ocrgen pack` would split them, or by the rule that packed data beside them
    keeps, so that no sentence is on both sides.

    Args:
        data: folders, each with a weight or None.
        share: of the lines of renders that train, where no packed data has a rule by sentence.
        alphabet: what labels are made of; that of the first data set by default.
        rule: that renders follow in place of all this.
        seed: of the split where no rule is kept.

    Raises:
        ShardError: if a data set is missing, damaged or not finished.
        AlphabetError: if labels of renders hold characters outside the alphabet; names them.
    """
    readers = {folder: RenderReader(folder) for folder, _ in data if is_render(folder)}
    if not readers:
        return DataSets(tuple(DataSet(*item) for item in data))
    kept = rule or packed_rule(folder for folder, _ in data)
    alphabet = alphabet or read_manifest(_root(data[0][0])).alphabet.alphabet()
    for reader in readers.values():
        _check_labels(reader, alphabet)
    wanted = SplitRule("sentence", share, seed, 0)
    rule, groups, splits = split_renders(list(readers.values()), alphabet, wanted, kept)
    by_folder = dict(zip(readers, splits, strict=True))
    items = tuple(DataSet(folder, weight, by_folder.get(folder, {})) for folder, weight in data)
    return DataSets(items, rule, kept is not None, groups)


def is_render(folder: Path) -> bool:
    """Whether a folder holds tar shards, as renders and imports do; else it holds packed data.

    Raises:
        ShardError: if it holds no data set, or the manifest is damaged.
    """
    root = _root(folder)
    below = [] if (root / FILE).exists() else sorted(folder.glob(f"*/{FILE}"))
    if below:
        named = " ".join(f"--data {path.parent}" for path in below[:_SHOWN])
        raise ShardError(
            f"{folder} is no data set itself, but holds {len(below)}: name each by itself, {named}"
        )
    return isinstance(read_manifest(root), RenderManifest)


def packed_rule(folders: Iterable[Path]) -> SplitRule | None:
    """The split by sentence that packed data keeps: that of the first folder with one.

    Folders without a data set are passed over.
    """
    for root in map(_root, folders):
        manifest = read_manifest(root) if (root / FILE).exists() else None
        if isinstance(manifest, PackedManifest) and manifest.split.by == "sentence":
            return manifest.split.rule()
    return None


def refuse_outside(folder: Path, info: DatasetInfo, used: str, alphabet: Alphabet) -> None:
    """Refuse a data set whose labels hold what the alphabet does not.

    Args:
        folder: of the data set, for the message.
        info: of the data set.
        used: the characters of its labels.
        alphabet: that they must belong to, where it is not the data set's own.

    Raises:
        AlphabetError: names the characters.
    """
    if info.alphabet.fingerprint == alphabet.fingerprint:
        return
    outside = [c for c in used if len(alphabet.fold(c)) != 1]
    outside += alphabet.outside(alphabet.fold(used))
    if outside:
        raise AlphabetError(f"{folder}: {outside_message(outside, alphabet)}")


def outside_message(outside: list[str], alphabet: Alphabet) -> str:
    """What is wrong with labels that hold characters outside of an alphabet."""
    return (
        f"labels hold {listed([repr(c) for c in outside])}, not among the {len(alphabet)} classes"
        " of the alphabet: make the data with that alphabet (--alphabet of ocrgen render and of"
        " ocrgen pack), or train with the data's own by naming it first"
    )


def _check_labels(reader: RenderReader, alphabet: Alphabet) -> None:
    """Look through the labels of a render that was made for another alphabet."""
    if reader.info.alphabet.fingerprint != alphabet.fingerprint:
        used = {
            character for _, labels in reader.tables() for character in set("".join(labels.texts))
        }
        refuse_outside(reader.folder, reader.info, "".join(sorted(used)), alphabet)


def _root(folder: Path) -> Path:
    """The folder of the manifest: the one above where train/ or val/ of packed data is named."""
    inside = folder.name in PACKED and not (folder / FILE).exists()
    return folder.parent if inside else folder
