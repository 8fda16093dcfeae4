"""The application over a real database, with one watched mailbox and its subscription."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from support.database import empty
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.core.outlook import MailUser, Place
from webcrm_sync.engine.context import Context
from webcrm_sync.settings import Settings
from webcrm_sync.store import companies, emails, mailboxes
from webcrm_sync.store.items import item_records
from webcrm_sync.web.app import create_app

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLIENT_STATE = "known to Graph and us"
SUBSCRIPTION = "7d1c607a-5b2f-4c1e-9a44-0c61e3a7b001"


@pytest.fixture(scope="session")
def opened_context(database_url: str) -> Iterator[Context]:
    """The context, opened once, because that takes longer than any test here."""
    settings = Settings(
        entra_tenant_id="tenant",
        entra_client_id="client",
        entra_client_secret=SecretStr("hush"),
        webcrm_token=SecretStr("hush"),
        secret_key=SecretStr("hush"),
    )
    empty(database_url)  # another test may have left a company
    with open_context(settings, url=database_url, now=lambda: NOW) as context:
        yield context


@pytest.fixture
def context(opened_context: Context, fresh_database: str) -> Context:
    """The context over an empty database."""
    del fresh_database
    with opened_context.database.begin() as tx:
        company_id = companies.ensure_company(tx, opened_context.tenant_id)
    return replace(opened_context, company_id=company_id)


@pytest.fixture
def client(context: Context) -> FlaskClient:
    """An HTTP client of the application."""
    return create_app(context).test_client()


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox whose folder `f1` has a subscription and holds the copy `g1`."""

    context: Context
    mailbox_id: int
    folder_id: int

    def jobs(self) -> list[str]:
        """The queued jobs, each as `task:subject`."""
        query = text("SELECT queueing_lock FROM procrastinate_jobs ORDER BY id")
        with self.context.begin() as tx:
            return list(tx.connection.execute(query).scalars())

    def folder(self) -> mailboxes.SyncFolder:
        """The present row of the folder."""
        with self.context.begin() as tx:
            return mailboxes.folders(tx, self.mailbox_id)[0]


@pytest.fixture
def watched(context: Context) -> Watched:
    """A mailbox with push whose mails have all been read."""
    user = MailUser("u1", "a@ours.example", "A", frozenset({"a@ours.example"}), False)
    with context.begin() as tx:
        mailbox_id = mailboxes.save_mailbox(tx, user, mirror_since=NOW)
        mailboxes.add_folder(tx, mailbox_id, graph_id="f1", place=Place.INBOX, parents=["p"])
        folder_id = mailboxes.folders(tx, mailbox_id)[0].id
        mailboxes.set_folder(
            tx,
            folder_id,
            read_requested_at=None,
            poll_due_at=NOW + timedelta(hours=1),
            subscription_id=SUBSCRIPTION,
            client_state=context.cipher.encrypt(CLIENT_STATE),
            subscription_expires_at=NOW + timedelta(days=2),
        )
        email = {
            "key": "<1@x.example>",
            "message_id": "<1@x.example>",
            "direction": "inbound",
            "kind": "mail",
            "subject": "",
            "recipients": {"to": [], "cc": [], "bcc": []},
        }
        copy = {
            "mailbox_id": mailbox_id,
            "folder_id": folder_id,
            "email_id": emails.add_emails(tx, [email])["<1@x.example>"],
            "graph_id": "g1",
            "change_key": "v1",
            "categories": [],
            "state": "synced",
        }
        item_records.add_items(tx, [copy])
    return Watched(context, mailbox_id, folder_id)
