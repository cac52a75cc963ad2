"""Settings from a TOML file and from options together: an option that is named wins."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from datagen.cli.options import look_settings, plan_settings
from ocrbase.errors import InputError

STDIN = "-"
# The fields that each option of a plan and of a look sets.
PLAN_FIELDS = {
    "corpora": ("corpora",),
    "lines": ("lines",),
    "length": ("length_min", "length_max"),
    "alphabet": ("alphabet",),
    "min_per_class": ("min_per_class",),
    "max_inserted": ("max_inserted",),
    "half_width": ("half_width",),
    "paragraphs": ("paragraphs",),
    "home": ("home",),
}
LOOK_FIELDS = {
    "styles": ("style",),
    "faces": ("faces",),
    "system_fonts": ("system_fonts",),
    "backgrounds": ("backgrounds",),
    "width": ("widths",),
    "fit_width": ("fit_width",),
    "engine": ("engine",),
}
Fields = Mapping[str, tuple[str, ...]]


def settings_in_file(
    cls: type[Any],
    config: str,
    present_names: Callable[[Mapping[str, Any]], dict[str, Any]] = dict,
) -> dict[str, Any]:
    """What a TOML file sets of a settings dataclass, by field.

    Args:
        cls: the dataclass.
        config: path of the file, or - for standard input.
        present_names: gives the keys of earlier releases their present names.

    Raises:
        UserError: naming the file, and all unknown keys and wrong values.
    """
    from ocrbase.records import parse_toml, read_toml
    from ocrbase.settings import from_mapping

    if config == STDIN:
        where = "standard input"
        mapping = parse_toml(_standard_input(), where)
    else:
        where = config
        mapping = read_toml(Path(config))
    mapping = present_names(mapping)
    settings = from_mapping(cls, mapping, where)
    return {name: getattr(settings, name) for name in mapping}


def named_options(context: click.Context) -> set[str]:
    """The options that the user named."""
    return {
        name
        for name in context.params
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def with_plan_and_look(
    given: Mapping[str, Any],
    defaults: Any,
    options: Mapping[str, Any],
    named: set[str],
    plan_fields: Fields = PLAN_FIELDS,
    look_fields: Fields = LOOK_FIELDS,
) -> dict[str, Any]:
    """Settings with the fields of `plan` and `look` that options name put over the rest.

    Args:
        given: settings so far, by field.
        defaults: settings whose plan and look stand where `given` has none.
        options: values of all options of a plan and of a look.
        named: names of those that count.
        plan_fields: fields of the plan that each option sets.
        look_fields: fields of the look that each option sets.

    Raises:
        SettingsError: for values out of range.
    """
    result = dict(given)
    parts: tuple[tuple[str, Callable[[dict[str, Any]], Any], Fields], ...] = (
        ("plan", plan_settings, plan_fields),
        ("look", look_settings, look_fields),
    )
    for part, make, fields in parts:
        wanted = [field for name in fields.keys() & named for field in fields[name]]
        if wanted:
            settings = make(dict(options))
            base = given.get(part, getattr(defaults, part))
            changes = {field: getattr(settings, field) for field in wanted}
            result[part] = replace(base, **changes)
    return result


def _standard_input() -> str:
    from ocrbase.records import MAX_TOML_BYTES

    data = sys.stdin.buffer.read(MAX_TOML_BYTES + 1)
    if len(data) > MAX_TOML_BYTES:
        raise InputError(f"standard input is over the limit of {MAX_TOML_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"standard input is not UTF-8: {error.reason} at byte {error.start:,}"
        ) from error
