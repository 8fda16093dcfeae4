"""The list of commands. A command's module is imported when somebody runs the command."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import click
from click import Context


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command by its module in this package. `summary`: its line in the list of commands."""

    module: str
    summary: str


COMMANDS: Mapping[str, LazyCommand] = {
    "alert": LazyCommand("alert", "Show the alerts, or send a test message."),
    "doctor": LazyCommand("doctor", "Check the settings and every service."),
    "explain": LazyCommand("explain", "Show what happened to a mail, in sentences."),
    "mailbox": LazyCommand("mailbox", "Manage the watched mailboxes."),
    "manifest": LazyCommand("manifest", "Print the add-in's manifest for this service."),
    "migrate": LazyCommand(
        "migrate", "Create the database if it is missing and upgrade it to this version."
    ),
    "prove": LazyCommand("prove", "Compare folders, tables and webCRM; fix what differs."),
    "rebuild": LazyCommand("rebuild", "Restore the tables after the database was lost."),
    "reseal": LazyCommand("push_repair", "Encrypt every secret with the first key of SECRET_KEY."),
    "resubscribe": LazyCommand("push_repair", "Replace the subscriptions that Graph has lost."),
    "serve": LazyCommand(
        "serve", "Run the service: migrate the database, then web and worker until stopped."
    ),
    "status": LazyCommand("status", "Show the status of push, webCRM and every mailbox."),
    "web": LazyCommand("serve", "Run the web process alone, to scale out; `worker` runs the jobs."),
    "worker": LazyCommand(
        "serve", "Run a worker process alone; any number can share one database."
    ),
}
_IS_JSON = f"{__name__}.is_json"
#: The entry points by which other distributions add commands, such as `demo`.
_ADDED = "webcrm_sync.commands"


@contextmanager
def errors_as_json(*, is_json: bool) -> Iterator[None]:
    """Print each error of the block as a JSON object on standard output, unless for a person."""
    try:
        yield
    except click.ClickException as error:
        if not is_json:
            raise
        click.echo(json.dumps({"error": error.format_message()}, ensure_ascii=False))
        raise click.exceptions.Exit(error.exit_code) from error


class LazyCommands(click.Group):
    """The product's commands and the added ones. With `--json` an error is JSON as well.

    An added command is loaded by its entry point: the product never imports the sandbox.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any
    ) -> Context:
        """The context of these arguments."""
        is_json = "--json" in args
        with errors_as_json(is_json=is_json):
            made = super().make_context(info_name, args, parent, **extra)
        made.meta[_IS_JSON] = is_json
        return made

    def invoke(self, ctx: Context) -> Any:
        """Run the command that the arguments name."""
        with errors_as_json(is_json=ctx.meta.get(_IS_JSON, False)):
            return super().invoke(ctx)

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all commands, in their order."""
        return sorted([*COMMANDS, *(entry.name for entry in entry_points(group=_ADDED))])

    def get_command(self, ctx: Context, cmd_name: str) -> click.Command | None:
        """The command with its options, None if there is none of this name."""
        for entry in entry_points(group=_ADDED, name=cmd_name):
            added: click.Command = entry.load()
            return added
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__package__}.{COMMANDS[cmd_name].module}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))  # as click leaves it to a summary
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._summarize(ctx, name, limit)) for name in names])

    def _summarize(self, ctx: Context, name: str, limit: int) -> str:
        if name in COMMANDS:
            return click.Command(name, help=COMMANDS[name].summary).get_short_help_str(limit)
        added = self.get_command(ctx, name)
        return added.get_short_help_str(limit) if added else ""
