"""A click group that loads a command's module only when that command is asked for.

Command modules import click and light modules at the top, heavy ones inside the function, so
`--help` answers at once. Users' errors become one line and exit code 1, Ctrl-C exit code 130.
"""

import sys
from importlib import import_module
from typing import Any

import click

from ocrbase.errors import UserError

INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose commands are named by module, e.g. `{"render": "datagen.cli.render"}`.

    Each module holds one click command or group called `command`.
    """

    def __init__(self, *args: Any, modules: dict[str, str] | None = None, **kwargs: Any) -> None:
        # Both hold for all commands below, so that every default is shown, in one way.
        context = {"help_option_names": ["-h", "--help"], "show_default": True}
        super().__init__(*args, context_settings=context, **kwargs)
        self.modules = modules or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        command = import_module(self.modules[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False}) or 0
        except UserError as error:
            click.echo(f"Error: {error}", err=True)
            return 1
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted. What was finished is kept.", err=True)
            return INTERRUPTED
        except BrokenPipeError:
            # The reader of our output (head, less) has gone; say nothing more to it.
            sys.stderr.close()
            return 1
