"""Groups of the simulated Entra: permissions, pages, and who counts as a member."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract.graph_setup import GraphSetup, code
from webcrm_sync_sandbox.outlook.group import SimGroup

SELECT = "$select=id,userPrincipalName,mail,displayName"


def members(group: SimGroup) -> str:
    return f"/groups/{group.id}/members/microsoft.graph.user"


@pytest.fixture
def group(graph_setup: GraphSetup) -> SimGroup:
    """A group with Ann, a guest and a nested group."""
    outlook = graph_setup.outlook
    nested = outlook.add_group("Nested", outlook.add_mailbox("deep@example.com", "Deep"))
    guest = outlook.add_guest("kim@partner.example", "Kim")
    return outlook.add_group("Sales", graph_setup.box, guest, nested)


def test_direct_members_that_are_users_are_listed(graph: httpx.Client, group: SimGroup) -> None:
    listed = graph.get(f"{members(group)}?{SELECT}").json()["value"]
    assert [one["mail"] for one in listed] == ["ann@example.com", "kim@partner.example"]
    assert listed[1]["userPrincipalName"] == "kim_partner.example#EXT#@tenant.example"
    assert listed[0].keys() == {"@odata.type", "id", "userPrincipalName", "mail", "displayName"}


def test_members_come_in_pages(
    graph_setup: GraphSetup, graph: httpx.Client, group: SimGroup
) -> None:
    for number in range(150):
        group.join(graph_setup.outlook.add_guest(f"g{number}@partner.example", "G"))
    first = graph.get(f"{members(group)}?{SELECT}").json()
    second = graph.get(first["@odata.nextLink"]).json()
    assert (len(first["value"]), len(second["value"])) == (100, 52)
    assert "@odata.nextLink" not in second
    assert len(graph.get(f"{members(group)}?{SELECT}&$top=999").json()["value"]) == 152
    assert graph.get(f"{members(group)}?$top=1000").status_code == 400


def test_an_unknown_group_is_404_and_no_id_is_400(graph: httpx.Client) -> None:
    nobody = SimGroup("Nobody")
    assert code(graph.get(members(nobody))) == (404, "Request_ResourceNotFound")
    wrong: Any = graph.get("/groups/Sales/members/microsoft.graph.user")
    assert code(wrong) == (400, "Request_BadRequest")


def test_each_missing_permission_shows(graph_setup: GraphSetup, group: SimGroup) -> None:
    tokens = graph_setup.tokens
    people = graph_setup.client(tokens.issue("people", roles=["User.Read.All"]))
    assert code(people.get(members(group))) == (403, "Authorization_RequestDenied")
    groups = graph_setup.client(tokens.issue("groups", roles=["GroupMember.Read.All"]))
    shown = groups.get(f"{members(group)}?{SELECT}").json()["value"]
    assert [one["mail"] for one in shown] == [None, None]
    assert all(one["id"] and one["@odata.type"] for one in shown)
    found = groups.get(
        "/users?$filter=mail eq 'ann@example.com' or proxyAddresses/any(p:p eq"
        " 'smtp:ann@example.com')"
    )
    assert code(found) == (403, "Authorization_RequestDenied")


def test_a_user_is_found_by_an_alias(graph: httpx.Client) -> None:
    text = "mail eq '{0}' or proxyAddresses/any(p:p eq 'smtp:{0}')".format("sales@example.com")
    found = graph.get("/users", params={"$filter": text, "$select": "mail"}).json()["value"]
    assert found == [{"mail": "ann@example.com"}]


def test_a_group_has_a_name(graph_setup: GraphSetup, graph: httpx.Client, group: SimGroup) -> None:
    assert graph.get(f"/groups/{group.id}?$select=displayName").json() == {"displayName": "Sales"}
    assert code(graph.get(f"/groups/{group.id}?$select=colour"))[0] == 400
    nobody = SimGroup("Nobody")
    assert code(graph.get(f"/groups/{nobody.id}")) == (404, "Request_ResourceNotFound")
    people = graph_setup.client(graph_setup.tokens.issue("people", roles=["User.Read.All"]))
    assert code(people.get(f"/groups/{group.id}")) == (403, "Authorization_RequestDenied")
