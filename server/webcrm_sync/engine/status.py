"""How the company stands, mailbox by mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.states import State
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import Mailbox


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """One mailbox: how many mails in which state, and what is wrong, one sentence or None."""

    address: str
    counts: Mapping[str, int]
    folders: int
    pushed_folders: int
    trouble: str | None

    @property
    def on_the_way(self) -> int:
        """Copies that have not come to an end yet."""
        return sum(n for state, n in self.counts.items() if not State(state).is_end)


@dataclass(frozen=True, slots=True)
class Status:
    """The whole company."""

    is_pushed: bool
    push_why: str
    webcrm_trouble: str | None
    directory_read_at: datetime | None
    mailboxes: tuple[MailboxStatus, ...]


def read_status(parts: Parts) -> Status:
    """The company's state from its tables alone; asks nothing of Graph or webCRM."""
    settings = parts.settings
    with parts.begin() as tx:
        company = mailboxes.read_company(tx)
        counts = mailboxes.counts_by_state(tx)
        boxes = []
        for box in mailboxes.all_mailboxes(tx):
            folders = mailboxes.folders(tx, box.id)
            pushed = sum(f.subscription_id is not None for f in folders)
            boxes.append(_of(box, counts.get(box.id, {}), len(folders), pushed))
    every = settings.poll_every(is_pushed=False).total_seconds()
    why = (
        "Outlook tells of changes at once"
        if settings.push_is_on
        else f"PUBLIC_URL is not https: folders are read every {every:.0f} s"
    )
    return Status(
        is_pushed=settings.push_is_on,
        push_why=why,
        webcrm_trouble=company.webcrm_trouble,
        directory_read_at=company.directory_full_at,
        mailboxes=tuple(boxes),
    )


def _of(box: Mailbox, counts: Mapping[str, int], folders: int, pushed: int) -> MailboxStatus:
    trouble = box.trouble or box.push_trouble
    return MailboxStatus(box.address, counts, folders, pushed, trouble)
