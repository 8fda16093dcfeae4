"""The errors of outside calls, named by what the caller has to do.

SyncError
+- TryLater      nothing happened: repeat the call later (429, 5xx on a read, connection refused)
+- Unclear       a write without an answer: verify before repeating it
|  +- TooLate    not sent in time: another run may have sent it instead
+- Conflict      somebody else changed the thing (412): read again, merge, repeat
+- Gone          the mail, folder or record does not exist any more (404)
+- CursorExpired Graph has forgotten the delta cursor (410): read the folder from the start
+- AccessLost    Graph denies access to this mailbox (403, licence, consent)
+- Refused       the service said no: repeating the same request does not help
|  +- Forbidden  the application may not do this (403 of webCRM: a token that may only read)
|  +- TooLarge   the request exceeds the service's size limit (413)
|  +- InvalidField  one field of the request cannot be written
"""

from __future__ import annotations

from datetime import datetime


class SyncError(Exception):
    """An outside call failed."""

    def __init__(self, message: str = "", *, code: str = "", request_id: str = "") -> None:
        super().__init__(message or (self.__doc__ or type(self).__name__).splitlines()[0])
        self.code = code
        self.request_id = request_id


class TryLater(SyncError):
    """The service is busy or away; nothing was done.

    `retry_at`: the time that the service asks for, None = it names none.
    """

    def __init__(
        self,
        message: str = "",
        *,
        retry_at: datetime | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.retry_at = retry_at


class LoginRefused(TryLater):
    """The service rejects the application's credentials; an administrator must act."""


class Unclear(SyncError):
    """The answer to a write is missing: it may or may not have happened."""


class TooLate(Unclear):
    """The write was not sent in time: another run may have sent it instead."""


class Conflict(SyncError):
    """Somebody else has changed the thing."""


class Gone(SyncError):
    """The thing does not exist any more."""


class CursorExpired(SyncError):
    """The delta cursor is no longer known; the folder must be read from the start."""


class AccessLost(SyncError):
    """Microsoft Graph denies the application access to this mailbox."""


class Refused(SyncError):
    """The service refused the request; repeating it does not help."""


class Forbidden(Refused):
    """The application's credentials lack the right to do this."""


class TooLarge(Refused):
    """The request is too large for the service."""


class InvalidField(Refused):
    """One field of the request cannot be written. `field`: its place, such as `contact.name`."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message, code="InvalidField")
        self.field = field
