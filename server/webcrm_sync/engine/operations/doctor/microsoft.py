"""The checks of Entra and Graph: tenant, clock, sign-in, permissions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.core.entra_consent import admin_consent_url
from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.engine.operations.doctor.check import RBAC, Check, Verdict, run_part
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
#: Entra refuses a token that is five minutes too early or too late (Microsoft Entra: AADSTS500133).
_REFUSED_SKEW, _ODD_SKEW = timedelta(minutes=5), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MicrosoftChecks:
    """What the checks of Microsoft's services need.

    `is_group_followed`: the members of a group must be readable.
    """

    settings: Settings
    graph: GraphClient
    now: Callable[[], datetime]
    is_group_followed: bool = False

    def check_access(self) -> Iterator[Check]:
        """Whether Graph can be used. If one of these fails, no mailbox can be asked."""
        yield from run_part("clock", self._check_clock)
        yield from run_part("Entra and Graph sign-in", self._check_sign_in)

    def check_tenant(self) -> Iterator[Check]:
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
                f"in Entra). Limit it to a group of mailboxes ({RBAC})."
            )
            yield Check(name, Verdict.WARNING, text)
        elif missing := ", ".join(sorted(_EXCHANGE_ROLES - roles)):
            yield Check(name, Verdict.OK, f"signed in; {missing} must come from {RBAC}")
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
