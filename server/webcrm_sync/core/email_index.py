"""The e-mails that new copies may belong to: those stored and those of the page itself."""

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
    """An e-mail as it is compared with copies.

    `id`: None = of this page. `has_filings`, `stamps`: what may have been written under its key.
    `graph_id`: of a copy in the mailbox that is read, None = it has none there.
    """

    key: str
    features: MailFeatures
    message_id: str | None = None
    id: int | None = None
    has_filings: bool = False
    stamps: Sequence[str] = ()
    graph_id: str | None = None

    def has_fixed_key(self, tenant_id: str) -> bool:
        """True when something may have been written under its key, so that it keeps it."""
        stamps = (Stamp.parse(stamp) for stamp in self.stamps)
        return self.has_filings or any(s.is_for(tenant_id, self.key) for s in stamps if s)

    def set_files(self, files: Mapping[str, Files]) -> None:
        """Take note of the files of its copy in the mailbox, given by Graph id."""
        self.features = replace(self.features, files=files.get(self.graph_id or ""))


@dataclass(frozen=True, slots=True)
class NewCopy:
    """What tells which e-mail a copy is of."""

    message_id: str | None
    features: MailFeatures
    stamp: str | None = None

    @property
    def first_key(self) -> str:
        """The key that its mail has when it is the first with its Message-ID."""
        return first_key(self.message_id, self.features.fingerprint)

    def possible_keys(self) -> Iterator[str]:
        """The keys that its mail may have: the first one, of earlier versions, by its content."""
        first = self.first_key
        yield first
        yield legacy_key(first, self.features.fingerprint)
        yield _content_key(first, self.features)
        stamp = Stamp.parse(self.stamp)
        if stamp is not None and stamp.content_hash:
            yield key_with_content(first, stamp.content_hash)


@dataclass(slots=True)
class EmailIndex:
    """Finds the e-mail of a copy; each one found is remembered for the copies that follow."""

    tenant_id: str
    aliases: Aliases
    groups: dict[str, list[KnownMail]] = field(default_factory=dict)
    #: stored e-mails that have another key now, in the order in which they got it
    renamed: list[KnownMail] = field(default_factory=list)

    @classmethod
    def of(cls, mails: Iterable[KnownMail], tenant_id: str, aliases: Aliases) -> EmailIndex:
        """Start from what is stored, oldest first."""
        index = cls(tenant_id, aliases)
        for mail in mails:
            for first in {mail.key, first_key_of(mail.key, mail.message_id)}:
                index.groups.setdefault(first, []).append(mail)
        return index

    def find_or_add(self, copy: NewCopy) -> KnownMail:
        """The e-mail this is a copy of; its key is final when all copies have been asked for.

        A copy that carries our stamp belongs to the key that the stamp names, whatever it says:
        under that key it is in webCRM. Copies with a stamp should be asked for first.
        """
        group = self.groups.setdefault(copy.first_key, [])
        named = self._named_by_stamp(copy, group) if copy.stamp else None
        if named is not None:
            return self._under(named, copy, group)
        same = [m for m in group if self._is_copy_of(copy, m)]
        if same:
            return min(same, key=lambda mail: _distance(mail.features, copy.features))
        return self._add(_free_key(copy, group), copy, group)

    def _named_by_stamp(self, copy: NewCopy, group: Sequence[KnownMail]) -> str | None:
        """The key that the stamp on the copy was made of, None when it is of no mail met here."""
        stamp = Stamp.parse(copy.stamp)
        if stamp is None:
            return None
        keys = (*(m.key for m in group), *copy.possible_keys())
        return next((k for k in keys if stamp.is_for(self.tenant_id, k)), None)

    def _under(self, key: str, copy: NewCopy, group: list[KnownMail]) -> KnownMail:
        """The e-mail with the key that is written on the copy.

        An e-mail under whose key nothing was written may have been met before it, after a loss:
        the same one takes this key, a different one gives it up.
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
        holder.stamps = (*holder.stamps, copy.stamp or "")
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
    """Copies in one mailbox, new and known ones, that only their files tell apart, by Graph id."""
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


def _free_key(copy: NewCopy, group: Sequence[KnownMail]) -> str:
    first = copy.first_key
    is_taken = any(mail.key == first for mail in group)
    return _content_key(first, copy.features) if is_taken else first


def _content_key(first: str, features: MailFeatures) -> str:
    words = features.words.content if features.words else b""
    return content_key(first, features.fingerprint, words=words, files=features.files or ())


def _distance(one: MailFeatures, other: MailFeatures) -> tuple[bool, float]:
    """How unlike two features_by_id of one mail are: of several e-mails the likest one is meant."""
    here, there = one.fingerprint.sent_at, other.fingerprint.sent_at
    apart = abs((here - there).total_seconds()) if here and there else 0.0
    return one.fingerprint != other.fingerprint, apart
