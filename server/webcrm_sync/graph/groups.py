"""A group in Entra and its members (Microsoft Graph: group: get, list members)."""

from __future__ import annotations

from webcrm_sync.core.errors import AccessLost, Gone, Refused
from webcrm_sync.core.outlook import GroupMember
from webcrm_sync.core.storable import to_plain_name, to_storable
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.transport import Transport

_KEYS = "id,userPrincipalName,mail,displayName"
#: The largest page that Graph takes for members.
_PAGE = 999
#: What Entra puts into the principal name of a guest.
_GUEST = "#ext#"
#: Entra's limit for a display name.
_LONGEST_NAME = 256


def fetch_name(transport: Transport, group_id: str) -> str | None:
    """The name of a group, None if it has none. Takes the permission to list the members."""
    url = transport.build_url("groups", group_id, select="displayName")
    raw = transport.request_json("GET", url, Call(None))
    name = to_plain_name(to_storable(wire.get_text(raw, "displayName")))
    return name[:_LONGEST_NAME] or None


def list_members(transport: Transport, group_id: str) -> tuple[GroupMember, ...]:
    """The direct members that are users. Members of nested groups are not listed.

    Exchange's management scope counts direct members too.
    """
    segments = ("groups", group_id, "members", "microsoft.graph.user")
    url = transport.build_url(*segments, select=_KEYS, top=f"{_PAGE}")
    try:
        entries = list_entries(transport, Call(None), url)
    except AccessLost as error:
        raise Refused(
            "The application may not read the members of groups. Grant it the application"
            " permission GroupMember.Read.All in Entra, with an administrator's consent.",
            code="NoGroupRead",
            request_id=error.request_id,
        ) from None
    except Gone as error:
        raise Gone(
            f"There is no group {group_id} in this tenant.", request_id=error.request_id
        ) from None
    return tuple(map(_to_member, entries))


def _to_member(raw: wire.Json) -> GroupMember:
    principal_name = wire.get_text(raw, "userPrincipalName")
    address = wire.get_text(raw, "mail") or principal_name
    is_guest = _GUEST in principal_name.casefold()
    return GroupMember(wire.get_id(raw), address.strip().casefold(), is_guest)
