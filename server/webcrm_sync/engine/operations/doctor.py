"""What `doctor` looks at: every part asked once, each answer with the way out."""

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
#: So many texts that are no address, so many Persons for each, so much of each.
_SHOWN, _NAMED, _CUT = 20, 5, 60
#: What it may cost to see whether we are reached by our own address.
_LOOK = Bounds(seconds=10, size=64 * 1024)
_RBAC = "Exchange: RBAC for Applications, see docs/deploy.md"


class CheckStatus(StrEnum):
    """How a check ended."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check with what it found and, unless it is good, what to do."""

    name: str
    verdict: CheckStatus
    text: str


def run_checks(context: Context) -> Iterator[Check]:
    """Every check in turn. Settings and database have been read already when this runs."""
    yield Check("settings", CheckStatus.GOOD, "every setting is well formed")
    yield Check("database", CheckStatus.GOOD, "answers and is migrated")
    yield _tenant(context)
    yield _secrets(context)
    yield _guard("Entra and Graph sign-in", lambda: _sign_in(context))
    yield _guard("mailboxes", lambda: _mailboxes(context))
    yield _guard("webCRM login", lambda: _webcrm(context))
    yield _guard("webCRM fields", lambda: _fields(context))
    yield from _contacts(context)
    yield _reachable(context)


def _guard(name: str, check: Callable[[], tuple[CheckStatus, str]]) -> Check:
    try:
        verdict, text = check()
    except SyncError as error:
        return Check(name, CheckStatus.BAD, str(error))
    return Check(name, verdict, text)


def _tenant(context: Context) -> Check:
    """People are known by their tenant's id; its domain name would fit nobody's token."""
    try:
        uuid.UUID(context.settings.entra_tenant_id)
    except ValueError:
        text = (
            "WEBCRM_SYNC_ENTRA_TENANT_ID is no GUID: nobody can sign in in the add-in. "
            "Copy the directory (tenant) id from the application's page in Entra."
        )
        return Check("tenant", CheckStatus.BAD, text)
    return Check("tenant", CheckStatus.GOOD, "named by its id")


def _secrets(context: Context) -> Check:
    """Whether the key is the one that sealed what the tables hold."""
    with context.begin() as tx:
        deaf, earlier = push_urls.deaf(context, tx), push_urls.earlier_keys(context, tx)
    if deaf:
        return Check("secrets", CheckStatus.BAD, f"{deaf.sentence}.")
    text = "each one in the database can be opened"
    return Check("secrets", CheckStatus.GOOD, f"{text}; {earlier}" if earlier else text)


def _sign_in(context: Context) -> tuple[CheckStatus, str]:
    roles = context.graph.roles()
    if "Mail.ReadWrite" in roles:
        return (
            CheckStatus.WARNING,
            "The application reaches EVERY mailbox of the tenant (Mail.ReadWrite is consented "
            f"in Entra). Limit it to a group of mailboxes ({_RBAC}).",
        )
    if roles:
        missing = ", ".join(sorted(_NEEDED_ROLES - roles))
        return CheckStatus.GOOD, f"signed in; {missing} must come from {_RBAC}"
    return CheckStatus.GOOD, f"signed in; permissions come from {_RBAC}"


def _mailboxes(context: Context) -> tuple[CheckStatus, str]:
    with context.begin() as tx:
        boxes = mailboxes.all_mailboxes(tx)
    if not boxes:
        return CheckStatus.WARNING, "none is watched yet: webcrm-sync mailbox add ADDRESS"
    troubles = []
    for box in boxes:
        try:
            context.graph.folder(box.user_id, "inbox")
        except SyncError as error:
            troubles.append(f"{box.address}: {error}")
    if troubles:
        return CheckStatus.BAD, "; ".join(troubles)
    return CheckStatus.GOOD, f"{len(boxes)} watched, all can be read"


def _webcrm(context: Context) -> tuple[CheckStatus, str]:
    context.webcrm.whoami()
    return CheckStatus.GOOD, "the application token is taken"


def _fields(context: Context) -> tuple[CheckStatus, str]:
    settings = context.settings
    fields = context.metadata.read(is_fresh=True)
    if settings.webcrm_key_field not in fields:
        return (
            CheckStatus.WARNING,
            f"webCRM does not list the field {settings.webcrm_key_field}; make it a text field "
            "in webCRM or name another one in WEBCRM_SYNC_WEBCRM_KEY_FIELD",
        )
    key_length = fields[settings.webcrm_key_field].max_length
    if 0 < key_length < 30:
        return (
            CheckStatus.BAD,
            f"{settings.webcrm_key_field} holds {key_length} characters, 30 are needed",
        )
    for variable in ("webcrm_action_in", "webcrm_action_out"):
        label = getattr(settings, variable)
        if not context.metadata.knows_action(label):
            return (
                CheckStatus.BAD,
                f"webCRM does not know the label '{label}': add it to the Activity's drop-down "
                f"or name another one in WEBCRM_SYNC_{variable.upper()}",
            )
    return CheckStatus.GOOD, "labels and key field are there"


def _contacts(context: Context) -> Iterator[Check]:
    """A line for every text that people wrote where webCRM expects an address."""
    with context.begin() as tx:
        found = directory.unmatchable(tx)
    alike: dict[str, list[Unmatchable]] = {}
    for one in found:
        alike.setdefault(one.text, []).append(one)
    if not alike:
        yield Check("contacts", CheckStatus.GOOD, "no e-mail field holds what is no address")
    groups = sorted(alike.items(), key=lambda group: (-len(group[1]), group[0]))
    for text, persons in groups[:_SHOWN]:
        yield Check("contacts", CheckStatus.WARNING, _never_matchable(text, persons))
    if more := groups[_SHOWN:]:
        number = sum(len(persons) for _, persons in more)
        text = f"{number} more Persons are never matchable; correct these first to see them"
        yield Check("contacts", CheckStatus.WARNING, text)


def _never_matchable(text: str, persons: Sequence[Unmatchable]) -> str:
    """One line, whatever the text holds: what cannot be seen is written out."""
    who = [f"Person {p.person_id} of Organisation {p.organisation_id}" for p in persons[:_NAMED]]
    rest = len(persons) - len(who)
    names = ", ".join(who) + (f" and {rest} more" if rest else "")
    subject = f"{len(persons)} contacts are" if len(persons) > 1 else "1 contact is"
    return (
        f"{subject} never matchable: the e-mail field holds {text[:_CUT]!r} ({names}). "
        "Write one complete address into it in webCRM."
    )


def _reachable(context: Context) -> Check:
    settings = context.settings
    name = "reachability"
    if not settings.is_push_enabled:
        text = "push is off: WEBCRM_SYNC_PUBLIC_URL is not https; folders are polled"
        return Check(name, CheckStatus.WARNING, text)
    try:
        bounded = BoundedTransport(sync_transport(settings.public_url, settings.ca_bundle), _LOOK)
        with httpx.Client(transport=bounded, timeout=_LOOK.seconds) as client:
            answer = client.get(f"{settings.public_url}/healthz")
    except httpx.HTTPError as error:
        text = (
            f"{settings.public_url} does not answer ({type(error).__name__}). Is `serve` running?"
        )
        return Check(name, CheckStatus.BAD, text)
    if answer.status_code != 200:
        return Check(
            name, CheckStatus.BAD, f"{settings.public_url}/healthz answers {answer.status_code}"
        )
    return Check(name, CheckStatus.GOOD, f"{settings.public_url} answers")
