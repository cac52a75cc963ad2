"""Named texts: what `--corpus` takes, as a stream of sentences with a licence."""

import hashlib
import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from corpora.errors import CorpusError
from corpora.home import data_home
from corpora.reading import DEFAULT_FIELD, SUFFIXES, file_hash, paragraphs, sniff_encoding
from corpora.sentences import RULE_VERSION, sentences_of

PACKAGE = Path(__file__).parent
STARTERS = ("news", "classical")
NOT_TEXT = ("license", "licence", "attribution", "readme", "notice")  # stems of files beside text
SOURCE_FILE = "source.toml"


@dataclass(frozen=True)
class Source:
    """Where text comes from; a dataset's card repeats it."""

    name: str
    licence: str
    attribution: str
    url: str = ""


class Part(Protocol):
    """A piece of a corpus that yields sentences, the same ones each time."""

    @property
    def fingerprint(self) -> str: ...

    def sentences(self) -> Iterator[str]: ...


@dataclass(frozen=True)
class TextFile:
    """A file of running text or of one sentence a line."""

    path: Path
    encoding: str
    field: str = DEFAULT_FIELD

    @cached_property
    def fingerprint(self) -> str:
        return f"{file_hash(self.path)}/{self.encoding}/{self.field}/{RULE_VERSION}"

    def sentences(self) -> Iterator[str]:
        for paragraph in paragraphs(self.path, self.encoding, self.field):
            yield from sentences_of(paragraph)


@dataclass(frozen=True)
class Generated:
    """Text from a rule; `version` changes whenever the rule writes something else."""

    name: str
    version: str
    write: Callable[[], Iterator[str]]

    @property
    def fingerprint(self) -> str:
        return f"{self.name}/{self.version}"

    def sentences(self) -> Iterator[str]:
        return self.write()


@dataclass(frozen=True)
class Corpus:
    """A named text.

    Attributes:
        name: as `--corpus` takes it; the stem of a path.
        sources: what it is made of, with licences.
        parts: read one after another.
        notes: what was decided in reading it, to be shown to the user.
    """

    name: str
    sources: tuple[Source, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    @property
    def licence(self) -> str:
        return "; ".join(dict.fromkeys(source.licence for source in self.sources))

    @property
    def attribution(self) -> str:
        return "; ".join(dict.fromkeys(source.attribution for source in self.sources))

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the text or the reading of it changes; the same on every machine."""
        parts = "\n".join(part.fingerprint for part in self.parts)
        return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()

    def sentences(self) -> Iterator[str]:
        """Raw sentences in order, streamed; not yet normalised onto any alphabet."""
        for part in self.parts:
            yield from part.sentences()


def open_corpus(spec: str, *, home: Path | None = None) -> Corpus:
    """A corpus by its built-in or added name, or by the path of a file or folder.

    A path may end in `#FIELD`, the field of JSON lines that holds the text.

    Raises:
        CorpusError: if there is neither, or if the text cannot be read.
    """
    known = names(home)
    if spec in known:
        return _named(spec, home)
    path, field = _path_and_field(spec)
    if not path.exists():
        raise CorpusError(
            f"there is no corpus {spec!r}: the names are {', '.join(known)}, and no such file or"
            " folder exists; add text with: ocrgen corpus add NAME FILES…"
        )
    folder = path if path.is_dir() else path.parent
    parts = text_files(path, field)
    if not parts:
        raise CorpusError(f"{path} holds no text: no file ends in {', '.join(SUFFIXES)}")
    name = path.resolve().name.split(".")[0] or spec
    source = read_source(folder) or Source(name, "not stated", f"text files at {spec}")
    return Corpus(name, (source,), tuple(parts), _notes(parts))


def names(home: Path | None = None) -> tuple[str, ...]:
    """All names that `open_corpus` takes: the built-in ones, then the added ones."""
    folder = data_home(home) / "corpora"
    added = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    builtin = (*STARTERS, *_generators())
    return (*builtin, *(n for n in added if n not in builtin and not n.startswith(".")))


def parse_mix(specs: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Corpora with weights that sum to 1, from `NAME`, `PATH` or either with `:WEIGHT`.

    Raises:
        CorpusError: if a corpus is listed twice, a weight is not positive, or only some have one.
    """
    pairs = [_spec_and_weight(spec) for spec in specs]
    if not pairs:
        raise CorpusError("no corpus given; name one with --corpus, for example --corpus news")
    bare = [spec for spec, weight in pairs if weight is None]
    if bare and len(bare) < len(pairs):
        raise CorpusError(f"no weight for {', '.join(bare)}: give each corpus a weight, or none")
    twice = sorted({spec for spec, _ in pairs if [s for s, _ in pairs].count(spec) > 1})
    if twice:
        raise CorpusError(f"corpus listed twice: {', '.join(twice)}; add up its weights")
    weights = [1.0 if weight is None else weight for _, weight in pairs]
    wrong = [f"{s}:{w:g}" for (s, _), w in zip(pairs, weights, strict=True) if not 0 < w < math.inf]
    if wrong:
        raise CorpusError(f"weights must be above 0: {', '.join(wrong)}")
    total = sum(weights)
    return tuple((spec, w / total) for (spec, _), w in zip(pairs, weights, strict=True))


def text_files(path: Path, field: str = DEFAULT_FIELD) -> list[TextFile]:
    """The text files of a path, sorted by name; licences and the like are no text."""
    if path.is_file():
        return [TextFile(path, sniff_encoding(path), field)]
    files = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES) and p.is_file())
    kept = [p for p in files if _is_text(p.relative_to(path))]
    return [TextFile(p, sniff_encoding(p), field) for p in kept]


