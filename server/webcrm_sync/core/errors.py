"""What can go wrong outside, told by what is to be done about it.

SyncError
+- TryLater      nothing happened; the same call later (429, 5xx on a read, refused connection)
+- Unclear       a write whose answer was lost: look before doing it again
   +- TooLate    its time was over before it could be sent: another run may have done it
+- Conflict      the thing changed meanwhile (412): read again, merge, repeat
+- Gone          the mail, folder or record is no longer there (404)
+- CursorExpired the delta cursor is no longer known (410): full round
+- AccessLost    Graph lets us no longer at this mailbox (403, licence, consent)
+- Refused       the service understood and said no: repeating will not help
   +- TooLarge   it takes nothing of that size (413)
"""

from __future__ import annotations

from datetime import datetime


class SyncError(Exception):
    """An outside call did not do what was asked."""

    def __init__(self, message: str = "", *, code: str = "", request_id: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").splitlines()[0])
        self.code = code
        self.request_id = request_id


class TryLater(SyncError):
    """The service asks for patience; nothing was done. `retry_at`: its own wish, None = ours."""

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
    """The service does not accept the application's credentials; an administrator must act."""


class Unclear(SyncError):
    """The answer to a write was lost; it may or may not have happened."""


class TooLate(Unclear):
    """The write was not sent, since another run may have taken it over meanwhile."""


class Conflict(SyncError):
    """The thing was changed by somebody else meanwhile."""


class Gone(SyncError):
    """The thing is no longer there."""


class CursorExpired(SyncError):
    """The delta cursor is no longer known; the folder must be read from the start."""


class AccessLost(SyncError):
    """Microsoft Graph does not let the application at this mailbox."""


class Refused(SyncError):
    """The service refused the request; repeating it unchanged will not help."""


class TooLarge(Refused):
    """The service takes no request of this size."""
