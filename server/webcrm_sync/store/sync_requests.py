"""Sync requests from the pane's button: who wants a copy filed, and under which Organisations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.along import Along
from webcrm_sync.core.places import NO_CHOICE, ChosenPlaces
from webcrm_sync.store.any_of import any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.requests import sync_request
from webcrm_sync.store.schema.tables import item


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """One request. `by`: the person's name. `along`: what goes along, None = no choice, or read."""

    by: str
    chosen: ChosenPlaces
    requested_at: datetime
    along: Along | None


@dataclass(frozen=True, slots=True)
class AlongRequest:
    """What a person chose to go along of a copy. `by`: the person's name."""

    by: str
    along: Along


@dataclass(frozen=True, slots=True)
class Choice:
    """What the owner of a mailbox chose for a mail. `by`: None if another event says it."""

    mailbox_id: int
    chosen: ChosenPlaces
    by: str | None = None


_CHOSEN_PLACES = (
    sync_request.c.organisations,
    sync_request.c.is_exact,
    sync_request.c.removed,
    sync_request.c.opportunities,
)
_COLUMNS = (
    sync_request.c.by,
    sync_request.c.requested_at,
    sync_request.c.along,
    *_CHOSEN_PLACES,
)
_IS_FOR_COPY = (sync_request.c.mailbox_id == item.c.mailbox_id) & (
    sync_request.c.graph_id == item.c.graph_id
)
_CHOSEN = (
    select(item.c.email_id, sync_request.c.mailbox_id, *_CHOSEN_PLACES)
    .join(sync_request, _IS_FOR_COPY)
    .where(any_of_param(item.c.email_id, "email_ids"), sync_request.c.organisations != [])
    .order_by(sync_request.c.requested_at)
)


def save_request(
    tx: Tx,
    mailbox_id: int,
    graph_id: str,
    *,
    item_id: str,
    by: str,
    chosen: ChosenPlaces = NO_CHOICE,
) -> None:
    """Record who wants this copy filed, before it is moved. Replaces an earlier request.

    `item_id`: Outlook's id of the copy, which changes with the move.
    """
    values = {
        "item_id": item_id,
        "by": by,
        "requested_at": tx.now,
        **_values(chosen),
    }
    new = insert(sync_request).values(mailbox_id=mailbox_id, graph_id=graph_id, **values)
    keys = [sync_request.c.mailbox_id, sync_request.c.graph_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values))


def save_choice(tx: Tx, mailbox_id: int, graph_id: str, chosen: ChosenPlaces) -> bool:
    """Change what the request for this copy chooses. False if there is no request."""
    is_of_copy = (sync_request.c.mailbox_id == mailbox_id) & (sync_request.c.graph_id == graph_id)
    query = update(sync_request).where(is_of_copy).values(_values(chosen))
    return tx.connection.execute(query).rowcount == 1


def graph_ids_before_move(tx: Tx, mailbox_id: int, item_ids: Iterable[str]) -> Mapping[str, str]:
    """Graph ids of the copies that the button moved, by the Outlook id from before the move."""
    query = select(sync_request.c.item_id, sync_request.c.graph_id).where(
        sync_request.c.mailbox_id == mailbox_id, sync_request.c.item_id.in_(list(item_ids))
    )
    return {row.item_id: row.graph_id for row in tx.connection.execute(query)}


def read_requests(tx: Tx, mailbox_id: int, graph_ids: Iterable[str]) -> Mapping[str, SyncRequest]:
    """The requests for these copies, by Graph id."""
    query = select(sync_request.c.graph_id, *_COLUMNS).where(
        sync_request.c.mailbox_id == mailbox_id, sync_request.c.graph_id.in_(list(graph_ids))
    )
    return {
        graph_id: SyncRequest(by, _read(*chosen), at, along)
        for graph_id, by, at, along, *chosen in tx.connection.execute(query)
    }


