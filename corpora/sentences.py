"""Where a sentence ends.

After 。！？… with the closing quotes and brackets that follow, and at the end of the paragraph. A
piece under ten characters joins its neighbour: without that a third of the sentences of classical
prose would be too short to cut a line from.
"""

import re
from collections.abc import Iterator

RULE_VERSION = 1  # part of every corpus fingerprint
SHORTEST = 10  # characters, spaces not counted

_ENDS = re.compile(r"(?:[。！？…]+[”’」』）】》〉〕〗］｝)\]}]*)+")
_EITHER_WAY = "\"'"  # open and close alike: which one it is depends on those before


def sentences_of(paragraph: str) -> Iterator[str]:
    """The sentences of one paragraph, in order, without spaces around them.

    Only a paragraph that is shorter than ten characters itself yields a shorter sentence.
    """
    finished: str | None = None
    held = ""
    for piece in _pieces(paragraph):
        held += piece
        if _is_long_enough(held):
            if finished is not None:
                yield finished.strip()
            finished, held = held, ""
    last = (finished or "") + held  # what is left over at the end joins the sentence before it
    if last.strip():
        yield last.strip()


def last_end(text: str) -> int:
    """Position behind the last sentence end of a text; 0 if there is none."""
    position = 0
    for match in _ENDS.finditer(text):
        position = match.end()
    return position


def _pieces(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _ENDS.finditer(paragraph):
        end = match.end()
        while end < len(paragraph) and _closes(paragraph, end):
            end += 1
        if end > start:
            yield paragraph[start:end]
            start = end
    yield paragraph[start:]


def _closes(paragraph: str, position: int) -> bool:
    mark = paragraph[position]
    return mark in _EITHER_WAY and paragraph.count(mark, 0, position) % 2 == 1


def _is_long_enough(text: str) -> bool:
    return sum(map(len, text.split())) >= SHORTEST
