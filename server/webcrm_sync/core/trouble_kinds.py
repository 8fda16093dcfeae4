"""The kinds of troubles of the whole service, and how bad a trouble is."""

from __future__ import annotations

from enum import StrEnum


class TroubleKind(StrEnum):
    """The kinds of troubles. Tables and messages hold the values, so they never change."""

    WORKER = "worker"
    WEBCRM = "webcrm"
    ENTRA = "entra"
    KEY = "key"
    DISK = "disk"
    MAILBOX = "mailbox"
    SILENT = "silent mailbox"
    LATE = "late mail"
    PUSH = "push"
    SUBSCRIPTION = "subscription"
    LABEL = "label"
    PROOF = "proof"
    JOB = "job"
    LEAVER = "leaver"
    GROUP = "followed group"
    CLIENT_SECRET = "client secret"  # noqa: S105 - the name of a kind
    CLIENT_CERTIFICATE = "client certificate"
    TLS_CERTIFICATE = "tls certificate"


class Severity(StrEnum):
    """How bad a trouble is. `critical`: mails wait, or will within days."""

    WARNING = "warning"
    CRITICAL = "critical"
