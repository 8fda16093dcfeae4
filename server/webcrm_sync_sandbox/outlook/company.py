"""All mailboxes of a company, and the persons that may open each."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.outlook.group import SimGroup
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from webcrm_sync_sandbox.clock import Clock
    from webcrm_sync_sandbox.outlook.store import Notice


class Outlook:
    """The simulated Exchange Online of one company.

    `scope`: the addresses that the application may access by Exchange's own roles (RBAC for
    Applications); None = the token's roles apply to every mailbox. `roles`: what Exchange grants
    within the scope. `groups`: Entra's, by id.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.scope: set[str] | None = None
        self.groups: dict[str, SimGroup] = {}
        self.roles = {"Mail.ReadWrite", "MailboxSettings.ReadWrite"}
        self._mailboxes: dict[str, SimMailbox] = {}
        self._by_name: dict[str, SimMailbox] = {}
        self._grants: set[tuple[str, str]] = set()
        self._listeners: list[Callable[[Notice], None]] = []
        self._lock = threading.Lock()

    @property
    def mailboxes(self) -> list[SimMailbox]:
        """Every mailbox, in the order of creation."""
        with self._lock:
            return list(self._mailboxes.values())

    def add_mailbox(
        self,
        address: str,
        name: str,
        *,
        aliases: tuple[str, ...] = (),
        shared: bool = False,
        language: str = "en",
        user_id: str | None = None,
    ) -> SimMailbox:
        """A new empty mailbox whose folders have names in that language (en, da, de).

        `user_id` None = a new one.
        """
        mailbox = SimMailbox(
            self.clock,
            address=address,
            name=name,
            aliases=aliases,
            shared=shared,
            language=language,
            user_id=user_id,
        )
        with self._lock:
            mailbox.listeners.extend(self._listeners)
            self._mailboxes[mailbox.user_id] = mailbox
            for key in (mailbox.user_id, address):
                self._by_name[key.casefold()] = mailbox
        return mailbox

    def add_guest(self, address: str, name: str) -> SimMailbox:
        """A person of another company. Entra knows the user; Exchange has no mailbox."""
        guest = self.add_mailbox(address, name)
        guest.has_licence = False
        guest.principal_name = f"{address.replace('@', '_')}#EXT#@tenant.example"
        return guest

    def add_group(self, name: str, *members: SimMailbox | SimGroup) -> SimGroup:
        """A new group with these direct members."""
        group = SimGroup(name)
        group.join(*members)
        self.groups[group.id] = group
        return group

    def mailbox(self, name: str) -> SimMailbox:
        """The mailbox of a user id or main address (an alias is no key). Raises KeyError."""
        return self._by_name[name.casefold()]

    def find(self, name: str) -> SimMailbox | None:
        """The mailbox of a user id or main address, if there is one."""
        return self._by_name.get(name.casefold())

    def grant(self, mailbox: SimMailbox, to_user: SimMailbox) -> None:
        """Let a person enter another mailbox (full access in Exchange)."""
        self._grants.add((mailbox.user_id, to_user.user_id))

    def may_enter(self, user_id: str, mailbox: SimMailbox) -> bool:
        """True when the person owns the mailbox or has full access."""
        return user_id == mailbox.user_id or (mailbox.user_id, user_id) in self._grants

    def is_in_scope(self, mailbox: SimMailbox) -> bool:
        """True when Exchange lets the application access this mailbox."""
        scope = self.scope
        return scope is None or mailbox.address.casefold() in {a.casefold() for a in scope}

    def listen(self, listener: Callable[[Notice], None]) -> None:
        """Call `listener` after each change in every mailbox, future ones included."""
        with self._lock:
            self._listeners.append(listener)
            for mailbox in self._mailboxes.values():
                mailbox.listeners.append(listener)
