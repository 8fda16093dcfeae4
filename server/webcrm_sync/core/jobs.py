"""The jobs: their names in the queue, the row that each concerns, and whether it calls webCRM."""

from __future__ import annotations

from enum import Enum, StrEnum


class Queue(StrEnum):
    """The queues. Each has its own threads, so that none waits for another."""

    MAILBOXES = "sync"
    FURTHER_PAGES = "floods"
    MATCHING = "match"
    WEBCRM = "webcrm"
    CLOCK = "clock"


class Scope(Enum):
    """The kind of row whose id the job carries."""

    MAILBOX = "mailbox"
    COMPANY = "company"


class Job(StrEnum):
    """A job by its name in the queue. Names never change: an upgrade may find jobs in the queue."""

    DISCOVER = "discover"
    READ_ON = "read on"
    POLL = "poll"
    MARK = "mark"
    MAINTAIN = "keep"
    MATCH = "match"
    FILE = "file"
    MIRROR = "mirror"
    REFRESH_DIRECTORY = "directory"
    CREATE_CUSTOMERS = "create customers"
    PROVE_MAILBOX = "prove mailbox"
    PROVE_WEBCRM = "prove webcrm"
    RETAIN = "housekeeping"
    FOLLOW_GROUPS = "follow groups"
    ALERT = "send alerts"

    @property
    def scope(self) -> Scope:
        """The kind of row that the job concerns."""
        return Scope.MAILBOX if self in _ABOUT_A_MAILBOX else Scope.COMPANY

    @property
    def calls_webcrm(self) -> bool:
        """True for jobs that share the company's lock: webCRM accepts one request at a time."""
        return self in _CALLING_WEBCRM

    @property
    def queue(self) -> Queue:
        """The queue of the job."""
        if own := _QUEUES.get(self):
            return own
        return Queue.WEBCRM if self.calls_webcrm else Queue.MAILBOXES


_ABOUT_A_MAILBOX = frozenset({Job.DISCOVER, Job.READ_ON, Job.MARK, Job.MAINTAIN, Job.PROVE_MAILBOX})
_QUEUES = {Job.MATCH: Queue.MATCHING, Job.READ_ON: Queue.FURTHER_PAGES, Job.ALERT: Queue.CLOCK}
_CALLING_WEBCRM = frozenset(
    {Job.FILE, Job.MIRROR, Job.REFRESH_DIRECTORY, Job.PROVE_WEBCRM, Job.CREATE_CUSTOMERS}
)


class ClockJob(StrEnum):
    """A job that the clock starts. It carries no row."""

    TICK = "tick"
    RESCUE = "rescue"
    SWEEP = "sweep"
    NIGHT = "night"
