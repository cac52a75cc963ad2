"""Several corpora with their shares of the lines."""

from collections.abc import Sequence

from corpora.errors import CorpusError
from ocrbase.weights import split_weights


def parse_mix(specs: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Corpora with weights that sum to 1, from `NAME`, `PATH` or either with `:WEIGHT`.

    Raises:
        CorpusError: if a corpus is listed twice, a weight is out of range, or only some have one.
    """
    pairs = split_weights(specs, "corpus", CorpusError)
    if not pairs:
        raise CorpusError("no corpus given; name one with --corpus, for example --corpus news")
    bare = [spec for spec, weight in pairs if weight is None]
    if bare and len(bare) < len(pairs):
        raise CorpusError(f"no weight for {', '.join(bare)}: give each corpus a weight, or none")
    twice = sorted({spec for spec, _ in pairs if [s for s, _ in pairs].count(spec) > 1})
    if twice:
        raise CorpusError(f"corpus listed twice: {', '.join(twice)}; add up its weights")
    weights = [1.0 if weight is None else weight for _, weight in pairs]
    total = sum(weights)
    return tuple((spec, w / total) for (spec, _), w in zip(pairs, weights, strict=True))
