"""A click group that loads a command's module only when that command is asked for.

Command modules import click and light modules at the top, heavy ones inside the function, so
`--help` answers at once. However a command ends, it is one line and an exit code: 0; 1 for a
user's error, or if some inputs failed; 2 for a bad option; 130 for Ctrl-C.
"""

import sys
from importlib import import_module
from typing import Any

import click

from datagen.cli.urls import refuse_urls
from ocrbase.command_edge import FAILED, report

_WHOLE_SENTENCE = 1000  # characters; click would cut summaries at the width of a line


class OrderedGroup(click.Group):
    """A group that lists its commands in the order of work, each with its whole first sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(limit=_WHOLE_SENTENCE))
            for name, command in commands
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class ReportingCommand(click.Command):
    """A command that ends as one line and an exit code, whatever ends it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Both hold for all commands below, so that every default is shown, in one way.
        context = {"help_option_names": ["-h", "--help"], "show_default": True}
        super().__init__(*args, **{"context_settings": context} | kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (EOFError, KeyboardInterrupt) as error:
            # Or click takes both for a prompt that was left, and prints an empty line.
            raise _EndedError(error) from error

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command; gives its exit code."""
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False}) or 0
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except BrokenPipeError:
            # The reader of our output (head, less) has gone; say nothing more to it.
            sys.stderr.close()
            return FAILED
        except _EndedError as ended:
            return report(ended.reason)
        except (Exception, KeyboardInterrupt) as error:
            return report(error)


class LazyGroup(ReportingCommand, OrderedGroup):
    """A group whose commands are named by module, e.g. `{"render": "datagen.cli.render"}`.

    Each module holds one click command or group called `command`.
    """

    def __init__(self, *args: Any, modules: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.modules = modules or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        command = import_module(self.modules[cmd_name]).command
        assert isinstance(command, click.Command)
        command.name = cmd_name  # not that of its function, for whoever lists commands
        refuse_urls(command)
        return command


class _EndedError(Exception):
    """Carries what ended a command past click."""

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason
