"""Generated lines from a user's own templates, for document numbers, plates and forms.

A TOML file holds `templates`, each a string or a table with `text` and `weight`, and may hold
`lines` (how many), and `[sets]` of names that stand for one of several strings:

    lines = 5000
    templates = ["{province}{A1}·{d5}", { text = "第{n1-400}号", weight = 2 }]
    [sets]
    province = ["京", "沪", "粤"]

`{d5}` is five digits, `{A2}` two capitals, `{a2}` two small letters, `{x4}` four of 0-9A-F,
`{n1-400}` a number of that range, `{z1-99}` the same in Chinese, `{amount}` money in capitals,
`{date}` a day; `{{` and `}}` are braces.
"""

import hashlib
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated

from msgspec import Meta, Struct

from corpora.errors import CorpusError
from corpora.numerals import amount, spoken
from ocrbase.inputs import read_text
from ocrbase.records import MAX_TOML_BYTES, convert, parse_toml
from ocrbase.weights import MAX_WEIGHT, MIN_WEIGHT

LINES = 10_000
MAX_LINES = 10_000_000
MAX_TEMPLATE = 1000  # characters
MAX_REPEATED = 100  # characters of {d…} and the like
MAX_NUMBER = 10**12  # what numbers in Chinese stop before
VERSION = 1
_RANGE = re.compile(r"([nz])(\d+)-(\d+)")
_REPEATED = re.compile(r"([dAax])(\d*)")
_ALPHABETS = {
    "d": string.digits,
    "A": string.ascii_uppercase,
    "a": string.ascii_lowercase,
    "x": "0123456789ABCDEF",
}
_KEYS = {"templates", "lines", "sets"}

Field = Callable[[Random], str]
_Sets = dict[str, Annotated[list[str | int | float], Meta(min_length=1)]]


@dataclass(frozen=True)
class Templates:
    """The lines of a template file, the same ones each time.

    Attributes:
        fingerprint: of the file's text.
        lines: how many there are.
        rules: each template as a list of literal strings and fields.
        weights: of each template.
    """

    fingerprint: str
    lines: int
    rules: tuple[tuple[str | Field, ...], ...]
    weights: tuple[float, ...]

    def sentences(self) -> Iterator[str]:
        for number in range(self.lines):
            draw = Random(f"templates/{VERSION}/{number}")
            rule = draw.choices(self.rules, self.weights)[0]
            yield "".join(part if isinstance(part, str) else part(draw) for part in rule)


class _Template(Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEMPLATE)]
    weight: Annotated[float, Meta(ge=MIN_WEIGHT, le=MAX_WEIGHT)] = 1.0


class _TemplateFile(Struct, frozen=True):
    templates: list[Annotated[str, Meta(min_length=1, max_length=MAX_TEMPLATE)] | _Template] = []
    lines: Annotated[int, Meta(ge=1, le=MAX_LINES)] = LINES
    sets: _Sets = {}


def read_templates(path: Path) -> Templates:
    """Read a template file.

    Raises:
        CorpusError: naming the file and every template that cannot be read.
    """
    text = read_text(path, MAX_TOML_BYTES, error=CorpusError)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    values = parse_toml(text, str(path), error=CorpusError)
    file = convert(values, _TemplateFile, str(path), error=CorpusError)
    templates = [_Template(t) if isinstance(t, str) else t for t in file.templates]
    unknown = sorted(values.keys() - _KEYS)
    problems = [f"unknown key {key!r}" for key in unknown]
    if not templates:
        problems.append('no templates: give templates = ["京A·{d5}"]')
    rules = [_parsed(template.text, file.sets, problems) for template in templates]
    if problems:
        raise CorpusError(f"{path}: {'; '.join(problems)}")
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    weights = tuple(template.weight for template in templates)
    return Templates(f"{digest}/{VERSION}", file.lines, tuple(rules), weights)


def _parsed(text: str, sets: _Sets, problems: list[str]) -> tuple[str | Field, ...]:
    parts: list[str | Field] = []
    try:
        for literal, name, _, _ in string.Formatter().parse(text):
            parts.append(literal)
            if name is not None:
                parts.append(_field(name, sets))
    except ValueError as error:
        problems.append(f"template {text!r}: {error}")
    return tuple(parts)


def _field(name: str, sets: _Sets) -> Field:
    """What a placeholder writes; a set of the user's comes before the built-in names."""
    if name in sets:
        choices = sets[name]
        return lambda draw: str(draw.choice(choices))
    if name == "amount":
        return lambda draw: amount(int(10 ** draw.uniform(2, 9)))
    if name == "date":
        return _date
    if match := _RANGE.fullmatch(name):
        kind, low, high = match[1], int(match[2]), int(match[3])
        if low > high:
            raise ValueError(f"{{{name}}} is an empty range")
        if high >= MAX_NUMBER:
            raise ValueError(f"{{{name}}} goes beyond {MAX_NUMBER - 1:,}")
        write = str if kind == "n" else spoken
        return lambda draw: write(draw.randint(low, high))
    if match := _REPEATED.fullmatch(name):
        letters, count = _ALPHABETS[match[1]], int(match[2] or 1)
        if count > MAX_REPEATED:
            raise ValueError(f"{{{name}}} is longer than {MAX_REPEATED} characters")
        return lambda draw: "".join(draw.choice(letters) for _ in range(count))
    known = ", ".join(["d5", "A2", "a2", "x4", "n1-400", "z1-99", "amount", "date", *sets])
    raise ValueError(f"unknown field {{{name}}}; there are {known}")


def _date(draw: Random) -> str:
    return f"{draw.randint(1949, 2035)}年{draw.randint(1, 12)}月{draw.randint(1, 28)}日"
