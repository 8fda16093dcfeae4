"""The commands `reseal` and `resubscribe`: mend a changed key, and lost subscriptions."""

from __future__ import annotations

from dataclasses import asdict

import click

from webcrm_sync.bootstrap.local import read_kept_key
from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.engine.mailboxes import push_repair
from webcrm_sync.settings import PREFIX

_SOON = "the worker makes new subscriptions within a minute; until then folders are polled"


@click.command()
@common.as_json
def reseal(is_json: bool) -> None:
    """Encrypt every secret with the first key of SECRET_KEY.

    Opens them with each key of SECRET_KEY and with the one in DATA_DIR. Secrets that no key opens
    are replaced. No mail is lost or filed twice by a lost key.
    """
    with common.open_tables() as context:
        found = push_repair.reseal(context, read_kept_key(context.settings))
    if is_json:
        common.print_json(asdict(found))
        return
    if not found.secrets:
        click.echo("There is no secret yet.")
        return
    click.echo(
        f"{found.resealed} of {common.count(found.secrets, 'secret')} encrypted again with the "
        f"first key in {PREFIX}SECRET_KEY."
    )
    if found.lost:
        click.echo(f"No key opens {found.lost}: {_SOON}.")
    else:
        click.echo("Every secret can be opened with the first key; the others can be dropped.")


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@common.as_json
def resubscribe(addresses: tuple[str, ...], is_json: bool) -> None:
    """Replace the subscriptions that Graph has lost.

    Asks Graph which subscriptions it has, and replaces those that are missing, or whose
    notifications cannot be checked. With ADDRESS only those of these mailboxes.
    """
    with open_company() as context:
        if not context.settings.is_push_enabled:
            raise click.ClickException(
                f"Push is off: {PREFIX}PUBLIC_URL is not https, so there are no subscriptions."
            )
        found = push_repair.resubscribe(context, addresses)
    if is_json:
        common.print_json(asdict(found))
    elif found.lost:
        click.echo(f"{found.lost} of {common.count(found.folders, 'folder')} lack one: {_SOON}.")
    else:
        click.echo(f"Graph has a subscription for each of {common.count(found.folders, 'folder')}.")
