"""The checks of mailboxes: each can be read, and one, and each new one, can be written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from webcrm_sync.core.errors import AccessLost, Gone, SyncError, TryLater
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.operations.doctor.check import RBAC, Check, Verdict, group, run_part
from webcrm_sync.graph.client import GraphClient

#: Calls at a time. Each is about another mailbox, so no mailbox's limit is near.
_LANES = 8
_NO_MAILBOX_CODES = {"mailboxnotenabledforrestapi"}
_NO_USER_CODES = {"resourcenotfound", "errorinvaliduser", "request_resourcenotfound"}
_FULL_CODE = "errorquotaexceeded"
_REMOVE = "run `webcrm-sync mailbox remove`"

#: Which other installation works on the mailbox of a user, in a sentence; None = there is none.
FindRival = Callable[[MailUser], str | None]


@dataclass(frozen=True, slots=True)
class MailboxToTry:
    """A mailbox to check. `user_id`: None = only the address is known, and nobody watches it.

    `is_elsewhere`: another installation works on it, so nothing is written into it.
    """

    address: str
    user_id: str | None
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class _Tried:
    """A mailbox after it was read. `trouble`: why that failed, or why nothing may be written."""

    mailbox: MailboxToTry
    user_id: str
    trouble: str | None

    @property
    def is_new(self) -> bool:
        """True if nobody watches it yet."""
        return self.mailbox.user_id is None


@dataclass(frozen=True, slots=True)
class MailboxChecks:
    """What the checks of mailboxes need. `find_rival`: is asked about each new one."""

    graph: GraphClient
    mailboxes: Sequence[MailboxToTry]
    find_rival: FindRival

    def run(self) -> Iterator[Check]:
        """Read each mailbox; write into the first that can be read, and into each new one."""
        yield from run_part("mailboxes", self._run)

    def _run(self) -> Iterator[Check]:
        name = "mailboxes"
        with ThreadPoolExecutor(_LANES) as pool:
            tried = list(pool.map(self._try_reading, self.mailboxes))
        troubles = [(one.mailbox.address, one.trouble) for one in tried if one.trouble]
        yield from group(name, Verdict.FAILED, "mailboxes", troubles)
        readable = [one for one in tried if not one.trouble]
        new = [one for one in readable if one.is_new]
        old = [one for one in readable if not one.is_new]
        writable = [one for one in old if not one.mailbox.is_elsewhere]
        if old and not troubles:
            yield Check(name, Verdict.OK, f"{len(old)} watched, all readable")
        for one in (*writable[:1], *new):
            yield from run_part("write permission", partial(self._check_writing, one))

    def _try_reading(self, one: MailboxToTry) -> _Tried:
        user_id, rival = one.user_id or "", None
        try:
            user = None if one.user_id else self.graph.find_user(one.address)
            user_id = user.user_id if user else user_id
            self.graph.fetch_folder(user_id, "inbox")
            rival = self.find_rival(user) if user else None
        except SyncError as error:
            return _Tried(one, user_id, describe_trouble(error, is_new=one.user_id is None))
        return _Tried(one, user_id, rival)

    def _check_writing(self, one: _Tried) -> Iterator[Check]:
        """Really write, since no permission can be read that Exchange has granted itself."""
        name, address = "write permission", one.mailbox.address
        trials = {
            "Mail.ReadWrite": self.graph.try_mail_write,
            "MailboxSettings.ReadWrite": self.graph.try_category_write,
        }
        is_allowed = True
        for permission, attempt in trials.items():
            try:
                attempt(one.user_id)
            except SyncError as error:
                is_allowed = False
                yield Check(name, Verdict.FAILED, _describe_refusal(one, permission, error))
        if is_allowed:
            text = f"a draft and a category were written into {address} and deleted again"
            yield Check(name, Verdict.OK, text)


def describe_trouble(error: SyncError, *, is_new: bool) -> str:
    """Why a mailbox cannot be used, and what to do. Names no mailbox, so that equal ones unite.

    `is_new`: nobody watches it yet.
    """
    code = error.code.casefold()
    if isinstance(error, Gone) or code in _NO_USER_CODES:
        text = "Entra has no such user. Check the spelling"
        return text if is_new else f"{text}; {_REMOVE} if the person has left"
    if code in _NO_MAILBOX_CODES:
        text = (
            "the user has no mailbox in Exchange Online: the licence has ended, or the mailbox is "
            "on-premises. Assign a licence"
        )
        return text if is_new else f"{text}, or {_REMOVE}"
    if code == _FULL_CODE:
        return "the mailbox is full. Free some space in it: work resumes by itself"
    if isinstance(error, AccessLost):
        return (
            "Exchange does not let the application into this mailbox. Add it to the group of the "
            f"management scope and wait up to two hours ({RBAC})"
        )
    return str(error)


def _describe_refusal(one: _Tried, permission: str, error: SyncError) -> str:
    address = one.mailbox.address
    if isinstance(error, AccessLost) and error.code.casefold() == "erroraccessdenied":
        return (
            f"{address} can be read, but not written to: {permission} is missing. Grant it for "
            f"the group of mailboxes ({RBAC})"
        )
    kind = "" if isinstance(error, TryLater) else f" ({permission})"
    return f"{address}: {describe_trouble(error, is_new=one.is_new)}{kind}"
