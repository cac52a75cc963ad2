"""Which characters stand for others: full width, look-alikes, and spaces of any kind."""

import re
from collections.abc import Iterable

SPACE = " "

# Look-alikes that occur in real text, each with what may stand for it if the alphabet lacks it.
_LOOKALIKES = {
    "\u2015": "—", "\u2500": "—", "\u2013": "-", "\u2212": "-", "\u2010": "-", "\u2011": "-",
    "\u30fb": "·", "\u2022": "·", "\u2027": "·", "\u22ef": "…", "\u301c": "～", "\u223c": "～",
    "\uff5e": "~", "~": "～", "\u00a2": "￠", "\u00a3": "￡", "\u00a5": "￥",
    "\uffe5": "\u00a5", "\uff61": "。", "\uff64": "、",
    "\u00b4": "′", "\u2032": "'", "\uff02": '"', "\uff07": "'",
}  # fmt: skip
# Those that 0.1.0 did not know: the micro, ohm and increment signs, variants of Greek letters,
# and other forms of the check mark and of triangles.
_LATER_LOOKALIKES = {
    "\u00b5": "μ", "\u2126": "Ω", "\u2206": "Δ", "\u03d5": "φ", "\u03f5": "ε", "\u03d1": "θ",
    "\u2714": "✓", "\u25ba": "▶", "\u25c4": "◀",
}  # fmt: skip
_WIDE_SPACES = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_WIDE_SPACES += "\u202f\u205f\u3000"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_RUNS = re.compile(r" {2,}")
_AROUND_BREAKS = re.compile(r" ?\n ?")


def folding_table(known: Iterable[str]) -> dict[int, str]:
    """Translation table for `Alphabet.normalise`: characters outside to their twins inside."""
    known = set(known)
    space = SPACE if SPACE in known else ""
    table = {ord(c): space for c in SPACE + _WIDE_SPACES if c not in known}
    table |= {ord(c): "" for c in _INVISIBLE if c not in known}
    pairs = [(chr(code + 0xFEE0), chr(code)) for code in range(0x21, 0x7F)]
    pairs += [(ascii_form, full) for full, ascii_form in pairs]
    pairs += [*_LOOKALIKES.items(), *_LATER_LOOKALIKES.items()]
    for outside, inside in pairs:
        if outside not in known and inside in known:
            table[ord(outside)] = inside
    return table


def collapse_spaces(text: str) -> str:
    """One space for a run of them, and none at the ends of a line."""
    return _AROUND_BREAKS.sub("\n", _RUNS.sub(SPACE, text)).strip(SPACE)


def visible(text: str) -> str:
    """A text for a table or a page: its spaces as ␣, which can be seen and counted."""
    return text.replace(SPACE, "␣")


def folds_as_0_1_0(known: Iterable[str]) -> bool:
    """Whether 0.1.0 normalised all text onto these characters as it is done now.

    What it made of a text is kept on disk and must be told apart from what is made now.
    """
    known = set(known)
    return not (SPACE in known or known.intersection(_LATER_LOOKALIKES.values()))
