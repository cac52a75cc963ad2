"""Several corpora with their shares of the lines."""

from collections.abc import Sequence

from corpora.errors import CorpusError
from ocrbase.weights import split_shares


def parse_mix(specs: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Corpora with weights that sum to 1, from `NAME`, `PATH` or either with `:WEIGHT`.

    Raises:
        CorpusError: if a corpus is listed twice, a weight is out of range, or only some have one.
    """
    if not specs:
        raise CorpusError("no corpus given; name one with --corpus, for example --corpus news")
    return split_shares(specs, "corpus", CorpusError)
