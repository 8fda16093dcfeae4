"""Mirrors, push and load against the simulated Graph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from contract.graph_client.office import MAIL, SENT
from contract.graph_wire.script import caught
from webcrm_sync.core.errors import Gone, Refused, Unclear
from webcrm_sync.core.message import Party
from webcrm_sync.graph.client import GraphClient
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.faults import Faults
from webcrm_sync_sandbox.graph.app import Graph
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.outlook import SimMailbox

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


# -- mirrors


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
