"""Builds mails, e-mails and copies: a test names only the fields that matter to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from webcrm_sync.core.direction import Direction
from webcrm_sync.core.message import Message, MessageKind, Party
from webcrm_sync.core.states import State
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items.item import Item

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUSTOMER = Party("buyer@customer.example", "Buyer")
SELLER = Party("seller@ours.example", "Seller")

#: So few that two drawn people are often equal, or colleagues.
parties = st.builds(
    lambda name, domain: Party(f"{name}@{domain}"),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["one.example", "two.example", "ours.example", "gmail.com"]),
)
#: Every character that JSON can hold, lone surrogates and NUL included.
any_text = st.text(st.characters(exclude_categories=[]))

_MAIL = Message(
    graph_id="g1",
    change_key="v1",
    folder_id="f1",
    message_id="<1@customer.example>",
    subject="Offer",
    sender=CUSTOMER,
    to=(SELLER,),
    cc=(),
    bcc=(),
    sent_at=NOON,
    received_at=NOON,
    categories=(),
    has_attachments=False,
    is_draft=False,
    kind=MessageKind.MAIL,
    body="Hello",
    body_is_html=False,
)
_EMAIL = Email(
    id=1,
    key="<1@customer.example>",
    message_id="<1@customer.example>",
    direction=Direction.INBOUND,
    kind=MessageKind.MAIL,
    subject="Offer",
    sender=CUSTOMER,
    to=(SELLER,),
    cc=(),
    bcc=(),
    sent_at=NOON,
    received_at=NOON,
    has_attachments=False,
    content="Hello",
)
_COPY = Item(
    id=1,
    mailbox_id=1,
    folder_id=1,
    email_id=1,
    graph_id="g1",
    change_key="v1",
    categories=(),
    stamp=None,
    is_past=False,
    state=State.FOUND,
    reason=None,
    detail=None,
    found_at=NOON,
    state_at=NOON,
    mark_attempts=0,
)


def mail(**fields: object) -> Message:
    """A mail from a customer to a colleague, with these fields replaced."""
    return replace(_MAIL, **fields)  # type: ignore[arg-type]  # the caller names real fields


def email(**fields: object) -> Email:
    """The same mail as it is stored, with these fields replaced."""
    return replace(_EMAIL, **fields)  # type: ignore[arg-type]  # the caller names real fields


def copy(**fields: object) -> Item:
    """A copy of it that was just found, with these fields replaced."""
    return replace(_COPY, **fields)  # type: ignore[arg-type]  # the caller names real fields
