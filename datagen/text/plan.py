"""Which text sample i carries: a pure function of (texts, settings, i), for every i there is."""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from corpora import Corpus, TextSource, open_corpus, parse_mix
from datagen.alphabet import Alphabet, load
from datagen.limits import MAX_LINES
from datagen.sample import Texts
from datagen.text.column_folders import open_or_build
from datagen.text.coverage import ClassCoverage, window_coverage
from datagen.text.given_lines import LinesPlan, open_lines
from datagen.text.half_width import HalfWidthMarks, half_width_marks
from datagen.text.index import open_index
from datagen.text.plan_settings import PlanSettings
from datagen.text.rare_line_builder import build_rare_lines
from datagen.text.rare_lines import RareLineTable, open_rare_lines
from datagen.text.windows import Windows
from ocrbase.homes import cache_home, data_home

PLAN_VERSION = 3  # raised whenever the same settings give other texts

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class WindowPlan:
    """Windows at random over a mix of texts, with rare-class lines among them.

    Attributes:
        settings: what it was made from.
        alphabet: the classes of `Texts.class_ids`.
        texts_of: the opened corpora, in the order of `Texts.corpus`.
        weights: their shares, summing to 1.
        windows: where lines are cut.
        another: from the index of a line to that of one in its place, beyond those of any render.
    """

    another: ClassVar[int] = MAX_LINES
    settings: PlanSettings
    alphabet: Alphabet
    texts_of: tuple[Corpus, ...]
    weights: tuple[float, ...]
    windows: Windows

    @property
    def length_range(self) -> tuple[int, int]:
        """Characters of the shortest line and of the longest."""
        return self.settings.length_min, self.settings.length_max

    @property
    def corpora(self) -> tuple[str, ...]:
        return tuple(corpus.name for corpus in self.texts_of)

    @property
    def text_fingerprints(self) -> dict[str, str]:
        """Stands for the content of each corpus, whatever its path."""
        return {corpus.name: corpus.fingerprint for corpus in self.texts_of}

    @property
    def sources(self) -> tuple[TextSource, ...]:
        return tuple(dict.fromkeys(s for corpus in self.texts_of for s in corpus.sources))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided in reading the texts, to be shown to the user."""
        return tuple(note for corpus in self.texts_of for note in corpus.notes)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal texts of all indices, on every machine."""
        s = self.settings
        return _digest(self._facts + ([f"half width {s.half_width!r}"] if s.half_width else []))

    @property
    def _facts(self) -> list[object]:
        """What classes of which lines depend on, but for how punctuation is set."""
        s = self.settings
        facts: list[object] = [
            PLAN_VERSION,
            self.alphabet.fingerprint,
            s.seed,
            s.length_min,
            s.length_max,
        ]
        pairs = zip(self.windows.indexes, self.weights, strict=True)
        facts += [f"{i.fingerprint}:{w!r}" for i, w in pairs]
        facts.append(f"{s.min_per_class}:{s.max_inserted!r}" if s.min_per_class else "plain")
        facts.append(version("jieba") if s.min_per_class else "")
        return facts

    @cached_property
    def rare_lines(self) -> RareLineTable | None:
        """The table of rare-class lines, built on first use; None where it is switched off."""
        s = self.settings
        if not s.min_per_class:
            return None
        return open_or_build(
            cache_home() / "rare-lines" / _digest(self._facts),  # marks are set afterwards
            open_rare_lines,
            lambda draft: build_rare_lines(
                draft, self.windows, self.alphabet, s.seed, s.min_per_class, s.max_inserted
            ),
        )

    @cached_property
    def marks(self) -> HalfWidthMarks:
        """How punctuation is set."""
        return half_width_marks(self.alphabet, self.settings.half_width)

    def texts(self, indices: IntArray, attempt: int = 0) -> Texts:
        """What the lines of these indices say; see `datagen.sample.Texts`.

        A redraw (attempt 1 and more) is a plain window: what could not be drawn may have been the
        rare character.
        """
        indices = np.asarray(indices, dtype=np.int64)
        stream = f"plan {attempt}" if attempt else "plan"
        batch = self.windows.draw(self.settings.seed, stream, indices)
        texts = Texts(
            self.windows.read(batch, self.settings.length_max),
            batch.length,
            batch.sentence,
            batch.corpus.astype(np.uint16),
            np.zeros(len(indices), dtype=np.uint8),
        )
        if not attempt and self.rare_lines is not None:
            self.rare_lines.put_into(texts, indices)
        if self.settings.half_width:
            self.marks.put_into(texts, self.settings.seed, indices)
        return texts

    def coverage_report(self, n: int) -> ClassCoverage:
        """What n lines hold of every class, and how often the text is reused for them."""
        return window_coverage(
            n, self.alphabet, self.corpora, self.windows, self.settings, self.rare_lines, self.marks
        )


def _digest(facts: Sequence[object]) -> str:
    return hashlib.blake2b("\n".join(map(str, facts)).encode(), digest_size=16).hexdigest()


def make_plan(settings: PlanSettings) -> "WindowPlan | LinesPlan":
    """The plan of some settings; kept on disk, and in this process while the texts stay the same.

    Raises:
        CorpusError: if a text is unknown, unreadable, or has no window of a length asked for.
        AlphabetError: if the character list, or a given line, cannot be used.
    """
    alphabet = load(settings.alphabet)
    if settings.lines is not None:
        return open_lines(Path(settings.lines), alphabet)
    mix = parse_mix(settings.corpora)
    home = data_home(settings.home)
    texts = tuple(open_corpus(spec, home=home) for spec, _ in mix)
    if settings.paragraphs:
        texts = tuple(text.in_paragraphs() for text in texts)
    key = (settings, alphabet.fingerprint, *(text.fingerprint for text in texts), cache_home())
    if key not in _PLANS:
        if len(_PLANS) >= _MAX_PLANS:
            _PLANS.clear()
        _PLANS[key] = _window_plan(settings, alphabet, texts, tuple(weight for _, weight in mix))
    return _PLANS[key]


_MAX_PLANS = 8
_PLANS: dict[Hashable, WindowPlan] = {}


def _window_plan(
    settings: PlanSettings,
    alphabet: Alphabet,
    texts: tuple[Corpus, ...],
    weights: tuple[float, ...],
) -> WindowPlan:
    indexes = [open_index(corpus, alphabet) for corpus in texts]
    names = [corpus.name for corpus in texts]
    windows = Windows(
        names, indexes, weights, settings.length_min, settings.length_max, alphabet.space
    )
    plan = WindowPlan(settings, alphabet, texts, weights, windows)
    plan.rare_lines  # noqa: B018 - built now, so that workers find it
    return plan
