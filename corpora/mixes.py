"""Several corpora with their shares of the lines."""

import math
from collections.abc import Sequence

from corpora.errors import CorpusError


def parse_mix(specs: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Corpora with weights that sum to 1, from `NAME`, `PATH` or either with `:WEIGHT`.

    Raises:
        CorpusError: if a corpus is listed twice, a weight is not positive, or only some have one.
    """
    pairs = [spec_and_weight(spec) for spec in specs]
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


def spec_and_weight(spec: str) -> tuple[str, float | None]:
    """What stands before and after the colon of a weight; no weight where there is none."""
    front, mark, number = spec.rpartition(":")
    try:
        return (front, float(number)) if mark and front else (spec, None)
    except ValueError:
        return spec, None
