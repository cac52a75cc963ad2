"""The tables of jieba, read when asked for: its dictionary, and how word tags follow each other.

jieba imports what setuptools deprecates, and has escapes that Python 3.12 warns of; neither is for
the user to read.
"""

import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

State = tuple[str, str]  # place in a word (B, M, E or S), and the word's tag


def dictionary() -> Iterator[tuple[str, int, str]]:
    """(word, occurrences, tag) of each word, in the order of the file."""
    with _quiet_import("jieba").Tokenizer().get_dict_file() as lines:
        for line in lines:
            word, count, tag = line.decode("utf-8").split()
            yield word, int(count), tag


def first_states() -> dict[State, float]:
    """Logarithm of the probability that a sentence begins in a state."""
    found: dict[State, float] = _quiet_import("jieba.posseg.prob_start").P
    return found


def transitions() -> dict[State, dict[State, float]]:
    """Logarithms of the probabilities of the states that follow each state."""
    found: dict[State, dict[State, float]] = _quiet_import("jieba.posseg.prob_trans").P
    return found


def _quiet_import(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name)