def read_source(folder: Path) -> Source | None:
    """What the `source.toml` of a folder says; None if there is none."""
    file = folder / SOURCE_FILE
    if not file.is_file():
        return None
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        return Source(
            values["name"], values["licence"], values["attribution"], values.get("url", "")
        )
    except (tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{file} is damaged ({error}); remove its folder and add again"
        ) from error


def _generators() -> dict[str, Callable[[], Corpus]]:
    return {"fields": _fields}


def _fields() -> Corpus:
    from corpora.fields import VERSION, write

    source = Source("fields", "Apache-2.0", "generated by ocrgen: amounts, dates, numbers, codes")
    return Corpus("fields", (source,), (Generated("fields", VERSION, write),))


def _named(name: str, home: Path | None) -> Corpus:
    """A built-in corpus with whatever was added under the same name."""
    sources: list[Source] = []
    parts: list[Part] = []
    if name in _generators():
        generated = _generators()[name]()
        sources += generated.sources
        parts += generated.parts
    folders = [PACKAGE / name] if name in STARTERS else []
    added = data_home(home) / "corpora" / name
    if added.is_dir():
        folders += sorted(p for p in added.iterdir() if p.is_dir() and not p.name.startswith("."))
    for folder in folders:
        parts += text_files(folder)
        sources.append(read_source(folder) or Source(name, "not stated", str(folder)))
    if not parts:
        raise CorpusError(f"corpus {name!r} holds no text; remove it: ocrgen corpus remove {name}")
    return Corpus(name, tuple(sources), tuple(parts), _notes(parts))


def _notes(parts: Sequence[Part]) -> tuple[str, ...]:
    files = [p for p in parts if isinstance(p, TextFile) and p.encoding != "utf-8"]
    return tuple(f"{p.path} is not UTF-8 and is read as GB18030" for p in files)


def _is_text(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and relative.name.split(".")[0].lower() not in NOT_TEXT


def _path_and_field(spec: str) -> tuple[Path, str]:
    path = Path(spec).expanduser()
    front, mark, field = spec.rpartition("#")
    if mark and not path.exists():
        return Path(front).expanduser(), field
    return path, DEFAULT_FIELD


def _spec_and_weight(spec: str) -> tuple[str, float | None]:
    front, mark, number = spec.rpartition(":")
    try:
        return (front, float(number)) if mark and front else (spec, None)
    except ValueError:
        return spec, None
