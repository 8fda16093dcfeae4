"""Secrets and certificates end: when people are told to renew one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.core.trouble_kinds import TroubleKind

#: How long before its end a secret or certificate is a trouble, and when it becomes critical.
_NOTICE, _URGENT = timedelta(days=30), timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Ending:
    """A secret or certificate, and the moment at which it ends."""

    kind: TroubleKind
    at: datetime


def ends_soon(at: datetime, now: datetime) -> bool:
    """True if people renew it now: it has ended or will within 30 days.

    >>> ends_soon(datetime(2026, 3, 30), datetime(2026, 3, 1))
    True
    """
    return at - now < _NOTICE


def is_urgent(at: datetime, now: datetime) -> bool:
    """True if it has ended or will within three days."""
    return at - now < _URGENT
