"""Claims to create a contact from the pane, and the search for Organisations by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.directory import organisation
from webcrm_sync.store.schema.requests import new_contact

_PLAIN = {
    "a": "áàâäãåāăą",
    "c": "çćč",
    "d": "đð",
    "e": "éèêëēėę",
    "i": "íìîïī",
    "l": "ł",
    "n": "ñńň",
    "o": "óòôöõøō",
    "r": "ř",
    "s": "šśş",
    "t": "ťţ",
    "u": "úùûüūů",
    "y": "ýÿ",
    "z": "žźż",
}
_LETTERS = "".join(marked + marked.upper() for marked in _PLAIN.values())
#: The plain letter for each of `_LETTERS`. PostgreSQL's `unaccent` is not installed everywhere.
_FOR_LETTERS = "".join(plain * len(marked) * 2 for plain, marked in _PLAIN.items())
_PAIRS = (("æ", "ae"), ("Æ", "ae"), ("œ", "oe"), ("Œ", "oe"), ("ß", "ss"))


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim. `is_granted`: the caller may create the contact.

    `person_id`: the contact, if it exists already.
    """

    is_granted: bool
    person_id: int | None


def claim_contact(tx: Tx, address: str, organisation_id: int, *, void_before: datetime) -> Claim:
    """Claim the creation of a contact. One caller at a time holds the claim.

    A claim from before `void_before` is void.
    """
    keys = {"company_id": tx.company_id, "address": address, "organisation_id": organisation_id}
    new = insert(new_contact).values(**keys, intent_at=tx.now)
    is_stale = new_contact.c.person_id.is_(None) & (new_contact.c.intent_at < void_before)
    new_or_stale = new.on_conflict_do_update(
        index_elements=list(keys), set_={"intent_at": tx.now}, where=is_stale
    )
    if tx.connection.execute(new_or_stale.returning(new_contact.c.address)).first():
        return Claim(is_granted=True, person_id=None)
    query = select(new_contact.c.person_id).filter_by(**keys)
    return Claim(is_granted=False, person_id=tx.connection.scalar(query))


def complete_claim(tx: Tx, address: str, organisation_id: int, *, person_id: int) -> None:
    """Record the contact that the holder of the claim created in webCRM."""
    keys = {"company_id": tx.company_id, "address": address, "organisation_id": organisation_id}
    tx.connection.execute(update(new_contact).filter_by(**keys).values(person_id=person_id))


def drop_claim(tx: Tx, address: str, organisation_id: int) -> None:
    """Delete the claim, since no contact was created."""
    keys = {"company_id": tx.company_id, "address": address, "organisation_id": organisation_id}
    tx.connection.execute(delete(new_contact).filter_by(**keys))


def find_organisations(tx: Tx, search: str, *, limit: int) -> Sequence[tuple[int, str]]:
    """Organisations (id, name) whose name contains `search`; those that begin with it first."""
    text = plain(search.strip())
    name = organisation.c.name
    folded: ColumnElement[str] = name
    for marked, letters in _PAIRS:
        folded = func.replace(folded, marked, letters)
    folded = func.lower(func.translate(folded, _LETTERS, _FOR_LETTERS))
    query = (
        select(organisation.c.organisation_id, name)
        .where(organisation.c.company_id == tx.company_id)
        .where(folded.contains(text, autoescape=True))
        .order_by(folded.startswith(text, autoescape=True).desc(), folded, name)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in tx.connection.execute(query)]


def plain(text: str) -> str:
    """`text` without case and accents.

    >>> plain("Ørsted Ægir")
    'orsted aegir'
    """
    for marked, letters in _PAIRS:
        text = text.replace(marked, letters)
    return text.translate(str.maketrans(_LETTERS, _FOR_LETTERS)).lower()
