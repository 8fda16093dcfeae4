"""The checks of Entra and Graph: sign-in, permissions, the clock, every mailbox, a trial write."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from webcrm_sync.core.entra_consent import admin_consent_url
from webcrm_sync.core.errors import AccessLost, Gone, LoginRefused, SyncError, TryLater
from webcrm_sync.engine.operations.doctor.check import Check, Verdict, group, run_part
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.net.reach import Unreachable, reach
from webcrm_sync.settings import PREFIX, Settings

#: Permissions that include another one (Microsoft Graph: permissions reference).
_INCLUDED_IN = {
    "User.Read.All": {"User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
    "GroupMember.Read.All": {
        *("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"),
        *("Directory.Read.All", "Directory.ReadWrite.All"),
    },
}
_EXCHANGE_ROLES = frozenset({"Mail.ReadWrite", "MailboxSettings.ReadWrite"})
_RBAC = "Exchange: RBAC for Applications, see docs/deploy.md"
#: Entra refuses a token that is five minutes too early or too late (Microsoft Entra: AADSTS500133).
_REFUSED_SKEW, _ODD_SKEW = timedelta(minutes=5), timedelta(minutes=1)
#: Calls at a time. Each is about another mailbox, so no mailbox's limit is near.
_LANES = 8
_NO_MAILBOX_CODES = {"mailboxnotenabledforrestapi"}
_NO_USER_CODES = {"resourcenotfound", "errorinvaliduser", "request_resourcenotfound"}
_FULL_CODE = "errorquotaexceeded"


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox to check. `user_id`: None = only the address is known, and nobody watches it.

    `is_elsewhere`: another installation works on it, so nothing is written into it.
    """

    address: str
    user_id: str | None
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class MicrosoftChecks:
    """What the checks of Microsoft's services need. `watched`: the mailboxes to try.

    `is_group_followed`: the members of a group must be readable.
    """

    settings: Settings
    graph: GraphClient
    now: Callable[[], datetime]
    watched: Sequence[Watched]
    is_group_followed: bool = False

    def run(self) -> Iterator[Check]:
        """All checks. When nobody can sign in or Graph is away, no mailbox is asked."""
        yield from run_part("tenant", self._check_tenant)
        found = [
            *run_part("clock", self._check_clock),
            *run_part("Entra and Graph sign-in", self._check_sign_in),
        ]
        yield from found
        if all(check.verdict is not Verdict.FAILED for check in found):
            yield from run_part("mailboxes", self._check_mailboxes)

    def _check_tenant(self) -> Iterator[Check]:
        """Tokens carry the tenant's id: with a domain name in the settings nobody could sign in."""
        try:
            uuid.UUID(self.settings.entra_tenant_id)
        except ValueError:
            text = (
                f"{PREFIX}ENTRA_TENANT_ID is no GUID: nobody can sign in to the add-in. "
                "Copy the directory (tenant) id from the application's page in Entra."
            )
            yield Check("tenant", Verdict.FAILED, text)
        else:
            yield Check("tenant", Verdict.OK, "set by its id")

    def _check_clock(self) -> Iterator[Check]:
        """Graph's answer to a call without a token says that it is there, and what time it is."""
        settings = self.settings
        try:
            reached = reach(f"{settings.graph_url}/subscriptions", settings.ca_bundle)
        except Unreachable as error:
            text = f"Graph cannot be reached: {error}; {_network_advice(error, 'GRAPH_URL')}"
            yield Check("Graph", Verdict.FAILED, text)
            return
        if reached.date:
            yield _judge_clock(self.now() - reached.date)

    def _check_sign_in(self) -> Iterator[Check]:
        name = "Entra and Graph sign-in"
        try:
            roles = self.graph.fetch_roles()
        except LoginRefused:
            raise
        except TryLater as error:
            yield Check(name, Verdict.FAILED, self._explain_absence(error))
            return
        if "Mail.ReadWrite" in roles:
            text = (
                "The application reaches EVERY mailbox of the tenant (Mail.ReadWrite is consented "
                f"in Entra). Limit it to a group of mailboxes ({_RBAC})."
            )
            yield Check(name, Verdict.WARNING, text)
        elif missing := ", ".join(sorted(_EXCHANGE_ROLES - roles)):
            yield Check(name, Verdict.OK, f"signed in; {missing} must come from {_RBAC}")
        else:
            yield Check(name, Verdict.OK, "signed in")
        yield from self._check_consent(roles)

    def _explain_absence(self, error: TryLater) -> str:
        """Why Entra does not answer: by the network, or else in its own words."""
        settings, advice = self.settings, "work waits and resumes by itself"
        try:
            reach(settings.entra_authority, settings.ca_bundle)
        except Unreachable as reason:
            return (
                f"Entra cannot be reached: {reason}; {_network_advice(reason, 'ENTRA_AUTHORITY')}"
            )
        return f"{str(error).rstrip('.')}; {advice}"

    def _check_consent(self, roles: frozenset[str]) -> Iterator[Check]:
        """Only Entra can grant these: Exchange's own roles end at the mailbox."""
        name = "permissions"
        if not _has("User.Read.All", roles):
            text = "no mailbox can be found or added: User.Read.All is missing"
            yield Check(name, Verdict.FAILED, f"{text}. {self._consent_advice()}")
        elif not _has("GroupMember.Read.All", roles):
            text = (
                "no group can be followed (`mailbox add --group`): GroupMember.Read.All is missing"
            )
            verdict = Verdict.FAILED if self.is_group_followed else Verdict.WARNING
            yield Check(name, verdict, f"{text}. {self._consent_advice()}")
        else:
            yield Check(name, Verdict.OK, "users and groups can be read")

    def _consent_advice(self) -> str:
        settings = self.settings
        address = admin_consent_url(
            authority=settings.entra_authority,
            tenant_id=settings.entra_tenant_id,
            client_id=settings.entra_client_id,
            graph_url=settings.graph_url,
            public_url=settings.public_url,
        )
        return (
            "Add it to the application's API permissions (application permission of Microsoft "
            f"Graph), then open as an administrator: {address}"
        )

    # ---- mailboxes -----------------------------------------------------------------------

    def _check_mailboxes(self) -> Iterator[Check]:
        """Read each mailbox; write into the first that can be read, and into each new one."""
        name = "mailboxes"
        with ThreadPoolExecutor(_LANES) as pool:
            errors = dict(zip(self.watched, pool.map(self._try_reading, self.watched), strict=True))
        troubles = [(one.address, text) for one, text in errors.items() if text]
        yield from group(name, Verdict.FAILED, "mailboxes", troubles)
        readable = [one for one, text in errors.items() if not text]
        new = [one for one in readable if one.user_id is None and not one.is_elsewhere]
        old = [one for one in readable if one.user_id is not None]
        writable = [one for one in old if not one.is_elsewhere]
        if old and not troubles:
            yield Check(name, Verdict.OK, f"{len(old)} watched, all readable")
        for one in (*writable[:1], *new):
            yield from run_part("write permission", partial(self._check_writing, one))

    def _try_reading(self, one: Watched) -> str | None:
        """What is wrong, None = the mailbox can be read."""
        try:
            self.graph.fetch_folder(self._user_id(one), "inbox")
        except SyncError as error:
            return describe_trouble(error)
        return None

    def _check_writing(self, one: Watched) -> Iterator[Check]:
        """Really write, since no permission can be read that Exchange has granted itself."""
        name, user_id = "write permission", self._user_id(one)
        trials = {
            "Mail.ReadWrite": self.graph.try_mail_write,
            "MailboxSettings.ReadWrite": self.graph.try_category_write,
        }
        is_allowed = True
        for permission, attempt in trials.items():
            try:
                attempt(user_id)
            except SyncError as error:
                is_allowed = False
                yield Check(name, Verdict.FAILED, _describe_refusal(one, permission, error))
        if is_allowed:
            text = f"a draft and a category were written into {one.address} and deleted again"
            yield Check(name, Verdict.OK, text)

    def _user_id(self, one: Watched) -> str:
        return one.user_id or self.graph.find_user(one.address.strip().casefold()).user_id


