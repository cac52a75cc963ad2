"""Named texts: what `--corpus` takes, as a stream of sentences with a licence."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from corpora.reading import DEFAULT_FIELD, file_hash, paragraphs
from corpora.sentences import RULE_VERSION, sentences_of


@dataclass(frozen=True)
class TextSource:
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
    """A file of running text or of one sentence per line."""

    path: Path
    encoding: str
    field: str = DEFAULT_FIELD
    whole: bool = False  # paragraphs are not cut into sentences

    @cached_property
    def fingerprint(self) -> str:
        rule = "paragraphs" if self.whole else RULE_VERSION
        return f"{file_hash(self.path)}/{self.encoding}/{self.field}/{rule}"

    def sentences(self) -> Iterator[str]:
        for paragraph in paragraphs(self.path, self.encoding, self.field):
            yield from [paragraph] if self.whole else sentences_of(paragraph)


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
    sources: tuple[TextSource, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    def in_paragraphs(self) -> "Corpus":
        """The same text, whose paragraphs count as sentences; what a rule writes has none."""
        return replace(
            self,
            parts=tuple(
                replace(part, whole=True) if isinstance(part, TextFile) else part
                for part in self.parts
            ),
        )

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
