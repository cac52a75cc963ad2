"""Paragraphs with half-width punctuation, some of their sentences behind numbers.

`--half-width` of `ocrgen render` and `ocrtrain fit` does it to lines whatever their text; here the
marks of a whole paragraph are of one kind, and in some only commas and stops change.
"""

import random
from collections.abc import Iterator, Sequence

from corpora.sentences import sentences_of
from datagen.text.half_width import FORMS
from pipelines.made_text.items import item_number

NUMBERED = 0.2  # share of the sentences behind a number
_ALL = str.maketrans(FORMS)
_COMMAS_AND_STOPS = str.maketrans("，。", ",.")
_TABLES = (_ALL, _ALL, _ALL, _COMMAS_AND_STOPS)


def in_half_width(paragraphs: Sequence[str], draws: random.Random) -> Iterator[str]:
    """Paragraphs with marks of half width."""
    for paragraph in paragraphs:
        parts = [
            (item_number(draws) if draws.random() < NUMBERED else "") + sentence
            for sentence in sentences_of(paragraph)
        ]
        yield "".join(parts).translate(draws.choice(_TABLES)).replace("……", "...")
