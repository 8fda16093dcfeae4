"""The client reads, follows and marks mails in the simulated Graph."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from contract.graph_client.examples import BUYER, MAIL, read_all_changes
from contract.graph_wire.scripted_servers import raised_by
from webcrm_sync.core.errors import Conflict, CursorExpired, Gone, Refused, TryLater
from webcrm_sync.core.message import AttachmentKind, MessageKind, Party
from webcrm_sync.core.outlook import Marking
from webcrm_sync.graph.client import GraphClient
from webcrm_sync_sandbox.graph.app import Graph
from webcrm_sync_sandbox.outlook import AttachedItem, File, Link, Mail, SimMailbox

# -- the delta of a folder


def test_the_first_round_holds_every_mail_complete(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    sent_at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    mail = Mail(
        "Offer 17",
        sender=BUYER,
        to=("Sales <Sales@example.com>", "/o=ExchangeLabs/cn=DESK"),
        cc=("second@customer.example",),
        body="<p>Hello</p>",
        message_id="<a1@customer.example>",
        sent_at=sent_at,
        categories=("Customer",),
        attachments=(File("a.pdf", b"%PDF"),),
    )
    graph_id = sales.put(mail, folder)
    for number in range(4):
        sales.put(Mail(f"m{number}", sender=BUYER, to="sales@example.com"), folder)
    sales.put(Mail("Meeting", sender=BUYER, to="sales@example.com", kind="meeting"), folder)
    page = read_all_changes(client, sales.user_id, folder.id)
    assert len(page.changes) == 6
    found = next(c.message for c in page.changes if c.graph_id == graph_id)
    assert found is not None
    assert found == client.fetch_message(sales.user_id, graph_id)
    assert found.sender == Party("buyer@customer.example", "Buyer")
    assert [p.address for p in found.recipients] == [
        "sales@example.com",
        "/o=exchangelabs/cn=desk",
        "second@customer.example",
    ]
    assert (found.message_id, found.sent_at) == ("<a1@customer.example>", sent_at)
    assert (found.categories, found.has_attachments) == (("Customer",), True)
    assert (found.body, found.body_is_html, found.is_draft) == ("<p>Hello</p>", True, False)
    assert found.folder_id == folder.id
    kinds = {c.message.subject: c.message.kind for c in page.changes if c.message}
    assert kinds["Meeting"] is MessageKind.MEETING
    assert kinds["m1"] is MessageKind.MAIL


def test_later_rounds_hold_only_the_changes(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    stays, leaves = (sales.put(MAIL, folder) for _ in range(2))
    cursor = read_all_changes(client, sales.user_id, folder.id).cursor
    assert read_all_changes(client, sales.user_id, folder.id, cursor).changes == ()
    sales.set_categories(stays, ("Customer",))
    sales.move(leaves, "inbox")
    arrives = sales.put(MAIL, folder)
    changes = read_all_changes(client, sales.user_id, folder.id, cursor).changes
    by_id = {change.graph_id: change for change in changes}
    assert by_id[stays].categories == ("Customer",)
    assert by_id[stays].change_key == sales.read(stays).change_key
    assert by_id[leaves].is_removed
    assert by_id[arrives].message is not None


def test_a_moved_mail_keeps_its_id(client: GraphClient, sales: SimMailbox) -> None:
    graph_id = sales.put(MAIL, "inbox")
    folder = sales.make_folder("inbox", "webCRM sync")
    sales.move(graph_id, folder)
    (change,) = read_all_changes(client, sales.user_id, folder.id).changes
    assert change.graph_id == graph_id
    assert client.fetch_message(sales.user_id, graph_id).folder_id == folder.id


def test_a_deleted_folder_raises_gone(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    cursor = read_all_changes(client, sales.user_id, folder.id).cursor
    sales.delete_folder(folder)
    sales.delete_folder(folder)
    assert type(raised_by(client.fetch_page, sales.user_id, folder.id, cursor)) is Gone
    assert type(raised_by(client.fetch_page, sales.user_id, folder.id, None)) is Gone


def test_an_expired_cursor_raises_cursor_expired(
    client: GraphClient, sales: SimMailbox, graph: Graph
) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    cursor = read_all_changes(client, sales.user_id, folder.id).cursor
    graph.expire_cursors()
    assert type(raised_by(client.fetch_page, sales.user_id, folder.id, cursor)) is CursorExpired
    assert read_all_changes(client, sales.user_id, folder.id).is_last


# -- copies


def test_a_listing_holds_every_copy_in_a_folder(client: GraphClient, sales: SimMailbox) -> None:
    ids = [sales.put(MAIL, "archive") for _ in range(1001)]
    sales.put(MAIL, "inbox")
    sales.set_categories(ids[7], ("Customer",))
    folder = sales.folder("archive").id
    found = client.list_folder_mails(sales.user_id, folder)
    assert sorted(found) == sorted(ids)
    assert {at.folder_id for at in found.values()} == {folder}
    assert found[ids[7]].categories == ("Customer",)
    assert found[ids[7]].change_key == sales.read(ids[7]).change_key


def test_locations_show_the_folder_of_each_copy_or_none(
    client: GraphClient, sales: SimMailbox
) -> None:
    ids = [sales.put(MAIL, "inbox") for _ in range(25)]
    sales.move(ids[3], "archive")
    for purged in (ids[5], ids[17]):
        sales.delete(purged)
        sales.delete(purged)
    sales.set_categories(ids[4], ("Customer",))
    found = client.fetch_locations(sales.user_id, ids)
    assert list(found) == ids
    assert [n for n, one in enumerate(found.values()) if one is None] == [5, 17]
    moved, marked = found[ids[3]], found[ids[4]]
    assert moved is not None
    assert moved.folder_id == sales.folder("archive").id
    assert marked is not None
    assert (marked.categories, marked.change_key) == (
        ("Customer",),
        sales.read(ids[4]).change_key,
    )


def test_marks_are_written_with_the_version_they_were_planned_for(
    client: GraphClient, sales: SimMailbox
) -> None:
    ids = [sales.put(MAIL, "inbox") for _ in range(20)]
    plan = [Marking(i, sales.read(i).change_key, ("webCRM sync", "Synced"), "ms1-s-x") for i in ids]
    marked = client.mark_mails(sales.user_id, plan)
    assert [one.trouble for one in marked] == [None] * 20
    for one in marked:
        view = sales.read(one.graph_id)
        assert view.categories == ("webCRM sync", "Synced")
        assert view.change_key == one.change_key
    assert client.fetch_message(sales.user_id, ids[0]).stamp == "ms1-s-x"
    assert len(client.find_stamped_mails(sales.user_id, "ms1-s-x")) == 20


def test_another_persons_change_is_a_conflict_and_is_kept(
    client: GraphClient, sales: SimMailbox
) -> None:
    first, second, third = (sales.put(MAIL, "inbox") for _ in range(3))
    plan = [Marking(i, sales.read(i).change_key, ("Synced",), None) for i in (first, second, third)]
    sales.set_categories(second, ("Customer",))
    marked = client.mark_mails(sales.user_id, plan)
    assert [type(one.trouble) for one in marked] == [type(None), Conflict, TryLater]
    assert sales.read(second).categories == ("Customer",)
    assert sales.read(third).categories == ()


def test_a_mark_on_a_deleted_mail_is_gone(client: GraphClient, sales: SimMailbox) -> None:
    graph_id = sales.put(MAIL, "inbox")
    plan = Marking(graph_id, sales.read(graph_id).change_key, ("Synced",), None)
    sales.delete(graph_id)
    sales.delete(graph_id)
    assert type(client.mark_mails(sales.user_id, [plan])[0].trouble) is Gone


def test_a_mailbox_without_free_named_properties_takes_marks_without_a_stamp(
    client: GraphClient, sales: SimMailbox
) -> None:
    sales.named_properties_left = 0
    graph_id = sales.put(MAIL, "inbox")
    key = sales.read(graph_id).change_key
    stamped = client.mark_mails(sales.user_id, [Marking(graph_id, key, ("Synced",), "ms1-s-x")])[0]
    assert isinstance(stamped.trouble, Refused)
    assert stamped.trouble.code.casefold() == "errorquotaexceeded"
    bare = client.mark_mails(sales.user_id, [Marking(graph_id, key, ("Synced",), None)])[0]
    assert bare.trouble is None


def test_attachments_are_listed_by_kind_and_saved(client: GraphClient, sales: SimMailbox) -> None:
    content = bytes(range(256)) * 4000
    mail = Mail(
        "x",
        sender=BUYER,
        to="sales@example.com",
        attachments=(
            File("a.pdf", content, content_type="application/pdf"),
            File("logo.png", b"png", is_inline=True, content_id="logo"),
            AttachedItem("Forwarded", b"Subject: x\r\n\r\ny"),
            Link("Plan", "https://drive.example/plan"),
        ),
    )
    graph_id = sales.put(mail, "inbox")
    pdf, logo, item, link = client.list_attachments(sales.user_id, graph_id)
    assert (pdf.name, pdf.kind, pdf.content_type) == (
        "a.pdf",
        AttachmentKind.FILE,
        "application/pdf",
    )
    assert pdf.size >= len(content)
    assert (logo.is_inline, pdf.is_inline) == (True, False)
    assert (item.kind, link.kind) == (AttachmentKind.ITEM, AttachmentKind.REFERENCE)
    sink = io.BytesIO()
    client.save_attachment(sales.user_id, graph_id, pdf.graph_id, sink=sink)
    assert sink.getvalue() == content
    gone = sales.put(MAIL, "deleteditems")
    sales.delete(gone)
    lists = client.list_attachments_by_mail(sales.user_id, [graph_id, gone])
    assert lists == {graph_id: (pdf, logo, item, link)}
    assert [one.content_id for one in lists[graph_id]] == ["", "logo", "", ""]
    sink = io.BytesIO()
    client.save_attachment(sales.user_id, graph_id, item.graph_id, sink=sink)
    assert sink.getvalue().startswith(b"Subject: x")


def test_small_files_are_read_up_to_the_first_that_cannot_be(
    client: GraphClient, sales: SimMailbox
) -> None:
    files = tuple(File(f"{n}.pdf", bytes([n]) * n) for n in range(21))
    graph_id = sales.put(replace(MAIL, attachments=files), "inbox")
    listed = client.list_attachments(sales.user_id, graph_id)
    wanted = [(graph_id, one.graph_id) for one in listed]
    assert client.read_files(sales.user_id, wanted) == [one.content for one in files]
    sales.unreadable.add("1.pdf")
    assert client.read_files(sales.user_id, wanted[:3]) == [b"", None, None]