def save_along(
    tx: Tx, mailbox_id: int, graph_id: str, *, item_id: str, by: str, along: Along | None
) -> None:
    """Record what a person chose to go along of this copy, before it is read.

    The copy then counts as moved by that person.
    """
    values = {"item_id": item_id, "by": by, "requested_at": tx.now, "along": along}
    new = insert(sync_request).values(mailbox_id=mailbox_id, graph_id=graph_id, **values)
    keys = [sync_request.c.mailbox_id, sync_request.c.graph_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values))


def take_along(tx: Tx, mailbox_id: int, graph_ids: Iterable[str]) -> Mapping[str, AlongRequest]:
    """What people chose to go along of these copies, by Graph id. The next call has none."""
    is_asked = (
        (sync_request.c.mailbox_id == mailbox_id)
        & sync_request.c.graph_id.in_(list(graph_ids))
        & sync_request.c.along.is_not(None)
    )
    query = select(sync_request.c.graph_id, sync_request.c.by, sync_request.c.along)
    found = {
        row.graph_id: AlongRequest(row.by, row.along)
        for row in tx.connection.execute(query.where(is_asked))
    }
    if found:
        tx.connection.execute(update(sync_request).where(is_asked).values(along=None))
    return found


def requests_of_email(tx: Tx, email_id: int) -> Sequence[tuple[int, SyncRequest]]:
    """The requests for any copy of this mail, each with its mailbox id, oldest first."""
    query = (
        select(sync_request.c.mailbox_id, *_COLUMNS)
        .join(item, _IS_FOR_COPY)
        .where(item.c.email_id == email_id)
        .order_by(sync_request.c.requested_at)
    )
    return [
        (mailbox_id, SyncRequest(by, _read(*chosen), at, along))
        for mailbox_id, by, at, along, *chosen in tx.connection.execute(query)
    ]


def chosen_for(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[Choice]]:
    """What people chose for each e-mail when they pressed the button, oldest first.

    E-mails without a choice are left out.
    """
    by_email: dict[int, list[Choice]] = {}
    rows = tx.connection.execute(_CHOSEN, {"email_ids": list(email_ids)})
    for email_id, mailbox_id, *chosen in rows:
        by_email.setdefault(email_id, []).append(Choice(mailbox_id, _read(*chosen)))
    return by_email


def forget_choices(tx: Tx, email_id: int) -> None:
    """Delete the choices for this mail once they are applied. The requests stay."""
    copies = select(item.c.mailbox_id, item.c.graph_id).where(item.c.email_id == email_id)
    is_of_mail = tuple_(sync_request.c.mailbox_id, sync_request.c.graph_id).in_(copies)
    tx.connection.execute(update(sync_request).where(is_of_mail).values(_values(NO_CHOICE)))


def forget_requests(tx: Tx, mailbox_id: int, graph_id: str) -> None:
    """Delete the request for this copy."""
    is_of_copy = (sync_request.c.mailbox_id == mailbox_id) & (sync_request.c.graph_id == graph_id)
    tx.connection.execute(delete(sync_request).where(is_of_copy))


def _values(chosen: ChosenPlaces) -> dict[str, object]:
    """The columns of a choice."""
    of_organisation = dict(chosen.opportunities)
    return {
        "organisations": list(chosen.organisations),
        "is_exact": chosen.is_exact,
        "removed": list(chosen.removed),
        "opportunities": [of_organisation.get(i, 0) for i in chosen.organisations]
        if of_organisation
        else [],
    }


def _read(
    organisations: Sequence[int],
    is_exact: bool,
    removed: Sequence[int],
    opportunities: Sequence[int],
) -> ChosenPlaces:
    pairs = zip(organisations, opportunities, strict=False)  # empty = no Opportunity was chosen
    return ChosenPlaces(
        tuple(organisations),
        is_exact,
        tuple(removed),
        tuple((o, op) for o, op in pairs if op),
    )
