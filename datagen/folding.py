"""Which characters stand for others: full width, look-alikes, and spaces of any kind."""

from collections.abc import Iterable

# Look-alikes that occur in real text, each with what may stand for it if the alphabet lacks it.
_LOOKALIKES = {
    "\u2015": "—", "\u2500": "—", "\u2013": "-", "\u2212": "-", "\u2010": "-", "\u2011": "-",
    "\u30fb": "·", "\u2022": "·", "\u2027": "·", "\u22ef": "…", "\u301c": "～", "\u223c": "～",
    "\uff5e": "~", "~": "～", "\u00a2": "￠", "\u00a3": "￡", "\u00a5": "￥",
    "\uffe5": "\u00a5", "\uff61": "。", "\uff64": "、",
    "\u00b4": "′", "\u2032": "'", "\uff02": '"', "\uff07": "'",
}  # fmt: skip
_SPACES = " \t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_SPACES += "\u200b\u200c\u200d\u202f\u205f\u2060\u3000\ufeff\u00ad"


def folding_table(known: Iterable[str]) -> dict[int, str]:
    """Translation table for `Alphabet.normalise`: characters outside to their twins inside."""
    known = set(known)
    table = {ord(c): "" for c in _SPACES if c not in known}
    if " " in known:
        table |= {ord(c): " " for c in "\t\u00a0\u3000" if c not in known}
    pairs = [(chr(code + 0xFEE0), chr(code)) for code in range(0x21, 0x7F)]
    pairs += [(ascii_form, full) for full, ascii_form in pairs]
    pairs += list(_LOOKALIKES.items())
    for outside, inside in pairs:
        if outside not in known and inside in known:
            table[ord(outside)] = inside
    return table
