"""The jobs: their names in the queue, what each is about, and which of them call webCRM."""

from __future__ import annotations

from enum import Enum, StrEnum


class Queue(StrEnum):
    """The queues; each has its own threads, so that none waits for another."""

    MAILBOXES = "sync"
    WEBCRM = "webcrm"
    CLOCK = "clock"


class Scope(Enum):
    """What a job is about: the row whose id it carries."""

    MAILBOX = "mailbox"
    COMPANY = "company"


class Job(StrEnum):
    """A job by its name in the queue. Names never change: the queue may hold them at an upgrade."""

    DISCOVER = "discover"
    MARK = "mark"
    MAINTAIN = "keep"
    FILE = "file"
    MIRROR = "mirror"
    REFRESH_DIRECTORY = "directory"
    PROVE_MAILBOX = "prove mailbox"
    PROVE_WEBCRM = "prove webcrm"
    RETAIN = "housekeeping"

    @property
    def scope(self) -> Scope:
        """Whether the job is about one mailbox or about the company."""
        return Scope.MAILBOX if self in _ABOUT_A_MAILBOX else Scope.COMPANY

    @property
    def calls_webcrm(self) -> bool:
        """True for jobs that share the company's lock: webCRM takes one request at a time."""
        return self in _CALLING_WEBCRM

    @property
    def queue(self) -> Queue:
        """The queue that the job waits in."""
        return Queue.WEBCRM if self.calls_webcrm else Queue.MAILBOXES


_ABOUT_A_MAILBOX = frozenset({Job.DISCOVER, Job.MARK, Job.MAINTAIN, Job.PROVE_MAILBOX})
_CALLING_WEBCRM = frozenset({Job.FILE, Job.MIRROR, Job.REFRESH_DIRECTORY, Job.PROVE_WEBCRM})


class ClockJob(StrEnum):
    """A job that the clock starts; it carries no row."""

    TICK = "tick"
    RESCUE = "rescue"
    SWEEP = "sweep"
    NIGHT = "night"
