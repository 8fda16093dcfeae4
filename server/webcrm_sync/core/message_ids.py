"""Reads Message-IDs from mail headers."""

from __future__ import annotations

import re

#: The longest header line (RFC 5322 2.1.1), so the longest Message-ID.
LONGEST_ID = 998
#: Longer than any conversation. Each answer adds one id to the list.
_MAX_IDS = 50
_ID = re.compile(r"<([^<>]*)>")
_BLANKS = re.compile(r"\s+")


def parse_message_ids(header: str) -> tuple[str, ...]:
    """The Message-IDs in a References or In-Reply-To header, in order, without duplicates.

    A long list keeps the first id, which started the conversation, and the last ones; RFC 5322
    3.6.4 tells clients to shorten it like this. Text between ids is ignored, and a header may be
    folded within an id. A header without brackets is an id if it is a single word with an `@`.

    >>> parse_message_ids("Eva's mail of Monday <a@x> <b@x>")
    ('<a@x>', '<b@x>')
    """
    unfolded = (_BLANKS.sub("", id_) for id_ in _ID.findall(header))
    ids = list(dict.fromkeys(f"<{id_}>" for id_ in unfolded if 0 < len(id_) <= LONGEST_ID - 2))
    if ids:
        return tuple(ids[:1] + ids[1:][1 - _MAX_IDS :])
    word = header.strip()
    is_id = "@" in word and len(word) <= LONGEST_ID and not _BLANKS.search(word)
    return (word,) if is_id and not {"<", ">"} & set(word) else ()
