"""The checks in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.mailbox_lease import describe_rival
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.operations import webcrm_in_use
from webcrm_sync.engine.operations.doctor import tables
from webcrm_sync.engine.operations.doctor.check import Check, Verdict, run_part
from webcrm_sync.engine.operations.doctor.crm import WebCrmChecks
from webcrm_sync.engine.operations.doctor.mailboxes import FindRival, MailboxChecks, MailboxToTry
from webcrm_sync.engine.operations.doctor.microsoft import MicrosoftChecks
from webcrm_sync.engine.operations.doctor.public_url import check_public_url
from webcrm_sync.engine.operations.installation import installation_ids
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync.store import groups, mailboxes
from webcrm_sync.store.webcrm_in_use import AnotherWebCrm
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata

_NONE_WATCHED = (
    "no mailbox is watched yet. `webcrm-sync doctor ADDRESS` tries one, "
    "`webcrm-sync mailbox add ADDRESS` adds it"
)


class Clients(Protocol):
    """The clients of Graph and webCRM, with or without a database."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""

    @property
    def graph(self) -> GraphClient:
        """The client of Graph."""

    @property
    def webcrm(self) -> WebCrm:
        """The client of webCRM."""

    @property
    def metadata(self) -> FieldMetadata:
        """The Activity's fields."""


def run_checks(context: Context, addresses: Sequence[str] = ()) -> Iterator[Check]:
    """The checks of tables and services, one by one. `addresses`: of mailboxes to try besides."""
    yield Check("database", Verdict.OK, "answers and is migrated")
    for name, check in (
        ("secrets", tables.check_secrets),
        ("troubles", tables.check_troubles),
        ("contacts", tables.check_contacts),
    ):
        yield from run_part(name, partial(check, context))
    with context.begin() as tx:
        is_group_followed = bool(groups.all_groups(tx))
    to_try = _read_mailboxes(context, addresses)
    if not to_try:
        yield Check("mailboxes", Verdict.WARNING, _NONE_WATCHED)
    yield from check_services(
        context,
        to_try,
        find_rival=partial(_find_rival, context),
        is_group_followed=is_group_followed,
    )
    yield from run_part("webCRM in use", partial(_check_webcrm_in_use, context))
    known = partial(check_public_url, context.settings, installation_ids(context), context.now())
    yield from run_part("reachability", known)


def check_services(
    clients: Clients,
    to_try: Sequence[MailboxToTry],
    *,
    find_rival: FindRival = lambda _: None,
    is_group_followed: bool = False,
) -> Iterator[Check]:
    """The checks of Microsoft's services and webCRM, which need no database.

    When nobody can sign in or Graph is away, no mailbox is asked.
    """
    microsoft = MicrosoftChecks(clients.settings, clients.graph, clients.now, is_group_followed)
    yield from run_part("tenant", microsoft.check_tenant)
    found = list(microsoft.check_access())
    yield from found
    if all(check.verdict is not Verdict.FAILED for check in found):
        yield from MailboxChecks(clients.graph, to_try, find_rival).run()
    yield from WebCrmChecks(clients.settings, clients.webcrm, clients.metadata).run()


def _check_webcrm_in_use(context: Context) -> Iterator[Check]:
    name = "webCRM in use"
    try:
        webcrm_in_use.compare(context)
    except AnotherWebCrm as error:
        yield Check(name, Verdict.FAILED, str(error))
    except TryLater:
        text = "it could not be compared with that of the filed mails: see 'webCRM login'"
        yield Check(name, Verdict.FAILED, text)
    else:
        yield Check(name, Verdict.OK, "it is the one that the filed mails are in")


def _find_rival(context: Context, user: MailUser) -> str | None:
    """What stands against adding a mailbox that nobody here watches."""
    rival = admin.find_rival(context, user)
    if rival is None:
        return None
    return (
        f"{describe_rival(rival, context.now())} Nothing was written there. Stop that"
        " installation, or remove the mailbox from it; then"
        f" `webcrm-sync mailbox add {user.address} --take-over`"
    )


def _read_mailboxes(context: LocalContext, addresses: Sequence[str]) -> list[MailboxToTry]:
    """The watched mailboxes, and those with the other addresses."""
    with context.begin() as tx:
        boxes = mailboxes.all_mailboxes(tx)
    known = {box.address for box in boxes}
    return [
        *(
            MailboxToTry(box.address, box.user_id, box.elsewhere_since is not None)
            for box in boxes
            if not box.paused_at
        ),
        *(MailboxToTry(address, None) for address in addresses if address not in known),
    ]
