"""The client's login, mailboxes and folders with the simulated Graph and Entra."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from contract.graph_client.examples import MAIL, SENT, EntraApp
from contract.graph_wire.scripted_servers import raised_by
from webcrm_sync.core.errors import AccessLost, Gone, LoginRefused, TryLater
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.outlook import Outlook, SimMailbox

# -- the login


def test_the_token_names_the_applications_permissions(client: GraphClient) -> None:
    assert "Mail.ReadWrite" in client.fetch_roles()


def test_a_revoked_token_is_replaced_within_the_call(
    client: GraphClient, sales: SimMailbox, entra_app: EntraApp
) -> None:
    client.fetch_folder(sales.user_id, "inbox")
    entra_app.entra.revoke_tokens()
    assert client.fetch_folder(sales.user_id, "inbox").name == "Inbox"
    entra_app.entra.revoke_tokens()
    assert client.create_sent_mail(sales.user_id, "sentitems", SENT).is_draft is False
    assert len(sales.messages("sentitems")) == 1


@pytest.mark.parametrize(
    ("field", "setting"),
    [
        ("entra_client_secret", "ENTRA_CLIENT_SECRET"),
        ("entra_client_id", "ENTRA_CLIENT_ID"),
        ("entra_tenant_id", "ENTRA_TENANT_ID"),
    ],
)
def test_a_wrong_login_names_its_setting(
    settings: Settings, clock: Clock, field: str, setting: str
) -> None:
    wrong = SecretStr("wrong") if field.endswith("secret") else "wrong"
    client = GraphClient(settings.model_copy(update={field: wrong}), now=clock.now)
    found = raised_by(client.fetch_folder, "u", "inbox")
    client.close()
    assert isinstance(found, LoginRefused)
    assert f"WEBCRM_SYNC_{setting} " in str(found)


# -- mailboxes


def test_a_person_is_found_with_every_address(client: GraphClient, sales: SimMailbox) -> None:
    user = client.find_user("Sales@Example.com")
    assert (user.user_id, user.address, user.display_name) == (
        sales.user_id,
        "sales@example.com",
        "Sales",
    )
    assert user.aliases >= {"sales@example.com", "offers@example.com"}
    assert not user.is_shared


def test_a_shared_mailbox_is_known_as_one(client: GraphClient, outlook: Outlook) -> None:
    outlook.add_mailbox("desk@example.com", "Desk", shared=True)
    assert client.find_user("desk@example.com").is_shared


def test_an_unknown_address_is_gone(client: GraphClient) -> None:
    assert type(raised_by(client.find_user, "nobody@example.com")) is Gone


def test_a_mailbox_without_a_licence_raises_access_lost(
    client: GraphClient, sales: SimMailbox
) -> None:
    sales.has_licence = False
    assert type(raised_by(client.fetch_folder, sales.user_id, "inbox")) is AccessLost
    assert type(raised_by(client.fetch_page, sales.user_id, "inbox", None)) is AccessLost


def test_a_mailbox_outside_the_applications_scope_raises_access_lost(
    client: GraphClient, outlook: Outlook, sales: SimMailbox
) -> None:
    outlook.scope = set()
    assert type(raised_by(client.fetch_page, sales.user_id, "inbox", None)) is AccessLost


def test_a_full_mailbox_is_tried_later(client: GraphClient, sales: SimMailbox) -> None:
    sales.is_full = True
    found = raised_by(client.create_sent_mail, sales.user_id, "sentitems", SENT)
    assert (type(found), found.code) == (TryLater, "ErrorQuotaExceeded")


def test_a_category_is_created_once(client: GraphClient, sales: SimMailbox) -> None:
    before = client.list_category_names(sales.user_id)
    client.create_category(sales.user_id, "Synced", "preset4")
    client.create_category(sales.user_id, "synced", "preset4")
    assert client.list_category_names(sales.user_id) == (*before, "Synced")


def test_inbox_rules_are_listed_and_deleted(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    sales.add_rule("to webCRM", actions={"moveToFolder": folder.id})
    sales.add_rule("read", actions={"markAsRead": True})
    moving, reading = client.list_rules(sales.user_id)
    assert (moving.name, moving.moves_to, reading.moves_to) == ("to webCRM", folder.id, "")
    client.delete_rule(sales.user_id, moving.graph_id)
    assert [rule.name for rule in client.list_rules(sales.user_id)] == ["read"]


# -- folders


def test_folders_are_found_by_name_in_any_case_even_hidden_ones(
    client: GraphClient, sales: SimMailbox
) -> None:
    inbox = client.fetch_folder(sales.user_id, "inbox")
    assert client.find_child_folders(sales.user_id, inbox.graph_id, "webCRM sync") == ()
    hidden = sales.make_folder("inbox", "WEBCRM Sync", hidden=True)
    sales.make_folder("inbox", "webCRM sync 2")
    sales.put(MAIL, hidden)
    (found,) = client.find_child_folders(sales.user_id, inbox.graph_id, "webCRM sync")
    assert (found.graph_id, found.parent_id) == (hidden.id, inbox.graph_id)
    assert (found.name, found.total_items) == ("WEBCRM Sync", 1)


def test_children_on_every_page_are_searched(client: GraphClient, sales: SimMailbox) -> None:
    for number in range(105):
        sales.make_folder("inbox", f"Project {number}")
    assert len(client.find_child_folders(sales.user_id, "inbox", "project 104")) == 1


def test_a_folder_is_created_once(client: GraphClient, sales: SimMailbox) -> None:
    first = client.create_folder(sales.user_id, "inbox", "webCRM sync")
    assert client.create_folder(sales.user_id, "inbox", "WEBCRM SYNC") == first
    assert sales.folder("Inbox/webCRM sync").id == first.graph_id


def test_a_hidden_folder_with_the_name_is_used(client: GraphClient, sales: SimMailbox) -> None:
    hidden = sales.make_folder("inbox", "webCRM sync", hidden=True)
    assert client.create_folder(sales.user_id, "inbox", "webCRM sync").graph_id == hidden.id


def test_parents_show_whether_a_folder_was_moved_or_deleted(
    client: GraphClient, sales: SimMailbox
) -> None:
    kept, dropped, purged = (sales.make_folder("inbox", name) for name in "abc")
    sales.delete_folder(dropped)
    sales.delete_folder(purged)
    sales.delete_folder(purged)
    inbox = client.fetch_folder(sales.user_id, "inbox").graph_id
    trash = client.fetch_folder(sales.user_id, "deleteditems").graph_id
    assert client.fetch_parent_ids(sales.user_id, [kept.id, dropped.id, purged.id]) == {
        kept.id: inbox,
        dropped.id: trash,
        purged.id: None,
    }
