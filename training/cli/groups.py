"""A click command whose `--help` lists its options in groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import click


class GroupedCommand(click.Command):
    """A command with many options.

    Args:
        groups: names of parameters by the heading under which they are shown; those that no group
            names, such as `--help`, come last.
    """

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        parameters = {parameter.name: parameter for parameter in self.get_params(ctx)}
        grouped = [
            (heading, [parameters.pop(name) for name in names])
            for heading, names in self.groups.items()
        ]
        for heading, members in [*grouped, ("Other", list(parameters.values()))]:
            records = [member.get_help_record(ctx) for member in members]
            with formatter.section(f"{heading} options"):
                formatter.write_dl([record for record in records if record])
