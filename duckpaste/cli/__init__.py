"""The command `duckpaste`: thin click commands, one file a group of them; no logic here."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from duckpaste import __version__
from duckpaste.errors import DuckpasteError

# command -> module of duckpaste.cli; modules load when their command runs
COMMANDS = {
    "demo": "demo",
    "ingest-dataset": "ingest",
    "ingest-view": "ingest",
    "init": "init",
    "check": "plan",
    "plan": "plan",
    "fit": "fit",
    "sample": "sample",
    "pipe": "pipe",
    "evaluate": "evaluate",
    "litmus": "litmus",
    "export": "sample",
    "ledger": "ledger",
}
ALIASES = {"p": "pipe", "id": "ingest-dataset", "iv": "ingest-view", "ingest_dataset": "ingest-dataset",
           "ingest_view": "ingest-view"}  # fmt: skip


class Commands(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, by name or alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"duckpaste.cli.{COMMANDS[name]}")
        command: click.Command = getattr(module, name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is none of that name."""
        from duckpaste.errors import nearest

        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"no such command {args[0]!r}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "--version", prog_name="duckpaste")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Turn a private database into a synthetic one that may be shared.

    \b
    Start here:
        duckpaste demo                              a fictional clinic, end to end
        duckpaste init my.duckdb --out views/my     write a view of your own database
        duckpaste plan views/my.mst                 what it will cost, before anything is spent
        duckpaste pipe views/my.mst alg.epsilon=1   fit, sample, compare
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(words: Sequence[str] | None = None) -> None:
    """Run the command (`words`, or those of the process) and exit.

    Every fault of a user is a line on stderr and exit code 2, never a traceback."""
    debug = bool(os.environ.get("DUCKPASTE_DEBUG"))
    try:
        result: Any = cli.main(words, prog_name="duckpaste", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "duckpaste"
        said = error.format_message().replace("a valid integer range", "a whole number")
        click.echo(f"Error: {said} (help: {where} -h)", err=True)
        sys.exit(2)
    except DuckpasteError as error:
        if debug:
            raise
        for line in str(error).splitlines():
            click.echo(f"Error: {line}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if debug:
            raise
        name = f" {error.filename}" if error.filename else ""
        click.echo(f"Error: {error.strerror or 'the system refused'}{name}", err=True)
        sys.exit(2)
    except Exception as error:
        if debug:
            raise
        # The text of an unforeseen error may quote a value, so only its kind is shown.
        kind = type(error).__name__
        click.echo(
            f"Error: internal fault ({kind}); DUCKPASTE_DEBUG=1 shows where. Please report it.", err=True
        )
        sys.exit(1)
