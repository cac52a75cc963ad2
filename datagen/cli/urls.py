"""Which options take URLs of an object store; all others say that they do not."""

import re
from pathlib import Path
from typing import Any

import click

# Where a path is taken, any URL but file:, whose two slashes a path type may have joined to one;
# elsewhere those of object stores, since a name may hold another scheme.
_AS_PATH = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:/")
_OF_STORE = re.compile(r"(s3a?|gs|gcs|az|abfss?|adl|oss|cos|hf|r2)://")


class PathOrUrl(click.Path):
    """The path of a file or folder, or the URL of a folder in an object store, as it is written."""

    takes_urls = True


class TextOrUrl(click.types.StringParamType):
    """The same with something behind it, as `PATH:WEIGHT`; a text for its command to read."""

    takes_urls = True


def refuse_urls(command: click.Command) -> None:
    """Let a command, and those below it, refuse URLs where they take paths or names."""
    for parameter in command.params:
        if parameter.callback is None and not getattr(parameter.type, "takes_urls", False):
            parameter.callback = _path_only
    if isinstance(command, click.Group):
        for below in command.commands.values():
            refuse_urls(below)


def _path_only(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    pattern = _AS_PATH if isinstance(parameter.type, click.Path) else _OF_STORE
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, str | Path) and pattern.match(str(one)):
            raise click.BadParameter(
                f"{one} is a URL, and this takes a path: copy it to a folder first, or write to"
                " one and copy it from there, e.g. with 'aws s3 cp --recursive FROM TO'",
                ctx,
                parameter,
            )
    return value
