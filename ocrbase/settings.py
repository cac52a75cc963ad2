"""Settings as frozen dataclasses: read from mappings (of TOML or JSON), written to manifests.

A dataclass field is the one place of a default value. Unknown keys and wrong types are refused,
all in one message.
"""

import dataclasses
import reprlib
import typing
from typing import Any, TypeVar

import msgspec

from ocrbase.errors import SettingsError, UserError

Settings = TypeVar("Settings")


def default_of(cls: type, name: str) -> Any:
    """The default of a dataclass field, for the command line."""
    for field in dataclasses.fields(cls):
        if field.name == name:
            if field.default is dataclasses.MISSING:
                raise KeyError(f"{cls.__name__}.{name} has no default")
            return field.default
    raise KeyError(f"{cls.__name__} has no field {name}")


def to_mapping(settings: Any) -> dict[str, Any]:
    """Plain dictionaries and lists, as JSON and TOML hold them."""
    result: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            value = to_mapping(value)
        elif isinstance(value, tuple):
            value = list(value)
        result[field.name] = value
    return result


def from_mapping(
    cls: type[Settings], mapping: dict[str, Any], where: str, base: Settings | None = None
) -> Settings:
    """Build settings from a mapping; what it leaves out comes from `base` or the defaults.

    Raises:
        SettingsError: names all unknown keys and wrong types, and `where` they stand.
        UserError: of the settings' own class, with `where`, for values that they refuse.
    """
    problems: list[str] = []
    try:
        values = _build(cls, mapping, "", base, problems)
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(**values)
    except UserError as error:
        raise type(error)(f"{where}: {error}") from error


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """The settings in which two mappings differ, as `name: old, now new`."""
    changed = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            changed += differences(before, after, f"{prefix}{name}.")
        elif before != after:
            changed.append(f"{prefix}{name}: {before}, now {after}")
    return changed


def _build(
    cls: Any, mapping: dict[str, Any], prefix: str, base: Any, problems: list[str]
) -> dict[str, Any]:
    """The values of a dataclass's fields; what does not fit is noted in `problems`."""
    hints = typing.get_type_hints(cls)
    names = {field.name for field in dataclasses.fields(cls)}
    known = ", ".join(sorted(names))
    unknown = sorted(mapping.keys() - names)
    problems += [f"unknown key {prefix}{name} (there are {known})" for name in unknown]
    values = {name: getattr(base, name) for name in names} if base is not None else {}
    for name in sorted(mapping.keys() & names):
        hint, value = hints[name], mapping[name]
        if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
            inner = _build(hint, value, f"{prefix}{name}.", values.get(name), problems)
            values[name] = None if problems else hint(**inner)
        else:
            values[name] = _checked(value, hint, prefix + name, problems)
    return values


def _checked(value: Any, hint: Any, name: str, problems: list[str]) -> Any:
    """A value as it stands, lists as tuples: whole numbers stay whole where fractions may stand,
    so that what was written of settings before compares equal."""
    value = tuple(value) if isinstance(value, list) else value
    try:
        msgspec.convert(value, hint)
    except (msgspec.ValidationError, RecursionError):
        kind = hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
        problems.append(f"{name} = {reprlib.repr(value)} is not of type {kind}")
    return value
