"""Many simultaneous requests that name the same folders in different orders."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from web.conftest import CLIENT_STATE, NOW
from webcrm_sync.core.outlook import MailUser, Place
from webcrm_sync.engine.context import Context
from webcrm_sync.store import mailboxes
from webcrm_sync.web.app import create_app

_MAILBOXES, _FOLDERS, _SENDERS, _POSTS = 3, 3, 8, 15
_EVENTS = ["", "", "missed", "subscriptionRemoved", "reauthorizationRequired"]


@pytest.fixture
def pushed(context: Context) -> list[str]:
    """The subscriptions of several mailboxes with several folders each."""
    ids: list[str] = []
    sealed = context.cipher.encrypt(CLIENT_STATE)
    with context.begin() as tx:
        for number in range(_MAILBOXES):
            address = f"{number}@ours.example"
            user = MailUser(f"u{number}", address, "A", frozenset({address}), False)
            mailbox_id = mailboxes.save_mailbox(tx, user, mirror_since=NOW)
            for name in range(_FOLDERS):
                mailboxes.add_folder(
                    tx, mailbox_id, graph_id=f"f{name}", place=Place.INBOX, parents=["p"]
                )
            for folder in mailboxes.folders(tx, mailbox_id):
                ids.append(str(UUID(int=folder.id)))
                values = {"subscription_id": ids[-1], "client_state": sealed}
                mailboxes.set_folder(tx, folder.id, **values)
    return ids


def test_notifications_in_any_order_cause_no_deadlock(context: Context, pushed: list[str]) -> None:
    application = create_app(context)
    begin = threading.Barrier(_SENDERS)

    def send(seed: int) -> Counter[int]:
        chance, client = random.Random(seed), application.test_client()
        begin.wait()
        statuses: Counter[int] = Counter()
        for _ in range(_POSTS):
            lines = [
                {
                    "subscriptionId": one,
                    "clientState": CLIENT_STATE,
                    "lifecycleEvent": chance.choice(_EVENTS),
                }
                for one in chance.sample(pushed, len(pushed))
            ]
            statuses[client.post("/graph/notify", json={"value": lines}).status_code] += 1
        return statuses

    with ThreadPoolExecutor(_SENDERS) as senders:
        answers = sum(senders.map(send, range(_SENDERS)), Counter[int]())
    assert answers == {202: _SENDERS * _POSTS}
