"""The product's own sentences in what people read beside a state. Pure.

The database and the API hold them in English, among the words of webCRM and Outlook. Each has a
key, so that the pane can say it in the person's language; what is no phrase is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpokenPhrase:
    """The key of a phrase, with the values of its placeholders."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence with a key. `english` may hold placeholders, such as `{limit}`."""

    key: str
    english: str

    def fill(self, **values: object) -> str:
        """The sentence with these values."""
        return self.english.format(**values)

    def spoken(self, **values: object) -> SpokenPhrase:
        """The key with these values."""
        return SpokenPhrase(self.key, {name: str(value) for name, value in values.items()})


# ---- why an attachment is not in webCRM

TOO_LARGE = Phrase("too_large", "{size} MB, more than {limit} MB")
REPEATED = Phrase("repeated", "the same picture is filed with another mail")
TOO_LARGE_FOR_WEBCRM = Phrase("too_large_for_webcrm", "too large for webCRM")
FILE_REFUSED = Phrase("file_refused", "webCRM does not take it")
FILE_NOT_GIVEN = Phrase("file_not_given", "Outlook does not give it")
_OF_FILES = (TOO_LARGE, REPEATED, TOO_LARGE_FOR_WEBCRM, FILE_REFUSED, FILE_NOT_GIVEN)

# ---- why a field of a form cannot be written

NO_LETTERS = Phrase("no_letters", "The name has no letters.")
NO_NAME = Phrase("no_name", "The name has no visible characters.")
NO_WEB_ADDRESS = Phrase("no_web_address", "This is no web address.")
UNMAILABLE = Phrase("unmailable", "No mail can be sent to this address.")
COLLEAGUE = Phrase("colleague", "This is the address of a colleague.")
ONE_DOMAIN = Phrase("one_domain", "Enter one domain, such as havnebyg.dk.")
MAIL_PROVIDER = Phrase(
    "mail_provider", "Many people have an address of this mail provider. Leave the field empty."
)
OWN_DOMAIN = Phrase("own_domain", "This is your own domain.")
UNSEARCHABLE = Phrase("unsearchable", "webCRM cannot be searched for this address. {text}")
TOO_LONG = Phrase("too_long", "At most {limit} characters.")
CHECK_FIELD = Phrase("check_field", "Check this field.")
_OF_FIELDS = (
    *(TOO_LONG, CHECK_FIELD),
    *(NO_LETTERS, NO_NAME, NO_WEB_ADDRESS, UNMAILABLE, COLLEAGUE),
    *(ONE_DOMAIN, MAIL_PROVIDER, OWN_DOMAIN, UNSEARCHABLE),
)

# ---- why a request of a person is refused

SEVERAL_PLACES = Phrase(
    "several_places",
    "The mail is filed under several Organisations. Say which of them is replaced.",
)
NOT_THERE = Phrase("not_there", "The mail is not filed under that Organisation, or not any more.")
TOO_MANY_PLACES = Phrase(
    "too_many_places", "A mail can be in {most} places at most. Take one away first."
)
FOREIGN_OPPORTUNITY = Phrase(
    "foreign_opportunity",
    "The Opportunity does not belong to this Organisation, or not any more. Choose another.",
)
CLOSED_OPPORTUNITY = Phrase(
    "closed_opportunity", "The Opportunity is lost or won. Choose an open one."
)
NO_ORGANISATION = Phrase("no_organisation", "webCRM has no such Organisation.")
NO_SYNC_FOLDER = Phrase(
    "no_sync_folder", "The mailbox has no sync folder yet. Try again in a moment."
)
NO_FOLDER_IN_INBOX = Phrase("no_folder_in_inbox", "The mailbox has no sync folder under Inbox yet.")
PAUSED = Phrase("paused", "The sync of this mailbox is paused. Your administrator can resume it.")
HELD_ELSEWHERE = Phrase(
    "held_elsewhere",
    "Another installation of webCRM sync works on this mailbox, so nothing is changed here. "
    "Ask your administrator.",
)
NOT_SYNCED = Phrase("not_synced", "This mail is not synced, so no customer comes of it.")
_OF_REQUESTS = (
    *(SEVERAL_PLACES, NOT_THERE, TOO_MANY_PLACES, FOREIGN_OPPORTUNITY, CLOSED_OPPORTUNITY),
    *(NO_ORGANISATION, NO_SYNC_FOLDER, NO_FOLDER_IN_INBOX, PAUSED, HELD_ELSEWHERE, NOT_SYNCED),
)

