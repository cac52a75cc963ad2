"""Settings as frozen dataclasses: read from mappings and TOML files, written to manifests.

A dataclass field is the one place of a default value. Unknown keys and wrong types are refused,
all in one message.
"""

import dataclasses
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

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
        settings: Settings = _build(cls, mapping, "", base, problems)
    except UserError as error:
        raise type(error)(f"{where}: {error}") from error
    if problems:
        raise SettingsError(f"{where}: " + "; ".join(problems))
    return settings


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SettingsError: if it cannot be read or parsed; names file and line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from error


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """The settings in which two mappings differ, as `name: old, now new`."""
    found = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, f"{prefix}{name}.")
        elif before != after:
            found.append(f"{prefix}{name}: {before}, now {after}")
    return found


def _build(cls: type, mapping: dict[str, Any], prefix: str, base: Any, problems: list[str]) -> Any:
    hints = typing.get_type_hints(cls)
    names = {field.name for field in dataclasses.fields(cls)}
    known = ", ".join(sorted(names))
    unknown = sorted(mapping.keys() - names)
    problems += [f"unknown key {prefix}{name} (there are {known})" for name in unknown]
    values = {name: getattr(base, name) for name in names} if base is not None else {}
    for name in sorted(mapping.keys() & names):
        hint, value = hints[name], mapping[name]
        if dataclasses.is_dataclass(hint) and isinstance(value, dict):
            inner = values.get(name)
            values[name] = _build(
                typing.cast(type, hint), value, f"{prefix}{name}.", inner, problems
            )
        else:
            values[name] = _coerce(hint, value, prefix + name, problems)
    if problems:
        return None
    return cls(**values)


def _coerce(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    if isinstance(value, list):
        value = tuple(value)
    if not _fits(hint, value):
        problems.append(f"{name} = {value!r} is not of type {_type_name(hint)}")
    return value


def _fits(hint: Any, value: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(argument, value) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(_fits(arguments[0], item) for item in value)
        return len(value) == len(arguments) and all(map(_fits, arguments, value))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is Any:
        return True
    return isinstance(value, hint if isinstance(hint, type) else object)


def _type_name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
