"""Private mails that no person moved into a sync folder."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, text

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.states import State
from webcrm_sync.store.database import Tx

#: Found copies: did a person press the button on one, or move it? The last arrival of a copy in the
#: mailbox decides, since a person may have moved the mail in again after a rule did.
_MOVED_BY_RULES = text(
    """
    SELECT item.email_id
    FROM item
    LEFT JOIN press ON press.mailbox_id = item.mailbox_id AND press.graph_id = item.graph_id
    LEFT JOIN LATERAL (
        SELECT event.facts->>'way' = 'rule' AS is_by_rule
        FROM event
        WHERE event.email_id = item.email_id AND event.mailbox_id = item.mailbox_id
          AND event.kind IN :arrivals
        ORDER BY event.id DESC
        LIMIT 1
    ) arrival ON true
    WHERE item.email_id IN :email_ids AND item.state = :found
    GROUP BY item.email_id
    HAVING bool_and(press.graph_id IS NULL AND coalesce(arrival.is_by_rule, false))
    """
).bindparams(bindparam("arrivals", expanding=True), bindparam("email_ids", expanding=True))


def moved_by_rules(tx: Tx, email_ids: Iterable[int]) -> frozenset[int]:
    """Those of these mails of which every found copy was moved by a rule of the product."""
    parameters = {
        "email_ids": list(email_ids),
        "found": State.FOUND.value,
        "arrivals": [EventKind.FOUND.value, EventKind.MOVED_IN.value],
    }
    if not parameters["email_ids"]:
        return frozenset()
    return frozenset(tx.connection.execute(_MOVED_BY_RULES, parameters).scalars())
