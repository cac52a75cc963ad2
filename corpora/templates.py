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
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from corpora.errors import CorpusError
from corpora.numerals import amount, spoken

LINES = 10_000
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


def read_templates(path: Path) -> Templates:
    """Read a template file.

    Raises:
        CorpusError: naming the file and every template that cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"cannot read the templates in {path}: {error}") from error
    unknown = sorted(set(values) - _KEYS)
    sets, lines = values.get("sets", {}), values.get("lines", LINES)
    templates = [t if isinstance(t, dict) else {"text": t} for t in values.get("templates", [])]
    problems = [f"unknown key {key!r}" for key in unknown]
    if not templates:
        problems.append('no templates: give templates = ["京A·{d5}"]')
    if not isinstance(lines, int) or lines < 1:
        problems.append(f"lines = {lines!r} must be a number above 0")
    rules = [_parsed(template, sets, problems) for template in templates]
    if problems:
        raise CorpusError(f"{path}: {'; '.join(problems)}")
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    weights = tuple(float(template.get("weight", 1)) for template in templates)
    return Templates(f"{digest}/{VERSION}", lines, tuple(rules), weights)


def _parsed(
    template: Mapping[str, Any], sets: Mapping[str, Any], problems: list[str]
) -> tuple[str | Field, ...]:
    text, weight = template.get("text"), template.get("weight", 1)
    if not isinstance(text, str) or not text:
        problems.append(f"template {dict(template)!r} has no text")
        return ()
    if not isinstance(weight, int | float) or weight <= 0:
        problems.append(f"template {text!r} has the weight {weight!r}; give a number above 0")
    parts: list[str | Field] = []
    try:
        for literal, name, _, _ in string.Formatter().parse(text):
            parts.append(literal)
            if name is not None:
                parts.append(_field(name, sets))
    except ValueError as error:
        problems.append(f"template {text!r}: {error}")
    return tuple(parts)


def _field(name: str, sets: Mapping[str, Any]) -> Field:
    """What a placeholder writes; a set of the user's comes before the built-in names."""
    if name in sets:
        choices = sets[name]
        if not isinstance(choices, list) or not choices:
            raise ValueError(f"the set {name!r} must be a list of strings")
        return lambda draw: str(draw.choice(choices))
    if name == "amount":
        return lambda draw: amount(int(10 ** draw.uniform(2, 9)))
    if name == "date":
        return _date
    if match := _RANGE.fullmatch(name):
        kind, low, high = match[1], int(match[2]), int(match[3])
        if low > high:
            raise ValueError(f"{{{name}}} is an empty range")
        write = str if kind == "n" else spoken
        return lambda draw: write(draw.randint(low, high))
    if match := _REPEATED.fullmatch(name):
        letters, count = _ALPHABETS[match[1]], int(match[2] or 1)
        return lambda draw: "".join(draw.choice(letters) for _ in range(count))
    known = ", ".join(["d5", "A2", "a2", "x4", "n1-400", "z1-99", "amount", "date", *sets])
    raise ValueError(f"unknown field {{{name}}}; there are {known}")


def _date(draw: Random) -> str:
    return f"{draw.randint(1949, 2035)}年{draw.randint(1, 12)}月{draw.randint(1, 28)}日"
