"""The checks of `doctor`: each calls one part once and says how to fix what is wrong.

A new check is a function here and a line in `run_checks`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import httpx

from webcrm_sync.core.crm import Unmatchable
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.store import directory, mailboxes

_NEEDED_ROLES = frozenset({"Mail.ReadWrite", "MailboxSettings.ReadWrite"})
#: How many invalid addresses are listed, how many Persons for each, and how much of each text.
_LISTED, _NAMED, _MAX_LENGTH = 20, 5, 60
#: The limits of the call to the service's own public address.
_REACHABILITY_BOUNDS = Bounds(seconds=10, size=64 * 1024)
_RBAC = "Exchange: RBAC for Applications, see docs/deploy.md"


class Verdict(StrEnum):
    """The result of a check. The values are part of `doctor --json`."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it found and, unless it is OK, what to do."""

    name: str
    verdict: Verdict
    text: str


def run_checks(context: Context) -> Iterator[Check]:
    """Run the checks one by one. A context exists, so settings and database are OK already."""
    yield Check("settings", Verdict.OK, "every setting is well formed")
    yield Check("database", Verdict.OK, "answers and is migrated")
    yield _check_tenant(context)
    yield _check_secrets(context)
    yield _catch("Entra and Graph sign-in", lambda: _check_sign_in(context))
    yield _catch("mailboxes", lambda: _check_mailboxes(context))
    yield _catch("webCRM login", lambda: _check_webcrm_login(context))
    yield _catch("webCRM fields", lambda: _check_webcrm_fields(context))
    yield from _check_contacts(context)
    yield _check_reachability(context)


def _catch(name: str, check: Callable[[], tuple[Verdict, str]]) -> Check:
    try:
        verdict, text = check()
    except SyncError as error:
        return Check(name, Verdict.FAILED, str(error))
    return Check(name, verdict, text)


def _check_tenant(context: Context) -> Check:
    """Tokens carry the tenant's id: with a domain name in the settings nobody could sign in."""
    try:
        uuid.UUID(context.settings.entra_tenant_id)
    except ValueError:
        text = (
            "WEBCRM_SYNC_ENTRA_TENANT_ID is no GUID: nobody can sign in to the add-in. "
            "Copy the directory (tenant) id from the application's page in Entra."
        )
        return Check("tenant", Verdict.FAILED, text)
    return Check("tenant", Verdict.OK, "set by its id")


def _check_secrets(context: Context) -> Check:
    """Check that the present key opens the secrets in the tables."""
    with context.begin() as tx:
        deaf, earlier = (
            push_urls.count_unverifiable(context, tx),
            push_urls.describe_earlier_keys(context, tx),
        )
    if deaf:
        return Check("secrets", Verdict.FAILED, f"{deaf.sentence}.")
    text = "every secret in the database can be opened"
    return Check("secrets", Verdict.OK, f"{text}; {earlier}" if earlier else text)


def _check_sign_in(context: Context) -> tuple[Verdict, str]:
    roles = context.graph.fetch_roles()
    if "Mail.ReadWrite" in roles:
        return (
            Verdict.WARNING,
            "The application reaches EVERY mailbox of the tenant (Mail.ReadWrite is consented "
            f"in Entra). Limit it to a group of mailboxes ({_RBAC}).",
        )
    if roles:
        missing = ", ".join(sorted(_NEEDED_ROLES - roles))
        return Verdict.OK, f"signed in; {missing} must come from {_RBAC}"
    return Verdict.OK, f"signed in; permissions come from {_RBAC}"


def _check_mailboxes(context: Context) -> tuple[Verdict, str]:
    with context.begin() as tx:
        boxes = mailboxes.all_mailboxes(tx)
    if not boxes:
        return Verdict.WARNING, "no mailbox is watched yet: webcrm-sync mailbox add ADDRESS"
    troubles = []
    for box in boxes:
        try:
            context.graph.fetch_folder(box.user_id, "inbox")
        except SyncError as error:
            troubles.append(f"{box.address}: {error}")
    if troubles:
        return Verdict.FAILED, "; ".join(troubles)
    return Verdict.OK, f"{len(boxes)} watched, all readable"


