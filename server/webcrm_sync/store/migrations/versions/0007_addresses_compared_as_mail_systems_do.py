"""Fold all stored addresses and domains, and store them without plus-tags too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from webcrm_sync.core.addresses import (
    address_variants,
    domain_of,
    find_addresses,
    fold_address,
    fold_domain,
    strip_plus_tag,
)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BATCH = 5_000
#: Addresses that folding never changes; rows that hold only such addresses are not read.
_PLAIN = "^[a-z0-9_][a-z0-9._-]*@[a-z0-9]([a-z0-9-]*[.][a-z0-9])+[a-z0-9]*$"


def upgrade() -> None:
    for table in ("contact", "email_address"):
        op.add_column(table, sa.Column("untagged", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("unmatchable", sa.Text(), nullable=True))
    is_tagged = sa.text("untagged IS NOT NULL")
    op.create_index(
        "ix_contact_untagged", "contact", ["company_id", "untagged"], postgresql_where=is_tagged
    )
    op.create_index(
        "ix_email_address_untagged", "email_address", ["untagged"], postgresql_where=is_tagged
    )
    mails = _fold_people_on_mails()
    contacts = _fold_contacts()
    domains = _fold_domains()
    _fold_own()
    _wake(mails, contacts, domains)
    # Makes the next refresh read the Persons that earlier versions left out as unreadable.
    op.execute("UPDATE company SET directory_full_at = directory_full_at - interval '2 days'")


def downgrade() -> None:
    op.execute("DELETE FROM contact WHERE address = ''")
    op.drop_index("ix_email_address_untagged", "email_address")
    op.drop_index("ix_contact_untagged", "contact")
    op.drop_column("contact", "unmatchable")
    op.drop_column("contact", "untagged")
    op.drop_column("email_address", "untagged")


def _odd(table: str, keys: str, columns: str) -> Iterator[Sequence[Any]]:
    """The rows whose address folding may change, in batches, ordered by their keys."""
    first = f"SELECT {keys}, {columns} FROM {table} WHERE address !~ :plain"  # noqa: S608 - ours
    after = f" AND ({keys}) > ({', '.join(f':k{n}' for n in range(keys.count(',') + 1))})"
    last: Sequence[Any] | None = None
    while True:
        given = {"plain": _PLAIN, "batch": _BATCH}
        given |= {f"k{n}": value for n, value in enumerate(last or ())}
        query = sa.text(f"{first}{after if last else ''} ORDER BY {keys} LIMIT :batch")
        rows = op.get_bind().execute(query, given).all()
        if not rows:
            return
        last = rows[-1][: keys.count(",") + 1]
        yield rows


def _fold_people_on_mails() -> list[int]:
    """Fold the addresses on mails. Returns the mails with a changed or tagged address."""
    gone = sa.text("DELETE FROM email_address WHERE email_id = :email_id AND address = :old")
    # Two spellings of one address become one row; it is matched if either of them was.
    new = sa.text(
        "INSERT INTO email_address (email_id, address, domain, untagged, is_matched)"
        " VALUES (:email_id, :address, :domain, :untagged, :is_matched)"
        " ON CONFLICT (email_id, address)"
        " DO UPDATE SET is_matched = email_address.is_matched OR excluded.is_matched"
    )
    mails = []
    for rows in _odd("email_address", "email_id, address", "domain, is_matched"):
        changed = [row for row in map(_person, rows) if row["is_changed"]]
        if changed:
            op.get_bind().execute(gone, changed)
            op.get_bind().execute(new, changed)
        mails += [row["email_id"] for row in changed]
    return mails


def _person(row: Sequence[Any]) -> dict[str, Any]:
    email_id, old, old_domain, is_matched = row
    address = fold_address(old)
    found = {"address": address, "domain": domain_of(address), "untagged": strip_plus_tag(address)}
    is_changed = (address, found["domain"]) != (old, old_domain) or found["untagged"] is not None
    return {
        "email_id": email_id,
        "old": old,
        "is_matched": is_matched,
        "is_changed": is_changed,
        **found,
    }


def _fold_contacts() -> list[str]:
    """Fold the addresses of contacts. Returns the folded addresses."""
    gone = sa.text(
        "DELETE FROM contact WHERE company_id = :company_id AND person_id = :person_id"
        " AND address = :old"
    )
    new = sa.text(
        "INSERT INTO contact (company_id, person_id, address, organisation_id, name, is_active,"
        " position, untagged) VALUES (:company_id, :person_id, :address, :organisation_id, :name,"
        " :is_active, :position, :untagged) ON CONFLICT DO NOTHING"
    )
    addresses: list[str] = []
    columns = "organisation_id, name, is_active, position"
    for rows in _odd("contact", "company_id, person_id, address", columns):
        facts = [dict(row._mapping) for row in rows]
        op.get_bind().execute(gone, [{**one, "old": one["address"]} for one in facts])
        made = [
            {**one, "address": address, "untagged": strip_plus_tag(address)}
            for one in facts
            for address in find_addresses(one["address"])
        ]
        if made:
            op.get_bind().execute(new, made)
        addresses += [one["address"] for one in made]
    return addresses


def _fold_domains() -> list[str]:
    """Fold the domains of Organisations. Returns the folded domains."""
    query = sa.text(
        "SELECT company_id, organisation_id, domains FROM organisation"
        " WHERE array_to_string(domains, ' ') ~ '[^a-z0-9. -]'"
    )
    change = sa.text(
        "UPDATE organisation SET domains = :domains"
        " WHERE company_id = :company_id AND organisation_id = :organisation_id"
    )
    found: list[str] = []
    for company_id, organisation_id, old in op.get_bind().execute(query).all():
        new = list(dict.fromkeys(map(fold_domain, old)))
        keys = {"company_id": company_id, "organisation_id": organisation_id}
        op.get_bind().execute(change, {**keys, "domains": new})
        found += new
    return found


def _fold_own() -> None:
    """Fold the addresses of mailboxes and of webCRM's users."""
    user = sa.text(
        "UPDATE crm_user SET address = :new WHERE company_id = :company_id AND user_id = :user_id"
    )
    for rows in _odd("crm_user", "company_id, user_id", "address"):
        op.get_bind().execute(user, [{**r._mapping, "new": fold_address(r.address)} for r in rows])
    gone = sa.text("DELETE FROM mailbox_address WHERE mailbox_id = :mailbox_id AND address = :old")
    new = sa.text("INSERT INTO mailbox_address VALUES (:mailbox_id, :new) ON CONFLICT DO NOTHING")
    for rows in _odd("mailbox_address", "mailbox_id, address", "address AS old"):
        given = [
            {"mailbox_id": r.mailbox_id, "old": r.old, "new": fold_address(r.old)} for r in rows
        ]
        op.get_bind().execute(gone, given)
        op.get_bind().execute(new, given)


def _wake(mails: Sequence[int], contacts: Sequence[str], domains: Sequence[str]) -> None:
    """Make the mails found again that waited for a contact with another spelling."""
    query = sa.text(
        "UPDATE item SET state = 'found', retry_at = NULL WHERE folder_id IS NOT NULL"
        " AND (state = 'waiting' OR reason = 'ambiguous') AND (email_id = ANY(:mails) OR email_id"
        " IN (SELECT email_id FROM email_address WHERE address = ANY(:addresses)"
        " OR untagged = ANY(:addresses) OR domain = ANY(:domains)))"
    )
    addresses = [one for address in contacts for one in address_variants(address)]
    given = {"mails": list(mails), "addresses": addresses, "domains": list(domains)}
    op.get_bind().execute(query, given)
