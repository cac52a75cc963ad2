"""Lines rendered as they are asked for: endless fresh samples, no disk.

The sample function is that of `ocrgen render`, and the split is that of `ocrgen pack`: a line
whose sentence validates is never trained on.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.data_sets.line_batch import LineBatch
from datagen.images import decode_each
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.line_images import to_line_height
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import LookSettings
from datagen.sample import Samples
from datagen.split import Split, SplitRule
from datagen.text.plan import WindowPlan
from datagen.text.plan_settings import PlanSettings
from training.errors import FitError
from training.fitting.curriculum import longest_allowed
from training.fitting.data import Facts
from training.fitting.endless_order import EndlessOrder
from training.fitting.order import IntArray, permutation

MAX_REPLACEMENTS = 1000  # of a line whose sentence is in the other split
SCAN = 10_000  # indices looked through at a time for validation lines
MAX_SCANS = 500


class LiveLines:
    """One split of endless rendering.

    Args:
        plan: what to write.
        look: how it looks.
        rule: which sentences train and which validate.
        split: training or validation.
        lines: of an epoch, or of validation.
        curriculum_lines: training lines in which the longest grows to that of the plan; 0 takes all
            lengths from the start.
        obeys_packed: whether the rule is that of packed data, for messages.
    """

    def __init__(
        self,
        plan: PlanSettings,
        look: LookSettings,
        rule: SplitRule,
        split: Split,
        lines: int,
        *,
        curriculum_lines: int = 0,
        obeys_packed: bool = False,
    ) -> None:
        self.plan, self.look, self.rule, self.split, self.lines = plan, look, rule, split, lines
        self.curriculum_lines, self.obeys_packed = curriculum_lines, obeys_packed

    @property
    def source(self) -> LineRenderer:
        """Opened once in each process."""
        return open_renderer(self.plan, self.look)

    @property
    def alphabet(self) -> Alphabet:
        return self.source.plan.alphabet

    @property
    def fingerprint(self) -> str:
        source = self.source
        facts = [
            source.plan.fingerprint,
            source.engine.fingerprint,
            self.rule.to_json(),
            self.split,
            self.lines,
        ]
        facts += [self.curriculum_lines] if self.curriculum_lines else []
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def __len__(self) -> int:
        return self.lines

    def order(self, batch_size: int, seed: int) -> EndlessOrder:
        """Line after line, those of like width together; the seed of the lines is the plan's."""
        widths = None if self._one_width else self._widths
        return EndlessOrder(batch_size, self.lines, seed, widths)

    def batch(self, indices: IntArray) -> LineBatch:
        """Draw and decode lines; validation lines are numbered from 0, training lines for ever."""
        chosen = self._held[indices] if self.split == Split.VAL else self._in_training(indices)
        samples = self.source.samples(chosen)
        while self.split == Split.TRAIN:
            torn = self._validates(samples.meta["sentence"])
            if not torn.any():
                break
            # A redrawn line may have got a sentence of the other split; its number moves on.
            another = self._in_training(chosen + self.source.plan.another)
            chosen = np.where(torn, another, chosen)
            samples = self.source.samples(chosen)
        return line_batch(samples, self.alphabet)

    def facts(self) -> Facts:
        """From a few lines, drawn now."""
        lines = self.batch(np.arange(min(64, self.lines)))
        known = np.isfinite(lines.centres).sum(axis=1) == lines.lengths
        name = f"live rendering of {self.plan.lines or ', '.join(self.plan.corpora)}"
        name += f", {self.rule.ratio:g} to train on by the split of "
        name += "the packed data of --data" if self.obeys_packed else "--split"
        longest = int(lines.widths.max())
        return Facts(name, None, float(known.mean()), longest, self._one_width, _nothing_known)

    @property
    def _one_width(self) -> bool:
        return self.source.mix.one_width

    @cached_property
    def _held(self) -> IntArray:
        """Sample index of each validation line: the first that validate."""
        parts: list[IntArray] = []
        count = 0
        for scan in range(MAX_SCANS):
            indices = np.arange(scan * SCAN, (scan + 1) * SCAN, dtype=np.int64)
            validating = indices[self._validates(self.source.plan.texts(indices).sentence)]
            parts.append(validating)
            count += len(validating)
            if count >= self.lines:
                return np.concatenate(parts)[: self.lines]
        raise FitError(
            f"only {count} of {MAX_SCANS * SCAN:,} lines validate at --split"
            f" {self.rule.ratio:g}: the text has too few sentences; lower --split or give more text"
        )

    def _widths(self, indices: IntArray) -> IntArray:
        return self.source.widths(self._in_training(indices))

    def _in_training(self, indices: IntArray) -> IntArray:
        """The indices themselves, but a later one for each line that is not to be trained on.

        Such a line's sentence validates, or it is too long for the lines seen before it.
        """
        chosen, rows = self._shuffled(indices), np.arange(len(indices))
        plan = self.source.plan
        longest = longest_allowed(indices % plan.another, self.curriculum_lines, *plan.length_range)
        for _ in range(MAX_REPLACEMENTS):
            texts = plan.texts(chosen[rows])
            torn = self._validates(texts.sentence) | (texts.lengths > longest[rows])
            rows = rows[torn]
            if not len(rows):
                return chosen
            chosen[rows] += plan.another
        raise FitError(
            f"no sentence to train on at --split {self.rule.ratio:g}: raise --split or give more"
            " text"
        )

    def _shuffled(self, indices: IntArray) -> IntArray:
        """Indices of windows as they are, of a file's lines in an order of its own in each pass.

        Neighbours in a file may be alike, and a step should not be.
        """
        plan = self.source.plan
        if isinstance(plan, WindowPlan):
            return indices.copy()
        count = len(plan.lengths)
        passes, rows = np.divmod(indices, count)
        for number in np.unique(passes).tolist():
            of_pass = passes == number
            rows[of_pass] = _order_of_pass(self.plan.seed, number, count)[rows[of_pass]]
        return passes * count + rows

    def _validates(self, sentences: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return Split.VAL.mask(self.rule.assign(sentences))


@lru_cache(maxsize=4)
def _order_of_pass(seed: int, number: int, count: int) -> IntArray:
    return permutation(seed, f"given lines/{number}", count)


def line_batch(samples: Samples, alphabet: Alphabet) -> LineBatch:
    """Decode samples into lines of LINE_HEIGHT_PX."""
    decoded = decode_each(samples.images)
    images = [to_line_height(image) for image in decoded]
    lengths = np.array([len(text) for text in samples.texts], np.int64)
    class_ids = np.zeros((len(images), int(lengths.max(initial=0))), np.uint16)
    class_ids[np.arange(class_ids.shape[1]) < lengths[:, None]] = alphabet.class_ids(
        "".join(samples.texts)
    )
    widths = np.array([image.shape[1] for image in images], np.int64)
    scale = np.array([LINE_HEIGHT_PX / image.shape[0] for image in decoded], np.float32)
    centres = samples.centres[:, : class_ids.shape[1]] * scale[:, None]
    return LineBatch(images, class_ids, lengths, centres, widths)


def _nothing_known(_: Callable[[int], int]) -> list[tuple[int, str]]:
    """Lines that are not drawn yet are not checked: zeroed ones are counted as they come."""
    return []
