"""The client's mirrors, subscriptions and load with the simulated Graph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from contract.graph_client.examples import MAIL, SENT
from contract.graph_wire.scripted_servers import raised_by
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


def test_a_mirror_looks_like_a_sent_mail(client: GraphClient, sales: SimMailbox) -> None:
    folder = sales.make_folder("sentitems", "webCRM sync")
    mirror = client.create_sent_mail(sales.user_id, folder.id, SENT)
    assert not mirror.is_draft
    view = sales.read(mirror.graph_id)
    assert (view.subject, view.is_read, view.is_draft) == ("Offer 18", True, False)
    assert (view.sent_at, view.received_at) == (SENT.sent_at, SENT.sent_at)
    assert view.categories == SENT.categories
    mail = client.fetch_message(sales.user_id, mirror.graph_id)
    assert (mail.message_id, mail.stamp) == (SENT.message_id, SENT.stamp)
    assert mail.sender == Party("sales@example.com", "Sales")
    assert mail.to == (Party("buyer@customer.example", "Buyer"),)
    assert mail.folder_id == folder.id
    assert client.find_stamped_mails(sales.user_id, SENT.stamp) == (mirror,)
    assert client.find_stamped_mails(sales.user_id, "ms1-m-1") == ()


def test_a_lost_answer_leaves_a_mirror_that_is_found_again(
    client: GraphClient, sales: SimMailbox, faults: Faults
) -> None:
    faults.lose(limit=1, when=lambda method, path: method == "POST" and path.endswith("messages"))
    assert type(raised_by(client.create_sent_mail, sales.user_id, "sentitems", SENT)) is Unclear
    (found,) = client.find_stamped_mails(sales.user_id, SENT.stamp)
    client.delete_mail(sales.user_id, found.graph_id)
    assert sales.messages("sentitems") == []


# -- push


class Receiver:
    """A notification URL that passes Graph's validation while `is_valid`."""

    is_valid = True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        query = parse_qs(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        token = query.get("validationToken", [""])[0]
        return [token.encode() if self.is_valid else b"<html>"]


def test_a_subscription_is_created_renewed_and_deleted(
    client: GraphClient, sales: SimMailbox, clock: Clock
) -> None:
    ends = clock.now().replace(microsecond=0) + timedelta(hours=2)
    folder = sales.make_folder("inbox", "webCRM sync")
    with Server(Receiver()) as receiver:
        subscription = client.subscribe(
            sales.user_id,
            folder.id,
            notification_url=f"{receiver.url}/notify",
            lifecycle_url=f"{receiver.url}/lifecycle",
            client_state="secret",
            expires_at=ends,
        )
    assert subscription.expires_at == ends
    assert folder.id in subscription.resource
    assert client.list_subscriptions() == (subscription,)
    renewed = client.renew_subscription(subscription.graph_id, ends + timedelta(hours=1))
    assert renewed.expires_at == ends + timedelta(hours=1)
    client.reauthorize_subscription(subscription.graph_id)
    client.unsubscribe(subscription.graph_id)
    client.unsubscribe(subscription.graph_id)
    assert client.list_subscriptions() == ()
    assert type(raised_by(client.renew_subscription, subscription.graph_id, ends)) is Gone


def test_a_url_that_fails_graphs_validation_is_refused(
    client: GraphClient, sales: SimMailbox, clock: Clock
) -> None:
    receiver = Receiver()
    receiver.is_valid = False
    with Server(receiver) as server:
        found = raised_by(
            client.subscribe,
            sales.user_id,
            "inbox",
            notification_url=server.url,
            lifecycle_url=server.url,
            client_state="secret",
            expires_at=clock.now() + timedelta(hours=2),
        )
    assert type(found) is Refused
    assert client.list_subscriptions() == ()


# -- load


def test_busy_threads_stay_within_the_mailboxs_limit(
    client: GraphClient, sales: SimMailbox, graph: Graph
) -> None:
    graph.behaviour.work = timedelta(milliseconds=5)
    ids = [sales.put(MAIL, "inbox") for _ in range(30)]
    for purged in ids[::7]:
        sales.delete(purged)
        sales.delete(purged)

    def work(number: int) -> int:
        some = ids[number : number + 12]
        found = client.fetch_locations(sales.user_id, some)
        return len(found) + len(client.list_category_names(sales.user_id))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(12))) == [12] * 12
