"""Each method of the Graph client against the simulated Graph and Entra."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from contract.graph_script import settings_for
from webcrm_sync.core.errors import (
    AccessLost,
    Conflict,
    CursorExpired,
    Gone,
    Refused,
    SyncError,
    TryLater,
    Unclear,
)
from webcrm_sync.core.message import AttachmentKind, MessageKind, Party
from webcrm_sync.core.outlook import Marking, Page, SentMail
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.sandbox.clock import Clock
from webcrm_sync.sandbox.entra import Entra
from webcrm_sync.sandbox.faults import Faults
from webcrm_sync.sandbox.graph.app import Graph
from webcrm_sync.sandbox.outlook import AttachedItem, File, Link, Mail, Outlook, SimMailbox
from webcrm_sync.sandbox.serving import Server
from webcrm_sync.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

#: The SDK's generated modules warn about classes of their own, while they are imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:msgraph"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:kiota"),
]

BUYER = "Buyer <buyer@customer.example>"
MAIL = Mail("Offer 17", sender=BUYER, to="Sales <sales@example.com>", body="<p>Hello</p>")


@dataclass
class Office:
    """An Entra with an application in it."""

    entra: Entra
    client_id: str
    secret: str


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def office(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    entra = Entra(clock, folder=tmp_path_factory.mktemp("entra"))
    with Server(entra, ssl_context=entra.ssl_context) as server:
        entra.url = server.url
        app = entra.add_app()
        yield Office(entra, app.client_id, app.secret)


@pytest.fixture
def faults() -> Faults:
    return Faults(seed=1)


@pytest.fixture
def outlook(clock: Clock) -> Outlook:
    return Outlook(clock)


@pytest.fixture
def sales(outlook: Outlook) -> SimMailbox:
    return outlook.add_mailbox("sales@example.com", "Sales", aliases=("offers@example.com",))


@pytest.fixture
def graph(outlook: Outlook, clock: Clock, office: Office) -> Iterator[Graph]:
    made = Graph(outlook, clock, tokens=office.entra)
    yield made
    made.close()


@pytest.fixture
def settings(graph: Graph, faults: Faults, office: Office) -> Iterator[Settings]:
    with Server(faults.over("graph", graph)) as server:
        yield settings_for(
            server.url,
            office.entra.url,
            office.entra.ca_pem,
            entra_tenant_id=office.entra.tenant_id,
            entra_client_id=office.client_id,
            entra_client_secret=office.secret,
        )


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Iterator[GraphClient]:
    made = GraphClient(settings, now=clock.now)
    yield made
    made.close()


def caught(call: Any, *args: Any, **named: Any) -> SyncError:
    with pytest.raises(SyncError) as found:
        call(*args, **named)
    return found.value


def whole_round(client: GraphClient, user: str, folder: str, cursor: str | None = None) -> Page:
    """All changes up to the deltaLink, as one page."""
    changes: list[Any] = []
    while True:
        page = client.page(user, folder, cursor, size=2)
        changes += page.changes
        cursor = page.cursor
        if page.is_last:
            return Page(tuple(changes), page.cursor, is_last=True)


# -- the login


def test_the_applications_permissions_are_told(client: GraphClient) -> None:
    assert "Mail.ReadWrite" in client.roles()


def test_a_revoked_token_is_replaced_within_the_call(
    client: GraphClient, sales: SimMailbox, office: Office
) -> None:
    client.folder(sales.user_id, "inbox")
    office.entra.revoke_tokens()
    assert client.folder(sales.user_id, "inbox").name == "Inbox"
    office.entra.revoke_tokens()
    assert client.create_sent(sales.user_id, "sentitems", SENT).is_draft is False
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
    found = caught(client.folder, "u", "inbox")
    client.close()
    assert isinstance(found, Refused)
    assert f"WEBCRM_SYNC_{setting} " in str(found)


# -- mailboxes


def test_a_person_is_found_with_every_address(client: GraphClient, sales: SimMailbox) -> None:
    user = client.user("Sales@Example.com")
    assert (user.user_id, user.address, user.display_name) == (
        sales.user_id,
        "sales@example.com",
        "Sales",
    )
    assert user.aliases >= {"sales@example.com", "offers@example.com"}
    assert not user.is_shared


def test_a_shared_mailbox_is_known_as_one(client: GraphClient, outlook: Outlook) -> None:
    outlook.add_mailbox("desk@example.com", "Desk", shared=True)
    assert client.user("desk@example.com").is_shared


def test_nobody_has_an_unknown_address(client: GraphClient) -> None:
    assert type(caught(client.user, "nobody@example.com")) is Gone


def test_a_mailbox_without_a_licence_is_lost_access(client: GraphClient, sales: SimMailbox) -> None:
    sales.has_licence = False
    assert type(caught(client.folder, sales.user_id, "inbox")) is AccessLost
    assert type(caught(client.page, sales.user_id, "inbox", None)) is AccessLost


def test_a_mailbox_outside_the_applications_scope_is_lost_access(
    client: GraphClient, outlook: Outlook, sales: SimMailbox
) -> None:
    outlook.scope = set()
    assert type(caught(client.page, sales.user_id, "inbox", None)) is AccessLost


def test_a_full_mailbox_waits(client: GraphClient, sales: SimMailbox) -> None:
    sales.is_full = True
    found = caught(client.create_sent, sales.user_id, "sentitems", SENT)
    assert (type(found), found.code) == (TryLater, "ErrorQuotaExceeded")


def test_categories_are_made_once(client: GraphClient, sales: SimMailbox) -> None:
    before = client.category_names(sales.user_id)
    client.create_category(sales.user_id, "Synced", "preset4")
    client.create_category(sales.user_id, "synced", "preset4")
    assert client.category_names(sales.user_id) == (*before, "Synced")


def test_rules_are_told_and_ended(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    sales.add_rule("to webCRM", actions={"moveToFolder": folder.id})
    sales.add_rule("read", actions={"markAsRead": True})
    moving, reading = client.rules(sales.user_id)
    assert (moving.name, moving.moves_to, reading.moves_to) == ("to webCRM", folder.id, "")
    client.delete_rule(sales.user_id, moving.graph_id)
    assert [rule.name for rule in client.rules(sales.user_id)] == ["read"]


# -- folders


def test_folders_are_found_by_name_in_any_case_hidden_ones_too(
    client: GraphClient, sales: SimMailbox
) -> None:
    inbox = client.folder(sales.user_id, "inbox")
    assert client.children(sales.user_id, inbox.graph_id, "webCRM sync") == ()
    made = sales.make_folder("inbox", "WEBCRM Sync", hidden=True)
    sales.make_folder("inbox", "webCRM sync 2")
    sales.put(MAIL, made)
    (found,) = client.children(sales.user_id, inbox.graph_id, "webCRM sync")
    assert (found.graph_id, found.parent_id) == (made.id, inbox.graph_id)
    assert (found.name, found.total_items) == ("WEBCRM Sync", 1)


def test_more_children_than_a_page_holds_are_all_seen(
    client: GraphClient, sales: SimMailbox
) -> None:
    for number in range(105):
        sales.make_folder("inbox", f"Project {number}")
    assert len(client.children(sales.user_id, "inbox", "project 104")) == 1


def test_a_folder_is_made_once(client: GraphClient, sales: SimMailbox) -> None:
    first = client.create_folder(sales.user_id, "inbox", "webCRM sync")
    assert client.create_folder(sales.user_id, "inbox", "WEBCRM SYNC") == first
    assert sales.folder("Inbox/webCRM sync").id == first.graph_id


def test_a_hidden_folder_that_has_the_name_is_taken(client: GraphClient, sales: SimMailbox) -> None:
    hidden = sales.make_folder("inbox", "webCRM sync", hidden=True)
    assert client.create_folder(sales.user_id, "inbox", "webCRM sync").graph_id == hidden.id


def test_the_parents_tell_whether_a_folder_is_still_in_place(
    client: GraphClient, sales: SimMailbox
) -> None:
    kept, dropped, purged = (sales.make_folder("inbox", name) for name in "abc")
    sales.delete_folder(dropped)
    sales.delete_folder(purged)
    sales.delete_folder(purged)
    inbox = client.folder(sales.user_id, "inbox").graph_id
    trash = client.folder(sales.user_id, "deleteditems").graph_id
    assert client.parents(sales.user_id, [kept.id, dropped.id, purged.id]) == {
        kept.id: inbox,
        dropped.id: trash,
        purged.id: None,
    }


# -- the delta of a folder


def test_a_first_round_brings_every_mail_whole(client: GraphClient, sales: SimMailbox) -> None:
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
    page = whole_round(client, sales.user_id, folder.id)
    assert len(page.changes) == 6
    found = next(c.message for c in page.changes if c.graph_id == graph_id)
    assert found is not None
    assert found == client.message(sales.user_id, graph_id)
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


def test_later_rounds_bring_what_changed(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    stays, leaves = (sales.put(MAIL, folder) for _ in range(2))
    cursor = whole_round(client, sales.user_id, folder.id).cursor
    assert whole_round(client, sales.user_id, folder.id, cursor).changes == ()
    sales.set_categories(stays, ("Customer",))
    sales.move(leaves, "inbox")
    arrives = sales.put(MAIL, folder)
    changes = whole_round(client, sales.user_id, folder.id, cursor).changes
    by_id = {change.graph_id: change for change in changes}
    assert by_id[stays].categories == ("Customer",)
    assert by_id[stays].change_key == sales.read(stays).change_key
    assert by_id[leaves].is_removed
    assert by_id[arrives].message is not None


def test_a_moved_mail_keeps_its_id(client: GraphClient, sales: SimMailbox) -> None:
    graph_id = sales.put(MAIL, "inbox")
    folder = sales.make_folder("inbox", "webCRM sync")
    sales.move(graph_id, folder)
    (change,) = whole_round(client, sales.user_id, folder.id).changes
    assert change.graph_id == graph_id
    assert client.message(sales.user_id, graph_id).folder_id == folder.id


def test_a_folder_that_is_gone_is_told(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    cursor = whole_round(client, sales.user_id, folder.id).cursor
    sales.delete_folder(folder)
    sales.delete_folder(folder)
    assert type(caught(client.page, sales.user_id, folder.id, cursor)) is Gone
    assert type(caught(client.page, sales.user_id, folder.id, None)) is Gone


def test_an_expired_cursor_is_told(client: GraphClient, sales: SimMailbox, graph: Graph) -> None:
    folder = sales.make_folder("inbox", "webCRM sync")
    cursor = whole_round(client, sales.user_id, folder.id).cursor
    graph.expire_cursors()
    assert type(caught(client.page, sales.user_id, folder.id, cursor)) is CursorExpired
    assert whole_round(client, sales.user_id, folder.id).is_last


# -- copies


def test_locations_tell_where_each_copy_lies_or_that_it_is_gone(
    client: GraphClient, sales: SimMailbox
) -> None:
    ids = [sales.put(MAIL, "inbox") for _ in range(25)]
    sales.move(ids[3], "archive")
    for purged in (ids[5], ids[17]):
        sales.delete(purged)
        sales.delete(purged)
    sales.set_categories(ids[4], ("Customer",))
    found = client.locations(sales.user_id, ids)
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


def test_marks_are_set_with_the_version_they_were_planned_from(
    client: GraphClient, sales: SimMailbox
) -> None:
    ids = [sales.put(MAIL, "inbox") for _ in range(20)]
    plan = [Marking(i, sales.read(i).change_key, ("webCRM sync", "Synced"), "ms1-s-x") for i in ids]
    marked = client.mark(sales.user_id, plan)
    assert [one.trouble for one in marked] == [None] * 20
    for one in marked:
        view = sales.read(one.graph_id)
        assert view.categories == ("webCRM sync", "Synced")
        assert view.change_key == one.change_key
    assert client.message(sales.user_id, ids[0]).stamp == "ms1-s-x"
    assert len(client.find_stamped(sales.user_id, "ms1-s-x")) == 20


def test_somebody_elses_change_is_a_conflict_and_stays(
    client: GraphClient, sales: SimMailbox
) -> None:
    first, second, third = (sales.put(MAIL, "inbox") for _ in range(3))
    plan = [Marking(i, sales.read(i).change_key, ("Synced",), None) for i in (first, second, third)]
    sales.set_categories(second, ("Customer",))
    marked = client.mark(sales.user_id, plan)
    assert [type(one.trouble) for one in marked] == [type(None), Conflict, TryLater]
    assert sales.read(second).categories == ("Customer",)
    assert sales.read(third).categories == ()


def test_a_mark_on_a_mail_that_is_gone_says_so(client: GraphClient, sales: SimMailbox) -> None:
    graph_id = sales.put(MAIL, "inbox")
    plan = Marking(graph_id, sales.read(graph_id).change_key, ("Synced",), None)
    sales.delete(graph_id)
    sales.delete(graph_id)
    assert type(client.mark(sales.user_id, [plan])[0].trouble) is Gone


def test_a_mailbox_out_of_property_names_takes_marks_without_a_stamp(
    client: GraphClient, sales: SimMailbox
) -> None:
    sales.named_properties_left = 0
    graph_id = sales.put(MAIL, "inbox")
    key = sales.read(graph_id).change_key
    stamped = client.mark(sales.user_id, [Marking(graph_id, key, ("Synced",), "ms1-s-x")])[0]
    assert isinstance(stamped.trouble, Refused)
    assert stamped.trouble.code.casefold() == "errorquotaexceeded"
    bare = client.mark(sales.user_id, [Marking(graph_id, key, ("Synced",), None)])[0]
    assert bare.trouble is None


def test_attachments_are_told_by_kind_and_read(client: GraphClient, sales: SimMailbox) -> None:
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
    pdf, logo, item, link = client.attachments(sales.user_id, graph_id)
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
    sink = io.BytesIO()
    client.save_attachment(sales.user_id, graph_id, item.graph_id, sink=sink)
    assert sink.getvalue().startswith(b"Subject: x")


# -- mirrors

SENT = SentMail(
    message_id="<m1@crm.example>",
    subject="Offer 18",
    body="<p>Here it is</p>",
    body_is_html=True,
    sender_name="Sales",
    sender_address="sales@example.com",
    recipient_name="Buyer",
    recipient_address="buyer@customer.example",
    sent_at=datetime(2026, 11, 18, 8, 30, tzinfo=UTC),
    categories=("webCRM sync", "Synced"),
    stamp="ms1-m-18",
)


def test_a_mirror_looks_as_if_it_had_been_sent(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("sentitems", "webCRM sync")
    made = client.create_sent(sales.user_id, folder.id, SENT)
    assert not made.is_draft
    view = sales.read(made.graph_id)
    assert (view.subject, view.is_read, view.is_draft) == ("Offer 18", True, False)
    assert (view.sent_at, view.received_at) == (SENT.sent_at, SENT.sent_at)
    assert view.categories == SENT.categories
    mail = client.message(sales.user_id, made.graph_id)
    assert (mail.message_id, mail.stamp) == (SENT.message_id, SENT.stamp)
    assert mail.sender == Party("sales@example.com", "Sales")
    assert mail.to == (Party("buyer@customer.example", "Buyer"),)
    assert mail.folder_id == folder.id
    assert client.find_stamped(sales.user_id, SENT.stamp) == (made,)
    assert client.find_stamped(sales.user_id, "ms1-m-1") == ()


def test_a_lost_answer_leaves_a_mirror_that_is_found_again(
    client: GraphClient, sales: SimMailbox, faults: Faults
) -> None:
    faults.lose(limit=1, when=lambda method, path: method == "POST" and path.endswith("messages"))
    assert type(caught(client.create_sent, sales.user_id, "sentitems", SENT)) is Unclear
    (found,) = client.find_stamped(sales.user_id, SENT.stamp)
    client.delete(sales.user_id, found.graph_id)
    assert sales.messages("sentitems") == []


# -- push


class Ear:
    """Says yes to Graph's handshake, as long as it is polite."""

    is_polite = True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        query = parse_qs(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        token = query.get("validationToken", [""])[0]
        return [token.encode() if self.is_polite else b"<html>"]


def test_a_subscription_is_made_renewed_and_ended(
    client: GraphClient, sales: SimMailbox, clock: Clock
) -> None:
    ends = clock.now().replace(microsecond=0) + timedelta(hours=2)
    folder = sales.make_folder("inbox", "webCRM sync")
    with Server(Ear()) as ear:
        made = client.subscribe(
            sales.user_id,
            folder.id,
            notification_url=f"{ear.url}/notify",
            lifecycle_url=f"{ear.url}/lifecycle",
            client_state="secret",
            expires_at=ends,
        )
    assert made.expires_at == ends
    assert folder.id in made.resource
    assert client.subscriptions() == (made,)
    later = client.renew(made.graph_id, ends + timedelta(hours=1))
    assert later.expires_at == ends + timedelta(hours=1)
    client.reauthorize(made.graph_id)
    client.unsubscribe(made.graph_id)
    client.unsubscribe(made.graph_id)
    assert client.subscriptions() == ()
    assert type(caught(client.renew, made.graph_id, ends)) is Gone


def test_an_address_that_does_not_answer_the_handshake_is_refused(
    client: GraphClient, sales: SimMailbox, clock: Clock
) -> None:
    ear = Ear()
    ear.is_polite = False
    with Server(ear) as server:
        found = caught(
            client.subscribe,
            sales.user_id,
            "inbox",
            notification_url=server.url,
            lifecycle_url=server.url,
            client_state="secret",
            expires_at=clock.now() + timedelta(hours=2),
        )
    assert type(found) is Refused
    assert client.subscriptions() == ()


# -- load


def test_busy_threads_stay_below_the_mailboxs_limit(
    client: GraphClient, sales: SimMailbox, graph: Graph
) -> None:
    graph.dials.work = timedelta(milliseconds=5)
    ids = [sales.put(MAIL, "inbox") for _ in range(30)]
    for purged in ids[::7]:
        sales.delete(purged)
        sales.delete(purged)

    def work(number: int) -> int:
        some = ids[number : number + 12]
        found = client.locations(sales.user_id, some)
        return len(found) + len(client.category_names(sales.user_id))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(12))) == [12] * 12