# ---- what came of a request in webCRM

ANSWERED = Phrase("answered", "webCRM answered {status}")
ANSWERED_TEXT = Phrase("answered_text", "webCRM answered {status}: {text}")
NO_CLEAR_ANSWER = Phrase("no_clear_answer", "webCRM gave no clear answer, several times.")
NO_ANSWER_FOR_LONG = Phrase("no_answer_for_long", "webCRM did not answer for a month.")
ACTIVITY_DELETED = Phrase("activity_deleted", "Its Activity was deleted in webCRM.")
OPPORTUNITY_KEPT = Phrase(
    "opportunity_kept",
    "webCRM left the Activity under its Opportunity, so nothing was changed. Ask your administrator"
    " to set {setting} to the value that takes an Activity off its Opportunity in your webCRM. In "
    "webCRM itself you can change both.",
)
ORGANISATION_REFUSED = Phrase(
    "organisation_refused", "webCRM did not take the Organisation. Create it again."
)
ORGANISATION_NOT_LISTED = Phrase(
    "organisation_not_listed",
    "webCRM accepted the Organisation and does not list it. Look for it in webCRM. If it is "
    "there, choose it here; if not, create it again.",
)
_OF_ANSWERS = (
    *(ANSWERED_TEXT, ANSWERED, NO_CLEAR_ANSWER, NO_ANSWER_FOR_LONG, ACTIVITY_DELETED),
    *(OPPORTUNITY_KEPT, ORGANISATION_REFUSED, ORGANISATION_NOT_LISTED),
)

#: All phrases; of two that fit one text the earlier one is meant.
PHRASES = (*_OF_FILES, *_OF_FIELDS, *_OF_REQUESTS, *_OF_ANSWERS)


#: The placeholders that stand for a number.
_NUMBERS = frozenset({"limit", "most", "size", "status"})
_NUMBER = r"\d+(?:\.\d+)?"


def _patterns(
    phrases: Iterable[Phrase], template: str = "{}"
) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The key of each phrase, and what its sentence looks like inside the template."""
    return tuple(
        (one.key, re.compile(_pattern(template.replace("{}", one.english)), re.DOTALL))
        for one in phrases
    )


def _pattern(english: str) -> str:
    def group(found: re.Match[str]) -> str:
        name = found[1]
        return f"(?P<{name}>{_NUMBER if name in _NUMBERS else '.+'})"

    return re.sub(r"\\\{(\w+)\\\}", group, re.escape(english))


_ALONE = _patterns(PHRASES)
#: As the history says it, and after another sentence.
_WITH_FILE = _patterns(_OF_FILES, "{file} ({})")
_BECAUSE = _patterns([OPPORTUNITY_KEPT], "{} ({reason})")
_ALL = (*_ALONE, *_WITH_FILE, *_BECAUSE)


def find_phrase(text: str | None) -> SpokenPhrase | None:
    """The phrase that this text is, None for words of webCRM or Outlook.

    What the history says of an attachment has the value `file` too.

    >>> find_phrase("52 MB, more than 25 MB")
    SpokenPhrase(key='too_large', values={'size': '52', 'limit': '25'})
    """
    for key, pattern in _ALL:
        if found := pattern.fullmatch(text or ""):
            return SpokenPhrase(key, found.groupdict())
    return None
