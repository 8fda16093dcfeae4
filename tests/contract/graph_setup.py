"""A simulated Graph over HTTP with one mailbox, and clients that hold tokens for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.graph import Graph
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.outlook import Mail, Outlook, SimMailbox
from webcrm_sync_sandbox.outlook.store import SimFolder

IMMUTABLE = 'IdType="ImmutableId"'
#: Creating a TLS context takes 50 ms, and no test here uses TLS.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
STAMP = "String {6f2b1c52-0000-4000-8000-0123456789ab} Name webcrmMailId"
MAIL = Mail("Offer 17", "Bo <bo@example.org>", "ann@example.com", body="<p>Hello</p>")


class FakeTokens:
    """Tokens without cryptography: these tests are only about Graph's use of the claims."""

    def __init__(self) -> None:
        self._claims: dict[str, dict[str, Any]] = {}

    def issue(self, token: str, **claims: Any) -> str:
        self._claims[token] = {"appid": "app", "tid": "tenant", "oid": "app-object"} | claims
        return token

    def claims(self, token: str, *, audience: str) -> dict[str, Any] | None:
        return self._claims.get(token)


@dataclass
class GraphSetup:
    """The simulated Graph, with the ids and clients that tests need."""

    clock: Clock
    outlook: Outlook
    graph: Graph
    journal: Journal
    tokens: FakeTokens
    url: str
    box: SimMailbox
    folder: SimFolder
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def me(self) -> str:
        return f"/users/{self.box.user_id}"

    @property
    def messages(self) -> str:
        return f"{self.me}/messages"

    @property
    def delta(self) -> str:
        return f"{self.me}/mailFolders/{self.folder.id}/messages/delta"

    def client(self, token: str = "app", *, prefer: str | None = IMMUTABLE) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} | ({"Prefer": prefer} if prefer else {})
        client = httpx.Client(base_url=f"{self.url}/v1.0", headers=headers, verify=_NO_TLS)
        self.clients.append(client)
        return client

    def user(self, box: SimMailbox, scopes: str = "Mail.ReadWrite User.Read") -> httpx.Client:
        return self.client(self.tokens.issue(f"user {box.user_id}", oid=box.user_id, scp=scopes))

    def arrive(self, mail: Mail = MAIL) -> str:
        return self.box.put(mail, self.folder)


@contextmanager
def open_graph_setup() -> Iterator[GraphSetup]:
    clock, tokens = Clock(), FakeTokens()
    outlook, journal = Outlook(clock), Journal(clock)
    box = outlook.add_mailbox("ann@example.com", "Ann", aliases=("sales@example.com",))
    graph = Graph(outlook, clock, tokens=tokens)
    roles = ["Mail.ReadWrite", "MailboxSettings.ReadWrite", "User.Read.All", "GroupMember.Read.All"]
    tokens.issue("app", roles=roles)
    with Server(journal.watch("graph", graph)) as server:
        folder = box.make_folder("inbox", "webCRM sync")
        graph_setup = GraphSetup(clock, outlook, graph, journal, tokens, server.url, box, folder)
        yield graph_setup
        for client in graph_setup.clients:
            client.close()
        graph.close()


def code(answer: httpx.Response) -> tuple[int, str]:
    """The status and the error code."""
    return answer.status_code, answer.json()["error"]["code"]
