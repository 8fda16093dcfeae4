"""Salespeople who leave the text and the files of a mail out before they move it."""

from __future__ import annotations

import random

from moves.people import People
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.engine.context import Context
from webcrm_sync.store import mailboxes, sync_requests

_NOTHING = Along.chosen(TextPart.NONE, ())


class Cutters:
    """They choose for mails of one copy that nobody has moved, so that each choice is certain."""

    def __init__(self, context: Context, people: People, seed: int) -> None:
        self._context = context
        self._people = people
        self._rng = random.Random(seed)

    def act(self) -> None:
        """Leave everything of a new mail out, and move it in."""
        record = self._people.write()
        if len(record.copies) > 1:
            return
        (copy,) = record.copies
        with self._context.begin() as tx:
            box = mailboxes.find_mailbox(tx, copy.box.address)
            assert box is not None
            sync_requests.save_along(
                tx, box.id, copy.item, item_id=copy.item, by=box.display_name, along=_NOTHING
            )
        record.is_cut, record.files = True, ()
        self._people.move_in(record, copy)
