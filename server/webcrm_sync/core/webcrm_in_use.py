"""Whether the settings name the webCRM system and the key field that the filings are in.

With another field or system every look-up would miss, and each mail would be filed again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class WebCrmInUse:
    """The key field, and a hash of the address and the token. None = an earlier version knew none.

    Another hash may be another system, or only a new token of the same one.
    """

    key_field: str | None
    system: str | None


class Decision(Enum):
    """What to do about the configured webCRM."""

    GO_ON = "go on"
    REMEMBER = "remember"
    COMPARE = "compare"
    REFUSE_FIELD = "refuse the field"


class Sample(Enum):
    """A record of the tables, compared with the one of the same id in webCRM.

    An Activity has our key in the configured field, or not. A Person has the address, or not.
    """

    OUR_KEY = "our key"
    OTHER_KEY = "other key"
    SAME_PERSON = "same person"
    MISSING = "missing"


def decide(known: WebCrmInUse, configured: WebCrmInUse, *, has_filings: bool) -> Decision:
    """Whether webCRM must be asked. Without a filing, every field and system is free to use.

    >>> new = WebCrmInUse("ActivityCustom1", "b")
    >>> decide(WebCrmInUse("ActivityCustom2", "a"), new, has_filings=True)
    <Decision.REFUSE_FIELD: 'refuse the field'>
    """
    if known == configured:
        return Decision.GO_ON
    if not has_filings:
        return Decision.REMEMBER
    if known.key_field not in (None, configured.key_field):
        return Decision.REFUSE_FIELD
    return Decision.COMPARE


def is_same_system(samples: Collection[Sample]) -> bool:
    """True if any record is there. People change and delete records, but not all of them.

    Only an Activity shows that the key field is the same too. Without a sample there is nothing to
    double, and nothing to compare.
    """
    if not samples or Sample.OUR_KEY in samples:
        return True
    return Sample.OTHER_KEY not in samples and Sample.SAME_PERSON in samples
