"""The shortest possible time, from the services' limits and the latency of a call."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Mails on a delta page with bodies, requests in a batch, Activities in a bulk (what we send).
PAGE, BATCH, BULK = 50, 20, 50
#: Requests for one mailbox that Outlook runs at the same time (Microsoft Graph: throttling limits).
IN_FLIGHT = 4
#: Requests in a sliding minute per token (api.webcrm.com), one at a time.
A_MINUTE, MINUTE_S = 250, 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """Mails that people move at the same time. `lanes`: how many jobs run in parallel.

    `documents`: webCRM calls for attachments, in addition to the bulks of Activities.
    """

    mails: int
    mailboxes: int
    latency_s: float
    lanes: int
    documents: int = 0

    @property
    def mails_per_mailbox(self) -> int:
        """Mails of the fullest mailbox."""
        return math.ceil(self.mails / self.mailboxes)


@dataclass(frozen=True, slots=True)
class Bound:
    """The terms of the bound, in seconds."""

    first_page: float
    webcrm: float
    last_mark: float
    one_mailbox: float
    all_mailboxes: float

    @property
    def total(self) -> float:
        """The longest of the chains: one mailbox, all mailboxes over the lanes, webCRM."""
        chain = self.first_page + self.webcrm + self.last_mark
        return max(chain, self.one_mailbox, self.all_mailboxes)


def bound(load: Load) -> Bound:
    """The bound for a load. Each page holds the URL of the next.

    >>> bound(Load(mails=5000, mailboxes=20, latency_s=0.3, lanes=8)).total
    30.6
    """
    pages, batches = (
        math.ceil(load.mails_per_mailbox / PAGE),
        math.ceil(load.mails_per_mailbox / BATCH),
    )
    calls = math.ceil(load.mails / BULK) + load.documents
    return Bound(
        first_page=load.latency_s,
        webcrm=paced(calls, load.latency_s),
        last_mark=load.latency_s,
        one_mailbox=(pages + math.ceil(batches / IN_FLIGHT)) * load.latency_s,
        all_mailboxes=load.mailboxes * (pages + batches) * load.latency_s / load.lanes,
    )


def paced(calls: int, latency_s: float) -> float:
    """Seconds until the last call is answered: one call at a time, within the limit per minute.

    >>> paced(100, 0.3)
    30.0
    >>> paced(251, 0.1)
    60.1
    """
    full, rest = divmod(calls, A_MINUTE)
    without_limit = calls * latency_s
    if not rest:
        full, rest = full - 1, A_MINUTE
    return round(max(without_limit, full * MINUTE_S + rest * latency_s), 9)
