"""The command `webcrm-sync demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--once", is_flag=True, help="Exit after the stories.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the demo's database in this folder, which must be empty or new.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the demo. [default: 8765, or a free one]",
)
def demo(once: bool, data_dir: Path | None, port: int | None) -> None:
    """Show the product at work against a simulated Outlook and a simulated webCRM."""
    # Imported here, so that the list of commands, which names this one, loads no service.
    from webcrm_sync_sandbox.demonstration import demonstrate

    demonstrate(once=once, data_dir=data_dir, port=port)
