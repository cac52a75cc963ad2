"""Every key of a style with its unit, limits and meaning, as the definitions themselves say."""

import inspect
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from datagen.drawing.effects import EFFECTS
from datagen.drawing.style import LIMITS, Style, load_style
from ocrbase.outputs import MARK

_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_UNITS = {"px": "px", "em": "em", "deg": "degrees"}  # endings of names


@dataclass(frozen=True)
class StyleKey:
    """One key of a style file.

    Attributes:
        section: table of the file.
        name: of the key.
        value: that the style has.
        unit: "" for a ratio, a name or a yes or no.
        limits: smallest and largest number; None for what is no number.
        meaning: in words.
    """

    section: str
    name: str
    value: Any
    unit: str
    limits: tuple[float, float] | None
    meaning: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, for tables."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        low, high = self.limits or (None, None)
        return {
            "key": f"{self.section}.{self.name}",
            "value": value,
            "unit": self.unit,
            "min": low,
            "max": high,
            "meaning": self.meaning,
        }


def keys_of(style: Style) -> list[StyleKey]:
    """All keys of a style in the order of their definition."""
    units = {effect.range: effect.unit for effect in EFFECTS if effect.range and effect.unit}
    keys = []
    for section in fields(style):
        part = getattr(style, section.name)
        meanings = _meanings(type(part))
        for item in fields(part):
            full = f"{section.name}.{item.name}"
            unit = units.get(full) or _UNITS.get(item.name.rpartition("_")[2], "")
            keys.append(
                StyleKey(
                    section.name, item.name, getattr(part, item.name), unit, LIMITS.get(full),
                    meanings[item.name],
                )
            )  # fmt: skip
    return keys


def as_toml(keys: Sequence[StyleKey]) -> str:
    """A style file that holds every key, with unit, limits and meaning above each."""
    lines: list[str] = []
    section = ""
    for key in keys:
        if key.section != section:
            section = key.section
            lines += ["", f"[{section}]"] if lines else [f"[{section}]"]
        lines += [f"# {key.meaning}{_extent(key)}", f"{key.name} = {_toml(key.value)}"]
    return "\n".join(lines)


def changes_toml(style: Style, preset: str, maker: str) -> str:
    """A style file of what differs from a preset or file; numbers to four decimals.

    Args:
        style: to be written.
        preset: name of the style that the file starts from.
        maker: what wrote it, after "made by ocrgen".
    """
    base = load_style(preset)
    parts = [f"# A style, {MARK} {maker}.\npreset = {_toml(preset)}"]
    for section in fields(Style):
        here, there = getattr(style, section.name), getattr(base, section.name)
        names = [f.name for f in fields(here) if getattr(here, f.name) != getattr(there, f.name)]
        if names:
            lines = [f"{name} = {_toml(_rounded(getattr(here, name)))}" for name in names]
            parts.append("\n".join([f"[{section.name}]", *lines]))
    return "\n\n".join(parts) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_rounded, value))
    return round(value, 4) if isinstance(value, float) else value


def _extent(key: StyleKey) -> str:
    parts = [key.unit] if key.unit else []
    if key.limits:
        parts.append(f"{key.limits[0]:g} to {key.limits[1]:g}")
    return f" ({', '.join(parts)})" if parts else ""


def _toml(value: Any) -> str:
    """Numbers, strings, yes or no, and pairs of numbers are written alike in TOML and JSON."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _meanings(section: type) -> dict[str, str]:
    """What the docstring of a section says of each of its keys."""
    text = inspect.getdoc(section) or ""
    return {name: " ".join(said.split()).rstrip(".") for name, said in _ATTRIBUTE.findall(text)}
