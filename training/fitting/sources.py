"""Where the lines of a run come from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from datagen.alphabet import Alphabet
from datagen.data_sets.line_batch import LineBatch
from datagen.data_sets.line_dataset import LineDataset, parse_data
from datagen.data_sets.opening import DataSets, open_data, packed_rule
from datagen.formats.data_folders import with_folders
from datagen.formats.reader import ShardFacts
from datagen.formats.widths import frame_width
from datagen.pack.pack_settings import FEW_GROUPS
from datagen.split import Split, SplitRule, by_sentence
from datagen.time_steps import steps_needed
from ocrbase.store_copies import Fetch, local_folder
from training.fitting.augment import augment
from training.fitting.data import Augment, Facts, LineSource
from training.fitting.fit_settings import FitSettings
from training.fitting.joining import Joining
from training.fitting.order import EpochOrder, IntArray, StepOrder, training_order
from training.model.preprocess import bucket_width

LABELS_AT_A_TIME = 20_000
LIVE_VALIDATION_LINES = 10_000  # where all are asked for, and there is no end of them
PROBES = 64  # lines looked at to tell whether character centres are known


@dataclass(frozen=True)
class Sources:
    """The two splits of a run's data.

    Attributes:
        train: lines to train on.
        validation: lines never trained on; None if there are none.
        rule: that divides lines rendered before or live; None where all data is packed, which
            keeps a rule of its own.
        reads_data: whether the data that the settings name counts; live rendering obeys its split
            if that is packed, and else goes on as it began when data is packed later.
    """

    train: LineSource
    validation: LineSource | None = None
    rule: SplitRule | None = None
    reads_data: bool = True

    @property
    def fingerprint(self) -> str:
        """Changes when the lines of either split do."""
        splits = [self.train.fingerprint]
        splits += [self.validation.fingerprint] if self.validation is not None else []
        return hashlib.sha256("\n".join(splits).encode()).hexdigest()

    def order(self, batch_size: int, seed: int) -> StepOrder:
        """Which lines each step takes."""
        return self.train.order(batch_size, seed)

    def facts(self, settings: FitSettings) -> Facts:
        """Of the samples to train on, as the settings make them of lines."""
        facts = self.train.facts()
        join = self.join(settings)
        if join is None:
            return facts
        return replace(facts, one_width=False, longest_px=join.longest_px(facts.longest_px))

    def join(self, settings: FitSettings) -> Joining | None:
        """What makes one sample of two lines."""
        if not settings.joined:
            return None
        symbols = self.train.alphabet.symbols
        space = symbols.index(" ") if " " in symbols else None
        return Joining(settings.joined, settings.seed, space)

    def augment(self, settings: FitSettings) -> Augment | None:
        """What changes the images at load time."""
        if not settings.augment:
            return None
        return partial(augment, seed=settings.seed, strength=settings.augment)


class StoredLines:
    """Data sets on a disk, packed or rendered, as a source of lines.

    Args:
        dataset: one split of them.
        curriculum_lines: see `FitSettings`.
        divided: how renders among them are divided, for reports.
    """

    def __init__(self, dataset: LineDataset, curriculum_lines: int = 0, divided: str = "") -> None:
        self.dataset = dataset
        self.curriculum_lines = curriculum_lines
        self.divided = divided

    @property
    def alphabet(self) -> Alphabet:
        return self.dataset.alphabet

    @property
    def fingerprint(self) -> str:
        return self.dataset.fingerprint

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, indices: IntArray) -> LineBatch:
        return self.dataset.batch(indices)

    def order(self, batch_size: int, seed: int) -> EpochOrder:
        parts = [(len(part.reader), part.weight) for part in self.dataset.parts]
        return training_order(
            self.dataset.widths, parts, batch_size, seed, curriculum_lines=self.curriculum_lines
        )

    def facts(self) -> Facts:
        """What is known of all shards, and a few lines that are probed for character centres."""
        name = ", ".join(str(part.reader.folder) for part in self.dataset.parts)
        probes = np.unique(np.linspace(0, len(self) - 1, PROBES).astype(np.int64))
        lines = self.batch(probes)
        known = np.isfinite(lines.centres).sum(axis=1) == lines.lengths
        widths = np.unique(self.dataset.widths).tolist()
        one_width = len({bucket_width(width) for width in widths}) == 1
        return Facts(
            name,
            self._unseen(),
            float(known.mean()),
            widths[-1],
            one_width,
            self._infeasible,
            self.divided,
        )

    def _unseen(self) -> list[str]:
        seen: set[str] = set()
        for part in self.dataset.parts:
            info = part.reader.info
            used = np.flatnonzero(info.class_counts[self.dataset.split])
            seen |= {self.alphabet.fold(info.alphabet.symbols[i]) for i in used.tolist()}
        return [symbol for symbol in self.alphabet.symbols if symbol and symbol not in seen]

    def _infeasible(self, output_length: Callable[[int], int]) -> list[tuple[int, str]]:
        """By the longest labels; only of a shard that they leave in doubt are the labels read."""
        wrong = []
        for part in self.dataset.parts:
            same = part.reader.info.alphabet.fingerprint == self.alphabet.fingerprint
            for number, shard in enumerate(part.reader.entries):
                if same and _all_fit(shard, output_length):
                    continue
                indices = part.start + part.reader.shards.span(number)
                wrong += self._infeasible_among(indices, output_length)
        return wrong

    def _infeasible_among(
        self, indices: IntArray, output_length: Callable[[int], int]
    ) -> list[tuple[int, str]]:
        wrong = []
        for chosen in np.array_split(indices, -(-len(indices) // LABELS_AT_A_TIME)):
            texts = self.dataset.texts_of(chosen)
            steps = [output_length(width) for width in self.dataset.widths[chosen].tolist()]
            rows = np.flatnonzero(steps_needed(texts) > np.array(steps)).tolist()
            wrong += [(int(chosen[row]), texts[row]) for row in rows]
        return wrong


def _all_fit(shard: ShardFacts, output_length: Callable[[int], int]) -> bool:
    """Whether it is known that all labels of a shard fit their images' time steps.

    Data that was packed before manifests kept `most_steps` is in doubt.
    """
    most = shard.most_steps
    return most is not None and all(
        steps <= output_length(frame_width(frame)) for frame, steps in most.items()
    )


def open_sources(settings: FitSettings) -> Sources:
    """The data sets that the settings name, or live rendering; both splits.

    Raises:
        ShardError, AlphabetError: if they are missing, damaged or of another alphabet.
    """
    settings = with_local_data(settings)
    if settings.live:
        return _live_sources(settings)
    data = open_data(parse_data(settings.data), settings.split, seed=settings.split_seed)
    train = LineDataset(data, Split.TRAIN)
    held = data.holding(Split.VAL)
    validation = LineDataset(held, Split.VAL, alphabet=train.alphabet) if held.items else None
    return Sources(
        StoredLines(train, settings.curriculum_lines, _divided(data, settings.split)),
        StoredLines(validation) if validation else None,
        data.rule,
    )


def _divided(data: DataSets, share: float) -> str:
    """How the renders among the data are divided, as a report says it."""
    if data.rule is None:
        asked = share != FitSettings.split
        return f"that of the packed data, so --split {share:g} changes nothing" if asked else ""
    by = "the rule of the packed data" if data.obeys_packed else "--split"
    few = f": with fewer than {FEW_GROUPS} the metrics are unreliable"
    return (
        f"renders by sentence, {data.rule.ratio:g} to train on by {by}; {data.groups:,} sentences"
        f" validate{few if data.groups < FEW_GROUPS else ''}"
    )


def with_local_data(settings: FitSettings, fetch: Fetch | None = None) -> FitSettings:
    """Settings that name copies on this machine in place of URLs.

    Args:
        settings: of the run.
        fetch: makes the copies; in silence by default.

    Raises:
        StoreError: if a URL's data cannot be had.
    """
    cache = None if settings.cache is None else Path(settings.cache)
    fetch = fetch or partial(local_folder, cache=cache)
    # Live rendering obeys the split of packed data, and needs no more of it.
    return replace(settings, data=with_folders(settings.data, fetch, manifest_only=settings.live))


def _live_sources(settings: FitSettings) -> Sources:
    from training.fitting.live import LiveLines

    plan = replace(settings.plan, seed=settings.seed)
    held = settings.validation_lines or LIVE_VALIDATION_LINES
    # Lines that are drawn now obey the split by sentence that packed data keeps.
    packed = packed_rule(folder for folder, _ in parse_data(settings.data))
    rule = packed or by_sentence(settings.split, settings.split_seed)
    train = LiveLines(
        plan, settings.look, rule, Split.TRAIN, settings.live_lines,
        curriculum_lines=settings.curriculum_lines, obeys_packed=packed is not None,
    )  # fmt: skip
    validation = LiveLines(plan, settings.look, rule, Split.VAL, held)
    return Sources(train, validation, rule, reads_data=packed is not None)
