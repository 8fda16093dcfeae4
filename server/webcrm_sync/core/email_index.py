"""Finds the e-mail that each new copy belongs to: a stored one, or one of the same page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from webcrm_sync.core.aliases import Aliases
from webcrm_sync.core.identity import (
    Stamp,
    content_key,
    first_key,
    first_key_of,
    key_with_content,
    legacy_key,
)
from webcrm_sync.core.same_mail import Files, MailFeatures


@dataclass(slots=True)
class KnownMail:
    """An e-mail that new copies are compared with.

    `id`: None = new on this page. `has_filings` and `stamps`: whether something was written under
    its key. `graph_id`: its copy in the mailbox being read, None = it has none there.
    """

    key: str
    features: MailFeatures
    message_id: str | None = None
    id: int | None = None
    has_filings: bool = False
    stamps: Sequence[str] = ()
    graph_id: str | None = None

    def has_fixed_key(self, tenant_id: str) -> bool:
        """True if something may have been written under the key, so that it must not change."""
        stamps = (Stamp.parse(stamp) for stamp in self.stamps)
        return self.has_filings or any(s.is_for(tenant_id, self.key) for s in stamps if s)

    def distinct_key(self) -> str:
        """The key that its content gives the mail, while another mail has the first key."""
        return _content_key(first_key_of(self.key, self.message_id), self.features)

    def set_files(self, files: Mapping[str, Files]) -> None:
        """Set the files of the mail's copy in this mailbox. `files`: by Graph id."""
        self.features = replace(
            self.features, files=files.get(self.graph_id) if self.graph_id else None
        )


@dataclass(frozen=True, slots=True)
class NewCopy:
    """The facts about a new copy that decide which e-mail it belongs to."""

    message_id: str | None
    features: MailFeatures
    stamp: str | None = None

    @property
    def first_key(self) -> str:
        """The key of its mail if that mail is the first with this Message-ID."""
        return first_key(self.message_id, self.features.fingerprint)

    def possible_keys(self) -> Iterator[str]:
        """Every key that its mail may have: the first, the legacy and the content keys."""
        first = self.first_key
        yield first
        yield legacy_key(first, self.features.fingerprint)
        yield _content_key(first, self.features)
        stamp = Stamp.parse(self.stamp)
        if stamp is not None and stamp.content_hash:
            yield key_with_content(first, stamp.content_hash)


@dataclass(slots=True)
class EmailIndex:
    """Maps each copy to its e-mail, and remembers new e-mails for the copies that follow."""

    tenant_id: str
    aliases: Aliases
    groups: dict[str, list[KnownMail]] = field(default_factory=dict)
    #: stored e-mails whose key has changed, in order of the change
    renamed: list[KnownMail] = field(default_factory=list)

    @classmethod
    def of(cls, mails: Iterable[KnownMail], tenant_id: str, aliases: Aliases) -> EmailIndex:
        """An index of the stored mails, oldest first."""
        index = cls(tenant_id, aliases)
        for mail in mails:
            for first in {mail.key, first_key_of(mail.key, mail.message_id)}:
                index.groups.setdefault(first, []).append(mail)
        return index

    def find_or_add(self, copy: NewCopy) -> KnownMail:
        """The e-mail of this copy. Its key is final once every copy of the page was looked up.

        A stamp on the copy decides before any comparison, since webCRM has the mail under the
        stamp's key. So look up copies with a stamp first.
        """
        group = self.groups.setdefault(copy.first_key, [])
        stamped_key = self._key_from_stamp(copy, group)
        if copy.stamp and stamped_key:
            mail = self._resolve_stamped(stamped_key, copy, group)
            mail.stamps = (*mail.stamps, copy.stamp)
            return mail
        same = [m for m in group if self._is_copy_of(copy, m)]
        if same:
            return min(same, key=lambda mail: _difference(mail.features, copy.features))
        return self._add(_new_key(copy, group), copy, group)

    def _key_from_stamp(self, copy: NewCopy, group: Sequence[KnownMail]) -> str | None:
        """The key that the copy's stamp was made from, None if it matches no mail here."""
        stamp = Stamp.parse(copy.stamp)
        if stamp is None:
            return None
        keys = (*(m.key for m in group), *copy.possible_keys())
        return next((k for k in keys if stamp.is_for(self.tenant_id, k)), None)

    def _resolve_stamped(self, key: str, copy: NewCopy, group: list[KnownMail]) -> KnownMail:
        """The e-mail with the key that the copy's stamp names.

        After a loss of the tables, a mail may be found before its stamped copies. The same mail
        under another key then takes this key, and a different mail under this key gives it up.
        """
        holder = next((m for m in group if m.key == key), None)
        if holder is None:
            free = (m for m in group if not m.has_fixed_key(self.tenant_id))
            twin = next((m for m in free if self._is_copy_of(copy, m)), None)
            holder = twin or self._add(key, copy, group)
            self._rename(holder, key)
        elif not holder.has_fixed_key(self.tenant_id) and not self._is_copy_of(copy, holder):
            self._rename(holder, _content_key(copy.first_key, holder.features))
            holder = self._add(key, copy, group)
        return holder

    def _is_copy_of(self, copy: NewCopy, mail: KnownMail) -> bool:
        return mail.features.is_of_mail(copy.features, self.aliases)

    def _rename(self, mail: KnownMail, key: str) -> None:
        if mail.key != key:
            mail.key = key
            if mail.id is not None:
                self.renamed.append(mail)

    def _add(self, key: str, copy: NewCopy, group: list[KnownMail]) -> KnownMail:
        mail = KnownMail(key, copy.features, copy.message_id)
        group.append(mail)
        return mail


def find_file_only_differences(
    copies: Mapping[str, NewCopy], known: Iterable[KnownMail], aliases: Aliases
) -> Mapping[str, MailFeatures]:
    """The copies in one mailbox, by Graph id, that only their files distinguish."""
    groups: dict[str, list[tuple[str, MailFeatures]]] = {}
    for mail in known:
        if mail.graph_id:
            first = first_key_of(mail.key, mail.message_id)
            groups.setdefault(first, []).append((mail.graph_id, mail.features))
    alike: dict[str, MailFeatures] = {}
    for graph_id, copy in copies.items():
        group = groups.setdefault(copy.first_key, [])
        for other_id, other in group:
            if other_id != graph_id and copy.features.may_have_other_files(other, aliases):
                alike |= {graph_id: copy.features, other_id: other}
        group.append((graph_id, copy.features))
    return alike


def _new_key(copy: NewCopy, group: Sequence[KnownMail]) -> str:
    first = copy.first_key
    is_taken = any(mail.key == first for mail in group)
    return _content_key(first, copy.features) if is_taken else first


def _content_key(first: str, features: MailFeatures) -> str:
    words = features.words.content if features.words else b""
    return content_key(first, features.fingerprint, words=words, files=features.files or ())


def _difference(features: MailFeatures, other: MailFeatures) -> tuple[bool, float]:
    """How much the features of two copies differ: the closest e-mail is the right one."""
    sent_at, other_sent_at = features.fingerprint.sent_at, other.fingerprint.sent_at
    apart = abs((sent_at - other_sent_at).total_seconds()) if sent_at and other_sent_at else 0.0
    return features.fingerprint != other.fingerprint, apart
