"""Which options take URLs of an object store; all others say that they do not."""

import re
from typing import Any

import click

_AS_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a path type may have joined two slashes


class PathOrUrl(click.Path):
    """The path of a file or folder, or the URL of a folder in an object store, as it is written."""

    takes_urls = True


def refuse_urls(command: click.Command) -> None:
    """Let a command, and those below it, refuse URLs where they take paths."""
    for parameter in command.params:
        is_path = isinstance(parameter.type, click.Path) and parameter.callback is None
        if is_path and not getattr(parameter.type, "takes_urls", False):
            parameter.callback = _path_only
    if isinstance(command, click.Group):
        for below in command.commands.values():
            refuse_urls(below)


def _path_only(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    for one in value if isinstance(value, tuple) else (value,):
        if one is not None and _AS_PATH.match(str(one)) and not str(one).startswith("file:"):
            raise click.BadParameter(
                f"{one} is a URL, and this takes a path: copy it to a folder first, or write to"
                " one and copy it from there, e.g. with 'aws s3 cp --recursive FROM TO'",
                ctx,
                parameter,
            )
    return value