def _check_webcrm_login(context: Context) -> tuple[Verdict, str]:
    context.webcrm.check_login()
    return Verdict.OK, "webCRM accepts the application token"


def _check_webcrm_fields(context: Context) -> tuple[Verdict, str]:
    settings = context.settings
    fields = context.metadata.read(is_fresh=True)
    if settings.webcrm_key_field not in fields:
        return (
            Verdict.WARNING,
            f"webCRM does not list the field {settings.webcrm_key_field}; make it a text field "
            "in webCRM or name another one in WEBCRM_SYNC_WEBCRM_KEY_FIELD",
        )
    key_length = fields[settings.webcrm_key_field].max_length
    if 0 < key_length < 30:
        return (
            Verdict.FAILED,
            f"{settings.webcrm_key_field} holds {key_length} characters; it needs 30",
        )
    for variable in ("webcrm_action_in", "webcrm_action_out"):
        label = getattr(settings, variable)
        if not context.metadata.knows_action(label):
            return (
                Verdict.FAILED,
                f"webCRM does not know the label '{label}': add it to the Activity's drop-down "
                f"or name another one in WEBCRM_SYNC_{variable.upper()}",
            )
    return Verdict.OK, "labels and key field exist"


def _check_contacts(context: Context) -> Iterator[Check]:
    """One check for each text in an e-mail field of webCRM that is not an address."""
    with context.begin() as tx:
        found = directory.unmatchable(tx)
    alike: dict[str, list[Unmatchable]] = {}
    for person in found:
        alike.setdefault(person.text, []).append(person)
    if not alike:
        yield Check("contacts", Verdict.OK, "no e-mail field holds an invalid address")
    groups = sorted(alike.items(), key=lambda group: (-len(group[1]), group[0]))
    for text, persons in groups[:_LISTED]:
        yield Check("contacts", Verdict.WARNING, _describe_unmatchable(text, persons))
    if more := groups[_LISTED:]:
        number = sum(len(persons) for _, persons in more)
        text = f"{number} more Persons are never matchable; correct the listed ones to see them"
        yield Check("contacts", Verdict.WARNING, text)


def _describe_unmatchable(text: str, persons: Sequence[Unmatchable]) -> str:
    """One line of text: `!r` escapes line breaks and invisible characters."""
    named = [f"Person {p.person_id} of Organisation {p.organisation_id}" for p in persons[:_NAMED]]
    rest = len(persons) - len(named)
    names = ", ".join(named) + (f" and {rest} more" if rest else "")
    subject = f"{len(persons)} contacts are" if len(persons) > 1 else "1 contact is"
    return (
        f"{subject} never matchable: the e-mail field holds {text[:_MAX_LENGTH]!r} ({names}). "
        "Write one complete address into it in webCRM."
    )


def _check_reachability(context: Context) -> Check:
    settings = context.settings
    name = "reachability"
    if not settings.is_push_enabled:
        text = "push is off: WEBCRM_SYNC_PUBLIC_URL is not https; folders are polled"
        return Check(name, Verdict.WARNING, text)
    try:
        bounded = BoundedTransport(
            sync_transport(settings.public_url, settings.ca_bundle), _REACHABILITY_BOUNDS
        )
        with httpx.Client(transport=bounded, timeout=_REACHABILITY_BOUNDS.seconds) as client:
            answer = client.get(f"{settings.public_url}/healthz")
    except httpx.HTTPError as error:
        text = (
            f"{settings.public_url} does not answer ({type(error).__name__}). Is `serve` running?"
        )
        return Check(name, Verdict.FAILED, text)
    if answer.status_code != 200:
        return Check(
            name, Verdict.FAILED, f"{settings.public_url}/healthz answers {answer.status_code}"
        )
    return Check(name, Verdict.OK, f"{settings.public_url} answers")
