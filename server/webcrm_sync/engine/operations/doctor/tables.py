"""The checks of what the tables say: secrets, troubles of mailboxes, contacts, jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webcrm_sync.core.crm import Unmatchable
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.operations.doctor.check import Check, Verdict, group
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import directory, mailboxes

#: How many invalid addresses are listed, how many Persons for each, and how much of each text.
_LISTED, _NAMED, _MAX_LENGTH = 20, 5, 60


def check_secrets(context: LocalContext) -> Iterator[Check]:
    """Whether the present key opens the secrets in the tables, and where the key comes from."""
    with context.begin() as tx:
        deaf, earlier = (
            push_urls.count_unverifiable(context, tx),
            push_urls.describe_earlier_keys(context, tx),
        )
    if deaf:
        yield Check("secrets", Verdict.FAILED, f"{deaf.sentence}.")
    else:
        text = "every secret in the database can be opened"
        yield Check("secrets", Verdict.OK, f"{text}; {earlier}" if earlier else text)
    settings = context.settings
    if settings.database_url and not settings.secret_key:
        text = (
            f"the key is the file secret.key in {PREFIX}DATA_DIR, which no other machine and no "
            f"backup of the database has. Copy it into {PREFIX}SECRET_KEY, or name the file in "
            f"{PREFIX}SECRET_KEY_FILE"
        )
        yield Check("secret key", Verdict.WARNING, text)


def check_troubles(context: LocalContext) -> Iterator[Check]:
    """What the workers last met in the mailboxes; a sentence of many is one line."""
    with context.begin() as tx:
        boxes = mailboxes.all_mailboxes(tx)
    met = [(b.address, b.trouble or b.push_trouble) for b in boxes if not b.paused_at]
    troubles = [(address, trouble) for address, trouble in met if trouble]
    yield from group("troubles", Verdict.WARNING, "mailboxes", troubles)


def check_contacts(context: LocalContext) -> Iterator[Check]:
    """One check for each text in an e-mail field of webCRM that is not an address."""
    with context.begin() as tx:
        found = directory.unmatchable(tx)
    alike: dict[str, list[Unmatchable]] = {}
    for person in found:
        alike.setdefault(person.text, []).append(person)
    if not alike:
        yield Check("contacts", Verdict.OK, "no e-mail field holds an invalid address")
    groups = sorted(alike.items(), key=lambda group: (-len(group[1]), group[0]))
    for text, persons in groups[:_LISTED]:
        yield Check("contacts", Verdict.WARNING, _describe_unmatchable(text, persons))
    if more := groups[_LISTED:]:
        number = sum(len(persons) for _, persons in more)
        text = f"{number} more Persons are never matchable; correct the listed ones to see them"
        yield Check("contacts", Verdict.WARNING, text)


def _describe_unmatchable(text: str, persons: Sequence[Unmatchable]) -> str:
    """One line of text: `!r` escapes line breaks and invisible characters."""
    named = [f"Person {p.person_id} of Organisation {p.organisation_id}" for p in persons[:_NAMED]]
    rest = len(persons) - len(named)
    names = ", ".join(named) + (f" and {rest} more" if rest else "")
    subject = f"{len(persons)} contacts are" if len(persons) > 1 else "1 contact is"
    return (
        f"{subject} never matchable: the e-mail field holds {text[:_MAX_LENGTH]!r} ({names}). "
        "Write one complete address into it in webCRM."
    )