def _network_advice(reason: Unreachable, variable: str) -> str:
    if reason.fault:
        return reason.fault.cure
    return f"check the network, the proxy and {PREFIX}{variable}. Work waits meanwhile"


def _has(permission: str, roles: frozenset[str]) -> bool:
    return permission in roles or bool(_INCLUDED_IN[permission] & roles)


def _judge_clock(skew: timedelta) -> Check:
    """`skew`: how much this machine's clock is ahead of Graph's."""
    off, side = abs(skew), "ahead of" if skew > timedelta() else "behind"
    if off < _ODD_SKEW:
        return Check("clock", Verdict.OK, "this machine's clock agrees with Graph's")
    minutes = off.total_seconds() / 60
    text = (
        f"this machine's clock is {minutes:.0f} min {side} Graph's: sign-ins and retries go wrong. "
        "Set it by NTP"
    )
    return Check("clock", Verdict.FAILED if off > _REFUSED_SKEW else Verdict.WARNING, text)


def describe_trouble(error: SyncError) -> str:
    """Why a mailbox cannot be used, and what to do. Names no mailbox, so that equal ones unite."""
    code = error.code.casefold()
    if isinstance(error, Gone) or code in _NO_USER_CODES:
        return (
            "Entra has no such user. Check the spelling; run `webcrm-sync mailbox remove` if the "
            "person has left"
        )
    if code in _NO_MAILBOX_CODES:
        return (
            "the user has no mailbox in Exchange Online: the licence has ended, or the mailbox is "
            "on-premises. Assign a licence, or run `webcrm-sync mailbox remove`"
        )
    if code == _FULL_CODE:
        return "the mailbox is full. Free some space in it: work resumes by itself"
    if isinstance(error, AccessLost):
        return (
            "Exchange does not let the application into this mailbox. Add it to the group of the "
            f"management scope and wait up to two hours ({_RBAC})"
        )
    return str(error)


def _describe_refusal(one: Watched, permission: str, error: SyncError) -> str:
    if isinstance(error, AccessLost) and error.code.casefold() == "erroraccessdenied":
        return (
            f"{one.address} can be read, but not written to: {permission} is missing. Grant it for "
            f"the group of mailboxes ({_RBAC})"
        )
    kind = "" if isinstance(error, TryLater) else f" ({permission})"
    return f"{one.address}: {describe_trouble(error)}{kind}"
